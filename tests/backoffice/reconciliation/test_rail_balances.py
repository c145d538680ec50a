"""What a rail says that it has is what the books have as kept there, but for what is on its way."""

import pytest

from backoffice.ledger.chart import Kind as AccountKind
from backoffice.ledger.house_transfers import Wanted, request
from backoffice.payments.rail import RailSilent, Statement
from backoffice.payments.sandbox import NAME, Fault
from backoffice.payments.states import WithdrawalState
from backoffice.reconciliation.breaks import open_at, resolve
from backoffice.reconciliation.found import Kind
from backoffice.reconciliation.rail_balances import Standing, standings
from backoffice.reconciliation.reconciling import reconcile
from backoffice.reconciliation.tables import Break
from backoffice.times import MINUTE_NS
from engine.commands import Credit
from tests.backoffice.payments.world import ANN, BEN, CAY, World


@pytest.fixture
async def world(world: World) -> World:
    await world.follow()
    return world


async def look(world: World, later_ns: int = MINUTE_NS) -> list[Break]:
    """Let some time go by, reconcile, and return the breaks of balances that are open."""
    world.now_ns += later_ns
    await reconcile(world.staff_database, {NAME: world.rail}, world.now_ns)
    async with world.staff_database.reading() as session:
        return await open_at(session, world.now_ns, Kind.RAIL_BALANCE)


async def told(world: World, later_ns: int = MINUTE_NS) -> list[tuple[str, int | None, str, int | None]]:
    return [(row.here, row.here_amount, row.there, row.there_amount) for row in await look(world, later_ns)]


async def side_by_side(world: World) -> Standing:
    async with world.staff_database.reading() as session:
        (found,) = await standings(session, {NAME: world.rail.record_lag_ns})
    return found


LOST_15 = ("more than on the rail", 15, "on the rail", 0)


async def test_what_is_on_its_way_is_no_difference_at_any_step_however_far_the_books_have_followed(
    world: World,
) -> None:
    await world.fund(10_000)
    await world.follow()
    destination = await world.destination()
    world.rail.deposit(await world.address(), "USD", 700, "Alpha Trading Ltd")
    world.rail.deposit("NOBODY", "USD", 30, "?")
    large = world.rail.deposit(await world.address(), "USD", 60_000, "Alpha Trading Ltd")
    world.rail.switch(Fault.DELAY, 2)
    name = await world.request(destination, 100)
    for step in range(60):
        assert await look(world, 0) == [], f"step {step}"
        await world.payments.step()
        if step % 3 == 0:
            await world.follow()
        await world.decide(BEN, CAY)
    assert (await world.state(name), (await world.deposit(large)).state) == (WithdrawalState.SETTLED, "quarantined")
    await world.follow()
    assert await look(world) == []


async def test_what_the_rail_has_not_is_a_break_that_ages_while_money_comes_and_goes(world: World) -> None:
    await world.fund(10_000)
    await world.follow()
    assert await look(world) == []
    world.rail.lose("USD", 15)
    (found,) = await look(world)
    assert (found.subject, found.asset, found.rail) == ("USD on sandbox", "USD", NAME)
    assert (found.here, found.here_amount, found.there, found.there_amount) == LOST_15
    await world.fund(500)
    await world.follow()
    (again,) = await look(world)
    assert (again.name, again.first_seen_ns) == (found.name, found.first_seen_ns)
    world.rail.lose("USD", -15)
    assert await look(world) == []


async def test_what_somebody_has_said_may_stay_is_told_again_once_it_is_another_difference(world: World) -> None:
    await world.fund(10_000)
    world.rail.lose("USD", 15)
    await world.follow()
    (found,) = await look(world)
    async with world.staff_database.writing() as session:
        await resolve(session, ANN, found.name, why="the bank owes it", now_ns=world.now_ns)
    await world.fund(700)
    await world.follow()
    assert await look(world) == []
    world.rail.lose("USD", 1)
    assert await told(world) == [("more than on the rail", 16, "on the rail", 0)]


async def test_what_was_credited_by_hand_and_came_over_no_rail_is_a_break(world: World) -> None:
    await world.fund(10_000)
    await world.engine.submit(Credit("ALPHA", "USD", 400, "by hand", by="ann"))
    await world.follow()
    assert await told(world) == [("more than on the rail", 400, "on the rail", 0)]


