"""Names of fields and messages, and which fields hold numbers, times and secrets; for people to read, and to compare.

The names are those of all versions of the standard, and the venue's; a tag that neither knows stays a number.
"""

import re
from typing import Final

from fixgw.dictionary import Dictionary
from fixgw.support import LATER_FIELDS

SECRET_TAGS: Final = frozenset(("95", "96", "554", "925", "1402", "1404"))
"""RawData and passwords; they are shown as ***."""
SECRET_NAMES: Final = ("password", "secret")
"""So begin, or end, the names of variables that hold secrets."""
MASK: Final = "***"

_SECRET: Final = re.compile(rf"(?:(?<![0-9])|(?<=\\x01))({'|'.join(sorted(SECRET_TAGS, key=int))})=[^|]*")
_NUMBERS: Final = frozenset(("QTY", "PRICE", "PRICEOFFSET", "AMT", "FLOAT", "PERCENTAGE"))
_TIMES: Final = frozenset(("UTCTIMESTAMP", "UTCTIMEONLY", "TZTIMESTAMP"))
_DICTIONARY: Final = Dictionary("fix44", "fix50sp2", "fixt11", "fix42")
_FIELDS: Final = LATER_FIELDS | _DICTIONARY.fields


def without_secrets(text: str) -> str:
    """Return a text that may have fields in it, as a script or a server writes them, with secrets masked."""
    return _SECRET.sub(rf"\1={MASK}", text)


def field_name(tag: str) -> str:
    """Return `OrdStatus(39)`, or the tag alone."""
    return f"{_FIELDS[tag].name}({tag})" if tag in _FIELDS else tag


def message_name(msg_type: str) -> str:
    """Return `ExecutionReport(8)`, or the MsgType alone."""
    return f"{_DICTIONARY.msg_types[msg_type]}({msg_type})" if msg_type in _DICTIONARY.msg_types else msg_type or '""'


def is_number(tag: str) -> bool:
    """Tell whether a field's values are decimal numbers, of which 1 and 1.00 are the same."""
    return tag in _FIELDS and _FIELDS[tag].kind in _NUMBERS


def is_time(tag: str) -> bool:
    """Tell whether a field's values are times of day."""
    return tag in _FIELDS and _FIELDS[tag].kind in _TIMES


def is_secret_name(name: str) -> bool:
    """Tell whether a variable holds a secret, by its name."""
    return any(word in name.lower() for word in SECRET_NAMES)
