"""The versions of FIX that a session may speak: how they are named, their dictionaries, what the venue takes of each.

`fixgw.support` says what the venue understands; here that is held against a version's dictionary. A message that the
version does not have is not taken; a field that the version does not have where the venue takes it is an extension.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from fixgw.codec import Message
from fixgw.dictionary import Block, Dictionary
from fixgw.support import (
    BODY,
    ENTRY_TAGS,
    HEADER,
    LATER_FIELDS,
    LIST,
    LIST_COUNT_TAG,
    NEEDED,
    SESSION_BODY,
)
from fixgw.validation import Flaw, Shapes, find_flaw


class Version:
    """One version of FIX. `name` is the settings' word for it, `begin_string` stands in BeginString(8)."""

    __slots__ = (
        "begin_string",
        "dictionary",
        "entry_tags",
        "extension_members",
        "extensions",
        "logon_extensions",
        "name",
        "required",
        "session_supported",
        "shapes",
        "supported",
    )

    def __init__(self, name: str, begin_string: str, dictionary: Dictionary) -> None:
        self.name = name
        self.begin_string = begin_string
        self.dictionary = dictionary
        session_body = _known(SESSION_BODY, dictionary)
        body = _known(BODY, dictionary)
        self.session_supported = {msg_type: HEADER.union(tags) for msg_type, tags in session_body.items()}
        """Tags understood in the messages of the session, header included."""
        self.supported = {msg_type: HEADER.union(tags) for msg_type, tags in body.items()}
        """Tags understood in the messages of the application, header included."""
        self.required = {
            msg_type: tuple(tag for tag in tags if tag not in _body(dictionary, msg_type).required)
            for msg_type, tags in _known(NEEDED, dictionary).items()
        }
        """Body tags that the venue needs and the dictionary leaves open."""
        self.extensions = _on_top(body, dictionary)
        """Fields that the venue takes in application messages on top of the dictionary."""
        self.logon_extensions = _on_top(session_body, dictionary)
        entry = _list_entry(dictionary)
        self.extension_members = {LIST_COUNT_TAG: frozenset(ENTRY_TAGS) - entry}
        """Those of the extensions that belong to the entries of a repeating group, by the tag of its count."""
        self.entry_tags = entry.union(ENTRY_TAGS)
        """All that may stand in the entries of a list of orders."""
        self.shapes = Shapes(dictionary, self.extensions, self.extension_members)

    def find_flaw(self, message: Message) -> Flaw | None:
        """Return the first flaw that this version, with the venue's extensions, finds in an application message."""
        return find_flaw(message, self.dictionary, self.extensions, self.extension_members)

    def field_name(self, tag: int | str) -> str:
        """Return how a text names a field: `Price(44)`."""
        field = self.dictionary.fields.get(str(tag)) or LATER_FIELDS.get(str(tag))
        return f"{field.name}({tag})" if field else f"tag {tag}"


def _known(tags: Mapping[str, tuple[str, ...]], dictionary: Dictionary) -> dict[str, tuple[str, ...]]:
    """Return the entries of `tags` for messages that the dictionary has."""
    return {msg_type: each for msg_type, each in tags.items() if dictionary.body_of(msg_type) is not None}


def _body(dictionary: Dictionary, msg_type: str) -> Block:
    body = dictionary.body_of(msg_type)
    assert body is not None, "a message that the dictionary has"
    return body


def _on_top(tags: Mapping[str, tuple[str, ...]], dictionary: Dictionary) -> frozenset[str]:
    """Return those tags that the dictionary does not have in their message."""
    return frozenset(
        tag for msg_type, each in tags.items() for tag in each if tag not in _body(dictionary, msg_type).tags()
    )


def _list_entry(dictionary: Dictionary) -> frozenset[str]:
    """Return all tags that the dictionary has in the entries of a list of orders."""
    entry = _body(dictionary, LIST).members[LIST_COUNT_TAG]
    assert entry is not None, "the count of a repeating group"
    return entry.tags()


_TABLES: Final = {"FIX.4.4": ("FIX.4.4", ("fix44",))}
"""BeginString and tables of the standard, by the version's name."""

VERSIONS: Final = tuple(_TABLES)
"""The names of all versions."""


@lru_cache
def version_named(name: str) -> Version:
    """Return one of `VERSIONS`; there is one `Version` of each name."""
    begin_string, tables = _TABLES[name]
    return Version(name, begin_string, Dictionary(*tables))


FIX44: Final = version_named("FIX.4.4")
"""What is spoken unless something else was agreed on."""
