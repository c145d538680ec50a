"""`fondaco session`: sessions are seen, made, changed, given other keys, suspended and removed."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from backoffice.cli.session import shown
from backoffice.cli.session.shown import session_shown
from backoffice.cli.venue.request import Asking
from engine.commands import ProvisionSession
from engine.overview import SessionShown
from engine.profile import CopyScope, OnBehalf, SessionProfile, SessionRole, Throttle
from engine.state import Session
from engine.values import CancelOnDisconnect
from fixgw.vault import Vault
from tests.backoffice.cli.command_line import error_line
from tests.backoffice.cli.venue.conftest import CommandedVenue

WHY = ("--why", "a test", "--by", "mira")
KEY = base64.b64encode(bytes(range(32))).decode()
FINGERPRINT = "ab" * 32


def done(venue: CommandedVenue, *arguments: object) -> str:
    """Return what a command prints, which must succeed."""
    finished = venue.run("session", *arguments)
    assert (finished.returncode, finished.stderr) == (0, ""), finished
    return finished.stdout


def refusal(venue: CommandedVenue, *arguments: object) -> str:
    return error_line(venue.run("session", *arguments))


def session(venue: CommandedVenue, name: str) -> Session:
    return venue.sequencer.exchange.state.sessions[name]


def shown_once(text: str, what: str) -> str:
    """Return the secret that a command has shown."""
    match = re.search(rf"^{what}: (\S+) ", text, re.MULTILINE)
    assert match is not None, text
    return match[1]


def test_list_has_every_session_and_where_its_sequences_stand(venue: CommandedVenue) -> None:
    head, alpha, beta, after = done(venue, "list").splitlines()
    assert head.split() == ["session", "role", "version", "accounts", "state", "peer", *["next", "in", "next", "out"]]
    assert alpha.split() == ["ALPHA", "order-entry", "FIX.4.4", "ALPHA-A", "away", "–", "2", "1"]
    assert beta.split()[0] == "BETA"
    assert after.startswith("After record 11, ")


def test_json_shows_all_of_a_session_but_what_would_let_one_in(venue: CommandedVenue) -> None:
    text = done(venue, "list", "--json")
    alpha = json.loads(text)["sessions"][0]
    assert (alpha["session"], alpha["has_password"], alpha["profile"]["role"]) == ("ALPHA", True, "ORDER_ENTRY")
    assert "argon2" not in text


def test_show_tells_what_a_session_is_set_up_to_be(venue: CommandedVenue) -> None:
    lines = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in done(venue, "show", "ALPHA").splitlines())
    assert lines["role, version"] == "order-entry, FIX.4.4"
    assert lines["logs on by"] == "a password"
    assert lines["orders"] == "no limit"
    assert refusal(venue, "show", "NOBODY") == "NOBODY: no session of this venue, which has ALPHA, BETA"


def test_new_session_is_set_up_as_asked_and_its_password_is_shown_once(venue: CommandedVenue) -> None:
    options: tuple[Any, ...] = (
        *("--account", "ALPHA-A", "--account", "BETA-A", "--version", "FIX.5.0SP2", "--instrument", "BTC/USD"),
        *("--network", "192.0.2.0/24", "--orders", "100/200", "--queries", "5/10", "--recover", "--no-validate"),
        *("--on-behalf-of", "FUND=BETA-A", "--cancel-on-disconnect", "session", "--grace-ms", 500),
    )
    text = done(venue, "add", "DESK", "--password", *options, *WHY)
    assert text.startswith("session DESK is set up\npassword: ")
    made = session(venue, "DESK")
    assert PasswordHasher().verify(made.credentials.password_hash, shown_once(text, "password"))
    assert made.accounts == ("ALPHA-A", "BETA-A")
    assert (made.default_on_disconnect, made.grace_ms) == (CancelOnDisconnect.SESSION, 500)
    assert made.profile == SessionProfile(
        SessionRole.ORDER_ENTRY,
        "FIX.5.0SP2",
        validates=False,
        recovers_unasked=True,
        instruments=("BTC/USD",),
        on_behalf_of=(OnBehalf("FUND", "BETA-A"),),
        networks=("192.0.2.0/24",),
        throttle=Throttle(100, 200, 5, 10),
    )


def test_password_is_nowhere_but_in_the_answer(venue: CommandedVenue) -> None:
    text = done(venue, "add", "DESK", "--account", "ALPHA-A", "--password", "--hmac", "--json", *WHY)
    once = json.loads(text)["shown_once"]
    assert set(once) == {"password", "HMAC secret"}
    files = [path for path in venue.data.rglob("*") if path.is_file()]
    assert files
    for secret in once.values():
        assert not any(secret.encode() in path.read_bytes() for path in files)
        assert secret not in done(venue, "show", "DESK")


def test_change_leaves_what_is_not_given(venue: CommandedVenue) -> None:
    before = session(venue, "ALPHA").credentials
    done(venue, "set", "ALPHA", "--orders", "10/20", "--warn", "--role", "read-only", *WHY)
    assert session(venue, "ALPHA").profile.throttle == Throttle(10, 20, warns=True)
    done(venue, "set", "ALPHA", "--no-warn", *WHY)
    done(venue, "set", "ALPHA", "--copy", "BETA-A", "--fills-only", *WHY)
    done(venue, "set", "ALPHA", "--orders", "none", *WHY)
    assert session(venue, "ALPHA").profile == SessionProfile(
        SessionRole.READ_ONLY, copies=CopyScope(("BETA-A",), fills_only=True)
    )
    assert session(venue, "ALPHA").credentials == before


def test_change_beside_another_one_is_refused_and_loses_nothing(
    venue: CommandedVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown_and_then_changed(asking: Asking, name: str) -> SessionShown:
        looked_at = session_shown(asking, name)
        venue.apply(ProvisionSession(name, ("ALPHA-A",), "", profile=SessionProfile(recovers_unasked=True)))
        return looked_at

    monkeypatch.setattr(shown, "session_shown", shown_and_then_changed)
    assert refusal(venue, "set", "ALPHA", "--orders", "10/20", *WHY) == (
        "session ALPHA: made, changed or removed since it was looked at; look again, and then change what there is"
        " (record 13)"
    )
    assert session(venue, "ALPHA").profile == SessionProfile(recovers_unasked=True)


def test_rekey_changes_the_kinds_that_are_given(venue: CommandedVenue, tmp_path: Path) -> None:
    before = session(venue, "ALPHA").credentials.password_hash
    key_file = tmp_path / "key"
    key_file.write_text(f"{KEY}\n")
    text = done(venue, "rekey", "ALPHA", "--hmac", "--public-key", key_file, "--certificate", FINGERPRINT, *WHY)
    now = session(venue, "ALPHA").credentials
    assert (now.password_hash, now.public_keys, now.certificates) == (before, (KEY,), (FINGERPRINT,))
    secret = Vault(venue.data).unseal("ALPHA", now.sealed_secret)
    assert base64.b64encode(secret).decode() == shown_once(text, "HMAC secret")
    done(venue, "rekey", "ALPHA", "--revoke", "hmac", "--revoke", "certificates", *WHY)
    now = session(venue, "ALPHA").credentials
    assert (now.sealed_secret, now.public_keys, now.certificates) == ("", (KEY,), ())


def test_suspended_session_shows_as_such_until_it_is_resumed(venue: CommandedVenue) -> None:
    assert done(venue, "suspend", "ALPHA", *WHY).startswith("session ALPHA is suspended\n")
    assert done(venue, "suspend", "ALPHA", *WHY).startswith("session ALPHA was suspended already\n")
    assert "away, suspended" in done(venue, "list")
    assert done(venue, "resume", "ALPHA", *WHY).startswith("session ALPHA may log on again\n")
    assert done(venue, "resume", "ALPHA", *WHY).startswith("session ALPHA was not suspended\n")


def test_sequences_are_set_and_reset(venue: CommandedVenue) -> None:
    text = done(venue, "sequence", "ALPHA", "--next-in", 7, "--next-out", 9, *WHY)
    assert text.startswith("session ALPHA expects 7 next and uses no number below 9 any more\n")
    assert (session(venue, "ALPHA").last_in, session(venue, "ALPHA").reserved_out) == (6, 8)
    assert done(venue, "reset", "ALPHA", *WHY).startswith("session ALPHA begins again at 1, both ways\n")
    assert (session(venue, "ALPHA").last_in, session(venue, "ALPHA").reserved_out) == (0, 0)


def test_logout_and_removal_are_carried_out(venue: CommandedVenue) -> None:
    assert done(venue, "logout", "ALPHA", *WHY).startswith("session ALPHA is logged out, if it was there\n")
    venue.fondaco("block", "session", "ALPHA", *WHY)
    assert done(venue, "remove", "ALPHA", *WHY).startswith("session ALPHA is removed\n")
    assert "ALPHA" not in done(venue, "list")


@pytest.mark.parametrize(
    ("arguments", "error"),
    (
        (("add", "ALPHA", "--password"), "session ALPHA is there already; `fondaco session set` changes it"),
        (
            ("add", "DESK", "--account", "ALPHA-A"),
            "nothing to log on by: give --password, --password-stdin, --hmac or --public-key",
        ),
        (("add", "DESK", "--password"), "session DESK: needs at least one account (record 12)"),
        (("add", "DESK", "--password", "--account", "Z"), "session DESK: unknown account Z (record 12)"),
        (
            ("add", "DESK", "--password", "--password-stdin"),
            "either --password or --password-stdin: one makes a password, the other reads one",
        ),
        (
            ("set", "ALPHA", "--orders", "many"),
            "many: write N/BURST, as 100/200: so many a second, and so many at once; or none",
        ),
        (("set", "ALPHA", "--on-behalf-of", "FUND"), "--on-behalf-of FUND: write COMPID=ACCOUNT, or none"),
        (("set", "NOBODY"), "NOBODY: no session of this venue, which has ALPHA, BETA"),
        (
            ("rekey", "ALPHA"),
            "nothing to change: give --password, --hmac, --public-key, --certificate or --revoke",
        ),
        (
            ("rekey", "ALPHA", "--revoke", "all"),
            "--revoke all: choose from password, hmac, public-keys, certificates, of what is not given anew",
        ),
        (("rekey", "ALPHA", "--public-key", "x"), "not an Ed25519 public key: PEM, or 32 bytes in base64"),
        (("remove", "ALPHA"), "session ALPHA has 1 open orders; cancel them first, or block the session (record 12)"),
        (("sequence", "ALPHA"), "nothing to set: give --next-in, --next-out, or both"),
        (("suspend", "NOBODY"), "unknown session NOBODY (record 12)"),
    ),
)
def test_what_cannot_be_is_one_line(venue: CommandedVenue, arguments: tuple[object, ...], error: str) -> None:
    assert refusal(venue, *arguments, *WHY) == error
