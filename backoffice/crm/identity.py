"""What identifies a legal entity: what kind it is, its LEI, its address in the form that payments need.

An address is structured as in ISO 20022 (PostalAddress24): since November 2026 payments with free address lines alone
are returned. An LEI (ISO 17442) carries two check digits (ISO 7064, mod 97-10).
"""

from enum import StrEnum
from typing import Final

import msgspec
from stdnum import lei
from stdnum.exceptions import InvalidLength, ValidationError

from backoffice.crm.countries import is_country
from backoffice.errors import Refused

TEXT_CHARS_MAX: Final = 140
"""The longest name that ISO 20022 carries, and the longest line of anything that we keep of a client."""
_LEI_CHARS: Final = 20
_ADDRESS_CHARS_MAX: Final = {
    "street": 70,
    "building": 16,
    "building_name": 35,
    "floor": 70,
    "room": 70,
    "post_box": 16,
    "post_code": 16,
    "town": 35,
    "subdivision": 35,
}


class EntityType(StrEnum):
    """What a client is; what documents it owes follows from it."""

    COMPANY = "company"
    LISTED_COMPANY = "listed-company"
    PARTNERSHIP = "partnership"
    TRUST = "trust"
    FOUNDATION = "foundation"
    FUND = "fund"
    REGULATED = "regulated"
    """A bank, a broker or another firm under supervision."""
    MONEY_SERVICE = "money-service"
    """It moves or exchanges money for others."""
    GOVERNMENT = "government"


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where somebody is, in the fields of ISO 20022."""

    country: str
    town: str
    street: str = ""
    building: str = ""
    building_name: str = ""
    floor: str = ""
    room: str = ""
    post_box: str = ""
    post_code: str = ""
    subdivision: str = ""

    def line(self) -> str:
        """Return the address in one line, for people."""
        street = " ".join(part for part in (self.street, self.building) if part)
        town = " ".join(part for part in (self.post_code, self.town) if part)
        parts = (self.room, self.floor, self.building_name, street, self.post_box, town, self.subdivision, self.country)
        return ", ".join(part for part in parts if part)


def check_lei(text: str) -> str:
    """Return an LEI in capitals, without blanks. Raise `Refused` if it cannot be one."""
    try:
        if len(lei.compact(text)) != _LEI_CHARS:
            raise InvalidLength
        return str(lei.validate(text))
    except ValidationError as error:
        raise Refused(f"LEI {text[:40]!r}: {_FLAWS.get(type(error).__name__, 'is not one')}") from error


_FLAWS: Final = {
    "InvalidLength": "has not 20 characters",
    "InvalidFormat": "has characters that no LEI has; only letters and digits",
    "InvalidChecksum": "its check digits are wrong; look for a mistyped or swapped character",
}


def check_address(address: Address) -> Address:
    """Return the address. Raise `Refused` if a payment could not carry it."""
    if not is_country(address.country):
        raise Refused(f"address: country {address.country[:40]!r} is not a code of ISO 3166-1; write two capitals")
    if not address.town:
        raise Refused("address: has no town, which a structured address must")
    if not (address.street or address.building_name or address.post_box):
        raise Refused("address: name a street, a building or a post box")
    for field, chars_max in _ADDRESS_CHARS_MAX.items():
        text = getattr(address, field)
        if len(text) > chars_max:
            raise Refused(f"address: {field} is longer than the {chars_max} characters that a payment carries")
        if not text.isprintable():
            raise Refused(f"address: {field} has characters that cannot be printed")
    return address


def check_text(what: str, text: str, chars_max: int = TEXT_CHARS_MAX) -> str:
    """Return a text, blanks trimmed. Raise `Refused` if it is empty, too long, or has control characters."""
    trimmed = text.strip()
    if not trimmed:
        raise Refused(f"{what}: is empty")
    if len(trimmed) > chars_max:
        raise Refused(f"{what}: is longer than {chars_max} characters")
    if not trimmed.isprintable():
        raise Refused(f"{what}: has characters that cannot be printed")
    return trimmed


def check_text_if_any(what: str, text: str, chars_max: int = TEXT_CHARS_MAX) -> None:
    """Raise `Refused` for a text that may be left out, unless it is empty or `check_text` would have it."""
    if text:
        check_text(what, text, chars_max)
