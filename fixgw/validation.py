"""What a version of FIX finds wrong with a decoded message: the answers of a session-level Reject (35=3).

`find_flaw` judges a whole message, complete rather than quick (some 10 µs), and returns the first flaw in
this order: header, body and trailer out of order; MsgType; what is missing; tags, repeating groups and data
fields from left to right; values from left to right. A message with one flaw gets QuickFIX's answer; but we
hold dates to their format, the fields of a group to their order and data to its length, as the standard
does. What the venue supports and what a session expects (CompIDs, sequence numbers, times) is decided
elsewhere.

For the messages of every day, `Shapes` has an outline of each MsgType, to which a message without repeating groups
and data is held in one pass, whatever the order of its fields; of others it remembers which sequences of tags were
found right, so that a second one of the same shape costs one look-up. `find_value_flaw` judges a single value.
"""

import re
from collections.abc import Callable, Container, Mapping
from datetime import date
from enum import IntEnum
from typing import Final, NamedTuple

from fixgw.codec import DATA_TAGS, Message
from fixgw.dictionary import FRAME_TAGS, Block, Dictionary, Field, Members
from fixgw.errors import InvalidTimestamp
from fixgw.timestamps import parse_utc


class SessionRejectReason(IntEnum):
    """SessionRejectReason(373)."""

    INVALID_TAG_NUMBER = 0
    REQUIRED_TAG_MISSING = 1
    TAG_NOT_DEFINED_FOR_THIS_MESSAGE_TYPE = 2
    UNDEFINED_TAG = 3
    TAG_SPECIFIED_WITHOUT_A_VALUE = 4
    VALUE_IS_INCORRECT = 5
    INCORRECT_DATA_FORMAT_FOR_VALUE = 6
    DECRYPTION_PROBLEM = 7
    SIGNATURE_PROBLEM = 8
    COMP_ID_PROBLEM = 9
    SENDING_TIME_ACCURACY_PROBLEM = 10
    INVALID_MSG_TYPE = 11
    XML_VALIDATION_ERROR = 12
    TAG_APPEARS_MORE_THAN_ONCE = 13
    TAG_SPECIFIED_OUT_OF_REQUIRED_ORDER = 14
    REPEATING_GROUP_FIELDS_OUT_OF_ORDER = 15
    INCORRECT_NUM_IN_GROUP_COUNT = 16
    NON_DATA_VALUE_INCLUDES_SOH = 17
    INVALID_APPLICATION_VERSION = 18
    OTHER = 99


Reason = SessionRejectReason

REASON_TEXTS: Final[dict[int, str]] = {
    Reason.INVALID_TAG_NUMBER: "Invalid tag number",
    Reason.REQUIRED_TAG_MISSING: "Required tag missing",
    Reason.TAG_NOT_DEFINED_FOR_THIS_MESSAGE_TYPE: "Tag not defined for this message type",
    Reason.UNDEFINED_TAG: "Undefined tag",
    Reason.TAG_SPECIFIED_WITHOUT_A_VALUE: "Tag specified without a value",
    Reason.VALUE_IS_INCORRECT: "Value is incorrect (out of range) for this tag",
    Reason.INCORRECT_DATA_FORMAT_FOR_VALUE: "Incorrect data format for value",
    Reason.DECRYPTION_PROBLEM: "Decryption problem",
    Reason.SIGNATURE_PROBLEM: "Signature problem",
    Reason.COMP_ID_PROBLEM: "CompID problem",
    Reason.SENDING_TIME_ACCURACY_PROBLEM: "SendingTime accuracy problem",
    Reason.INVALID_MSG_TYPE: "Invalid MsgType",
    Reason.XML_VALIDATION_ERROR: "XML validation error",
    Reason.TAG_APPEARS_MORE_THAN_ONCE: "Tag appears more than once",
    Reason.TAG_SPECIFIED_OUT_OF_REQUIRED_ORDER: "Tag specified out of required order",
    Reason.REPEATING_GROUP_FIELDS_OUT_OF_ORDER: "Repeating group fields out of order",
    Reason.INCORRECT_NUM_IN_GROUP_COUNT: "Incorrect NumInGroup count for repeating group",
    Reason.NON_DATA_VALUE_INCLUDES_SOH: "Non-data value includes field delimiter (SOH character)",
    Reason.INVALID_APPLICATION_VERSION: "Invalid/Unsupported Application Version",
    Reason.OTHER: "Other",
}
"""The standard's words for each reason, as QuickFIX sends them in Text(58)."""


