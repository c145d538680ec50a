"""Deposits, step by step: seen on a rail, confirmed, checked, credited by a command to the engine.

Each function is one transaction's work, or says what to do between two. A deposit is one row for one reference of its
rail, whatever the rail tells and however often; it is credited under its own name, "D-1", which the engine takes once.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import structs
from sqlalchemy import and_, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.transfers import forget, lack
from backoffice.database.finding import row_named, row_of
from backoffice.errors import Refused
from backoffice.payments import suspense
from backoffice.payments.clients import Clients, Flow, Transfer
from backoffice.payments.moving import move_deposit
from backoffice.payments.rail import NAME_CHARS_MAX, Incoming, Movement, Rail, kept
from backoffice.payments.rules import PaymentRules, needed
from backoffice.payments.states import ACTIVE_DEPOSITS, DEPOSITS, DepositState, DepositVerb, WithdrawalState
from backoffice.payments.tables import Deposit, DepositAddress, Destination, RailPosition, Withdrawal
from backoffice.staff import approvals, audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from backoffice.times import MINUTE_NS
from engine.values import AMOUNT_MAX

DEBIT: Final = "deposit-debit"
"""The approval of taking a deposit from the account again that the rail has taken back."""
RELEASE: Final = "deposit-release"
"""The approval of what is to become of a deposit that waits for people: credited, or sent back."""
_GIVEN_BACK: Final = (str(WithdrawalState.GIVING_BACK), str(WithdrawalState.GIVEN_BACK))
UNKNOWN_NS_MAX: Final = 10 * MINUTE_NS
"""How long a deposit waits for its account to be known, which may be newer than what the back office has read."""


async def give_address(
    session: AsyncSession, actor: Actor, rail: Rail, account: str, asset: str, *, why: str, now_ns: int
) -> DepositAddress:
    """Return where an account's deposits of an asset come in; make the address if there is none."""
    actor.require(Permission.ENTER_DEPOSITS)
    known = await session.scalar(
        select(DepositAddress).where(
            DepositAddress.rail == rail.name, DepositAddress.account == account, DepositAddress.asset == asset
        )
    )
    if known is not None:
        return known
    position = await position_of(session, rail.name)
    number, position.next_address = position.next_address, position.next_address + 1
    address = DepositAddress(
        rail=rail.name,
        address=await rail.address_for(account, asset, number),
        number=number,
        account=account,
        asset=asset,
        created_ns=now_ns,
    )
    session.add(address)
    subject, given = f"account/{account}", {"rail": rail.name, "asset": asset, "address": address.address}
    await audit.record(session, actor, "give address", subject, before=None, after=given, why=why, now_ns=now_ns)
    return address


async def position_of(session: AsyncSession, rail: str) -> RailPosition:
    """Return how far a rail has been read, kept from others until the transaction ends."""
    position = await session.scalar(select(RailPosition).where(RailPosition.rail == rail).with_for_update())
    if position is None:
        position = RailPosition(rail=rail, cursor="", next_number=1, next_address=1)
        session.add(position)
        await session.flush()
    return position


async def take(session: AsyncSession, rail: str, incoming: Incoming, now_ns: int) -> bool:
    """Store what a rail has told, and from where to go on; tell whether there was anything new in it."""
    is_new = False
    for movement in incoming.movements:
        is_new |= await _take_one(session, rail, _kept(movement), now_ns)
    position = await position_of(session, rail)
    is_new |= position.cursor != incoming.cursor
    position.cursor = incoming.cursor
    return is_new


def _kept(movement: Movement) -> Movement:
    """Return a movement whose texts can be stored, so that none of them keeps others waiting."""
    return structs.replace(
        movement,
        reference=kept(movement.reference),
        address=kept(movement.address),
        asset=kept(movement.asset, NAME_CHARS_MAX),
        sender=kept(movement.sender),
        returns=kept(movement.returns, NAME_CHARS_MAX),
    )


async def _take_one(session: AsyncSession, rail: str, movement: Movement, now_ns: int) -> bool:
    query = select(Deposit).where(Deposit.rail == rail, Deposit.reference == movement.reference).with_for_update()
    deposit = await session.scalar(query)
    if deposit is None:
        if movement.is_gone or not 0 < movement.amount < AMOUNT_MAX:
            return False
        deposit = Deposit(
            rail=rail,
            reference=movement.reference,
            address=movement.address,
            asset=movement.asset,
            amount=movement.amount,
            sender=movement.sender,
            returns=movement.returns,
            confirmations=movement.confirmations,
            is_gone=False,
            state=DepositState.CONFIRMING,
            reason="",
            account=await _account_of(session, rail, movement),
            seen_ns=now_ns,
            changed_ns=now_ns,
            credited_sequence=None,
        )
        session.add(deposit)
        await session.flush()
        seen = {"rail": rail, "reference": movement.reference, "asset": movement.asset, "amount": str(movement.amount)}
        await audit.record(
            session,
            BACK_OFFICE,
            "see",
            deposit.subject,
            before=None,
            after=seen,
            why="the rail tells it",
            now_ns=now_ns,
        )
        return True
    if (movement.asset, movement.amount, movement.address) != (deposit.asset, deposit.amount, deposit.address):
        why = f"the rail now says {movement.amount} {movement.asset} to {movement.address}; ask it which is right"
        # What is being credited may be so already: nobody is to decide on it as if it were not.
        is_held = deposit.state != DepositState.CREDITING and _can(DepositState(deposit.state), DepositVerb.HOLD)
        if deposit.reason == why or not is_held:
            return False
        await move_deposit(session, BACK_OFFICE, deposit, DepositVerb.HOLD, why=why, now_ns=now_ns)
        return True
    if (movement.confirmations, movement.is_gone) == (deposit.confirmations, deposit.is_gone):
        return False
    deposit.confirmations, deposit.is_gone = movement.confirmations, movement.is_gone
    return True


