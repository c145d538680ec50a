"""The vault: what is sealed opens for its session, under its key, and for nobody else."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgw.errors import VaultError
from fixgw.vault import KEY_FILE, Vault, generate_secret


def test_what_was_sealed_opens_again_also_after_a_restart(tmp_path: Path) -> None:
    secret = generate_secret()
    sealed = Vault(tmp_path).seal("BROKER1", secret)
    assert Vault(tmp_path).unseal("BROKER1", sealed) == base64.b64decode(secret)


def test_sealed_text_shows_nothing_and_is_new_each_time(tmp_path: Path) -> None:
    secret = generate_secret()
    sealed = {Vault(tmp_path).seal("BROKER1", secret) for _ in range(10)}
    assert len(sealed) == 10
    assert all(secret not in text and base64.b64decode(secret) not in base64.b64decode(text) for text in sealed)


def test_what_was_sealed_for_one_session_opens_for_no_other(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal("BROKER1", generate_secret())
    with pytest.raises(VaultError, match="BROKER2"):
        Vault(tmp_path).unseal("BROKER2", sealed)


def test_another_venues_key_opens_nothing(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    for directory in (mine, other):
        directory.mkdir()
        Vault(directory).seal("BROKER1", generate_secret())
    with pytest.raises(VaultError, match="not sealed with"):
        Vault(other).unseal("BROKER1", Vault(mine).seal("BROKER1", generate_secret()))


@given(st.binary(max_size=80))
def test_what_was_never_sealed_does_not_open(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    directory = tmp_path_factory.getbasetemp()
    vault = Vault(directory)
    vault.seal("BROKER1", generate_secret())
    for text in (base64.b64encode(raw).decode(), raw.decode("latin-1")):
        with pytest.raises(VaultError):
            vault.unseal("BROKER1", text)


def test_key_is_for_its_owner_only_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    Vault(tmp_path).seal("BROKER1", generate_secret())
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal("BROKER1", generate_secret())
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(VaultError, match="chmod 600"):
        Vault(tmp_path).unseal("BROKER1", sealed)


def test_processes_that_make_the_key_at_the_same_time_agree_on_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as workers:
        sealed = list(workers.map(lambda _: Vault(tmp_path).seal("BROKER1", generate_secret()), range(32)))
    vault = Vault(tmp_path)
    assert all(len(vault.unseal("BROKER1", text)) == 32 for text in sealed)


def test_lost_key_is_not_made_anew_by_who_only_reads(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal("BROKER1", generate_secret())
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(VaultError, match="cannot be read"):
        Vault(tmp_path).unseal("BROKER1", sealed)
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.parametrize("content", (b"", b"short", b"\xff" * 44, base64.b64encode(b"x" * 31)))
def test_file_that_is_no_key_is_not_used(tmp_path: Path, content: bytes) -> None:
    sealed = Vault(tmp_path).seal("BROKER1", generate_secret())
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(VaultError, match="not a key of the venue"):
        Vault(tmp_path).unseal("BROKER1", sealed)


@pytest.mark.parametrize("secret", ("", "not base64!", base64.b64encode(b"x" * 16).decode()))
def test_what_is_no_secret_is_not_sealed_and_not_repeated(tmp_path: Path, secret: str) -> None:
    with pytest.raises(VaultError, match="32 bytes in base64") as refused:
        Vault(tmp_path).seal("BROKER1", secret)
    assert not secret or secret not in str(refused.value)


def test_directory_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="cannot be made"):
        Vault(tmp_path / "missing").seal("BROKER1", generate_secret())
