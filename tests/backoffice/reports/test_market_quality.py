"""How good a market was, of what was seen of it minute by minute."""

import pytest
from msgspec.structs import replace

from backoffice.database import Database
from backoffice.errors import NotFound, Refused
from backoffice.projector.as_of import position_of
from backoffice.reports.market_quality import Quality, by_hour, qualities, sample
from backoffice.reports.scope import Seen
from backoffice.times import HOUR_NS, MINUTE_NS
from engine.overview import InstrumentShown, VenueShown
from engine.values import Phase
from tests.backoffice.projector.journaled import Journaled, project


@pytest.fixture(scope="module")
def journaled() -> Journaled:
    return Journaled(seed=5, length=400)


def shown(bid: int, ask: int, qty: int = 5, phase: Phase = Phase.CONTINUOUS) -> VenueShown:
    best = (bid, qty if bid else 0, ask, 2 * qty if ask else 0)
    return VenueShown(9, 1, (InstrumentShown("BTC/USD", 1, 2, 1, 3, phase, 0, 0, *best, 2),))


async def test_spread_and_depth_are_of_minutes_with_both_sides(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    for minute, seen in enumerate(
        (shown(990, 1_000), shown(980, 1_000), shown(0, 1_000), shown(0, 0, phase=Phase.HALT))
    ):
        await sample(database, seen, minute * MINUTE_NS)
    async with database.reading() as session:
        (found,) = await qualities(session, "", None, None)
        none_then = await qualities(session, "BTC/USD", 5 * HOUR_NS, None)
    assert (found.samples, found.two_sided, found.spread, found.prices) == (3, 2, 30, 3_970)
    assert (found.bid_qty, found.ask_qty) == (10, 20)
    assert found.trades == sum(trade.symbol == "BTC/USD" for trade in journaled.state.trades)
    assert found.messages > found.trades
    assert none_then == []


async def test_a_minute_is_seen_once(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    await sample(database, shown(990, 1_000), MINUTE_NS)
    await sample(database, shown(900, 1_000), MINUTE_NS + 1)
    await sample(database, VenueShown(9, 1, ()), MINUTE_NS)
    async with database.reading() as session:
        (found,) = await qualities(session, "", None, None)
    assert (found.samples, found.spread) == (1, 10)


async def test_a_market_as_of_a_moment_is_what_was_seen_then(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        end_ns = (await position_of(session)).time_ns
    began_ns = end_ns - end_ns % HOUR_NS
    moments = [began_ns + number * 20 * MINUTE_NS for number in range(8)]
    said = []
    for number, at_ns in enumerate(moments):
        await sample(database, replace(shown(990 - number, 1_000), sequence=500 + number // 2), at_ns)
        async with database.reading() as session:
            said.append((await qualities(session, "", None, None), await by_hour(session, "BTC/USD", None, None)))
    for number, at_ns in enumerate(moments):
        seen = Seen(500 + number // 2, at_ns)
        async with database.reading() as session:
            (then,) = await qualities(session, "", None, None, seen)
            (within,) = await qualities(session, "", None, began_ns + HOUR_NS, seen)
            hours = await by_hour(session, "BTC/USD", None, None, seen)
            over = await qualities(session, "", None, at_ns - at_ns % HOUR_NS)
        ((whole,), by_the_hour) = said[number]
        assert replace(then, messages=0, trades=0) == replace(whole, messages=0, trades=0)
        assert hours == by_the_hour
        assert within.samples == min(then.samples, 3)
        if at_ns - began_ns < HOUR_NS:
            assert then.trades < whole.trades
        else:
            assert (then.messages, then.trades) == (whole.messages, whole.trades) == (over[0].messages, over[0].trades)


async def test_hours_are_told_apart(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    for time_ns, ask in ((0, 1_000), (HOUR_NS - 1, 1_010), (HOUR_NS, 1_020)):
        await sample(database, shown(990, ask), time_ns)
    async with database.reading() as session:
        found = await by_hour(session, "BTC/USD", None, None)
        later = await by_hour(session, "BTC/USD", HOUR_NS, 2 * HOUR_NS)
    assert found == [
        (0, Quality("BTC/USD", 2, 2, 30, 3_990, 10, 20)),
        (1, Quality("BTC/USD", 1, 1, 30, 2_010, 5, 10)),
    ]
    assert later == found[1:]


async def test_what_cannot_be_is_told(database: Database, journaled: Journaled) -> None:
    await project(database, journaled, [500])
    async with database.reading() as session:
        with pytest.raises(NotFound, match="X/Y"):
            await qualities(session, "X/Y", None, None)
        with pytest.raises(Refused, match="full hours"):
            await qualities(session, "", 1, None)
