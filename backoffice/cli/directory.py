"""Data directories as the command line is given them."""

from pathlib import Path

from backoffice.cli.failure import CommandFailed
from engine.journal import SUFFIX, JournalReader
from engine.recovery import JOURNAL


def made(data: Path) -> Path:
    """Return a data directory, made if it is not there. Raise `CommandFailed` if it cannot be one."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise CommandFailed(f"{data}: is not a directory; name the directory of the venue's files") from error
    except OSError as error:
        raise CommandFailed(f"{data}: cannot be made: {error.strerror}; name another directory") from error
    return data


def journal_in(data: Path) -> JournalReader:
    """Return a reader of a data directory's journal. Raise `CommandFailed` if there is none."""
    directory = data / JOURNAL
    if directory.is_dir():
        reader = JournalReader(directory)
        if reader.segments():
            return reader
        raise CommandFailed(f"{directory}: the journal is empty; no venue has been started on it")
    if not data.exists():
        raise CommandFailed(f"{data}: no such directory")
    if not data.is_dir():
        raise CommandFailed(f"{data}: is not a directory; name the directory of the venue's files")
    if any(data.glob("*" + SUFFIX)):
        raise CommandFailed(f"{data}: holds the journal's segments; name the directory above, {data.absolute().parent}")
    raise CommandFailed(f"{data}: no journal here (looked for {directory}); name the directory of the venue's files")
