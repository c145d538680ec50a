"""Who may log on: by each scheme, from which place, how often; and what those hear who may not."""

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.profile import Credentials, SessionProfile
from engine.state import Session
from fixgw import authentication as authentication_module
from fixgw.authentication import ANSWERS_AT_ONCE, NOT_OF_THE_SESSION, Authenticator, Verdict
from fixgw.codec import Message
from fixgw.lockout import SECOND_NS
from fixgw.origin import Origin
from fixgw.passwords import matches
from fixgw.signatures import code, sign
from fixgw.signed_logons import DIRECTORY, SignedLogons
from fixgw.timestamps import format_utc
from fixgw.vault import Vault, generate_secret
from tests.fixgw.house import QUICK_HASH
from tests.fixgw.venue import client_message

HOME: Final = Origin("192.0.2.7")
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
SECRET: Final = generate_secret()
START_NS: Final = 1_795_000_000 * SECOND_NS
PASSWORD: Final = {"553": "BROKER1", "554": "secret"}


def public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def message_of(fields: dict[str, str]) -> Message:
    """Return a Logon with these fields, those of the header too."""
    text = "".join(f"{tag}={value}|" for tag, value in fields.items() if tag not in {"35", "49", "56", "34", "52"})
    message = client_message("A", text)
    message.fields.update(fields)
    return message


class Gate:
    """An authenticator, one session that it knows, and a time of its own."""

    def __init__(self, directory: Path) -> None:
        self.now_ns = START_NS
        self.vault = Vault(directory)
        self.session = Session("BROKER1")
        self.signed_logons = SignedLogons(directory)
        self.authenticator = self.restarted()
        self.has(password_hash=QUICK_HASH)

    def restarted(self) -> Authenticator:
        """Return what another process, or the same one later, judges by."""
        authenticator = Authenticator(
            self.vault,
            signed_logons=self.signed_logons,
            clock=lambda: self.now_ns,
            monotonic=lambda: self.now_ns,
        )
        authenticator.refusal_s = 0.0
        return authenticator

    def has(self, **credentials: Any) -> None:
        self.session.credentials = Credentials(**credentials)
        self.authenticator.refresh([self.session])

    async def judge(self, fields: dict[str, str], origin: Origin = HOME, *, known: bool = True) -> Verdict:
        return await self.authenticator.judge(self.session if known else None, message_of(fields), origin)

    async def admits(self, fields: dict[str, str], origin: Origin = HOME, *, known: bool = True) -> bool:
        return not (await self.judge(fields, origin, known=known)).reason

    def wait(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)

    def signed(self, key: Ed25519PrivateKey = KEY, offset_s: float = 0) -> dict[str, str]:
        """Return the fields of a Logon signed so long from now."""
        fields = self._signable(offset_s)
        return {**fields, "96": sign(key, fields)}

    def coded(self, secret: str = SECRET, offset_s: float = 0, password: str = "") -> dict[str, str]:
        fields = self._signable(offset_s) | ({"554": password} if password else {})
        return {**fields, "96": code(base64.b64decode(secret), fields)}

    def _signable(self, offset_s: float) -> dict[str, str]:
        time = format_utc(self.now_ns + int(offset_s * SECOND_NS))
        return {"35": "A", "49": "BROKER1", "56": "FONDACO", "34": "1", "52": time}


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    gate = Gate(tmp_path)
    gate.wait(1)
    yield gate
    gate.authenticator.close()


# ------------------------------------------------------------------------------------------------- passwords


@pytest.mark.parametrize(
    ("fields", "is_right"),
    (
        ({"553": "BROKER1", "554": "secret"}, True),
        ({"553": "BROKER1", "554": "guess"}, False),
        ({"553": "BROKER1", "554": ""}, False),
        ({"553": "BROKER1"}, False),
        ({"553": "BROKER2", "554": "secret"}, False),
        ({"554": "secret"}, False),
        ({}, False),
        ({"553": "BROKER1", "554": "secret", "96": "c2VjcmV0"}, False),
    ),
)
async def test_password_is_held_against_its_hash(gate: Gate, fields: dict[str, str], is_right: bool) -> None:
    assert await gate.admits(fields) == is_right


async def test_session_with_keys_only_takes_no_password(gate: Gate) -> None:
    gate.has(public_keys=(public(KEY),))
    for password in ("secret", "", "no session has this password"):
        assert not await gate.admits({"553": "BROKER1", "554": password})


