"""Writes a snapshot from the journal, beside the venue that is writing it: `python -m engine.snapshotter DATA`.

It starts from the latest snapshot and replays what is whole in the files, checking every event; so each snapshot is
also a proof that replay gives what happened. A last record that is still being written is simply not there yet.
"""

import sys
from pathlib import Path

from engine.errors import EngineError
from engine.recovery import recover, save_snapshot


def main(arguments: list[str]) -> int:
    """Write the snapshot; return the exit status."""
    data = Path(arguments[0])
    try:
        recovered = recover(data)
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if recovered.replayed:
        save_snapshot(data, recovered)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
