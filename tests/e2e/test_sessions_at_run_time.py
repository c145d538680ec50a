"""Staff make, re-key, suspend and remove a session of a running venue, and nobody else notices."""

import json

import pytest

from tests.e2e.venue import Venue
from tests.e2e.wire import Client, now

pytestmark = pytest.mark.e2e


def staff(venue: Venue, *arguments: str) -> str:
    """Have a command of `fondaco session` carried out, and return what it says."""
    finished = venue.run("session", *arguments, "--config", str(venue.config), "--data", str(venue.data))
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def asked(*arguments: str) -> tuple[str, ...]:
    return (*arguments, "--by", "mira", "--why", "a test")


def order(name: str) -> str:
    return f"11={name}|55=BTC/USD|54=1|38=0.5|40=2|44=100.00|59=1|60={now()}|"


def test_session_lives_and_ends_while_another_trades(venue: Venue) -> None:
    other = Client(venue.port, "BROKER2")
    other.log_on()
    answer = json.loads(staff(venue, *asked("add", "DESK", "--account", "BROKER1-A", "--password", "--json")))
    password = answer["shown_once"]["password"]
    desk = Client(venue.port, "DESK")
    desk.log_on(password=password)
    desk.say("D", order("first"))
    assert desk.hear("8")["150"] == "0"
    (shown,) = [each for each in json.loads(staff(venue, "list", "--json"))["sessions"] if each["session"] == "DESK"]
    assert (shown["is_connected"], shown["next_in"], shown["next_out"]) == (True, 3, 3)
    assert shown["peer"].startswith("127.0.0.1:")

    staff(venue, *asked("suspend", "DESK"))
    assert desk.hear("5")["58"] == "the session is suspended"
    staff(venue, *asked("resume", "DESK"))
    again = json.loads(staff(venue, *asked("rekey", "DESK", "--password", "--json")))["shown_once"]["password"]
    assert other.synchronize() == []
    venue.kill()
    venue.start()
    desk = Client(venue.port, "DESK")
    desk.log_on(password=again)
    desk.say("F", f"11=second|41=first|55=BTC/USD|54=1|60={now()}|")
    assert desk.hear("8")["150"] == "4"
    staff(venue, *asked("remove", "DESK"))
    assert "DESK" not in staff(venue, "list")
