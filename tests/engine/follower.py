"""A follower in a process of its own: `python -m tests.engine.follower SOCKET FROM THROUGH` prints a digest.

The digest is over all records from one sequence through another, each encoded again.
"""

import asyncio
import hashlib
import sys
from pathlib import Path

from engine.feed import follow
from engine.frames import encode_value


async def main(path: Path, first: int, last: int) -> str:
    digest = hashlib.sha256()
    expected = first
    async for record in follow(path, first):
        assert record.sequence == expected
        digest.update(encode_value(record))
        if record.sequence == last:
            return digest.hexdigest()
        expected += 1
    raise AssertionError("a feed has no end")


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
