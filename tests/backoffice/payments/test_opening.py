"""A venue as the sandbox's settings have it: what its accounts open with is on the rail, and in the books."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from backoffice.database import Database
from backoffice.payments.opening import rails_of
from backoffice.projector.projector import Projector
from backoffice.projector.rows import decode_record
from backoffice.reconciliation.breaks import open_at
from backoffice.reconciliation.rail_balances import standings
from backoffice.reconciliation.reconciling import reconcile
from backoffice.times import MINUTE_NS
from config.owners import Account
from config.reading import load
from config.settings import Settings
from engine.commands import AnyCommand, Credit
from engine.exchange import Exchange
from engine.journal import Journal, JournalReader
from engine.recovery import JOURNAL
from engine.sequencer import Sequencer
from fixgw.seed import seed
from tests.backoffice.projector.journaled import take_in

SETTINGS: Final = load(Path(__file__).resolve().parents[3] / "config" / "sandbox.toml")
ASSETS: Final = ["BTC", "ETH", "EUR", "LTC", "USD", "USDC"]


def with_account(account: str, deposits: dict[str, str]) -> Settings:
    return msgspec.structs.replace(SETTINGS, accounts=(*SETTINGS.accounts, Account(account, deposits=deposits)))


class Venue:
    """A venue that begins by settings, and its back office."""

    def __init__(self, database: Database, data: Path, sequencer: Sequencer) -> None:
        self._database = database
        self._data = data
        self._sequencer = sequencer
        self._now_ns = 100 * MINUTE_NS

    async def begin(self, settings: Settings = SETTINGS) -> None:
        seed(settings, self._sequencer)
        await self._sequencer.flushed()

    async def submit(self, command: AnyCommand) -> None:
        self._sequencer.submit(command)
        await self._sequencer.flushed()

    async def follow(self, count: int = 10_000) -> bool:
        """Let the books follow so many records; tell whether there were any."""
        projector = await Projector.open(self._database, "1" * 64)
        payloads = [frame.payload for frame in JournalReader(self._data / JOURNAL).frames()]
        records = [decode_record(payload) for payload in payloads[projector.sequence :][:count]]
        if records:
            await take_in(projector, records)
        return bool(records)

    async def breaks(self, settings: Settings = SETTINGS, later_ns: int = 0) -> list[tuple[str, str, str]]:
        """Reconcile, and return the breaks that are open."""
        self._now_ns += later_ns
        await reconcile(self._database, rails_of(settings, self._data), self._now_ns)
        async with self._database.reading() as session:
            return [(row.kind, row.subject, row.there) for row in await open_at(session, self._now_ns)]

    async def on_rails(self) -> dict[str, tuple[int, int]]:
        """Return what the rail has of each asset, and the difference."""
        async with self._database.reading() as session:
            lags_ns = {name: rail.record_lag_ns for name, rail in rails_of(SETTINGS, self._data).items()}
            return {each.asset: (each.on_rails, each.difference) for each in await standings(session, lags_ns)}


@pytest.fixture
async def venue(database: Database, tmp_path: Path) -> AsyncGenerator[Venue]:
    data = tmp_path / "venue"
    data.mkdir()
    journal = Journal(data / JOURNAL)
    sequencer = Sequencer(Exchange(), journal)
    sequencer.start()
    yield Venue(database, data, sequencer)
    await sequencer.stop()
    journal.close()


async def test_a_new_venue_has_no_breaks_however_far_the_books_have_followed(venue: Venue) -> None:
    await venue.begin()
    while await venue.follow(13):
        assert await venue.breaks() == []
    assert await venue.breaks(later_ns=MINUTE_NS) == []
    shown = await venue.on_rails()
    assert sorted(shown) == ASSETS
    assert shown["BTC"] == (8 * 1_000 * 10**9, 0)
    assert all(amount > 0 == difference for amount, difference in shown.values())


async def test_started_again_the_rail_begins_with_what_is_new_in_the_settings_and_nothing_twice(venue: Venue) -> None:
    await venue.begin()
    await venue.follow()
    assert await venue.breaks() == []
    with_more = with_account("DESK.9/A", {"BTC": "2", "EUR": "0"})
    await venue.begin(with_more)
    assert await venue.breaks(with_more, later_ns=5 * MINUTE_NS) == []
    await venue.follow()
    assert await venue.breaks(with_more, later_ns=5 * MINUTE_NS) == []
    # What was changed of one that is open already changes nothing, here or there.
    changed = with_account("DESK.9/A", {"BTC": "3"})
    await venue.begin(changed)
    await venue.follow()
    assert await venue.breaks(changed, later_ns=5 * MINUTE_NS) == []
    assert (await venue.on_rails())["BTC"] == (8_002 * 10**9, 0)


async def test_what_the_settings_have_and_the_venue_was_not_started_with_is_a_break_after_a_minute(
    venue: Venue,
) -> None:
    await venue.begin()
    await venue.follow()
    with_more = with_account("LATER", {"BTC": "2"})
    assert await venue.breaks(with_more) == []
    assert await venue.breaks(with_more, later_ns=MINUTE_NS) == [
        ("missing-here", "sandbox/opening deposit LATER BTC", "came in"),
        ("rail-balance", "BTC on sandbox", "more than in the books"),
    ]
    await venue.begin(with_more)
    await venue.follow()
    assert await venue.breaks(with_more) == []


async def test_what_is_credited_by_hand_beside_it_is_a_break(venue: Venue) -> None:
    await venue.begin()
    await venue.submit(Credit("BROKER1-A", "BTC", 7, "a gift"))
    await venue.follow()
    assert await venue.breaks() == [("rail-balance", "BTC on sandbox", "on the rail")]
