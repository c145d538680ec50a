"""Takes payments on, one step after the other: asks the rails, asks the rules, gives the engine its commands.

What it has to do is in the database alone, as the states that are *active*; so it goes on from wherever it was killed.
A step that goes outside (a command, a payout) stands between two transactions: the first says that it may have been
taken, the second what came of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.control import Control, VenueAway
from backoffice.database import Database
from backoffice.errors import Conflict
from backoffice.payments import deposits, suspense, withdrawals
from backoffice.payments.clients import Clients
from backoffice.payments.moving import move_deposit, move_withdrawal
from backoffice.payments.rail import Payout, Rail, RailRefused, RailSilent
from backoffice.payments.rules import PaymentRules
from backoffice.payments.states import (
    DepositState,
    DepositVerb,
    WithdrawalState,
    WithdrawalVerb,
)
from backoffice.payments.tables import Deposit, RailPosition, Withdrawal
from backoffice.staff.actor import BACK_OFFICE
from backoffice.times import MINUTE_NS
from engine.commands import Credit, Debit, HoldWithdrawal, ReleaseWithdrawal, SettleWithdrawal

POLL_S: Final = 1.0
"""How often rails are asked while nothing happens."""
WATCH_EVERY_NS: Final = 5 * MINUTE_NS
"""How often a rail is asked about what was settled,"""
WATCHED_TOGETHER: Final = 50
"""and about how many at a time."""
_JUDGED: Final = frozenset(
    (WithdrawalState.HELD, WithdrawalState.STOPPED, WithdrawalState.APPROVING, WithdrawalState.APPROVED)
)
_log = structlog.get_logger("payments")


class Payments:
    """All payments of a venue. One process runs them at a time; two would be in each other's way, and do no harm."""

    def __init__(
        self,
        database: Database,
        control: Control,
        rails: Mapping[str, Rail],
        rules: Mapping[tuple[str, str], PaymentRules],
        clients: Clients,
        clock: Callable[[], int],
    ) -> None:
        """`rules` by rail and asset; `clock` gives nanoseconds since the epoch."""
        self._database = database
        self._control = control
        self._rails = rails
        self._rules = rules
        self._clients = clients
        self._clock = clock
        self._watched = 0
        """The last withdrawal that was asked about after it was settled,"""
        self._watch_from_ns = 0
        """and when to begin again with the first."""

    async def run(self, stop: asyncio.Event) -> None:
        """Take payments on until `stop` is set. What is not to be had just now is logged, and tried again."""
        while not stop.is_set():
            moved = 0
            try:
                moved = await self.step()
            except VenueAway as error:
                _log.warning("payments wait for the venue", reason=str(error))
            if not moved:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), POLL_S)

    async def step(self) -> int:
        """Take every payment that can go on a step further; return how many did."""
        moved = 0
        for rail in self._rails.values():
            moved += await self._ask(rail)
        async with self._database.reading() as session:
            deposit_ids = await deposits.active(session)
            withdrawal_ids = await withdrawals.active(session)
        for number in deposit_ids:
            moved += await self._once(self._deposit, number)
        for number in withdrawal_ids:
            moved += await self._once(self._withdrawal, number)
        return moved + await self._watch()

    async def _watch(self) -> int:
        """Ask about some of the withdrawals that were settled lately, by turns, each once in some minutes."""
        now_ns = self._clock()
        if now_ns < self._watch_from_ns:
            return 0
        async with self._database.reading() as session:
            numbers = await withdrawals.watched(
                session, self._rules.values(), now_ns, after=self._watched, count=WATCHED_TOGETHER
            )
        if len(numbers) < WATCHED_TOGETHER:
            self._watched, self._watch_from_ns = 0, now_ns + WATCH_EVERY_NS
        else:
            self._watched = numbers[-1]
        return sum([await self._once(self._look_back, number) for number in numbers])

    async def _once(self, take_on: Callable[[int], Awaitable[bool]], number: int) -> bool:
        try:
            return await take_on(number)
        except Conflict:
            return False  # Staff were there first: the next step sees what they did.
        except RailSilent as error:
            _log.warning("a rail does not answer", reason=str(error))
            return False

    async def _ask(self, rail: Rail) -> bool:
        async with self._database.reading() as session:
            position = await session.get(RailPosition, rail.name)
        cursor = position.cursor if position is not None else ""
        try:
            incoming = await rail.incoming(cursor)
        except RailSilent as error:
            _log.warning("a rail does not answer", rail=rail.name, reason=str(error))
            return False
        if not incoming.movements and incoming.cursor == cursor:
            return False
        async with self._database.writing() as session:
            return await deposits.take(session, rail.name, incoming, self._clock())

    # Deposits

    async def _deposit(self, number: int) -> bool:
        async with self._database.writing() as session:
            deposit = await deposits.find(session, f"D-{number}")
            # In a step of its own: what is to be credited is out of suspense before the engine is told.
            if await suspense.book(session, deposit, self._clock()):
                return True
            state = DepositState(deposit.state)
            if state not in (DepositState.CREDITING, DepositState.DEBITING):
                return await deposits.judge(session, deposit, self._rules, self._clients, self._clock())
        return await (self._credit(deposit) if state is DepositState.CREDITING else self._debit(deposit))

    async def _credit(self, deposit: Deposit) -> bool:
        assert deposit.account is not None
        command = Credit(
            *(deposit.account, deposit.asset, deposit.amount, deposit.reference_of_credit),
            by=BACK_OFFICE.user,
            why=f"deposit {deposit.name}",
        )
        carried = await self._control.submit(command)
        refusal = carried.refusal
        verb = DepositVerb.HOLD if refusal else DepositVerb.CREDIT
        async with self._database.writing() as session:
            deposit = await deposits.find(session, deposit.name)
            if not refusal:
                deposit.credited_sequence = carried.sequence
            why = refusal or f"record {carried.sequence}"
            await move_deposit(session, BACK_OFFICE, deposit, verb, why=why, now_ns=self._clock())
        return True

    async def _debit(self, deposit: Deposit) -> bool:
        assert deposit.account is not None
        reference = f"{deposit.reference_of_credit}/debit"
        command = Debit(
            *(deposit.account, deposit.asset, deposit.amount, reference),
            by=BACK_OFFICE.user,
            why=f"deposit {deposit.name}, which the rail has taken back",
        )
        carried = await self._control.submit(command)
        refusal = carried.refusal
        verb = DepositVerb.LEAVE if refusal else DepositVerb.DEBIT
        async with self._database.writing() as session:
            deposit = await deposits.find(session, deposit.name)
            deposit.debits += not refusal
            why = refusal or f"record {carried.sequence}"
            await move_deposit(session, BACK_OFFICE, deposit, verb, why=why, now_ns=self._clock())
        return True

    # Withdrawals

    async def _withdrawal(self, number: int) -> bool:
        name = f"W-{number}"
        async with self._database.writing() as session:
            withdrawal = await withdrawals.find(session, name)
            # In a step of its own, as of deposits.
            if await suspense.book(session, withdrawal, self._clock()):
                return True
            rules = self._rules.get((withdrawal.rail, withdrawal.asset))
            state = WithdrawalState(withdrawal.state)
            if state in _JUDGED:
                moved = await withdrawals.judge(session, withdrawal, rules, self._clients, self._clock())
                if moved or state is not WithdrawalState.APPROVED:
                    return moved
        match state:
            case WithdrawalState.APPROVED:
                return await self._prepare(name)
            case WithdrawalState.PREPARED:
                return await self._send(name)
            case WithdrawalState.SENDING:
                return await self._lose(name)
            case WithdrawalState.SENT | WithdrawalState.UNCERTAIN:
                return await self._look(name)
            case _:
                return await self._command(withdrawal, state)

    async def _prepare(self, name: str) -> bool:
        async with self._database.writing() as session:
            withdrawal = await self._found(session, name, WithdrawalState.APPROVED)
            payout = await withdrawals.reserve(session, withdrawal)
            rail = self._rails.get(withdrawal.rail)
        if rail is None:
            return False
        try:
            prepared, refusal = await rail.prepare(payout), ""
        except RailRefused as error:
            prepared, refusal = b"", str(error)
        async with self._database.writing() as session:
            withdrawal = await self._found(session, name, WithdrawalState.APPROVED)
            if refusal:
                await self._move(session, withdrawal, WithdrawalVerb.FAIL, refusal)
            else:
                withdrawal.prepared = prepared
                await self._move(session, withdrawal, WithdrawalVerb.PREPARE, "what will be sent is stored")
        return True

    async def _send(self, name: str) -> bool:
        async with self._database.writing() as session:
            withdrawal = await self._found(session, name, WithdrawalState.PREPARED)
            rules = self._rules.get((withdrawal.rail, withdrawal.asset))
            rail = self._rails.get(withdrawal.rail)
            # The last look before the money goes: a client may have been suspended since it was approved.
            if await withdrawals.judge(session, withdrawal, rules, self._clients, self._clock()):
                return True
            if rail is None or withdrawal.prepared is None:
                return False
            payout, prepared = await withdrawals.payout_of(session, withdrawal), withdrawal.prepared
            await self._move(session, withdrawal, WithdrawalVerb.BEGIN, "it is being sent")
        verb, why = WithdrawalVerb.SEND, "the rail has taken it"
        try:
            await rail.send(payout, prepared)
        except RailRefused as error:
            verb, why = WithdrawalVerb.FAIL, str(error)
        except (RailSilent, OSError) as error:
            verb, why = WithdrawalVerb.LOSE, str(error)
        async with self._database.writing() as session:
            withdrawal = await withdrawals.find(session, name)
            await self._move(session, withdrawal, verb, why)
        if verb is WithdrawalVerb.LOSE:
            _log.error("a withdrawal is uncertain", withdrawal=name, reason=why)
        return True

    async def _lose(self, name: str) -> bool:
        """Deal with what was being sent when the process ended."""
        why = "the back office stopped while it was sent"
        async with self._database.writing() as session:
            withdrawal = await withdrawals.find(session, name)
            await self._move(session, withdrawal, WithdrawalVerb.LOSE, why)
        _log.error("a withdrawal is uncertain", withdrawal=name, reason=why)
        return True

    async def _look(self, name: str) -> bool:
        async with self._database.reading() as session:
            withdrawal = await session.get_one(Withdrawal, int(name[2:]))
            payout = await withdrawals.payout_of(session, withdrawal)
            sent = await withdrawals.sent_of(session, withdrawal)
        rail = self._rails.get(withdrawal.rail)
        if rail is None or not sent:
            return False
        outcome = await rail.outcome(payout, sent)
        rules = self._rules.get((withdrawal.rail, withdrawal.asset))
        async with self._database.writing() as session:
            withdrawal = await self._found(session, name, WithdrawalState(withdrawal.state))
            moved = await withdrawals.take_outcome(session, withdrawal, outcome, rules, self._clock())
            may_be_renewed = withdrawal.state == WithdrawalState.SENT and not moved
        return await self._renew(name, rail, payout, sent) if may_be_renewed else moved

    async def _look_back(self, number: int) -> bool:
        """Ask about a withdrawal that was settled. It is never sent again, whatever the rail says."""
        async with self._database.reading() as session:
            withdrawal = await session.get_one(Withdrawal, number)
            rail = self._rails.get(withdrawal.rail)
            sent = await withdrawals.sent_of(session, withdrawal)
            if rail is None or not sent:
                return False
            payout = await withdrawals.payout_of(session, withdrawal)
        outcome = await rail.outcome(payout, sent)
        rules = self._rules.get((withdrawal.rail, withdrawal.asset))
        async with self._database.writing() as session:
            withdrawal = await withdrawals.find(session, withdrawal.name)
            moved = await withdrawals.look_back(session, withdrawal, outcome, rules, self._clients, self._clock())
        if moved and withdrawal.state == WithdrawalState.RECALLED:
            _log.error("a rail has taken back what was settled", withdrawal=withdrawal.name, reason=withdrawal.reason)
        return moved

    async def _renew(self, name: str, rail: Rail, payout: Payout, sent: Sequence[bytes]) -> bool:
        """Hand over what the rail makes anew of a payout that it has; whatever becomes of that, one at most is paid."""
        renewed = await rail.renew(payout, sent)
        if renewed is None:
            return False
        async with self._database.writing() as session:
            withdrawal = await withdrawals.find(session, name)
            if not await withdrawals.keep_renewed(session, withdrawal, renewed, self._clock()):
                return False
        try:
            await rail.send(payout, renewed)
        except (RailRefused, RailSilent, OSError) as error:
            # It stays as it was: what was handed over before may be paid yet.
            _log.warning("a payout that was renewed was not taken", withdrawal=name, reason=str(error))
        return renewed not in sent

    async def _command(self, withdrawal: Withdrawal, state: WithdrawalState) -> bool:
        """Give the engine the command that a state asks for. It may have had it: then it says so."""
        command: HoldWithdrawal | ReleaseWithdrawal | SettleWithdrawal | Credit
        by, why = BACK_OFFICE.user, f"withdrawal {withdrawal.name}"
        match state:
            case WithdrawalState.HOLDING:
                by = withdrawal.requested_by
                command = HoldWithdrawal(
                    withdrawal.account, withdrawal.asset, withdrawal.amount, withdrawal.name, by, why
                )
                verb = WithdrawalVerb.HOLD
            case WithdrawalState.SETTLING:
                command = SettleWithdrawal(withdrawal.name, withdrawal.amount, by, why)
                verb = WithdrawalVerb.SETTLE
            case WithdrawalState.FAILING | WithdrawalState.CANCELLING:
                command = ReleaseWithdrawal(withdrawal.name, by, why)
                verb = WithdrawalVerb.RELEASE
            case WithdrawalState.GIVING_BACK:
                what = (withdrawal.account, withdrawal.asset, withdrawal.amount, withdrawal.reference_of_credit)
                command = Credit(*what, by=by, why=f"{why}, which the rail has taken back")
                verb = WithdrawalVerb.CREDIT
            case _:
                return False
        carried = await self._control.submit(command)
        refusal = carried.refusal
        if refusal and verb not in (WithdrawalVerb.HOLD, WithdrawalVerb.CREDIT):
            _log.error("the engine refuses what must be done", withdrawal=withdrawal.name, reason=refusal)
            return False
        async with self._database.writing() as session:
            withdrawal = await withdrawals.find(session, withdrawal.name)
            if verb is not WithdrawalVerb.HOLD and not refusal:
                withdrawal.ended_sequence = carried.sequence
            verb = WithdrawalVerb.REFUSE if refusal else verb
            why = refusal or f"record {carried.sequence}"
            if verb is WithdrawalVerb.RELEASE:
                # Why it was not paid is what people will ask, also afterwards.
                why = f"{withdrawal.reason}; the funds are back by {why}"
            await self._move(session, withdrawal, verb, why)
        return True

    async def _found(self, session: AsyncSession, name: str, state: WithdrawalState) -> Withdrawal:
        """Return a withdrawal that is still as it was found. Raise `Conflict` if staff have moved it meanwhile."""
        withdrawal = await withdrawals.find(session, name)
        if withdrawal.state != state:
            raise Conflict(f"{name} was {state}, and is {withdrawal.state}")
        return withdrawal

    async def _move(self, session: AsyncSession, withdrawal: Withdrawal, verb: WithdrawalVerb, why: str) -> None:
        await move_withdrawal(session, BACK_OFFICE, withdrawal, verb, why=why, now_ns=self._clock())
