"""Sessions are made, changed, suspended and removed by commands, and the journal has all of it."""

from typing import Any

import msgspec
import pytest

from engine import commands
from engine.events import CommandRejected
from engine.profile import (
    NOT_SET_UP,
    CopyScope,
    Credentials,
    OnBehalf,
    SessionProfile,
    SessionRole,
    SessionSetUp,
    Throttle,
)
from engine.session_events import (
    CredentialsSet,
    LogoutOrdered,
    SequenceReset,
    SequenceSet,
    SessionProvisioned,
    SessionRemoved,
    SessionResumed,
    SessionSuspended,
)
from engine.snapshot import capture, restore
from engine.values import BUY, CancelOnDisconnect
from tests.engine.builders import Venue, only

KEY = "A" * 43 + "="
PROFILE = SessionProfile(
    version="FIX.5.0SP2",
    recovers_unasked=True,
    on_behalf_of=(OnBehalf("CLIENT", "A"),),
    networks=("192.0.2.0/24", "2001:db8::/32"),
    throttle=Throttle(100, 200, 5, 5),
    copies=CopyScope(("A",), ("B",), fills_only=True),
)
CREDENTIALS = Credentials("$argon2id$hash", (KEY,), "sealed", ("ab" * 32,))


def provision(profile: SessionProfile | None = None, **fields: Any) -> commands.ProvisionSession:
    command = commands.ProvisionSession("S", ("A",), "$argon2id$", profile=profile, by="mira", why="new")
    return msgspec.structs.replace(command, **fields)


def set_credentials(credentials: Credentials, **fields: Any) -> commands.SetCredentials:
    return commands.SetCredentials("S", **msgspec.structs.asdict(credentials), **fields)


@pytest.fixture
def venue() -> Venue:
    venue = Venue()
    assert venue.apply(provision()) == [SessionProvisioned("S", "mira", "new")]
    return venue


def refusal(venue: Venue, command: commands.AnyCommand) -> str:
    return only(CommandRejected, venue.apply(command)).text


def test_session_has_the_profile_that_it_was_given_last(venue: Venue) -> None:
    assert venue.state.sessions["S"].profile == SessionProfile()
    venue.apply(provision(PROFILE))
    assert venue.state.sessions["S"].profile == PROFILE


def test_change_without_credentials_keeps_those_there_are(venue: Venue) -> None:
    changed = venue.apply(set_credentials(CREDENTIALS, by="mira", why="lost"))
    assert changed == [CredentialsSet("S", "mira", "lost")]
    venue.apply(provision(PROFILE, password_hash=""))
    assert venue.state.sessions["S"].credentials == CREDENTIALS


def test_credentials_of_one_kind_are_changed_and_the_others_stay(venue: Venue) -> None:
    venue.apply(set_credentials(CREDENTIALS))
    venue.apply(commands.SetCredentials("S", public_keys=(KEY, KEY), certificates=()))
    expected = msgspec.structs.replace(CREDENTIALS, public_keys=(KEY, KEY), certificates=())
    assert venue.state.sessions["S"].credentials == expected


def test_settings_are_remembered_by_their_digest_and_staff_leave_it(venue: Venue) -> None:
    venue.apply(provision(seed="digest"))
    venue.apply(provision(PROFILE))
    assert venue.state.sessions["S"].seed == "digest"


def test_change_of_what_has_been_changed_since_is_refused_and_changes_nothing(venue: Venue) -> None:
    looked_at = SessionSetUp(("A",), CancelOnDisconnect.NONE, 0, SessionProfile())
    venue.apply(provision(PROFILE, based_on=looked_at))
    later = provision(SessionProfile(recovers_unasked=True), based_on=looked_at)
    for _ in range(2):
        assert refusal(venue, later) == (
            "session S: made, changed or removed since it was looked at; look again, and then change what there is"
        )
    assert venue.state.sessions["S"].profile == PROFILE
    venue.apply(provision(SessionProfile(), based_on=msgspec.structs.replace(looked_at, profile=PROFILE)))
    assert venue.state.sessions["S"].profile == SessionProfile()


