"""Logons that are signed: what a run signs by, for whom, and that the venue's own code finds it right."""

import base64
from pathlib import Path

import msgspec
import pytest
import typer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from backoffice.cli.qa.logons import SIGNED_LOGON, signers_of
from backoffice.cli.qa.runner import Outcome, act
from backoffice.cli.qa.script import read_script
from backoffice.cli.qa.values import Value, parse_value
from fixgw.signatures import is_coded_with, is_signed_by, signature_bytes
from tests.backoffice.cli.qa.peer import Line, Server, echo, run_for, write

SECRET = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SECRET)
LOGON = """
    let logon = 553={sender}|554={password}
    connect
    > A 98=0|108=30|{logon}
    < A 98=0|108=30
"""


def key_file(directory: Path, key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey = KEY) -> Path:
    path = directory / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def secret_file(directory: Path, text: str = base64.b64encode(SECRET).decode() + "\n") -> Path:
    path = directory / "secret"
    path.write_text(text, encoding="utf-8")
    return path


def said(
    directory: Path,
    text: str = LOGON,
    *,
    keys: tuple[object, ...] = (),
    secrets: tuple[object, ...] = (),
    values: dict[str, Value] | None = None,
) -> tuple[Outcome, list[dict[str, str]]]:
    """Return how a script goes, and the Logons that it has said."""
    logons = []

    def talk(line: Line) -> None:
        logons.append(line.hear())
        line.say("A", "98=0|108=30|")
        echo(line)

    signers = signers_of(map(str, keys), map(str, secrets))
    given = {f"{sender}.logon" if sender else "logon": SIGNED_LOGON for sender in signers} | (values or {})
    with Server(talk) as server:
        run = msgspec.structs.replace(run_for(server.port), values=given, signers=signers)
        outcome = act(read_script(write(directory, text), run.version, frozenset(run.values)), run)
    return outcome, logons


def test_logon_is_signed_by_the_key_where_it_would_have_a_password(tmp_path: Path) -> None:
    outcome, (logon,) = said(tmp_path, keys=(key_file(tmp_path),))
    assert outcome.result == "passed"
    public_key = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
    assert is_signed_by((public_key,), signature_bytes(logon["96"]), logon)
    assert logon["95"] == str(len(logon["96"]))
    assert not logon.keys() & {"553", "554"}
    assert outcome.transcript is not None
    assert logon["96"] not in outcome.transcript.full()


def test_logon_is_signed_by_the_secret(tmp_path: Path) -> None:
    _, (logon,) = said(tmp_path, secrets=(secret_file(tmp_path),))
    assert is_coded_with(SECRET, signature_bytes(logon["96"]), logon)


def test_password_beside_a_code_is_part_of_what_is_signed(tmp_path: Path) -> None:
    _, (logon,) = said(tmp_path, LOGON.replace("{logon}", "554=x|95=right|96=right"), secrets=(secret_file(tmp_path),))
    assert is_coded_with(SECRET, signature_bytes(logon["96"]), logon)


def test_header_that_a_script_gives_is_what_is_signed(tmp_path: Path) -> None:
    text = LOGON.replace("{logon}", "{logon}|34=7|52=now-3s:us")
    _, (logon,) = said(tmp_path, text, secrets=(secret_file(tmp_path),))
    assert logon["34"] == "7"
    assert is_coded_with(SECRET, signature_bytes(logon["96"]), logon)


def test_signature_may_be_wrong_on_purpose(tmp_path: Path) -> None:
    text = LOGON.replace("{logon}", "95=right+1|96=right+1")
    _, (logon,) = said(tmp_path, text, secrets=(secret_file(tmp_path),))
    assert int(logon["95"]) == len(logon["96"]) + 1
    assert not is_coded_with(SECRET, signature_bytes(logon["96"]), logon)


def test_key_of_one_session_leaves_the_others_their_passwords(tmp_path: Path) -> None:
    text = LOGON.replace("connect", "session A\nsession B\nA connect").replace("> A", "A > A").replace("< A", "A < A")
    text += "B connect\nB > A 98=0|108=30|{logon}\nB < A 98=0|108=30\n"
    password = {"password": parse_value("hush-4711")}
    outcome, (own, other) = said(tmp_path, text, keys=(f"CLIENT={key_file(tmp_path)}",), values=password)
    assert outcome.problem == ""
    assert ("96" in own, "554" in own) == (True, False)
    assert ("96" in other, other["554"]) == (False, "hush-4711")


def test_session_without_a_key_cannot_sign(tmp_path: Path) -> None:
    outcome, _ = said(tmp_path, LOGON.replace("{logon}", "95=right|96=right"), values={"password": parse_value("x")})
    assert "there is nothing for CLIENT to sign by; run with --logon-key or --logon-secret" in outcome.problem


def test_what_is_no_key_is_told_without_showing_it(tmp_path: Path) -> None:
    for text in ("c2hvcnQ=", "not base64 at all", ""):
        with pytest.raises(typer.BadParameter, match="holds no secret: 32 bytes in base64") as refused:
            signers_of((), (str(secret_file(tmp_path, text)),))
        assert text not in str(refused.value) or not text
    with pytest.raises(typer.BadParameter, match="holds no private key"):
        signers_of((str(secret_file(tmp_path)),), ())
    with pytest.raises(typer.BadParameter, match="another kind of key"):
        signers_of((str(key_file(tmp_path, ec.generate_private_key(ec.SECP256R1()))),), ())
    with pytest.raises(typer.BadParameter, match="cannot read"):
        signers_of(("BROKER1=/nowhere/key",), ())


def test_session_signs_by_one_key_only(tmp_path: Path) -> None:
    key, secret = key_file(tmp_path), secret_file(tmp_path)
    with pytest.raises(typer.BadParameter, match="BROKER1 signs by another one already"):
        signers_of((f"BROKER1={key}",), (f"BROKER1={secret}",))
    with pytest.raises(typer.BadParameter, match="all sessions sign by another one already"):
        signers_of((str(key), str(key)), ())