class Flaw(NamedTuple):
    """What is wrong with a message: SessionRejectReason(373) and, where a field is at fault, RefTagID(371).

    `detail` says more for a human, or nothing. It never holds a value of the message.
    """

    reason: SessionRejectReason
    ref_tag: int | None = None
    detail: str = ""

    @property
    def text(self) -> str:
        """The standard's words for the reason, for Text(58)."""
        return REASON_TEXTS[self.reason]


Pairs = list[tuple[str, str]]

_SHAPE_FIELDS_MAX: Final = 128
"""Longer messages are right or wrong each time anew: thousands of group entries are not to be remembered."""

NO_TAGS: Final[frozenset[str]] = frozenset()
ExtraMembers = Mapping[str, frozenset[str]]
NO_MEMBERS: Final[ExtraMembers] = {}


def find_flaw(
    message: Message,
    dictionary: Dictionary,
    extra_tags: frozenset[str] = NO_TAGS,
    extra_members: ExtraMembers = NO_MEMBERS,
) -> Flaw | None:
    """Return the first flaw that `dictionary`'s version of FIX finds in a message, or None.

    `extra_tags` are allowed in the body on top of the standard: user-defined tags, or tags of later
    versions. Of their values, only those in the dictionary are looked at. `extra_members` are those of them that belong
    to the entries of a repeating group, by the tag of its count; they may stand anywhere behind an entry's first field.
    """
    pairs = message.pairs()
    flaw = _structure_flaw(message, pairs, dictionary, extra_tags, extra_members)
    return flaw or _values_flaw(pairs, dictionary)


def find_value_flaw(tag: str, value: str, dictionary: Dictionary) -> Flaw | None:
    """Return what a version of FIX finds wrong with one value: none there, its format, or out of range."""
    if not value:
        return _flaw(Reason.TAG_SPECIFIED_WITHOUT_A_VALUE, tag, dictionary)
    field = dictionary.fields.get(tag)
    if field is None:
        return None
    if not has_format(field.kind, value):
        return _flaw(Reason.INCORRECT_DATA_FORMAT_FOR_VALUE, tag, dictionary, f"not a FIX {field.kind}")
    for part in value.split(" ") if field.kind in _MULTIPLE else (value,):
        if field.values and part not in field.values and not _is_open(field, part):
            return _flaw(Reason.VALUE_IS_INCORRECT, tag, dictionary)
    return None


def has_format(kind: str, value: str) -> bool:
    """Tell whether a value is written as FIX writes those of its data type, such as "QTY"."""
    return bool(value) and bool(_FORMATS[kind](value))


class Shapes:
    """The shapes of messages that are right: plain ones by MsgType, others (MsgType, tags, group sizes) as they come.

    Of those others it remembers at most `shape_count_max`, none of more than `_SHAPE_FIELDS_MAX` fields, and, when
    full, begins anew.
    """

    __slots__ = ("_dictionary", "_extra_members", "_extra_tags", "_known", "_outlines", "_shape_count_max")

    def __init__(
        self,
        dictionary: Dictionary,
        extra_tags: frozenset[str] = NO_TAGS,
        extra_members: ExtraMembers = NO_MEMBERS,
        shape_count_max: int = 4096,
    ) -> None:
        self._dictionary = dictionary
        self._extra_tags = extra_tags
        self._extra_members = extra_members
        self._shape_count_max = shape_count_max
        self._known: set[tuple[str, ...]] = set()
        self._outlines: dict[str, _Outline] = {}

    def accept(self, message: Message) -> bool:
        """Tell whether all is right with a message but perhaps its values, none of which is empty.

        False says no more than that `find_flaw` should look: a message with data fields is never accepted.
        """
        if not message.irregular:
            outline = self._outlines.get(message.msg_type) or self._draw(message.msg_type)
            if outline is not None and outline.fits(message.fields):
                return True
        pairs = message.pairs()
        tags = [tag for tag, _ in pairs]
        if message.irregular and not (_DATA_TAGS.isdisjoint(tags) and all(tag and value for tag, value in pairs)):
            return False
        count_tags = self._dictionary.count_tags
        sizes = [value for tag, value in pairs if tag in count_tags]
        shape = (message.msg_type, *tags, "", *sizes) if sizes else (message.msg_type, *tags)
        if shape in self._known:
            return True
        if _structure_flaw(message, pairs, self._dictionary, self._extra_tags, self._extra_members) is not None:
            return False
        if len(shape) <= _SHAPE_FIELDS_MAX:
            if len(self._known) >= self._shape_count_max:
                self._known.clear()
            self._known.add(shape)
        return True

    def _draw(self, msg_type: str) -> "_Outline | None":
        """Return the outline of a MsgType that the dictionary has the fields of, and keep it."""
        whole = self._dictionary.whole_of(msg_type)
        if whole is None:
            return None
        outline = self._outlines[msg_type] = _Outline(whole, self._dictionary, self._extra_tags)
        return outline


