"""Passwords and keys never show: not in the log, not in the files, not in what the command line prints of them."""

import json
from typing import Any, Final

import pytest

from engine.commands import SetCredentials
from engine.control import SOCKET, Done, Failed, ask
from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import CHEAP_HASH, PASSWORD, Venue
from tests.e2e.wire import Client, frame, now

pytestmark = pytest.mark.e2e

SECRET: Final = "HUSH-5d41402abc"
LOGONS: Final = {
    "wrong": f"98=0|108=30|553=BROKER1|554={SECRET}|",
    "of another": f"98=0|108=30|553=BROKER2|554={SECRET}|",
    "in the name": f"98=0|108=30|553={SECRET}|554={SECRET}|",
    "twice": f"98=0|108=30|553=BROKER1|554={SECRET}|554={SECRET}|",
    "with an SOH": f"98=0|108=30|553=BROKER1|554={SECRET}\x01{SECRET}|",
    "in the wrong place": f"554={SECRET}|98=0|108=30|553=BROKER1|",
    "new": f"98=0|108=30|553=BROKER1|554={SECRET}|925={SECRET}|",
    "new, and cannot be": f"98=0|108=30|553=BROKER1|554={PASSWORD}|925=BROKER1-{SECRET}|",
    "raw": f"98=0|108=30|553=BROKER1|554={PASSWORD}|95={len(SECRET)}|96={SECRET}|",
    "raw of the wrong length": f"98=0|108=30|553=BROKER1|554={PASSWORD}|95=3|96={SECRET}|",
    "with a bad term": f"98=1|108=30|553=BROKER1|554={SECRET}|",
}


KEYS: Final = ("A" * 43 + "=",)
SEALED: Final = "SEALED-9f86d081"
MISPLACED: Final[dict[str, list[Any]]] = {
    "as itself": [70, "BROKER1", SECRET, None, None, None, "mira", "a mistake"],
    "as itself in a new session": [5, "BROKER1", ["BROKER1-A"], SECRET, 0, 0, None, None, "", "mira", "a mistake"],
    "for a public key": [70, "BROKER1", None, [SECRET], None, None, "mira", "a mistake"],
    "for all public keys": [70, "BROKER1", None, SECRET, None, None, "mira", "a mistake"],
    "for a certificate": [70, "BROKER1", None, None, None, [SECRET], "mira", "a mistake"],
    "for a kind of request": [SECRET],
    "by nobody": [70, "BROKER1", SECRET, None, None, None, "", "a mistake"],
}


@pytest.mark.parametrize("lane", ("native", pytest.param("quickfix", marks=pytest.mark.quickfix)))
def test_password_is_in_no_log_file_or_dump(make_venue: MakeVenue, lane: str) -> None:
    venue = make_venue(dear_passwords=True, fix={"lane": lane, "lockout_after": 1_000})
    venue.start()
    for body in LOGONS.values():
        for header in ("35=A|49=BROKER1|56=FONDACO|34=1|", "35=A|49=BROKER9|56=FONDACO|34=1|", "35=A|34=1|"):
            message = frame(f"{header}52={now()}|{body}")
            for raw in (
                message,
                message[:-20],
                message.replace(b"9=", b"9=1", 1),
                message[:-4] + b"000\x01",
                message[20:],
            ):
                with Client(venue.port) as stranger:
                    stranger.put(raw + b"X" * 2_000)
                    if lane == "quickfix":  # it would wait for more
                        stranger.say_no_more()
                    stranger.hear_end()
    with Client(venue.port) as broker:
        broker.log_on()
        for raw in (
            broker.message("BE", 2, f"923=R|924=1|553=BROKER1|554={SECRET}|925={SECRET}|"),
            broker.message("D", 3, f"11=A|554={SECRET}|"),
            broker.message("D", 4, f"11=A|554={SECRET}|")[:-4] + b"000\x01",
        ):
            broker.put(raw)
        broker.next_out = 4
        assert sorted(broker.hear()["35"] for _ in range(2)) == ["3", "j"]
        assert not broker.synchronize()
        broker.put(broker.message("A", broker.next_out, LOGONS["raw of the wrong length"]))
        broker.say_no_more()
        broker.hear_end()
    with Client(venue.port) as broker:
        broker.say("A", f"98=0|108=30|141=Y|553=BROKER1|554={PASSWORD}|925={SECRET}|")
        assert broker.hear()["35"] == "A"
        broker.log_out()
    with Client(venue.port) as broker:
        assert broker.log_on(password=SECRET)["35"] == "A"
        broker.log_out()
    venue.terminate()

    secrets = (SECRET.encode(), PASSWORD.encode())
    for path in (venue.log, *(path for path in venue.data.rglob("*") if path.is_file())):
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path
    hashes = [session.password_hash or "" for session in venue.settings.sessions]
    printed = [venue.run("journal", *command, str(venue.data)) for command in (("dump",), ("stat",), ("verify",))]
    for outcome in printed:
        assert outcome.returncode == 0
        for secret in (SECRET, PASSWORD, *hashes):
            assert secret not in outcome.stdout + outcome.stderr
    assert "ProvisionSession" in printed[0].stdout
    for path in (venue.data / "journal").iterdir():
        assert not path.stat().st_mode & 0o077, f"{path} holds password hashes, and others may read it"


def test_credentials_that_staff_give_show_nowhere(venue: Venue) -> None:
    control = venue.data / SOCKET
    for mistake, request in MISPLACED.items():
        answer = ask(control, request)  # type: ignore[arg-type]
        assert isinstance(answer, Failed), mistake
        assert SECRET not in answer.text, mistake
    given = ask(control, SetCredentials("BROKER1", CHEAP_HASH, KEYS, SEALED, by="mira", why="new keys"))
    assert isinstance(given, Done)
    assert [type(event).__name__ for event in given.events] == ["CredentialsSet"]

    data = str(venue.data)
    records = json.loads(venue.run("journal", "stat", data, "--json").stdout)["records"]
    printed = [
        venue.run("journal", *command)
        for command in (("dump", data), ("follow", data, "--count", str(records)), ("verify", data))
    ]
    venue.terminate()
    for outcome in printed:
        assert outcome.returncode == 0, outcome.stderr
        for secret in (SECRET, CHEAP_HASH, SEALED):
            assert secret not in outcome.stdout + outcome.stderr + venue.stderr()
    for command in printed[:2]:
        assert '"type":"SetCredentials","session":"BROKER1","password_hash":"***"' in command.stdout
    for path in (path for path in venue.data.rglob("*") if path.is_file()):
        assert SECRET.encode() not in path.read_bytes(), path