async def _account_of(session: AsyncSession, rail: str, movement: Movement) -> str | None:
    """Return whose address it is, or whose withdrawal comes back, None if nobody knows."""
    withdrawal = await row_named(session, Withdrawal, movement.returns, "W")
    if withdrawal is not None and (withdrawal.rail, withdrawal.asset) == (rail, movement.asset):
        return withdrawal.account
    found = await session.scalar(
        select(DepositAddress).where(DepositAddress.rail == rail, DepositAddress.address == movement.address)
    )
    return found.account if found is not None and found.asset == movement.asset else None


async def judge(
    session: AsyncSession,
    deposit: Deposit,
    rules: Mapping[tuple[str, str], PaymentRules],
    clients: Clients,
    now_ns: int,
) -> bool:
    """Take a deposit that waits for no command as far as the rules let it go; tell whether it went anywhere."""
    verb, why = await _verdict(session, deposit, rules, clients, now_ns)
    if verb is None:
        deposit.reason = why or deposit.reason
        return False
    await move_deposit(session, BACK_OFFICE, deposit, verb, why=why, now_ns=now_ns)
    if deposit.state == DepositState.RECALLED:
        assert deposit.account is not None, "it was credited to one"
        what = f"{deposit.name}: the rail has taken it back after it was credited; see `fondaco deposit debit`"
        await clients.have_done(session, deposit.account, what, now_ns)
    return True


async def _verdict(
    session: AsyncSession,
    deposit: Deposit,
    rules: Mapping[tuple[str, str], PaymentRules],
    clients: Clients,
    now_ns: int,
) -> tuple[DepositVerb | None, str]:
    """Return what is to happen to a deposit now, and why."""
    state = DepositState(deposit.state)
    if deposit.is_gone:
        return (DepositVerb.VANISH, "the rail does not know it any more") if _can(state, DepositVerb.VANISH) else _WAIT
    if _can(state, DepositVerb.REAPPEAR):
        return DepositVerb.REAPPEAR, "the rail knows it again"
    rule = rules.get((deposit.rail, deposit.asset))
    if state is DepositState.CONFIRMING:
        if deposit.confirmations < (needed(rule.confirmations, deposit.amount) if rule is not None else 1):
            return _WAIT
        if deposit.account is None or rule is None:
            why = "nobody's address" if deposit.account is None else f"no rules for {deposit.asset} on {deposit.rail}"
            return DepositVerb.DOUBT, why
        return DepositVerb.CONFIRM, f"{min(deposit.confirmations, 999_999)} confirmations"
    if state is DepositState.COMPLIANCE:
        assert deposit.account is not None
        if now_ns < deposit.changed_ns + UNKNOWN_NS_MAX and not await clients.knows(session, deposit.account):
            return None, f"it is not known yet whose account {deposit.account} is"
        why = await clients.objection(session, deposit.account, Flow.IN, deposit.asset, deposit.amount)
        # Asked whatever else is against it: so its data are there when people let it go.
        lacks = await clients.travel_rule(session, await transfer_of(session, deposit), now_ns)
        why = "; ".join(filter(None, (why, lacks)))
        # Kept from others: who gives it back looks for this deposit.
        withdrawal = await row_named(session, Withdrawal, deposit.returns, "W", for_update=True)
        if withdrawal is not None and withdrawal.state in _GIVEN_BACK:
            why = "; ".join(filter(None, (why, f"{withdrawal.name} is {withdrawal.state} already")))
        if not why and rule is not None and rule.looked_at_above and deposit.amount > rule.looked_at_above:
            why = "so large that it is looked at"
        return (DepositVerb.HOLD, why) if why else (DepositVerb.PASS, "nothing against it")
    return _WAIT


_WAIT: Final[tuple[None, str]] = (None, "")


def _can(state: DepositState, verb: DepositVerb) -> bool:
    return verb in DEPOSITS[state]


