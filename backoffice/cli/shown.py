"""Records, commands and events as the command line shows them to people and programs."""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import msgspec

_SECRETS = ("password_hash", "sealed_secret")


def fields_of(struct: "msgspec.Struct") -> dict[str, Any]:
    """Return a command's or an event's fields by name, its type first, secrets masked."""
    return {"type": type(struct).__name__, **_fields(struct)}


def _fields(struct: "msgspec.Struct") -> dict[str, Any]:
    return {
        name: "***" if name in _SECRETS and value else _shown(value)
        for name, value in ((name, getattr(struct, name)) for name in struct.__struct_fields__)
    }


def _shown(value: object) -> object:
    import msgspec

    if isinstance(value, msgspec.Struct):
        return _fields(value)
    if isinstance(value, tuple | list):
        return [_shown(each) for each in value]
    return value.name if isinstance(value, Enum) else value


def time_text(time_ns: int) -> str:
    """Return a time (nanoseconds since the epoch) as ISO 8601."""
    from datetime import UTC, datetime

    from backoffice.times import SECOND_NS

    seconds, rest = divmod(time_ns, SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def counted(count: int, noun: str) -> str:
    """Return how many there are of something: 1 hour, 2 hours."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def print_json(value: object) -> None:
    """Print JSON for programs."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value)).decode())


def tell(what: str, facts: Mapping[str, object], *, as_json: bool) -> None:
    """Print what was done, as a line, or its facts for programs."""
    if as_json:
        print_json(facts)
    else:
        typer.echo(what)
