"""What staff move between accounts of the house: asked for by one, pending until another agrees, and taken back by two.

A transfer is pending in the books from when it is asked for; it is posted by whoever approves it, and voided when it is
rejected, withdrawn, or nobody decides in time. What is posted is taken back by a reversal, a proposal of its own that
names what it takes back. Under a key it is asked for once: who asks again gets the one that there is.

    state      post     void     reverse
    pending    posted   voided
    posted                       reversed
"""

from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.database.finding import row_of
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.ledger import transfers
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import Kind
from backoffice.ledger.entries import locked_head
from backoffice.ledger.moves import Standing, lacking, meaning_of
from backoffice.ledger.tables import HouseTransfer, LedgerEntry
from backoffice.projector.tables import VenueAsset
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from backoffice.transitions import after
from engine.decimals import format_decimal
from engine.values import AMOUNT_MAX, Amount

KIND: Final = "house-transfer"
REVERSAL: Final = "house-transfer-reversal"
KEY_CHARS_MAX: Final = 200


class State(StrEnum):
    """Where a transfer stands."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"
    REVERSED = "reversed"


class Verb(StrEnum):
    """What happens to it."""

    POST = "post"
    VOID = "void"
    REVERSE = "reverse"


TRANSITIONS: Final[dict[State, dict[Verb, State]]] = {
    State.PENDING: {Verb.POST: State.POSTED, Verb.VOID: State.VOIDED},
    State.POSTED: {Verb.REVERSE: State.REVERSED},
    State.VOIDED: {},
    State.REVERSED: {},
}


class Wanted(NamedTuple):
    """What is to be moved: `amount` smallest units of an asset, from one account of the house to another."""

    source: Kind
    target: Kind
    asset: str
    amount: Amount
    key: str | None = None


async def request(
    session: AsyncSession, actor: Actor, wanted: Wanted, *, why: str, now_ns: int
) -> tuple[HouseTransfer, Approval | None]:
    """Ask for a transfer; return it, and what a second person must approve: None if it was asked for before.

    Raise `Refused`, `NotFound`, or `Conflict` if something else was asked for under the key.
    """
    actor.require(Permission.POST_ENTRIES)
    meaning_of(wanted.source, wanted.target)
    if not 0 < wanted.amount <= AMOUNT_MAX:
        raise Refused(f"the amount {wanted.amount} of a transfer is out of range")
    if wanted.key is not None and not 0 < len(wanted.key.strip()) <= KEY_CHARS_MAX:
        raise Refused(f"a key has 1 to {KEY_CHARS_MAX} characters")
    # Whoever asks at the same time waits here, and then sees what was asked for.
    await locked_head(session)
    before = await _asked_before(session, wanted)
    if before is not None:
        return before, None
    await _check(session, wanted, with_pending=True)
    transfer = HouseTransfer(
        key=wanted.key,
        source=wanted.source,
        target=wanted.target,
        asset=wanted.asset,
        amount=wanted.amount,
        state=State.PENDING,
        reason=why,
        requested_by=actor.user,
        requested_ns=now_ns,
        approved_by=None,
        changed_ns=now_ns,
    )
    session.add(transfer)
    await session.flush()
    debit, credit = wanted.target, wanted.source
    booked = transfers.Transfer(transfer.name, debit, credit, wanted.asset, wanted.amount, actor.user, why)
    entry = await transfers.transfer(session, booked, now_ns, is_pending=True)
    asked = {"from": transfer.source, "to": transfer.target, "asset": transfer.asset, "amount": str(transfer.amount)}
    await audit.record(
        session,
        actor,
        "request",
        transfer.subject,
        before=None,
        after={**asked, "key": wanted.key, "state": transfer.state, "entry": entry.id},
        why=why,
        now_ns=now_ns,
    )
    approval = await approvals.propose(
        *(session, actor, KIND, transfer.subject, {"transfer": transfer.id, **asked}),
        why=why,
        now_ns=now_ns,
        subject_version=transfer.version,
    )
    return transfer, approval


async def propose_reversal(session: AsyncSession, actor: Actor, name: str, *, why: str, now_ns: int) -> Approval:
    """Propose to take back what was posted; somebody else decides. Raise `Refused` if it is not, or is spent."""
    actor.require(Permission.POST_ENTRIES)
    transfer = await find(session, name)
    if Verb.REVERSE not in TRANSITIONS[State(transfer.state)]:
        raise Refused(f"{transfer.name} is {transfer.state}: only what is posted is taken back")
    await locked_head(session)
    await _check(session, _back(transfer))
    asked = {"reverses": transfer.name, "asset": transfer.asset, "amount": str(transfer.amount)}
    return await approvals.propose(
        *(session, actor, REVERSAL, transfer.subject, {"transfer": transfer.id, **asked}),
        why=why,
        now_ns=now_ns,
        subject_version=transfer.version,
    )


async def find(session: AsyncSession, name: str, *, for_update: bool = True) -> HouseTransfer:
    """Return a transfer by its name, kept from others until the transaction ends. Raise `NotFound`."""
    return await row_of(session, HouseTransfer, name, "H", "transfer", "transfer list", for_update=for_update)


async def listed(session: AsyncSession, asset: str | None, state: str | None, count: int) -> list[HouseTransfer]:
    """Return the last `count` transfers, the newest last."""
    query = select(HouseTransfer).order_by(HouseTransfer.id.desc()).limit(count)
    query = query if asset is None else query.where(HouseTransfer.asset == asset)
    query = query if state is None else query.where(HouseTransfer.state == state)
    return list(await session.scalars(query))[::-1]


async def entries_of(session: AsyncSession, transfer: HouseTransfer) -> list[LedgerEntry]:
    """Return the entries of a transfer: pending, then posted or voided, then reversed."""
    keys = [transfer.name, *(_key(transfer, verb) for verb in Verb)]
    return list(await session.scalars(select(LedgerEntry).where(LedgerEntry.key.in_(keys)).order_by(LedgerEntry.id)))


def _key(transfer: HouseTransfer, verb: Verb) -> str:
    return f"{transfer.name}/{verb}"


async def _asked_before(session: AsyncSession, wanted: Wanted) -> HouseTransfer | None:
    if wanted.key is None:
        return None
    before = (await session.scalars(select(HouseTransfer).where(HouseTransfer.key == wanted.key))).one_or_none()
    if before is None or (before.source, before.target, before.asset, before.amount) == wanted[:4]:
        return before
    raise Conflict(f"{wanted.key}: something else was asked for under this key, as {before.name}; use another one")


async def _check(session: AsyncSession, wanted: Wanted, *, with_pending: bool = False) -> None:
    """Raise `Refused` if there is too little, counting what is pending if that is to count; `NotFound` of no asset."""
    asset = await session.get(VenueAsset, wanted.asset)
    if asset is None:
        raise NotFound(f"{wanted.asset}: no asset of this venue")
    standing = Standing({}, 0)
    for row, amount in await balances(session, asset=wanted.asset):
        if row.account:
            standing.clients += amount
        else:
            standing.house[Kind(row.kind)] = amount
    standing.promised[Kind.SUSPENSE] += await transfers.not_for_staff(session, wanted.asset)
    if with_pending:
        pending = select(HouseTransfer).where(HouseTransfer.asset == wanted.asset, HouseTransfer.state == State.PENDING)
        for each in await session.scalars(pending):
            standing.promise(Kind(each.source), Kind(each.target), each.amount)
    found = lacking(wanted.source, wanted.target, wanted.amount, standing)
    if found is not None:
        what, amount = found
        asked, has = (format_decimal(each, asset.decimals) for each in (wanted.amount, amount))
        until = ", after what is pending" if with_pending else ""
        raise Refused(f"{asked} {wanted.asset} is too much: {what} {has}{until}")


def _back(transfer: HouseTransfer) -> Wanted:
    return Wanted(Kind(transfer.target), Kind(transfer.source), transfer.asset, transfer.amount)


async def _move(
    session: AsyncSession, actor: Actor, transfer: HouseTransfer, verb: Verb, approval: Approval, now_ns: int
) -> None:
    """Book what happens to a transfer, and write it down."""
    before = State(transfer.state)
    state = after(TRANSITIONS, before, verb, transfer.name)
    why = f"approval {approval.id}"
    key = _key(transfer, verb)
    booked = (await entries_of(session, transfer))[-1].id
    if verb is Verb.POST:
        entry = await transfers.post(session, booked, key, actor.user, why, now_ns)
        transfer.approved_by = actor.user
    elif verb is Verb.VOID:
        entry = await transfers.void(session, booked, key, actor.user, why, now_ns)
    else:
        entry = await transfers.reverse(session, booked, key, actor.user, why, now_ns)
    transfer.state, transfer.reason, transfer.changed_ns = state, why, now_ns
    await audit.record(
        session,
        actor,
        verb,
        transfer.subject,
        before={"state": before},
        after={"state": state, "entry": entry.id},
        why=why,
        now_ns=now_ns,
    )


async def _post(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    transfer = await _of(session, approval)
    await locked_head(session)
    await _check(session, Wanted(Kind(transfer.source), Kind(transfer.target), transfer.asset, transfer.amount))
    await _move(session, actor, transfer, Verb.POST, approval, now_ns)


async def _void(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    await _move(session, actor, await _of(session, approval), Verb.VOID, approval, now_ns)


async def _reverse(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    transfer = await _of(session, approval)
    await locked_head(session)
    await _check(session, _back(transfer))
    await _move(session, actor, transfer, Verb.REVERSE, approval, now_ns)


async def _of(session: AsyncSession, approval: Approval) -> HouseTransfer:
    return await find(session, f"H-{approval.payload['transfer']}")


async def _version_of(session: AsyncSession, subject: str) -> int:
    return (await find(session, subject.removeprefix("transfer/"))).version


approvals.register(
    KIND,
    Permission.APPROVE_ENTRIES,
    _post,
    turn_down=_void,
    version_of=_version_of,
    words="move {amount} {asset} from {from} to {to}",
)
approvals.register(
    REVERSAL,
    Permission.APPROVE_ENTRIES,
    _reverse,
    version_of=_version_of,
    words="take {reverses} back: {amount} {asset}",
)
