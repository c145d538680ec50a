"""Files that are written whole or not at all."""

import os
from pathlib import Path

import pytest

from engine.whole_files import write_beside_others, write_whole


def test_a_file_is_private_and_takes_the_place_of_the_one_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "delivered"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_of_two_that_make_a_file_the_first_one_stays_unless_the_second_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "venue.key"
    for content, replaces, found in ((b"first", False, b"first"), (b"second", False, b"first"), (b"x", True, b"x")):
        write_beside_others(path, content, replaces=replaces)
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (found, 0o600)
        assert list(tmp_path.iterdir()) == [path]


def test_nothing_half_written_is_left_if_the_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_file: int) -> None:
        raise OSError("the disk is gone")

    path = tmp_path / "venue.key"
    write_beside_others(path, b"old", replaces=False)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        write_beside_others(path, b"new", replaces=True)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])