class _Outline:
    """What the tags of a regular message of one MsgType must be, if none is of a data field or counts a group."""

    __slots__ = ("_parts", "_required")

    def __init__(self, whole: Block, dictionary: Dictionary, extra_tags: frozenset[str]) -> None:
        left_out = FRAME_TAGS | _DATA_TAGS | dictionary.count_tags
        self._parts = {
            tag: _part_of(tag, dictionary)
            for tag in (*whole.members, *extra_tags)
            if tag not in left_out and whole.members.get(tag) is None
        }
        """Which part of a message each tag stands in."""
        self._required = frozenset(whole.required) - FRAME_TAGS

    def fits(self, fields: Mapping[str, str]) -> bool:
        """Tell whether all tags may stand where they stand, and none is missing."""
        parts = self._parts
        part = _HEADER
        for tag in fields:
            here = parts.get(tag, _NOWHERE)
            if here < part:
                return False
            part = here
        return self._required <= fields.keys()


def _flaw(reason: SessionRejectReason, tag: str, dictionary: Dictionary, detail: str = "") -> Flaw:
    """Return a flaw of the field `tag`; a tag that is no number goes into the detail."""
    if _INTEGER.fullmatch(tag) is None:
        return Flaw(reason, None, detail or "the tag is not a number")
    field = dictionary.fields.get(tag)
    return Flaw(reason, int(tag), ": ".join(filter(None, (field.name if field else "", detail))))


# ------------------------------------------------------------------------------------------------ structure

_TAG: Final = re.compile("[1-9][0-9]{0,8}")
_LENGTH_TAGS: Final = {data_tag: length_tag for length_tag, data_tag in DATA_TAGS.items()}
_DATA_TAGS: Final = frozenset(DATA_TAGS) | frozenset(_LENGTH_TAGS)


def _structure_flaw(
    message: Message, pairs: Pairs, dictionary: Dictionary, extra_tags: frozenset[str], extra_members: ExtraMembers
) -> Flaw | None:
    flaw = _order_flaw(pairs, dictionary)
    if flaw is not None:
        return flaw
    if not message.msg_type:
        return _flaw(Reason.TAG_SPECIFIED_WITHOUT_A_VALUE, "35", dictionary)
    whole = dictionary.whole_of(message.msg_type)
    if whole is None:
        return None if message.msg_type in dictionary.msg_types else Flaw(Reason.INVALID_MSG_TYPE)
    walk = _Walk(pairs, dictionary, extra_tags, extra_members)
    return (
        _missing_flaw(message.fields, whole, dictionary)
        or walk.find_flaw(whole)
        or _missing_flaw(walk.seen, whole, dictionary)  # a field may be there, but within a group
    )


_NOWHERE: Final = -1
_HEADER: Final = 0
_BODY: Final = 1
_TRAILER: Final = 2


def _part_of(tag: str, dictionary: Dictionary) -> int:
    """Return which part of a message a tag stands in."""
    if tag in dictionary.header_tags:
        return _HEADER
    return _TRAILER if tag in dictionary.trailer_tags else _BODY


def _order_flaw(pairs: Pairs, dictionary: Dictionary) -> Flaw | None:
    """Find a field of the header after one of the body or trailer, or one of the body after the trailer."""
    part = _HEADER
    for tag, _ in pairs:
        if tag not in dictionary.fields and tag not in dictionary.other_tags:
            continue
        here = _part_of(tag, dictionary)
        if here < part:
            return _flaw(Reason.TAG_SPECIFIED_OUT_OF_REQUIRED_ORDER, tag, dictionary)
        part = here
    return None


def _missing_flaw(present: Container[str], whole: Block, dictionary: Dictionary) -> Flaw | None:
    for tag in whole.required:
        if tag not in present and tag not in FRAME_TAGS:
            return _flaw(Reason.REQUIRED_TAG_MISSING, tag, dictionary)
    return None


