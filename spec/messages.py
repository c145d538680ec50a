"""Writes `messages.md`: every field of every message, in each version. `python -m spec.messages`; a test holds it.

What is taken and sent comes from the code's own tables. The values that the venue takes are those of the translators'
tables, and are sent one by one by a test; the values that it sends are held against all conversations.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from engine.profile import FIX_VERSIONS
from engine.queries import REPORTS_MAX
from fixgw.list_entry import _CONTINGENCIES, _NO_BIDDING_PROCESS
from fixgw.order_entry import (
    _HANDLING,
    _MASS_CANCEL_SCOPES,
    _MASS_STATUS_SCOPES,
    _ORDER_TYPES,
    _SHORT,
    _SIDES,
    _SUBSCRIPTIONS,
    _TIMES_IN_FORCE,
)
from fixgw.permissions import _CLIENT_ROLES
from fixgw.phases import HALT_REASON, SESSION_STATUS, SESSION_SUB_ID, TRADING_STATUS
from fixgw.reject import BUSINESS_REJECT_REASON, CXL_REJ_REASON, MASS_CANCEL_REJECT_REASON, ORD_REJ_REASON
from fixgw.session import HEARTBEAT_S_MAX, MSG_SEQ_NUM_MAX, ON_DISCONNECT, SENDING_TIME_TOLERANCE_S
from fixgw.sizes import _RANDOM_SIZE, _SAME_SIZE
from fixgw.support import ID_CHARS_MAX, SENT_HEADER
from fixgw.terms import _ON_DISCONNECT, _PEGS, _POST_ONLY, _RELATED_TO_MARKET, _SELF_TRADES, _TRAILS, _TRIGGER_SOURCES
from fixgw.version import Version, version_named
from spec.quickfix_dictionary import MESSAGES, values_of

SPEC: Final = Path(__file__).parent
VERSIONS: Final = tuple(map(version_named, FIX_VERSIONS))

TAKEN_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "18": (_POST_ONLY, "9", "0", *_PEGS, _TRAILS, *_ON_DISCONNECT),
    "21": tuple(sorted(_HANDLING)),
    "40": tuple(_ORDER_TYPES),
    "54": tuple(_SIDES),
    "59": tuple(_TIMES_IN_FORCE),
    "98": ("0",),
    "263": tuple(_SUBSCRIPTIONS),
    "388": (_RELATED_TO_MARKET,),
    "394": (_NO_BIDDING_PROCESS,),
    "452": _CLIENT_ROLES,
    "453": ("1",),
    "530": tuple(_MASS_CANCEL_SCOPES),
    "569": ("0", "1"),
    "585": tuple(_MASS_STATUS_SCOPES),
    "724": ("0",),
    "836": ("0", "1", "2"),
    "842": ("0", "1", "2"),
    "893": ("Y",),
    "1347": ("0",),
    "1351": ("1",),
    "1084": (_SAME_SIZE, _RANDOM_SIZE),
    "1128": ("9",),
    "1137": ("9",),
    "1385": tuple(_CONTINGENCIES),
    "5127": tuple(_TRIGGER_SOURCES),
    "7928": tuple(_SELF_TRADES),
    "8013": tuple(ON_DISCONNECT),
}
"""The values that the venue takes, where it does not take all."""

_ONCE: Final = {"AN": {"263": ("0",)}, "BB": {"263": ("0",)}, "AD": {"263": ("0",)}}
"""What is different in one message."""


def _of(*values: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted({str(value) for each in values for value in each}, key=lambda text: (len(text), text)))


SENT_VALUES: Final[dict[str, tuple[str, ...]]] = {
    "39": ("0", "1", "2", "4", "8", "A", "C"),
    "40": tuple(_ORDER_TYPES),
    "54": (*_SIDES, "7"),
    "59": tuple(_TIMES_IN_FORCE),
    "98": ("0",),
    "102": _of(CXL_REJ_REASON.values(), (99,)),
    "103": _of(ORD_REJ_REASON.values(), (99,)),
    "139": ("4",),
    "150": ("0", "4", "5", "8", "A", "C", "D", "F", "G", "H", "I"),
    "326": _of(TRADING_STATUS.values(), (5, 20)),
    "327": _of(HALT_REASON.values()),
    "340": _of(SESSION_STATUS.values(), (6,)),
    "380": _of(BUSINESS_REJECT_REASON.values(), (0,)),
    "434": ("1", "2"),
    "531": ("0", *_MASS_CANCEL_SCOPES),
    "532": _of(MASS_CANCEL_REJECT_REASON.values(), (99,)),
    "625": _of(SESSION_SUB_ID.values()),
    "851": ("1", "2"),
    "1347": ("0",),
    "1354": ("0", "1"),
    "1426": ("3",),
}
"""The values that the venue sends as FIX 4.4 has them, where it does not send all."""

LIMITS: Final = {
    "34": f"1 to {MSG_SEQ_NUM_MAX}",
    "38": "a multiple of the instrument's increment",
    "44": "a multiple of the instrument's increment",
    "52": f"within {SENDING_TIME_TOLERANCE_S} s of the venue's clock; 0, 3, 6 or 9 digits of fraction",
    "58": "not read",
    "108": f"1 to {HEARTBEAT_S_MAX} s",
    "911": f"1 to {REPORTS_MAX}",
    **dict.fromkeys(_SHORT, f"at most {ID_CHARS_MAX} characters"),
}


def rows(msg_type: str, *, taken: bool) -> list[str]:
    """Return the rows of a message's table: what the venue takes of it, or what it sends."""
    tags: dict[str, None] = {}
    for version in VERSIONS:
        tags |= dict.fromkeys(_tags(version, msg_type, taken=taken))
    values = TAKEN_VALUES | _ONCE.get(msg_type, {}) if taken else SENT_VALUES
    return [_row(msg_type, tag, values, taken=taken) for tag in sorted(tags, key=int)]


