"""A follower of the feed, as a process of its own: writes each record's sequence and fingerprint to a file.

    python -m tests.e2e.follower SOCKET FROM FILE

Started again, it goes on behind the last whole line that it finds there.
"""

import asyncio
import os
import sys
import zlib
from pathlib import Path

from engine.feed import follow
from engine.frames import Record, encode_value


def line(record: Record) -> str:
    return f"{record.sequence} {zlib.crc32(encode_value(record)):08x}\n"


def whole_lines(path: Path) -> list[str]:
    text = path.read_text(encoding="ascii") if path.exists() else ""
    return text[: text.rfind("\n") + 1].splitlines(keepends=True)


async def write_all(socket: Path, first: int, file: int) -> None:
    async for record in follow(socket, first):
        os.write(file, line(record).encode("ascii"))


def main() -> None:
    socket, first, path = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    written = whole_lines(path)
    path.write_text("".join(written), encoding="ascii")
    following = int(written[-1].split()[0]) + 1 if written else first
    asyncio.run(write_all(socket, following, os.open(path, os.O_WRONLY | os.O_APPEND)))


if __name__ == "__main__":
    main()