@pytest.mark.parametrize(
    "changed", ({"accounts": ("B", "A")}, {"on_disconnect": CancelOnDisconnect.SESSION}, {"grace_ms": 1})
)
def test_whatever_has_changed_counts(venue: Venue, changed: dict[str, Any]) -> None:
    looked_at = SessionSetUp(("A",), CancelOnDisconnect.NONE, 0, SessionProfile())
    venue.apply(provision(**changed))
    assert "changed" in refusal(venue, provision(based_on=looked_at))


def test_session_that_was_removed_since_is_not_made_again_nor_one_made_twice(venue: Venue) -> None:
    looked_at = SessionSetUp(("A",), CancelOnDisconnect.NONE, 0, SessionProfile())
    assert "made" in refusal(venue, provision(based_on=NOT_SET_UP))
    venue.apply(commands.RemoveSession("S", "mira", "left"))
    assert "removed" in refusal(venue, provision(based_on=looked_at))
    only(SessionProvisioned, venue.apply(provision(based_on=NOT_SET_UP)))


@pytest.mark.parametrize(
    ("fields", "text"),
    (
        ({"session": "../S"}, "session ../S: '../S' is not a name of 1 to 32 letters, digits and . _ -, no sign first"),
        ({"accounts": ()}, "session S: needs at least one account"),
        ({"grace_ms": -1}, "session S: grace_ms must be 0 to 3600000"),
        ({"version": "FIX.4.3"}, "session S: version FIX.4.3 is none of FIX.4.2, FIX.4.4, FIX.5.0SP2"),
        ({"instruments": ("XRP/USD",)}, "session S: unknown instrument XRP/USD"),
        ({"on_behalf_of": (OnBehalf("C", "B"),)}, "session S: on behalf of C: B is none of its accounts"),
        (
            {"on_behalf_of": (OnBehalf("C\x01", "A"),)},
            "session S: 'C\\x01' is not a name of 1 to 32 letters, digits and . _ -, no sign first",
        ),
        ({"networks": ("192.0.2.1/24",)}, "session S: 192.0.2.1/24 is not a network in CIDR notation"),
        (
            {"throttle": Throttle(orders_per_s=5)},
            "session S: a throttle has a rate and a burst, each 1 to 1000000, or 0 and 0 for none",
        ),
        ({"copies": CopyScope(("Z",))}, "session S: copies: unknown account Z"),
        ({"copies": CopyScope((), ("Z",))}, "session S: copies: unknown firm Z"),
    ),
)
def test_profile_that_cannot_be_is_refused(venue: Venue, fields: dict[str, Any], text: str) -> None:
    of_command = {name: value for name, value in fields.items() if name in commands.ProvisionSession.__struct_fields__}
    of_profile = {name: value for name, value in fields.items() if name not in of_command}
    before = dict(venue.state.sessions)
    assert refusal(venue, provision(msgspec.structs.replace(SessionProfile(), **of_profile), **of_command)) == text
    assert venue.state.sessions == before
    assert venue.state.sessions["S"].profile == SessionProfile()


def test_session_that_neither_trades_nor_looks_on_needs_no_account(venue: Venue) -> None:
    for role in (SessionRole.MARKET_DATA, SessionRole.DROP_COPY):
        assert only(SessionProvisioned, venue.apply(provision(SessionProfile(role), accounts=()))).session == "S"


def test_event_tells_what_a_drop_copy_session_gets_copies_of_now_and_before(venue: Venue) -> None:
    one, other = CopyScope(("A",)), CopyScope((), ("B",), fills_only=True)
    first = only(SessionProvisioned, venue.apply(provision(SessionProfile(SessionRole.DROP_COPY, copies=one))))
    assert (first.copies, first.copied_before) == (one, None)
    second = only(SessionProvisioned, venue.apply(provision(SessionProfile(SessionRole.DROP_COPY, copies=other))))
    assert (second.copies, second.copied_before) == (other, one)
    last = only(SessionProvisioned, venue.apply(provision()))
    assert (last.copies, last.copied_before) == (None, other)