async def test_what_the_rail_has_beyond_the_books_is_a_break_after_a_minute(world: World) -> None:
    await world.fund(10_000)
    await world.follow()
    await look(world)
    world.rail.deposit("NOBODY", "USD", 40, "?")
    assert await told(world, 0) == []
    assert await told(world, MINUTE_NS) == [("in the books", 0, "more than in the books", 40)]
    await world.settle()
    assert await told(world) == []


async def test_what_the_house_moves_under_the_rails_reference_is_no_difference(world: World) -> None:
    await world.fund(10_000)
    await world.engine.submit(Credit("ALPHA", "USD", 1, "by hand", by="ann"))
    world.rail.lose("USD", -1)
    reference = world.rail.pay_by_hand("USD", 25)
    await world.follow()
    assert await told(world, 0) == []
    assert await told(world) == [("more than on the rail", 25, "on the rail", 0)]
    async with world.staff_database.writing() as session:
        to_cold = Wanted(AccountKind.OMNIBUS, AccountKind.COLD, "USD", 25, reference)
        await request(session, ANN, to_cold, why="to cold storage", now_ns=world.now_ns)
    await world.decide(BEN)
    assert await told(world, 0) == await told(world) == []


async def test_while_the_rail_is_silent_its_break_stays_and_no_other_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.fund(10_000)
    world.rail.lose("USD", 15)
    await world.follow()
    await look(world)

    async def silence(_cursor: str) -> Statement:
        raise RailSilent("the bank is closed")

    monkeypatch.setattr(world.rail, "statement", silence)
    await world.fund(100)
    await world.follow()
    assert await told(world) == [LOST_15]


async def test_a_record_that_comes_in_parts_is_read_to_its_end_before_anything_is_compared(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for amount in (10, 20, 30):
        await world.fund(amount)
    await world.follow()
    whole = await world.rail.statement("")

    async def in_parts(cursor: str) -> Statement:
        read = int(cursor or 0)
        is_last = read + 1 >= len(whole.bookings)
        return Statement(whole.bookings[read : read + 1], str(read + 1), whole.balances if is_last else None)

    with monkeypatch.context() as patch:
        patch.setattr(world.rail, "statement", in_parts)
        assert await look(world) == []
        result = await reconcile(world.staff_database, {NAME: world.rail}, world.now_ns)
    assert (result.opened, result.silent) == ([], {})


async def test_a_rail_that_says_that_more_follows_and_tells_nothing_is_silent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(cursor: str) -> Statement:
        return Statement((), cursor, None)

    monkeypatch.setattr(world.rail, "statement", nothing)
    result = await reconcile(world.staff_database, {NAME: world.rail}, world.now_ns)
    assert result.silent == {NAME: "sandbox says that it has booked more, and tells nothing more"}


async def test_what_the_rail_has_is_shown_beside_the_books_with_what_is_on_its_way_between_them(world: World) -> None:
    await world.fund(10_000)
    name = await world.request(await world.destination(), 100)
    await world.follow()
    world.rail.deposit(await world.address(), "USD", 700, "Alpha Trading Ltd")
    world.rail.deposit("NOBODY", "USD", 30, "?")
    await world.settle()
    await world.follow()
    world.rail.deposit(await world.address(), "USD", 5, "Alpha Trading Ltd")
    world.rail.lose("USD", 15)
    assert await told(world, 0) == [LOST_15]
    shown = await side_by_side(world)
    assert (shown.asset, shown.rails, shown.asked_ns) == ("USD", (NAME,), world.now_ns)
    assert (shown.on_rails, shown.omnibus, shown.suspense) == (10_720, 10_730, 30)
    assert (shown.deposits, shown.withdrawals, shown.others, shown.difference) == (0, 0, 5, -15)
    # The rail is not asked again: what comes after it was is on its way, and no difference.
    asked_ns, world.now_ns = world.now_ns, world.now_ns + 5 * MINUTE_NS
    await world.decide(BEN)
    await world.settle()
    await world.follow()
    assert await world.state(name) is WithdrawalState.SETTLED
    shown = await side_by_side(world)
    assert (shown.asked_ns, shown.on_rails, shown.omnibus) == (asked_ns, 10_720, 10_635)
    assert (shown.deposits, shown.withdrawals, shown.others, shown.difference) == (0, 100, 0, -15)
    await look(world)
    shown = await side_by_side(world)
    assert (shown.on_rails, shown.omnibus, shown.difference) == (10_620, 10_635, -15)
    assert (shown.deposits, shown.withdrawals, shown.others) == (0, 0, 0)
