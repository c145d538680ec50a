"""Suspensions, and how the engine gets to know of them; clients that leave."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from backoffice.access import hierarchy
from backoffice.access.tables import AccessTrader
from backoffice.crm import following_up, gateway, leaving, suspending
from backoffice.crm.behind_accounts import ClientsBehindAccounts
from backoffice.crm.gateway import Rights
from backoffice.crm.left_behind import SessionsLeft, balances_left, sessions_left
from backoffice.crm.loading import client_of, read_file
from backoffice.crm.screening.deciding import Disposition, decide, propose_revision
from backoffice.crm.shared_owners import shared_owners
from backoffice.crm.workflow import Suspension
from backoffice.errors import Conflict, Refused
from backoffice.ledger.tables import LedgerAccount, LedgerPosting
from backoffice.outbox import Outgoing
from backoffice.payments.clients import Flow
from backoffice.projector.tables import VenueAccount, VenueAsset, VenueSession
from backoffice.staff import approvals
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.staff.sealing import place
from backoffice.times import DAY_NS
from engine.commands import Block, BlockWithdrawals, RemoveSession, Unblock, UnblockWithdrawals
from engine.control import StaffCommand
from engine.values import Scope
from tests.backoffice.crm.house import ANN, BEN, CAY, LEI, NOW_NS, OLA, House, entry

_COMMANDS = msgspec.msgpack.Decoder(StaffCommand)


async def told(house: House) -> list[StaffCommand]:
    """Return what the venue is to be told, in order."""
    async with house.database.reading() as session:
        rows = await session.scalars(select(Outgoing.command).order_by(Outgoing.id))
        return [_COMMANDS.decode(row) for row in rows]


async def admit(house: House, account: str = "MUSTER-A") -> None:
    """Let the projector have an account of the firm."""
    async with house.database.writing() as session:
        if await session.get(VenueAccount, account) is None:
            session.add(VenueAccount(account=account, firm="MUSTER", opened_ns=1, sequence=1))


@pytest.fixture
async def trading(house: House) -> House:
    """A house with an active client, whose firm has an account at the venue."""
    await admit(house)
    await house.active()
    async with house.database.writing() as session:
        await session.execute(delete(Outgoing))
    return house


async def suspend(house: House, what: Suspension = Suspension.ALL, **options: Any) -> None:
    await house.write(suspending.suspend, OLA, "C-1", what, why="margin is missing", **options)


async def resume(house: House) -> None:
    proposal = await house.write(suspending.propose_resumption, OLA, "C-1", why="paid")
    await house.write(approvals.approve, BEN, proposal.id, why="seen")


async def objection(house: House, flow: Flow) -> str:
    await admit(house)
    async with house.database.reading() as session:
        return await ClientsBehindAccounts(house.sealer).objection(session, "MUSTER-A", flow, "BTC", 1)


async def test_one_person_suspends_and_the_engine_is_told(trading: House) -> None:
    await suspend(trading)
    found = await trading.client()
    assert (found.state, found.suspension, found.suspended_for) == ("suspended", "all", "margin is missing")
    assert await told(trading) == [
        Block(Scope.FIRM, "MUSTER", "ola", "margin is missing"),
        BlockWithdrawals(Scope.FIRM, "MUSTER", "ola", "margin is missing"),
    ]


async def test_a_firm_that_the_venue_does_not_have_is_not_told_of(house: House) -> None:
    await house.active()
    await suspend(house)
    await resume(house)
    assert await told(house) == []


async def test_it_takes_two_to_let_a_client_go_on(trading: House) -> None:
    await suspend(trading)
    proposal = await trading.write(suspending.propose_resumption, BEN, "C-1", why="paid")
    with pytest.raises(Refused, match="ben has proposed A-1"):
        await trading.write(approvals.approve, BEN, proposal.id)
    assert (await trading.client()).state == "suspended"
    await trading.write(approvals.approve, CAY, proposal.id)
    assert ((await trading.client()).state, (await trading.client()).suspension) == ("active", None)
    assert [type(each) for each in await told(trading)] == [Block, BlockWithdrawals, Unblock, UnblockWithdrawals]


async def test_an_approval_of_a_client_that_has_changed_meanwhile_is_stale(house: House) -> None:
    await house.active()
    await suspend(house, Suspension.TRADING)
    proposal = await house.write(suspending.propose_resumption, OLA, "C-1")
    await suspend(house, Suspension.ALL)
    with pytest.raises(Refused, match="A-1 is stale"):
        await house.write(approvals.approve, BEN, proposal.id)


async def test_who_may_be_on_a_sanctions_list_does_not_go_on(trading: House) -> None:
    await suspend(trading)
    early = await trading.write(suspending.propose_resumption, OLA, "C-1")
    await trading.import_list(entry("Ann Muster", "9"), name="new")
    await trading.screen()
    open_hit = "C-1 cannot resume: 1 screening hits are not decided: H-1; .* fondaco screening decide HIT"
    with pytest.raises(Refused, match=open_hit):
        await trading.write(approvals.approve, BEN, early.id)
    with pytest.raises(Refused, match=open_hit):
        await resume(trading)
    await trading.write(approvals.withdraw, OLA, early.id)
    await trading.write(decide, BEN, "H-1", Disposition.TRUE_MATCH)
    listed = "C-1 cannot resume: on a sanctions list: H-1; fondaco client offboard C-1; .* screening revise H-1"
    with pytest.raises(Refused, match=listed):
        await resume(trading)
    revision = await trading.write(propose_revision, BEN, "H-1")
    await trading.write(approvals.approve, CAY, revision.id)
    await resume(trading)
    assert (await trading.client()).state == "active"


async def test_a_second_suspension_adds_to_the_first(trading: House) -> None:
    await suspend(trading, Suspension.WITHDRAWALS)
    assert [type(each) for each in await told(trading)] == [BlockWithdrawals]
    await suspend(trading, Suspension.TRADING)
    assert (await trading.client()).suspension == "all"
    assert [type(each) for each in await told(trading)] == [BlockWithdrawals, Block]
    with pytest.raises(Refused, match="C-1 is suspended from everything already"):
        await suspend(trading, Suspension.TRADING)


async def test_a_reason_in_any_letters_reaches_the_engine(trading: House) -> None:
    await trading.write(suspending.suspend, OLA, "C-1", Suspension.TRADING, why="Маржа\nfehlt " + "x" * 300)
    (command,) = await told(trading)
    assert isinstance(command, Block)
    assert command.why.startswith("????? fehlt x")


@pytest.mark.parametrize(
    ("suspension", "deposits", "withdraws"),
    (
        (None, True, True),
        (Suspension.TRADING, True, True),
        (Suspension.WITHDRAWALS, True, False),
        (Suspension.ALL, False, False),
    ),
)
async def test_payments_ask_whether_a_client_may(
    house: House, suspension: Suspension | None, deposits: bool, withdraws: bool
) -> None:
    await house.active()
    if suspension is not None:
        await suspend(house, suspension)
    assert (await objection(house, Flow.IN) == "") is deposits
    assert (await objection(house, Flow.OUT) == "") is withdraws


async def test_payments_of_a_client_with_an_open_hit_wait(house: House) -> None:
    await house.active()
    await house.import_list(entry(), entry("Ann Muster", "2"))
    await house.screen()
    assert await objection(house, Flow.OUT) == "C-1 has screening hits to be decided: H-1"
    async with house.database.reading() as session:
        assert not await ClientsBehindAccounts(house.sealer).knows(session, "X")
        assert await ClientsBehindAccounts(house.sealer).knows(session, "MUSTER-A")
        assert (
            await ClientsBehindAccounts(house.sealer).objection(session, "X", Flow.IN, "BTC", 1)
            == "account X is no client's"
        )


NO_SESSIONS = SessionsLeft([], [])


async def close(
    house: House,
    balances: dict[str, str] | None = None,
    sessions: SessionsLeft = NO_SESSIONS,
    invoices: tuple[str, ...] = (),
) -> None:
    left = {"balances": balances or {}, "sessions": sessions, "invoices": invoices}
    await house.write(leaving.close, BEN, "C-1", **left)


async def test_a_client_leaves_with_nothing_left_behind(trading: House) -> None:
    await trading.write(leaving.offboard, BEN, "C-1")
    assert [type(each) for each in await told(trading)] == [Block]
    with pytest.raises(Refused, match=r"C-1 still has 0\.5 BTC, 10 USD; pay it out first"):
        await close(trading, {"USD": "10", "BTC": "0.5"})
    with pytest.raises(Refused, match="C-1 trades by sessions of others too: SHARED1"):
        await close(trading, sessions=SessionsLeft(["MUSTER1"], ["SHARED1"]))
    with pytest.raises(Refused, match="C-1 still owes INV-3, INV-4; `fondaco invoice charge` or `waive` it"):
        await close(trading, {"USD": "10"}, invoices=("INV-3", "INV-4"))
    assert (await trading.client()).state == "offboarding"
    async with trading.database.writing() as session:
        await following_up.add_task(
            session, BEN, "C-1", "call them", trading.today, "ben", why="a task", now_ns=trading.now_ns
        )
    await close(trading, sessions=SessionsLeft(["MUSTER1"], []))
    assert [type(each) for each in await told(trading)] == [Block, RemoveSession]
    async with trading.database.reading() as session:
        assert await following_up.open_tasks(session) == []
    found = await trading.client()
    assert (found.state, str(found.keep_until)) == ("closed", "2031-11-28")


async def test_who_has_left_comes_back_under_another_firm_and_is_the_same_to_the_market(house: House) -> None:
    await house.active()
    await house.write(leaving.offboard, BEN, "C-1")
    with pytest.raises(Conflict, match=r"lei .* is C-1's already"):
        await house.enter(firm="AGAIN")
    await close(house)
    with pytest.raises(Conflict, match=r"firm MUSTER is C-1's .* with that file, which is closed; take another name"):
        await house.enter()
    assert await house.active(firm="AGAIN") == "C-2"
    async with house.database.reading() as session:
        owners = await shared_owners(session, house.sealer, share_min_ppm=250_000)
    assert "C-2" in owners.of_both("MUSTER", "AGAIN")


async def test_the_database_holds_that_an_lei_is_one_clients_whose_file_is_not_over(house: House) -> None:
    await house.enter()
    await house.enter(lei="", firm="OTHER")
    with pytest.raises(IntegrityError, match="lei"):
        async with house.database.writing() as session:
            (await client_of(session, "C-2")).lei = LEI


async def test_what_is_personal_is_erased_when_its_time_is_over(house: House) -> None:
    await house.active()
    access = Actor("dee", frozenset({Role.OPERATIONS}))
    await house.write(hierarchy.add_desk, access, "MUSTER", "MUSTER/rates")
    await house.sealed(hierarchy.add_trader, access, "MUSTER/rates", "joe", "Joe Muster")
    await house.write(leaving.offboard, BEN, "C-1")
    await close(house)

    async def erased(now_ns: int) -> list[str]:
        async with house.database.writing() as session:
            return await leaving.erase_due(session, house.sealer, now_ns=now_ns)

    assert await erased(NOW_NS + 1826 * DAY_NS) == []
    assert await erased(NOW_NS + 1828 * DAY_NS) == ["C-1"]
    assert await erased(NOW_NS + 1829 * DAY_NS) == []
    async with house.database.reading() as session:
        file = await read_file(session, house.sealer, await client_of(session, "C-1"))
        trader = await session.get_one(AccessTrader, "joe")
    assert house.sealer.open(trader.full_name, place("access_trader", "full_name", "joe")) == "erased"
    assert (file.name, file.parties[0].name, file.parties[0].born, file.contacts) == (
        "Muster Handel AG",
        "erased",
        None,
        (),
    )


async def test_who_leaves_takes_its_suspension_along(house: House) -> None:
    """Otherwise one person could let a client withdraw that was suspended from it, by letting it go."""
    await house.active()
    await suspend(house)
    await house.write(leaving.offboard, BEN, "C-1")
    assert await objection(house, Flow.OUT) == "C-1 is offboarding, and may not withdraw"
    await resume(house)
    assert (await house.client()).state == "offboarding"
    assert await objection(house, Flow.OUT) == ""
    with pytest.raises(Refused, match="C-1 is not suspended"):
        await resume(house)


async def test_a_client_without_a_firm_has_nothing_to_block(house: House) -> None:
    await house.enter(firm="")
    async with house.database.writing() as session:
        client = await client_of(session, "C-1")
        await gateway.tell(session, ANN, client, Rights(trades=True, withdraws=True), why="x", now_ns=1)
    assert await told(house) == []


async def test_what_is_left_with_the_venue_is_found(house: House) -> None:
    await house.active()
    async with house.database.writing() as session:
        session.add(VenueAsset(asset="BTC", decimals=8, sequence=1))
        session.add(VenueAccount(account="MUSTER-A", firm="MUSTER", opened_ns=1, sequence=1))
        session.add(VenueAccount(account="OTHER-A", firm="OTHER", opened_ns=1, sequence=1))
        for number, (account, kind, amount) in enumerate(
            (("MUSTER-A", "available", 5), ("MUSTER-A", "reserved", 0), ("MUSTER-A", "held", 2), ("OTHER-A", "held", 9))
        ):
            session.add(LedgerAccount(id=number, kind=kind, asset="BTC", account=account, sequence=1))
            session.add(LedgerPosting(ledger_account=number, sequence=1, entry=0, amount=amount, balance=amount))
        for kind in ("available", "reserved"):
            number += 1
            session.add(LedgerAccount(id=number, kind=kind, asset="BTC", account="OTHER-A", sequence=1))
        for name, account, is_removed in (
            ("M1", "MUSTER-A", False),
            ("M2", "MUSTER-A", True),
            ("O1", "OTHER-A", False),
            ("S1", "MUSTER-A OTHER-A", False),
        ):
            session.add(
                VenueSession(
                    session=name,
                    role=1,
                    version="FIX.4.4",
                    accounts=account,
                    is_connected=False,
                    is_suspended=False,
                    is_removed=is_removed,
                    connected_ns=0,
                    sequence=1,
                )
            )
    async with house.database.reading() as session:
        client = await client_of(session, "C-1")
        assert await balances_left(session, client) == {"BTC": "0.00000007"}
        assert await sessions_left(session, client) == (["M1"], ["S1"])
