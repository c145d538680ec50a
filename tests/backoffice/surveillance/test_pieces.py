"""Trading that is looked at piece by piece, as it comes in, gives the same as all of it looked at in one go."""

import asyncio
import tempfile
from pathlib import Path
from shutil import copyfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from backoffice.crm.shared_owners import SharedOwners
from backoffice.database import Database
from backoffice.database.database import address_of
from backoffice.staff.actor import BACK_OFFICE
from backoffice.surveillance.looking import look_again, look_at, watch
from backoffice.surveillance.parameters import PARAMETERS
from backoffice.surveillance.rows import Finding
from backoffice.surveillance.tables import Alert
from backoffice.times import HOUR_NS
from engine.values import BUY, SELL
from tests.backoffice.surveillance.market import FIRMS, SEALER, START_NS, Market

LENIENT = replace(
    PARAMETERS,
    wash_trades_min=1,
    wash_trades_firm_min=1,
    circular_trades_min=2,
    layering_episodes_min=1,
    layering_size_ratio=1,
    close_share_min_percent=1,
    close_move_min_bps=1,
    close_trades_min=1,
    order_to_trade_max=2,
    order_to_trade_volume_max=1,
    order_to_trade_orders_min=2,
    volume_history_min=1,
    volume_deviations=1,
    volume_multiple=1,
)
"""So little is suspicious that nearly everything is found."""
DAY_ENDS = "10:30"
ACCOUNTS = st.sampled_from(sorted(FIRMS))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("trade", "layer", "layer", "cancel", "move")),
        *(ACCOUNTS, ACCOUNTS, st.integers(1, 5)),
        st.sampled_from((0, 1, 4, 6, 59, 600, 1_790, 3_594, 3_599)),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def act(market: Market, layers: list[tuple[str, str]], what: str, one: str, other: str, qty: int) -> None:
    """Let something happen. `layers`: orders by which the price is pressed, which are there."""
    if what == "trade":
        market.trade(one, other, qty, 100 + qty)
    elif what == "layer":
        layers.append((one, market.order(one, SELL, 50 * qty, 200)))
        market.trade(one, other, qty, 100, SELL)
    elif what == "cancel" and layers:
        account, layer = layers.pop()
        market.cancel(account, layer, SELL)
    elif what == "move" and layers:
        account, layer = layers.pop()
        market.replace(account, layer, SELL, 50 * qty, 300)


def seen(found: Finding | Alert) -> tuple[object, ...]:
    times = (found.from_ns, found.until_ns) if isinstance(found, Alert) else found.window
    return (found.detector, found.subject, found.symbol, *times, found.summary, found.evidence)


async def looked_at_in_pieces(database: Database, steps: list[tuple[str, str, str, int, int, bool]]) -> None:
    market = Market()
    layers: list[tuple[str, str]] = []
    alerts = []
    for what, one, other, qty, seconds, looks in steps:
        act(market, layers, what, one, other, qty)
        market.wait(seconds)
        if looks:
            await market.project(database)
            alerts += (await watch(database, SEALER, market.now_ns, day_ends=DAY_ENDS, parameters=LENIENT)).alerts
    market.wait(7_300)
    market.order("C", BUY, 1, 1)
    await market.project(database)
    alerts += (await watch(database, SEALER, market.now_ns, day_ends=DAY_ENDS, parameters=LENIENT)).alerts
    hours = range(START_NS // HOUR_NS, market.now_ns // HOUR_NS)
    async with database.reading() as session:
        at_once = [each for hour in hours for each in await look_at(session, hour, DAY_ENDS, LENIENT, SharedOwners({}))]
    assert [seen(alert) for alert in alerts] == [seen(finding) for finding in at_once]
    again = await look_again(
        database, SEALER, BACK_OFFICE, 0, hours.stop, market.now_ns, day_ends=DAY_ENDS, parameters=LENIENT
    )
    assert again.alerts == []


@given(STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pieces_give_what_the_whole_gives(
    migrated_sqlite: Path, steps: list[tuple[str, str, str, int, int, bool]]
) -> None:
    async def look(url: str, home: Path) -> None:
        async with Database(address_of(url, home)) as database:
            await looked_at_in_pieces(database, steps)

    with tempfile.TemporaryDirectory() as home:
        copyfile(migrated_sqlite, Path(home) / "pieces.sqlite")
        asyncio.run(look("sqlite:///pieces.sqlite", Path(home)))


async def test_pieces_give_what_the_whole_gives_in_either_database(database: Database) -> None:
    steps = [
        *(("trade", "B", "C", 1, 3_598, False), ("layer", "A", "B", 1, 3, False), ("trade", "B", "C", 1, 0, True)),
        ("cancel", "A", "B", 1, 0, True),
        *(("layer", "A", "B", 1, 1, True), ("move", "A", "B", 2, 1, True)),
        *(("trade", "F1", "F2", 3, 4, True), ("trade", "A", "A", 3, 1_790, False), ("trade", "B", "A", 2, 0, True)),
        *(("trade", "A", "B", 2, 3_599, True), ("cancel", "B", "C", 4, 6, True)),
    ]
    await looked_at_in_pieces(database, steps)