@pytest.mark.parametrize(
    ("credentials", "text"),
    (
        (Credentials("secret"), "session S: a password is kept as an argon2id hash, never as itself"),
        (Credentials(public_keys=("AAAA",)), "session S: a public key is an Ed25519 key: 32 bytes in base64"),
        (Credentials(public_keys=("no",)), "session S: a public key is an Ed25519 key: 32 bytes in base64"),
        (Credentials(public_keys=(KEY,) * 9), "session S: at most 8 public keys and as many certificates"),
        (
            Credentials(certificates=("AB" * 32,)),
            "session S: a certificate is named by its SHA-256 fingerprint: 64 hexadecimal digits",
        ),
    ),
)
def test_credentials_that_cannot_be_are_refused_and_not_repeated(
    venue: Venue, credentials: Credentials, text: str
) -> None:
    assert refusal(venue, set_credentials(credentials)) == text
    assert refusal(venue, provision(credentials=credentials)) == text
    assert venue.state.sessions["S"].credentials == Credentials("$argon2id$")


def test_suspended_session_is_so_until_it_is_resumed(venue: Venue) -> None:
    assert venue.apply(commands.SuspendSession("S", "mira", "late")) == [SessionSuspended("S", "mira", "late", False)]
    assert venue.apply(commands.SuspendSession("S", "mira", "late")) == [SessionSuspended("S", "mira", "late", True)]
    assert venue.state.sessions["S"].is_suspended
    assert venue.apply(commands.ResumeSession("S", "mira", "paid")) == [SessionResumed("S", "mira", "paid", True)]
    assert not venue.state.sessions["S"].is_suspended


def test_session_with_open_orders_is_not_removed(venue: Venue) -> None:
    venue.order("A", BUY, 1, 100, session="S")
    text = "session S has 1 open orders; cancel them first, or block the session"
    assert refusal(venue, commands.RemoveSession("S", "mira", "left")) == text


def test_removed_session_is_gone_and_a_new_one_of_its_name_begins_anew(venue: Venue) -> None:
    venue.apply(commands.ReserveOutbound("S", 4_096))
    assert venue.apply(commands.RemoveSession("S", "mira", "left")) == [SessionRemoved("S", "mira", "left")]
    assert refusal(venue, commands.SuspendSession("S", "mira", "")) == "unknown session S"
    venue.apply(provision())
    session = venue.state.sessions["S"]
    assert (session.last_in, session.reserved_out, session.resets) == (0, 0, 1)


def test_sequences_are_set_as_staff_say_but_no_number_comes_twice(venue: Venue) -> None:
    session = venue.state.sessions["S"]
    venue.apply(commands.ReserveOutbound("S", 4_096))
    assert venue.apply(commands.SetSequence("S", 7, 0, "mira", "lost")) == [SequenceSet("S", 7, 0, "mira", "lost")]
    assert (session.last_in, session.reserved_out) == (6, 4_096)
    venue.apply(commands.SetSequence("S", 0, 12, "mira", ""))
    assert (session.last_in, session.reserved_out) == (6, 4_096)
    venue.apply(commands.SetSequence("S", 0, 9_000, "mira", ""))
    assert (session.last_in, session.reserved_out) == (6, 8_999)
    assert venue.apply(commands.ResetSequence("S", "mira", "")) == [SequenceReset("S", "mira", "")]
    assert (session.last_in, session.reserved_out, session.resets) == (0, 0, 1)


@pytest.mark.parametrize(
    ("next_in", "next_out", "text"),
    (
        (-1, 0, "session S: sequence numbers are 1 to 2147483647"),
        (0, 2**31, "session S: sequence numbers are 1 to 2147483647"),
        (0, 1_000_001, "session S: at most 1,000,000 numbers can be skipped at a time"),
    ),
)
def test_sequence_that_cannot_be_is_refused(venue: Venue, next_in: int, next_out: int, text: str) -> None:
    assert refusal(venue, commands.SetSequence("S", next_in, next_out, "mira", "")) == text


def test_logout_is_put_on_record(venue: Venue) -> None:
    assert venue.apply(commands.LogOutSession("S", "mira", "noisy")) == [LogoutOrdered("S", "mira", "noisy")]


def test_snapshot_has_all_of_a_session(venue: Venue) -> None:
    venue.apply(provision(PROFILE, seed="digest", credentials=CREDENTIALS))
    venue.apply(commands.SuspendSession("S", "mira", ""))
    venue.apply(commands.RemoveSession("B", "mira", ""))
    state = restore(capture(venue.state, 1))
    session = state.sessions["S"]
    assert (session.profile, session.credentials, session.seed) == (PROFILE, CREDENTIALS, "digest")
    assert session.is_suspended
    assert state.removed_sessions == {"B": 1}
    assert capture(state, 1) == capture(venue.state, 1)