class _Walk:
    """One way through the fields of a message, into its repeating groups and out of them again."""

    __slots__ = ("dictionary", "extra_members", "extra_tags", "pairs", "position", "seen")

    def __init__(
        self, pairs: Pairs, dictionary: Dictionary, extra_tags: frozenset[str], extra_members: ExtraMembers
    ) -> None:
        self.pairs = pairs
        self.dictionary = dictionary
        self.extra_tags = extra_tags
        self.extra_members = extra_members
        self.position = 0
        self.seen: set[str] = set(FRAME_TAGS)

    def find_flaw(self, whole: Block) -> Flaw | None:
        members: Members = whole.members
        while self.position < len(self.pairs):
            tag, value = self.pairs[self.position]
            if tag in self.seen:
                return self._flaw(Reason.TAG_APPEARS_MORE_THAN_ONCE, tag)
            self.seen.add(tag)
            if tag not in members:
                flaw = self._tag_flaw(tag)
                if flaw is not None:
                    return flaw
                if tag not in self.extra_tags:
                    detail = "only within its repeating group" if tag in whole.tags() else ""
                    return self._flaw(Reason.TAG_NOT_DEFINED_FOR_THIS_MESSAGE_TYPE, tag, detail)
            if tag in _DATA_TAGS:
                flaw = self._data_flaw(tag, value)
                if flaw is not None:
                    return flaw
            self.position += 1
            entry = members.get(tag)
            if entry is not None:
                flaw = self._group_flaw(tag, value, entry)
                if flaw is not None:
                    return flaw
        return None

    def _tag_flaw(self, tag: str) -> Flaw | None:
        if not tag:
            before = self.pairs[self.position - 1][0]
            return self._flaw(Reason.NON_DATA_VALUE_INCLUDES_SOH, before)
        if _TAG.fullmatch(tag) is None or not self._is_known(tag):
            return self._flaw(Reason.INVALID_TAG_NUMBER, tag)
        return None

    def _is_known(self, tag: str) -> bool:
        dictionary = self.dictionary
        return tag in dictionary.fields or tag in dictionary.other_tags or tag in self.extra_tags

    def _data_flaw(self, tag: str, value: str) -> Flaw | None:
        """Find a length that is not right before its data, or not the length of it."""
        data_tag = DATA_TAGS.get(tag)
        if data_tag is not None:
            next_tag, data = self.pairs[self.position + 1] if self.position + 1 < len(self.pairs) else ("", "")
            if next_tag != data_tag:
                return self._unpaired(data_tag)
            if _LENGTH.fullmatch(value) is not None and int(value) != len(data):
                return self._flaw(Reason.VALUE_IS_INCORRECT, tag, f"the data has {len(data)} bytes")
        length_tag = _LENGTH_TAGS.get(tag)
        if length_tag is not None and (not self.position or self.pairs[self.position - 1][0] != length_tag):
            return self._unpaired(length_tag)
        return None

    def _unpaired(self, tag: str) -> Flaw:
        if any(tag == other for other, _ in self.pairs):
            return self._flaw(Reason.TAG_SPECIFIED_OUT_OF_REQUIRED_ORDER, tag, "a length stands right before its data")
        return self._flaw(Reason.REQUIRED_TAG_MISSING, tag, "a length and its data come together")

    def _group_flaw(self, count_tag: str, count_text: str, entry: Block) -> Flaw | None:
        """Judge a repeating group from the position after its count on, and step over it."""
        if _LENGTH.fullmatch(count_text) is None:
            return find_value_flaw(count_tag, count_text, self.dictionary)
        first_tag = next(iter(entry.members))
        extra = self.extra_members.get(count_tag, NO_TAGS)
        entry_count = 0
        while self.position < len(self.pairs):
            tag = self.pairs[self.position][0]
            if tag not in entry.members and tag not in extra:
                flaw = self._tag_flaw(tag)
                if flaw is not None:
                    return flaw
                break
            if tag != first_tag:
                return self._flaw(Reason.REPEATING_GROUP_FIELDS_OUT_OF_ORDER, tag, f"{first_tag} begins each entry")
            entry_count += 1
            flaw = self._entry_flaw(first_tag, entry, extra)
            if flaw is not None:
                return flaw
        if entry_count != int(count_text):
            return self._flaw(Reason.INCORRECT_NUM_IN_GROUP_COUNT, count_tag, f"there are {entry_count} entries")
        return None

    def _entry_flaw(self, first_tag: str, entry: Block, extra: frozenset[str]) -> Flaw | None:
        """Judge one entry of a repeating group, and step over it."""
        ranks = {tag: rank for rank, tag in enumerate(entry.members)}
        last_rank = 0
        present: set[str] = set()
        while self.position < len(self.pairs):
            tag, value = self.pairs[self.position]
            rank = last_rank if tag in extra else ranks.get(tag)
            if rank is None or (tag == first_tag and present):
                break
            if tag in present:
                return self._flaw(Reason.TAG_APPEARS_MORE_THAN_ONCE, tag, "within an entry of a repeating group")
            if rank < last_rank:
                return self._flaw(Reason.REPEATING_GROUP_FIELDS_OUT_OF_ORDER, tag)
            flaw = self._data_flaw(tag, value)
            if flaw is not None:
                return flaw
            present.add(tag)
            last_rank = rank
            self.position += 1
            inner = entry.members.get(tag)
            if inner is not None:
                flaw = self._group_flaw(tag, value, inner)
                if flaw is not None:
                    return flaw
        for tag in entry.required:
            if tag not in present:
                return self._flaw(Reason.REQUIRED_TAG_MISSING, tag, "in an entry of a repeating group")
        return None

    def _flaw(self, reason: SessionRejectReason, tag: str, detail: str = "") -> Flaw:
        return _flaw(reason, tag, self.dictionary, detail)