async def test_password_that_was_changed_while_it_was_verified_is_wrong(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(password_hash: str, password: str) -> bool:
        gate.session.credentials = Credentials(public_keys=(public(KEY),))
        return matches(password_hash, password)

    monkeypatch.setattr(authentication_module, "matches", slowly)
    assert not await gate.admits(PASSWORD)


# ------------------------------------------------------------------------------------------------ signatures


async def test_signature_with_a_key_of_the_session_is_right(gate: Gate) -> None:
    gate.has(public_keys=(public(OTHER_KEY), public(KEY)))
    assert await gate.admits(gate.signed())
    gate.wait(1)
    assert await gate.admits(gate.signed(OTHER_KEY))
    gate.has(public_keys=(public(OTHER_KEY),))
    gate.wait(1)
    assert not await gate.admits(gate.signed())


async def test_code_with_the_secret_of_the_session_is_right_with_and_without_a_password(gate: Gate) -> None:
    gate.has(sealed_secret=gate.vault.seal("BROKER1", SECRET))
    assert await gate.admits(gate.coded())
    gate.wait(1)
    assert await gate.admits(gate.coded(password="phrase"))
    gate.wait(1)
    assert not await gate.admits({**gate.coded(password="phrase"), "554": "another"})
    gate.wait(1)
    assert not await gate.admits(gate.coded(generate_secret()))


async def test_secret_that_was_sealed_for_another_session_or_by_another_key_is_not_used(
    gate: Gate, tmp_path: Path
) -> None:
    gate.has(sealed_secret=gate.vault.seal("BROKER2", SECRET))
    assert "was not sealed" in (await gate.judge(gate.coded())).reason
    other = tmp_path / "other"
    other.mkdir()
    gate.has(sealed_secret=Vault(other).seal("BROKER1", SECRET))
    assert "was not sealed" in (await gate.judge(gate.coded())).reason


async def test_session_may_use_any_scheme_that_it_has(gate: Gate) -> None:
    sealed = gate.vault.seal("BROKER1", SECRET)
    gate.has(password_hash=QUICK_HASH, public_keys=(public(KEY),), sealed_secret=sealed)
    for fields in (PASSWORD, gate.signed(), gate.coded(offset_s=0.5)):
        assert await gate.admits(fields)
    gate.has(password_hash=QUICK_HASH)
    gate.wait(1)
    for fields in (gate.signed(), gate.coded()):
        assert not await gate.admits(fields)


@pytest.mark.parametrize(
    ("offset_s", "is_right"), ((-5.1, False), (-4.9, True), (0, True), (4.9, True), (5.1, False), (-100, False))
)
async def test_signature_is_good_near_the_venues_clock_only(gate: Gate, offset_s: float, is_right: bool) -> None:
    gate.has(public_keys=(public(KEY),), sealed_secret=gate.vault.seal("BROKER1", SECRET))
    gate.wait(1_000)
    assert await gate.admits(gate.signed(offset_s=offset_s)) == is_right
    gate.wait(1_000)
    assert await gate.admits(gate.coded(offset_s=offset_s)) == is_right


async def test_signature_is_good_once(gate: Gate) -> None:
    gate.has(public_keys=(public(KEY),))
    fields = gate.signed()
    assert await gate.admits(fields)
    assert "before the last" in (await gate.judge(fields)).reason
    assert not await gate.admits(gate.signed(offset_s=-0.001))
    assert await gate.admits(gate.signed(offset_s=0.001))


async def test_signature_from_before_the_start_is_not_good_as_it_may_have_been_used(gate: Gate) -> None:
    gate.has(public_keys=(public(KEY),))
    assert not await gate.admits(gate.signed(offset_s=-1.001))
    assert await gate.admits(gate.signed(offset_s=-0.999))


async def test_signature_is_good_once_over_a_restart_too(gate: Gate) -> None:
    gate.has(public_keys=(public(KEY),))
    ahead = gate.signed(offset_s=3)
    assert await gate.admits(ahead)
    gate.wait(2)
    gate.authenticator.close()
    gate.authenticator = gate.restarted()
    assert "another process" in (await gate.judge(ahead)).reason
    assert await gate.admits(gate.signed(offset_s=1.001))


async def test_signature_that_one_process_has_taken_is_not_good_for_another(gate: Gate) -> None:
    gate.has(public_keys=(public(KEY),))
    first, second = gate.authenticator, gate.restarted()
    gate.wait(1)
    fields = gate.signed()
    verdicts = await asyncio.gather(
        *(each.judge(gate.session, message_of(fields), HOME) for each in (first, second, first, second))
    )
    assert [bool(verdict.reason) for verdict in verdicts].count(False) == 1
    second.close()


async def test_signature_is_refused_if_it_cannot_be_told_whether_it_is_the_first(gate: Gate, tmp_path: Path) -> None:
    gate.has(public_keys=(public(KEY),))
    assert await gate.admits(gate.signed())
    (file,) = (tmp_path / DIRECTORY).iterdir()
    file.write_text("yesterday", encoding="ascii")
    gate.wait(1)
    verdict = await gate.judge(gate.signed())
    assert "the last signed Logon cannot be told" in verdict.reason
    assert verdict.answer == NOT_OF_THE_SESSION
    file.unlink()
    gate.wait(1)
    assert await gate.admits(gate.signed())


@pytest.mark.parametrize("time", ("", "now", "20261118-11:06"))
async def test_signature_over_no_time_is_refused(gate: Gate, time: str) -> None:
    gate.has(public_keys=(public(KEY),))
    fields = {**gate.signed(), "52": time}
    assert not await gate.admits({**fields, "96": sign(KEY, fields)})


async def test_signature_goes_with_no_other_username(gate: Gate) -> None:
    gate.has(public_keys=(public(KEY),))
    assert not await gate.admits(gate.signed() | {"553": "BROKER2"})
    gate.wait(1)
    assert await gate.admits(gate.signed() | {"553": "BROKER1"})


# ---------------------------------------------------------------------------------------------------- places


async def test_session_with_networks_is_admitted_from_them_only(gate: Gate) -> None:
    gate.session.profile = SessionProfile(networks=("192.0.2.0/24", "2001:db8::/32"))
    for address in ("192.0.2.200", "::ffff:192.0.2.1", "2001:db8::5"):
        assert await gate.admits(PASSWORD, Origin(address))
    for address in ("192.0.3.1", "2001:db9::5", ""):
        assert not await gate.admits(PASSWORD, Origin(address))


async def test_session_with_certificates_is_admitted_with_one_of_them_only(gate: Gate) -> None:
    gate.has(password_hash=QUICK_HASH, certificates=("a" * 64, "b" * 64))
    for certificate in ("a" * 64, "b" * 64):
        assert await gate.admits(PASSWORD, Origin("192.0.2.7", certificate))
    for certificate in ("", "c" * 64, "A" * 64):
        assert not await gate.admits(PASSWORD, Origin("192.0.2.7", certificate))
    assert not await gate.admits({"553": "BROKER1", "554": "guess"}, Origin("192.0.2.7", "a" * 64))


# ------------------------------------------------------------------------------------------ what is answered


async def test_everything_that_can_be_wrong_with_credentials_has_one_answer(gate: Gate) -> None:
    gate.has(password_hash=QUICK_HASH, public_keys=(public(KEY),), sealed_secret=gate.vault.seal("BROKER1", SECRET))
    wrong: tuple[dict[str, str], ...] = (
        {"553": "BROKER1", "554": "guess"},
        {"553": "BROKER2", "554": "secret"},
        {},
        {"96": "c2VjcmV0"},
        gate.signed(OTHER_KEY),
        gate.signed(offset_s=100),
        gate.coded(generate_secret()),
    )
    verdicts = []
    for fields in wrong:
        gate.authenticator.lockout.lift("BROKER1")
        verdicts.append(await gate.judge(fields))
    verdicts += [await gate.judge({"554": "guess"}) for _ in range(5)]
    verdicts.append(await gate.judge(PASSWORD))
    assert {verdict.answer for verdict in verdicts} == {NOT_OF_THE_SESSION}
    assert len({verdict.reason for verdict in verdicts}) == 5
    assert verdicts[-1].reason == "locked out"


async def test_parties_and_places_that_the_venue_does_not_know_are_not_answered(gate: Gate) -> None:
    gate.has(password_hash=QUICK_HASH, certificates=("a" * 64,))
    gate.session.profile = SessionProfile(networks=("192.0.2.0/24",))
    verdicts = (
        await gate.judge(PASSWORD, known=False),
        await gate.judge(PASSWORD, Origin("198.51.100.1", "a" * 64)),
        await gate.judge(PASSWORD, HOME),
        await gate.judge({}, Origin("192.0.2.7", "c" * 64)),
    )
    assert all(verdict.reason and not verdict.answer for verdict in verdicts)


async def test_no_reason_holds_what_a_logon_held(gate: Gate) -> None:
    for fields in ({"553": "BROKER1", "554": "HUSH-1"}, {"96": "HUSH-2"}, {"553": "HUSH-3", "554": "secret"}):
        assert "HUSH" not in str(await gate.judge(fields))


async def test_refusals_that_are_answered_are_bounded_and_come_back_with_time(gate: Gate) -> None:
    answers = [(await gate.judge({"554": "guess"})).answer for _ in range(ANSWERS_AT_ONCE + 20)]
    assert [bool(answer) for answer in answers] == [True] * ANSWERS_AT_ONCE + [False] * 20
    gate.wait(20)
    answers = [(await gate.judge({"554": "guess"})).answer for _ in range(4)]
    assert [bool(answer) for answer in answers] == [True, True, False, False]


async def test_refusal_takes_its_time_whatever_the_reason(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.authenticator.refusal_s = 1_000.0
    slept: list[float] = []
    sleep = asyncio.sleep

    async def at_once(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", at_once)
    assert await gate.admits(PASSWORD)
    assert slept == []
    for fields, known in (({"554": "guess"}, True), ({}, True), (PASSWORD, False), ({"96": "x"}, True)):
        await gate.judge(fields, known=known)
    assert len(slept) == 4
    assert all(900 < seconds <= 1_000 for seconds in slept)


# -------------------------------------------------------------------------------------------------- lock-out


async def test_right_password_is_refused_while_its_session_is_locked_out(gate: Gate) -> None:
    for _ in range(5):
        assert not await gate.admits({"553": "BROKER1", "554": "guess"})
    assert not await gate.admits(PASSWORD)
    gate.wait(1)
    assert await gate.admits(PASSWORD)


async def test_nobody_elsewhere_locks_a_session_out(gate: Gate) -> None:
    assert await gate.admits(PASSWORD)
    for number in range(100):
        await gate.judge({"553": "BROKER1"}, Origin(f"198.51.100.{number}"))
    assert await gate.admits(PASSWORD)


async def test_places_outside_its_networks_count_for_nothing_against_a_session(gate: Gate) -> None:
    gate.session.profile = SessionProfile(networks=("192.0.2.0/24",))
    for number in range(100):
        await gate.judge({}, Origin(f"198.51.100.{number}"))
    assert await gate.admits(PASSWORD)


async def test_logons_at_once_beyond_what_may_wait_are_let_go(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication_module, "VERIFICATIONS_WAITING_MAX", 2)
    origins = [Origin(f"192.0.2.{number}") for number in range(4)]
    verdicts = await asyncio.gather(*(gate.judge(PASSWORD, origin) for origin in origins))
    assert sorted(verdict.reason for verdict in verdicts) == ["", "", *["too many Logons at once"] * 2]
    assert await gate.admits(PASSWORD)


# --------------------------------------------------------------------------------------------- new passwords


async def test_new_password_comes_as_a_hash_of_it(gate: Gate) -> None:
    verdict = await gate.judge({**PASSWORD, "925": "another secret"})
    assert (verdict.reason, verdict.problem) == ("", "")
    assert matches(verdict.password_hash, "another secret")


@pytest.mark.parametrize(
    ("new", "problem"),
    (
        ("short", "NewPassword(925): a password has 12 to 64 characters"),
        ("my-broker1-secret", "NewPassword(925): a password does not contain the name of its session"),
        ("secret", "NewPassword(925) is the old one"),
    ),
)
async def test_new_password_that_cannot_be_one_is_a_problem_of_the_session(gate: Gate, new: str, problem: str) -> None:
    assert await gate.judge({**PASSWORD, "925": new}) == Verdict(problem=problem)


async def test_new_password_with_a_wrong_old_one_is_refused_like_any_other(gate: Gate) -> None:
    verdict = await gate.judge({"553": "BROKER1", "554": "guess", "925": "another secret"})
    assert (verdict.answer, verdict.password_hash) == (NOT_OF_THE_SESSION, "")


async def test_new_password_with_a_signature_is_not_taken(gate: Gate) -> None:
    gate.has(password_hash=QUICK_HASH, public_keys=(public(KEY),))
    verdict = await gate.judge(gate.signed() | {"925": "another secret"})
    assert "goes with Password(554)" in verdict.problem
