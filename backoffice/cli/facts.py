"""What the audit trail and proposals keep of things, by name, as people read it.

They keep amounts in the smallest unit of their asset and times as nanoseconds since the epoch; people get decimal
numbers, moments of UTC, and lengths of time in seconds. How a session is set up is kept in the journal's form, without
names; people get those of what is not as usual. Programs get what is kept.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

import msgspec

from backoffice.cli.tables import Moment, cell_text
from backoffice.figure import Figure
from backoffice.times import SECOND_NS
from engine.decimals import format_decimal
from engine.profile import DEFAULT_PROFILE, NOT_SET_UP, SessionSetUp

_AMOUNTS: Final = frozenset({"amount", "monthly_minimum", "volume"})
"""Of the asset that is named beside them, or beside what they are in."""
_MOMENTS_FROM_NS: Final = 10**18
"""From September 2001 on; what is less is how long something takes."""


def fact_text(name: str, value: object, decimals: Mapping[str, int], asset: str) -> str:
    """Return a fact with its name. `decimals`: of each asset; `asset`: that amounts are of."""
    return f"{name.removesuffix('_ns').replace('_', ' ')} {value_text(name, value, decimals, asset)}"


def value_text(name: str, value: object, decimals: Mapping[str, int], asset: str) -> str:
    """Return a fact without its name."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case list() if name == "set_up" and value:
            return value_text(name, _set_up(value), decimals, asset)
        case list():
            return ", ".join(value_text(name, each, decimals, asset) for each in value) or "none"
        case dict():
            parts = [fact_text(of, each, decimals, asset_of(value, asset)) for of, each in value.items()]
            return f"({', '.join(parts)})" if parts else "none"
        case int() if name.endswith("_ns"):
            return cell_text(Moment(value)) if value >= _MOMENTS_FROM_NS else f"{value // SECOND_NS:,} s"
        case int() | str() if (of := asset if name in _AMOUNTS else name) in decimals and _is_whole(value):
            return cell_text(Figure(format_decimal(int(value), decimals[of])))
        case _:
            return str(value)


def _set_up(content: list[object]) -> dict[str, object]:
    """Return by name how a session is set up: what it is always, and what is not as usual."""
    set_up = msgspec.convert(content, SessionSetUp)
    profile = set_up.profile
    facts = {**_unusual(set_up, NOT_SET_UP), **_unusual(profile, DEFAULT_PROFILE)}
    facts.pop("profile", None)
    return {"role": _named(profile.role), "version": profile.version, **facts}


def _unusual(of: msgspec.Struct, usual: msgspec.Struct) -> dict[str, object]:
    values = {name: getattr(of, name) for name in of.__struct_fields__}
    return {name: _named(value) for name, value in values.items() if value != getattr(usual, name)}


def _named(value: object) -> object:
    match value:
        case Enum():
            return value.name.lower().replace("_", "-")
        case msgspec.Struct():
            return {name: _named(each) for name, each in msgspec.structs.asdict(value).items() if each}
        case tuple():
            return [_named(each) for each in value]
        case _:
            return value


def asset_of(facts: Mapping[str, Any], outer: str = "") -> str:
    """Return what asset amounts among these facts are of; `outer`: those that these are in."""
    asset = facts.get("asset", outer)
    return asset if isinstance(asset, str) else outer


def _is_whole(value: int | str) -> bool:
    return isinstance(value, int) or value.removeprefix("-").isdecimal()