def _tags(version: Version, msg_type: str, *, taken: bool) -> frozenset[str]:
    if taken:
        return (version.session_supported | version.supported).get(msg_type, frozenset()) - version.header
    return frozenset(version.sent.get(msg_type, ()))


def _row(msg_type: str, tag: str, values: Mapping[str, tuple[str, ...]], *, taken: bool) -> str:
    marks = [_mark(version, msg_type, tag, taken=taken) for version in VERSIONS]
    names = [version.fields[tag] for version in VERSIONS if tag in version.fields]
    field = next((version.fields[tag] for version in VERSIONS[1:] if tag in version.fields), names[0])
    shown = ", ".join(_value(tag, value) for value in values.get(tag, ()))
    limit = LIMITS.get(tag, "") if taken else ""
    return f"| {tag} | {field.name} | {field.kind} | {' | '.join(marks)} | {shown} | {limit} |"


def _mark(version: Version, msg_type: str, tag: str, *, taken: bool) -> str:
    """Return how a field stands in one version: `!` required, `·` as it applies, `+` on top of the standard."""
    if tag not in _tags(version, msg_type, taken=taken):
        return ""
    body = version.dictionary.body_of(msg_type)
    assert body is not None, "a message that the version has"
    required = version.always(msg_type) if taken else body.required
    mark = "!" if tag in required else "·"
    return mark if tag in body.tags() else f"{mark}+"


def _value(tag: str, value: str) -> str:
    """Return a value with what it means, if the standard says so."""
    for version in VERSIONS[1:]:
        meaning = dict(values_of(version).get(tag, ())).get(value)
        if meaning is not None:
            return f"{value} {meaning.lower().replace('_', ' ')}"
    return value


HEAD: Final = (
    "| tag | field | type | 4.2 | 4.4 | 5.0SP2 | values | limits |",
    "|---|---|---|---|---|---|---|---|",
)


def messages() -> str:
    """Return `messages.md`."""
    lines = [
        "# Messages, field by field",
        "",
        "Of each message what the venue takes, or sends, in each version of FIX: `!` a field that must be there, or",
        "always is; `·` one that may be, or is as it applies; `+` one that the standard of that version does not have",
        "there. Values are those that the venue takes or sends where it has not all of the standard's; those that it",
        "sends are told as FIX 4.4 has them ([versions](rules-of-engagement.md#versions) has the others). All else",
        "that a version allows is refused by name ([2001], [2002]). Written by `spec/messages.py`.",
        "",
        "## Header",
        "",
        "| tag | field | type | 4.2 | 4.4 | 5.0SP2 | taken | sent |",
        "|---|---|---|---|---|---|---|---|",
        *_header(),
    ]
    for msg_type in MESSAGES:
        known_as = (each.dictionary.msg_types.get(msg_type) for each in VERSIONS[1:])
        name = next(name for name in known_as if name)
        for taken, word in ((True, "taken"), (False, "sent")):
            found = rows(msg_type, taken=taken)
            has_any = any(_is_there(version, msg_type, taken=taken) for version in VERSIONS)
            if found or has_any:
                lines += ["", f"## {name} ({msg_type}), {word}", ""]
                lines += [*HEAD, *found] if found else ["It has no fields of its own."]
    return "\n".join(lines) + "\n"


def _is_there(version: Version, msg_type: str, *, taken: bool) -> bool:
    return msg_type in ((version.session_supported | version.supported) if taken else version.sent)


def _header() -> list[str]:
    tags = set(SENT_HEADER).union(*(version.header for version in VERSIONS))
    return [
        f"| {tag} | {VERSIONS[-1].fields[tag].name} | {VERSIONS[-1].fields[tag].kind} | "
        + " | ".join(_header_mark(version, tag) for version in VERSIONS)
        + f" | {'yes' if any(tag in version.header for version in VERSIONS) else ''} | "
        f"{'yes' if tag in SENT_HEADER else ''} |"
        for tag in sorted(tags, key=int)
    ]


def _header_mark(version: Version, tag: str) -> str:
    header = version.dictionary.header
    return "" if tag not in header.members else "!" if tag in header.required else "·"


PAGES: Final = {"messages.md": messages}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (SPEC / name).write_text(page(), encoding="utf-8")
