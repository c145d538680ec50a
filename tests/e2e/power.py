"""A power cut, as a file system may leave it: what was synced is there, of the rest a part, or nothing, or zeros.

The venue's process runs with `PATCH` as its `sitecustomize`, which notes each sync when it has come back. `cut` then
takes from the files what was never promised, and makes the machine look as if it had been started again.
"""

import json
import random
import shutil
from pathlib import Path
from typing import Final

PATCH: Final = """
import os
import pathlib

SHADOWS = pathlib.Path(__file__).parent / "shadows"
SHADOWS.mkdir(exist_ok=True)


def watched(sync):
    def synced(file):
        descriptor = file if isinstance(file, int) else file.fileno()
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        status = os.fstat(descriptor)
        if os.path.isdir(path):
            content = "\\n".join(os.listdir(path)).encode()
        elif pathlib.Path(path).parent.name == "journal":
            content = str(status.st_size).encode()  # it is only ever added to
        else:
            reader = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
            content = os.pread(reader, status.st_size, 0)
            os.close(reader)
        sync(file)
        draft = SHADOWS / f"{status.st_ino}.{os.getpid()}.{descriptor}.draft"
        draft.write_bytes(content)
        draft.rename(SHADOWS / str(status.st_ino))

    return synced


os.fsync, os.fdatasync = watched(os.fsync), watched(os.fdatasync)
"""


def install(directory: Path) -> Path:
    """Return a folder to be given to a venue as its `patches`."""
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(PATCH, encoding="utf-8")
    return directory


def cut(data: Path, patches: Path, pick: random.Random) -> None:
    """Take from the files of a venue that has been killed what it had not synced."""
    shadows = patches / "shadows"
    for directory in [path for path in (data, *sorted(data.rglob("*"))) if path.is_dir()]:
        names = _shadow(shadows, directory)
        assert names is not None, f"the names in {directory} were never made durable"
        for path in directory.iterdir():
            if path.is_socket() or path.name == "lock":
                continue
            if path.name not in names.decode().split("\n"):
                assert not path.is_dir(), f"{path} would vanish"
                path.unlink()
            elif path.is_file():
                _cut_file(path, _shadow(shadows, path), pick)
    delivered = data / "outbound" / "delivered"
    delivered.write_text(
        json.dumps(json.loads(delivered.read_text()) | {"boot_id": "the one before"}), encoding="ascii"
    )
    shutil.rmtree(shadows)  # what is there now is on disk, and will be noted as such
    shadows.mkdir()
    for path in (data, *data.rglob("*")):
        if path.is_dir():
            (shadows / str(path.stat().st_ino)).write_text("\n".join(child.name for child in path.iterdir()))
        elif path.is_file():
            is_journal = path.suffix == ".journal"
            content = str(path.stat().st_size).encode() if is_journal else path.read_bytes()
            (shadows / str(path.stat().st_ino)).write_bytes(content)


def _cut_file(path: Path, shadow: bytes | None, pick: random.Random) -> None:
    content = path.read_bytes()
    if path.suffix == ".journal":
        assert shadow is not None, f"{path} was never synced"
        synced = content[: int(shadow)]
    else:
        synced = shadow or b""
    tail = content[len(synced) :]
    kept = tail[: pick.randint(0, len(tail))]
    match pick.randrange(3):
        case 0:
            kept = b""
        case 1:
            kept = kept[: len(kept) // 2] + bytes(len(kept) - len(kept) // 2)
        case _:
            pass
    path.write_bytes(synced + kept)


def _shadow(shadows: Path, path: Path) -> bytes | None:
    shadow = shadows / str(path.stat().st_ino)
    return shadow.read_bytes() if shadow.exists() else None
