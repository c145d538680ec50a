"""`fondaco venue status`: how trading stands, for people and for programs."""

import json

from tests.backoffice.cli.command_line import SANDBOX, fondaco_here
from tests.backoffice.cli.venue.conftest import CommandedVenue


def test_status_shows_what_each_instrument_trades_at(venue: CommandedVenue) -> None:
    head, row, _, last = venue.fondaco("status").splitlines()
    assert head.split("  ")[0] == "instrument"
    assert row.split() == ["BTC/USD", "continuous", "42.00", "–", "–", "42.00", "0.060", "–", "–", "1"]
    assert last.startswith("After record 11, ")


def test_status_is_there_for_programs_too(venue: CommandedVenue) -> None:
    shown = json.loads(venue.fondaco("status", "--json"))
    assert shown["sequence"] == 11
    (instrument,) = shown["instruments"]
    assert instrument["ask_quantity"] == "0.060"
    assert instrument["bid"] is None


def test_a_venue_that_does_not_run_is_named(tmp_path: object) -> None:
    finished = fondaco_here("venue", "status", "--config", SANDBOX, "--data", tmp_path)
    assert finished.returncode == 1
    assert finished.stderr == f"fondaco: {tmp_path}/control.sock: no venue listens here; is it running?\n"
