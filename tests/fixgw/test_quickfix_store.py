import os
from pathlib import Path

import pytest

from fixgw import quickfix_store

NAME = "FIX.4.4-FONDACO-BROKER1"
MESSAGE = b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x01"


def store(directory: Path, body: bytes, header: bytes) -> Path:
    (directory / f"{NAME}.body").write_bytes(body)
    (directory / f"{NAME}.header").write_bytes(header)
    (directory / f"{NAME}.seqnums").write_bytes(b"00000000000000000003 : 00000000000000000007")
    (directory / f"{NAME}.session").write_bytes(b"20261127-22:05:58")
    return directory


SIZE = len(MESSAGE)
WHOLE = f"1,0,{SIZE} 2,{SIZE},{SIZE} ".encode()


@pytest.mark.parametrize(
    ("body", "header", "kept"),
    (
        (MESSAGE * 2, WHOLE, WHOLE),
        (MESSAGE * 2, WHOLE[:-4], WHOLE[: WHOLE.index(b"2,")]),
        (MESSAGE, WHOLE, WHOLE[: WHOLE.index(b"2,")]),
        (MESSAGE + MESSAGE[:-3] + bytes(3), WHOLE, WHOLE[: WHOLE.index(b"2,")]),
        (MESSAGE * 2, WHOLE + bytes(20), WHOLE),
        (b"", WHOLE, b""),
        (MESSAGE, b"1,0,99999999999999999999 ", b""),
    ),
    ids=("whole", "half a header", "half a body", "zeros in the body", "zeros in the header", "no body", "too large"),
)
def test_only_messages_that_are_whole_can_be_asked_for(tmp_path: Path, body: bytes, header: bytes, kept: bytes) -> None:
    quickfix_store.mend(store(tmp_path, body, header))
    assert (tmp_path / f"{NAME}.header").read_bytes() == kept
    assert (tmp_path / f"{NAME}.seqnums").exists()
    assert (tmp_path / f"{NAME}.session").exists()


@pytest.mark.parametrize("suffix", (".seqnums", ".session"))
def test_what_cannot_be_read_is_made_anew(tmp_path: Path, suffix: str) -> None:
    store(tmp_path, MESSAGE * 2, WHOLE)
    (tmp_path / f"{NAME}{suffix}").write_bytes(bytes(17))
    quickfix_store.mend(tmp_path)
    assert not (tmp_path / f"{NAME}{suffix}").exists()


def test_only_the_session_that_is_meant_is_forgotten(tmp_path: Path) -> None:
    store(tmp_path, MESSAGE, WHOLE)
    other = tmp_path / "FIX.4.4-FONDACO-A-BROKER1.body"
    other.write_bytes(MESSAGE)
    quickfix_store.forget(tmp_path, "-FONDACO-BROKER1")
    assert list(tmp_path.iterdir()) == [other]


def test_only_what_was_written_since_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store(tmp_path, MESSAGE, WHOLE)
    (header,) = tmp_path.glob("*.header")
    os.utime(header, ns=(1, 1))
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink().suffix))
    quickfix_store.sync(tmp_path, 2)
    assert sorted(filter(None, synced)) == [".body", ".seqnums", ".session"]
