"""What ends a command: errors that the user can mend, each told in one line."""

import errno
import os
import sys
from typing import Any, Final

import typer

_WRONG_USAGE: Final = typer.BadParameter.__mro__[1]
"""`UsageError`, which typer does not export."""


class CommandFailed(Exception):
    """A command cannot go on; the message says what happened and, where there is one, the way out."""


def usage_line(error: Exception) -> str | None:
    """Return the line that tells how a command was given wrongly, None if it is another error.

    It is empty if the help of a group of commands has told already.
    """
    if not isinstance(error, _WRONG_USAGE):
        return None
    wrong: Any = error
    said = " ".join(wrong.format_message().split()).removesuffix(".")
    more = f" (see {wrong.ctx.command_path} --help)" if wrong.ctx and said else ""
    return f"{said[:1].lower()}{said[1:]}{more}"


def one_line(error: BaseException) -> str:
    """Return the line that tells the user of an error, or an empty text if it is a fault of ours."""
    from backoffice.errors import BackOfficeError
    from config.errors import SettingsError
    from engine.errors import EngineError
    from fixgw.errors import GatewayError

    if isinstance(error, CommandFailed | BackOfficeError | SettingsError | EngineError | GatewayError):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.errno is not None:
        reason = os.strerror(error.errno) if error.strerror is None else error.strerror
        hint = "; make room, then start again" if error.errno == errno.ENOSPC else ""
        return f"{error.filename}: {reason}{hint}" if error.filename is not None else f"{reason}{hint}"
    if isinstance(error, typer.Abort):
        return "aborted"
    if _is_refused_by_database(error):
        return "the database refuses it, as it goes against a rule or somebody did the same just now; look again"
    return ""


def _is_refused_by_database(error: BaseException) -> bool:
    """Tell whether a constraint stopped it; the library is there only if a command has used it."""
    library = sys.modules.get("sqlalchemy.exc")
    return library is not None and isinstance(error, library.IntegrityError)