# --------------------------------------------------------------------------------------------------- values


def _values_flaw(pairs: Pairs, dictionary: Dictionary) -> Flaw | None:
    for tag, value in pairs:
        flaw = find_value_flaw(tag, value, dictionary)
        if flaw is not None:
            return flaw
    return None


def _is_open(field: Field, value: str) -> bool:
    return field.open_from is not None and bool(_LENGTH.fullmatch(value)) and int(value) >= field.open_from


def _is_anything(_value: str) -> bool:
    return True


def _is_char(value: str) -> bool:
    return len(value) == 1


def _is_boolean(value: str) -> bool:
    return value in {"Y", "N"}


def _is_date(value: str) -> bool:
    if _DATE.fullmatch(value) is None:
        return False
    try:
        date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return False
    return True


def _is_timestamp(value: str) -> bool:
    try:
        parse_utc(value)
    except InvalidTimestamp:
        return False
    return True


def _is_zone_timestamp(value: str) -> bool:
    return _is_date(value[:8]) and value[8:9] == "-" and _ZONE_TIME.fullmatch(value[9:]) is not None


# Numbers have at most 18 digits on either side of the point, so that they fit into 64 bits.
_INTEGER: Final = re.compile("-?[0-9]{1,18}")
_LENGTH: Final = re.compile("[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"-?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})")
_DATE: Final = re.compile("[0-9]{8}")
_TIME: Final = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.(?:[0-9]{3}){1,3})?")
_MONTH: Final = re.compile("[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]|w[1-5])?")
_DAY_OF_MONTH: Final = re.compile("[1-9]|[12][0-9]|3[01]")
_COUNTRY: Final = re.compile("[A-Z]{2}")
_LANGUAGE: Final = re.compile("[a-z]{2}")
_ZONE_TIME: Final = re.compile(
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:\.(?:[0-9]{3}){1,3})?)?(?:Z|[+-][01][0-9](?::[0-5][0-9])?)?"
)

_MULTIPLE: Final = frozenset(("MULTIPLEVALUESTRING", "MULTIPLECHARVALUE", "MULTIPLESTRINGVALUE"))
"""Data types of values that are several, parted by spaces."""

# Currencies are not held to ISO 4217: digital assets have codes of other lengths.
_FORMATS: Final[dict[str, Callable[[str], object]]] = {
    "AMT": _DECIMAL.fullmatch,
    "BOOLEAN": _is_boolean,
    "CHAR": _is_char,
    "COUNTRY": _COUNTRY.fullmatch,
    "CURRENCY": _is_anything,
    "DATA": _is_anything,
    "DAYOFMONTH": _DAY_OF_MONTH.fullmatch,
    "EXCHANGE": _is_anything,
    "FLOAT": _DECIMAL.fullmatch,
    "INT": _INTEGER.fullmatch,
    "LANGUAGE": _LANGUAGE.fullmatch,
    "LENGTH": _LENGTH.fullmatch,
    "LOCALMKTDATE": _is_date,
    "MONTHYEAR": _MONTH.fullmatch,
    "MULTIPLECHARVALUE": _is_anything,
    "MULTIPLESTRINGVALUE": _is_anything,
    "MULTIPLEVALUESTRING": _is_anything,
    "NUMINGROUP": _LENGTH.fullmatch,
    "PERCENTAGE": _DECIMAL.fullmatch,
    "PRICE": _DECIMAL.fullmatch,
    "PRICEOFFSET": _DECIMAL.fullmatch,
    "QTY": _DECIMAL.fullmatch,
    "SEQNUM": _LENGTH.fullmatch,
    "STRING": _is_anything,
    "TZTIMEONLY": _ZONE_TIME.fullmatch,
    "TZTIMESTAMP": _is_zone_timestamp,
    "UTCDATE": _is_date,
    "UTCDATEONLY": _is_date,
    "UTCTIMEONLY": _TIME.fullmatch,
    "UTCTIMESTAMP": _is_timestamp,
    "XMLDATA": _is_anything,
}