async def assign(session: AsyncSession, actor: Actor, deposit: Deposit, account: str, *, why: str, now_ns: int) -> None:
    """Say whose a deposit is that came to nobody's address, or waits as somebody else's.

    Somebody else looks at it before it is credited.
    """
    actor.require(Permission.ENTER_DEPOSITS)
    await forget(session, deposit.name)  # What was found out of it was so for the one whose it seemed to be.
    why = f"{account}: {why}"
    await move_deposit(session, actor, deposit, DepositVerb.ASSIGN, also={"account": account}, why=why, now_ns=now_ns)
    await move_deposit(session, actor, deposit, DepositVerb.HOLD, why="assigned by hand", now_ns=now_ns)


async def propose_release(
    session: AsyncSession, actor: Actor, deposit: Deposit, *, credit: bool, why: str, now_ns: int
) -> Approval:
    """Propose that a deposit which waits for people is credited, or sent back; somebody else decides."""
    actor.require(Permission.RELEASE_DEPOSITS)
    verb = DepositVerb.RELEASE if credit else DepositVerb.SEND_BACK
    if not _can(DepositState(deposit.state), verb):
        raise Refused(f"{deposit.name} is {deposit.state}, and not for people to decide")
    payload = {"deposit": deposit.id, "verb": str(verb)}
    return await approvals.propose(
        session, actor, RELEASE, deposit.subject, payload, why=why, now_ns=now_ns, subject_version=deposit.version
    )


async def propose_debit(session: AsyncSession, actor: Actor, deposit: Deposit, *, why: str, now_ns: int) -> Approval:
    """Propose to take a deposit from its account again, as the rail has taken it back; somebody else decides."""
    actor.require(Permission.RELEASE_DEPOSITS)
    if deposit.state != DepositState.RECALLED:
        raise Refused(f"{deposit.name} is {deposit.state}; only what a rail has taken back is debited")
    return await approvals.propose(
        *(session, actor, DEBIT, deposit.subject, {"deposit": deposit.id}),
        why=why,
        now_ns=now_ns,
        subject_version=deposit.version,
    )


async def _debit(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    deposit = await find(session, f"D-{approval.payload['deposit']}")
    why = f"approval {approval.id}"
    await move_deposit(session, actor, deposit, DepositVerb.TAKE_BACK, why=why, now_ns=now_ns)


async def _release(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    deposit = await find(session, f"D-{approval.payload['deposit']}")
    verb = DepositVerb(approval.payload["verb"])
    if verb is DepositVerb.RELEASE and (why := await lack(session, await transfer_of(session, deposit))):
        raise Refused(f"{deposit.name}: {why}")
    await move_deposit(session, actor, deposit, verb, why=f"approval {approval.id}", now_ns=now_ns)


async def transfer_of(session: AsyncSession, deposit: Deposit) -> Transfer:
    """Return a deposit as a transfer. What comes back comes from where it was sent to."""
    sender = deposit.sender
    withdrawal = await row_named(session, Withdrawal, deposit.returns, "W")
    if withdrawal is not None and withdrawal.account == deposit.account:
        sender = (await session.get_one(Destination, withdrawal.destination_id)).address
    fields = (deposit.account or "", deposit.rail, deposit.asset, deposit.amount, sender)
    return Transfer(deposit.name, Flow.IN, *fields)


async def find(session: AsyncSession, name: str, *, for_update: bool = True) -> Deposit:
    """Return a deposit by its name, kept from others until the transaction ends. Raise `NotFound`."""
    return await row_of(session, Deposit, name, "D", "deposit", "deposit list", for_update=for_update)


async def listed(session: AsyncSession, account: str | None, state: DepositState | None) -> list[Deposit]:
    """Return deposits, the newest last."""
    query = select(Deposit).order_by(Deposit.id)
    query = query if account is None else query.where(Deposit.account == account)
    return list(await session.scalars(query if state is None else query.where(Deposit.state == state)))


async def active(session: AsyncSession) -> list[int]:
    """Return the numbers of the deposits that can go on, oldest first.

    Also those of which a rail thinks better, and those that the books do not have yet as they stand.
    """
    vanishing = [str(state) for state, possible in DEPOSITS.items() if DepositVerb.VANISH in possible]
    went = and_(Deposit.state.in_(vanishing), Deposit.is_gone)
    gone = [str(state) for state in (DepositState.RECALLED, DepositState.VANISHED, DepositState.DEBITED)]
    came = and_(Deposit.state.in_(gone), not_(Deposit.is_gone))
    goes_on = Deposit.state.in_([str(state) for state in ACTIVE_DEPOSITS])
    found = await session.scalars(select(Deposit.id).where(or_(goes_on, went, came)))
    return sorted({*found, *await suspense.unbooked_deposits(session)})


async def _version_of(session: AsyncSession, subject: str) -> int:
    return (await find(session, subject.removeprefix("deposit/"))).version


approvals.register(RELEASE, Permission.RELEASE_DEPOSITS, _release, version_of=_version_of, words="{verb} {name}")
approvals.register(
    DEBIT, Permission.RELEASE_DEPOSITS, _debit, version_of=_version_of, words="take {name} back from its account"
)
