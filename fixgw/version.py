"""The versions of FIX that a session may speak: how they are named, their dictionaries, what the venue takes of each.

`fixgw.support` says what the venue understands; here that is held against a version's dictionary. A message that the
version does not have is not taken; a field that the version does not have where the venue takes it is an extension.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from fixgw.codec import Message
from fixgw.dictionary import Block, Dictionary, Field
from fixgw.rendering import FIX42, FIX50SP2, Rendering, Report
from fixgw.support import (
    BODY,
    ENTRY_TAGS,
    HEADER,
    LATER_FIELDS,
    LIST,
    LIST_COUNT_TAG,
    NEEDED,
    PARTY_TAGS,
    SENT,
    SESSION_BODY,
    SPLIT_HEADER,
    SPLIT_LOGON,
    VALUES_ON_TOP_OF_42,
    VALUES_ON_TOP_OF_44,
)
from fixgw.validation import Flaw, Shapes, find_flaw


class Version:
    """One version of FIX. `name` is the settings' word for it, `begin_string` stands in BeginString(8).

    `appl_ver_id` stands in DefaultApplVerID(1137), where session and application have versions of their own, else it is
    empty.
    """

    __slots__ = (
        "_rendering",
        "appl_ver_id",
        "begin_string",
        "dictionary",
        "entry_tags",
        "extension_members",
        "extensions",
        "fields",
        "header",
        "is_sequenced",
        "logon_extensions",
        "name",
        "required",
        "sent",
        "session_supported",
        "shapes",
        "supported",
    )

    def __init__(
        self,
        name: str,
        definition: "_Definition",
        more_fields: Mapping[str, Field],
    ) -> None:
        """`more_fields`: by tag, fields that the venue has in this version on top of the standard."""
        self.name = name
        self.begin_string = definition.begin_string
        self.appl_ver_id = definition.appl_ver_id
        self.dictionary = dictionary = Dictionary(*definition.tables, more_values=definition.more_values)
        self.fields = {**more_fields, **dictionary.fields}
        """All fields that the venue has a name for."""
        self._rendering = definition.rendering
        is_split = bool(self.appl_ver_id)
        self.is_sequenced = is_split
        """Reports carry ApplicationSequenceControl, and can be asked for once more by it (`fixgw.replay`)."""
        self.header = HEADER.union(SPLIT_HEADER if is_split else ())
        """Header fields understood."""
        session_body = {**SESSION_BODY, "A": (*SESSION_BODY["A"], *(SPLIT_LOGON if is_split else ()))}
        body = _known(BODY, dictionary)
        self.session_supported = {msg_type: self.header.union(tags) for msg_type, tags in session_body.items()}
        """Tags understood in the messages of the session, header included."""
        self.supported = {msg_type: self.header.union(tags) for msg_type, tags in body.items()}
        """Tags understood in the messages of the application, header included."""
        self.required = {
            msg_type: tuple(tag for tag in tags if tag not in _body(dictionary, msg_type).required)
            for msg_type, tags in _known(NEEDED, dictionary).items()
        }
        """Body tags that the venue needs and the dictionary leaves open, by MsgType."""
        self.extensions = _on_top(body, dictionary)
        """Fields that the venue takes in application messages on top of the dictionary."""
        self.logon_extensions = _on_top(session_body, dictionary)
        entry = _list_entry(dictionary)
        self.extension_members = {LIST_COUNT_TAG: frozenset(ENTRY_TAGS) - entry}
        """Those of the extensions that belong to the entries of a repeating group, by the tag of its count."""
        self.entry_tags = entry.union(ENTRY_TAGS)
        """All that may stand in the entries of a list of orders."""
        self.sent = {
            msg_type: tags if self._rendering is None else self._rendering.tags(msg_type, tags)
            for msg_type, tags in _known(SENT, dictionary).items()
        }
        """Body tags that the venue sends by MsgType, those of repeating groups included."""
        self.shapes = Shapes(dictionary, self.extensions, self.extension_members)

    def render(self, msg_type: str, body: str) -> Report:
        """Return a report, made for FIX 4.4, as this version says it."""
        return (msg_type, body) if self._rendering is None else self._rendering.render(msg_type, body)

    def find_flaw(self, message: Message) -> Flaw | None:
        """Return the first flaw that this version, with the venue's extensions, finds in an application message."""
        return find_flaw(message, self.dictionary, self.extensions, self.extension_members)

    def always(self, msg_type: str) -> tuple[str, ...]:
        """Return the body tags that must be there, by the dictionary or for the venue, in a message that there is."""
        return (*_body(self.dictionary, msg_type).required, *self.required.get(msg_type, ()))

    def field_name(self, tag: int | str) -> str:
        """Return how a text names a field: `Price(44)`."""
        field = self.fields.get(str(tag))
        return f"{field.name}({tag})" if field else f"tag {tag}"


def _known(tags: Mapping[str, tuple[str, ...]], dictionary: Dictionary) -> dict[str, tuple[str, ...]]:
    """Return the entries of `tags` for messages that the dictionary has; without parties, if it has none."""
    left_out = () if "453" in dictionary.fields else PARTY_TAGS
    return {
        msg_type: tuple(tag for tag in each if tag not in left_out)
        for msg_type, each in tags.items()
        if dictionary.body_of(msg_type) is not None
    }


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


class _Definition(NamedTuple):
    """What makes a version: see `Version`, `Dictionary` and `fixgw.rendering`."""

    begin_string: str
    appl_ver_id: str
    tables: tuple[str, ...]
    more_values: Mapping[str, str]
    rendering: Rendering | None


_DEFINITIONS: Final = {
    "FIX.4.2": _Definition("FIX.4.2", "", ("fix42",), VALUES_ON_TOP_OF_42, FIX42),
    "FIX.4.4": _Definition("FIX.4.4", "", ("fix44",), VALUES_ON_TOP_OF_44, None),
    "FIX.5.0SP2": _Definition("FIXT.1.1", "9", ("fixt11", "fix50sp2"), {}, FIX50SP2),
}


@lru_cache
def version_named(name: str) -> Version:
    """Return one of `engine.profile.FIX_VERSIONS`; there is one `Version` of each name."""
    more_fields = LATER_FIELDS if name == "FIX.4.4" else {**FIX44.dictionary.fields, **LATER_FIELDS}
    return Version(name, _DEFINITIONS[name], more_fields)


FIX44: Final = version_named("FIX.4.4")
"""What is spoken unless something else was agreed on."""
