"""Whether all is known of a transfer of crypto assets that the Travel Rule asks for, before it is credited or sent.

Who is on the other side is known of an address that two people have approved with its holder (`payments.holders`), for
deposits from it as for withdrawals to it; or of one deposit, when staff have found out where it comes from. From that
the data of each transfer are made, in the form of IVMS101, checked against it, and kept. Fiat money is of no concern.
"""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.ivms101 import (
    Beneficiary,
    BeneficiaryVasp,
    IdentityPayload,
    OriginatingVasp,
    Originator,
    Person,
    decode_person_text,
    encode,
    flaws,
)
from backoffice.crm.linked_transfers import cents_before
from backoffice.crm.loading import read_file
from backoffice.crm.sealed_fields import opened
from backoffice.crm.tables.file import Client
from backoffice.crm.tables.transfers import AddressHolder, DepositOrigin, TravelRuleData, Vasp
from backoffice.crm.travel_data import identity_of, keep
from backoffice.crm.travel_rule import Demand, demand_of, legal_person
from backoffice.crm.vasps import CHECKED
from backoffice.errors import KeyFault, Refused
from backoffice.house_rules import HouseRules, house_rules
from backoffice.naming import number_of
from backoffice.payments.clients import Flow, Transfer
from backoffice.payments.tables import Destination
from backoffice.staff.actor import BACK_OFFICE
from backoffice.staff.sealing import Sealer
from backoffice.times import day_of


async def objection(session: AsyncSession, sealer: Sealer, client: Client, transfer: Transfer, now_ns: int) -> str:
    """Return what is missing of a transfer, empty if nothing is; then its data are kept."""
    why = await gap(session, transfer)
    if why or not await _is_asked_for(session, transfer) or await _has_data(session, transfer):
        return why
    holder = await _holder_at(session, transfer)
    if holder is None:
        return await lack(session, transfer)
    try:
        payload = await _payload(session, sealer, client, transfer, holder)
        if found := flaws(payload, day_of(now_ns)):
            return f"Travel Rule: {found[0]}"
        await keep(
            *(session, BACK_OFFICE, sealer, client.id, transfer.name, transfer.flow.value, encode(payload)),
            now_ns=now_ns,
        )
    except (KeyFault, Refused) as error:
        return f"Travel Rule: {error}"
    return ""


async def gap(session: AsyncSession, transfer: Transfer) -> str:
    """Return what is not known of a transfer's other side that must be, empty if nothing."""
    known = await _known(session, transfer)
    demand = await _demand(session, transfer, known)
    missing = await _missing(session, transfer, known, demand)
    if missing and demand != await _demand(session, transfer, known, is_alone=True):
        return f"{missing} (together with others from or to there it comes to so much that it is asked for)"
    return missing


async def _missing(
    session: AsyncSession, transfer: Transfer, known: AddressHolder | DepositOrigin | None, demand: Demand
) -> str:
    if not demand.identities and not demand.proof_of_wallet:
        return ""
    if known is None:
        if transfer.flow is Flow.IN:
            return f"Travel Rule: who sends it is not known; `fondaco deposit originator {transfer.name}` says it"
        return "Travel Rule: who holds the address is not known; `fondaco destination holder` says it"
    if known.vasp is None:
        if demand.proof_of_wallet and not known.proof:
            return "Travel Rule: nothing proves that the wallet is the client's; give a --proof"
        return ""
    vasp = await session.get_one(Vasp, known.vasp)
    return "" if vasp.status == CHECKED else f"Travel Rule: {vasp.name} is {vasp.status}, and not checked"


async def lack(session: AsyncSession, transfer: Transfer) -> str:
    """Return what a transfer lacks that nobody may let go without: what is not known, or data that are not kept."""
    why = await gap(session, transfer)
    if why or not await _is_asked_for(session, transfer) or await _has_data(session, transfer):
        return why
    return f"Travel Rule: there are no data; `fondaco deposit originator {transfer.name}` gives them"


async def forget(session: AsyncSession, deposit: str) -> None:
    """Forget what was found out of a deposit, and its data: it is another client's than it seemed."""
    await session.execute(delete(DepositOrigin).where(DepositOrigin.deposit == number_of(deposit, "D")))
    of_it = (TravelRuleData.transfer == deposit, TravelRuleData.direction == Flow.IN.value)
    await session.execute(delete(TravelRuleData).where(*of_it))


async def own_payload(
    session: AsyncSession, sealer: Sealer, client: Client, transfer: Transfer, vasp: str | None
) -> IdentityPayload:
    """Return the data of a client's deposit to itself, from a service or from a wallet that is its own as well."""
    own = identity_of(client.id, await read_file(session, sealer, client))
    sending = None if vasp is None else _service(await session.get_one(Vasp, vasp))
    return _between(own, own, transfer, sending=sending, receiving=_house(await house_rules(session)))


async def _payload(
    session: AsyncSession, sealer: Sealer, client: Client, transfer: Transfer, holder: AddressHolder
) -> IdentityPayload:
    own = identity_of(client.id, await read_file(session, sealer, client))
    other = decode_person_text(opened(sealer, AddressHolder, "content", holder.content, holder.number))
    rules = await house_rules(session)
    vasp = await session.get(Vasp, holder.vasp) if holder.vasp is not None else None
    ours = _house(rules)
    theirs = None if vasp is None else _service(vasp)
    if transfer.flow is Flow.OUT:
        return _between(own, other, transfer, sending=ours, receiving=theirs)
    return _between(other, own, transfer, sending=theirs, receiving=ours)


def _between(
    sender: Person,
    receiver: Person,
    transfer: Transfer,
    *,
    sending: Person | None,
    receiving: Person | None,
) -> IdentityPayload:
    is_out = transfer.flow is Flow.OUT
    numbers = ((transfer.account,), (transfer.address,) if transfer.address else ())
    own, other = numbers
    return IdentityPayload(
        Originator((sender,), own if is_out else other),
        Beneficiary((receiver,), other if is_out else own),
        None if sending is None else OriginatingVasp(sending),
        None if receiving is None else BeneficiaryVasp(receiving),
    )


def _house(rules: HouseRules) -> Person | None:
    """Return the venue as the data have it, if the settings say what it is called."""
    policy = rules.travel
    if not policy.name:
        return None
    return legal_person(
        name=policy.name,
        trading_name="",
        lei=policy.lei,
        jurisdiction=policy.jurisdiction,
        client="",
        address=None,
    )


def _service(vasp: Vasp) -> Person:
    lei = "" if vasp.id.startswith("did:") else vasp.id
    return legal_person(name=vasp.name, trading_name="", lei=lei, jurisdiction=vasp.country, client="", address=None)


async def _is_asked_for(session: AsyncSession, transfer: Transfer) -> bool:
    demand = await _demand(session, transfer, await _known(session, transfer))
    return demand.identities or demand.proof_of_wallet


async def _demand(
    session: AsyncSession, transfer: Transfer, known: AddressHolder | DepositOrigin | None, *, is_alone: bool = False
) -> Demand:
    """Return what is asked for with a transfer and those that belong to it; with it alone, if that is wanted."""
    rules = await house_rules(session)
    if not rules.is_crypto(transfer.asset):
        return Demand(identities=False, proof_of_wallet=False)
    cents = rules.travel_cents(transfer.asset, transfer.amount)
    before = 0 if is_alone else await cents_before(session, rules, transfer)
    cents = None if cents is None or before is None else cents + before
    # A side that nobody knows may be a wallet that no service holds: of which more is asked.
    return demand_of(rules.travel.threshold, cents, is_self_hosted=known is None or known.vasp is None)


async def _known(session: AsyncSession, transfer: Transfer) -> AddressHolder | DepositOrigin | None:
    """Return who is on the other side of a transfer, as far as people have approved it or found it out."""
    number = number_of(transfer.name, "D")
    given = await session.get(DepositOrigin, number) if number is not None else None
    return given or await _holder_at(session, transfer)


async def _holder_at(session: AsyncSession, transfer: Transfer) -> AddressHolder | None:
    query = (
        select(AddressHolder)
        .join(Destination, Destination.id == AddressHolder.destination)
        .where(
            *(Destination.account == transfer.account, Destination.rail == transfer.rail),
            *(Destination.address == transfer.address, Destination.approved_by.is_not(None)),
            *(Destination.removed_ns.is_(None), AddressHolder.approved_by.is_not(None)),
        )
    )
    return await session.scalar(query.order_by(AddressHolder.number.desc()).limit(1))


async def _has_data(session: AsyncSession, transfer: Transfer) -> bool:
    return await session.get(TravelRuleData, (transfer.name, transfer.flow.value)) is not None
