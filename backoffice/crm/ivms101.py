"""Who sends and who receives a transfer of crypto assets, in the words of the interVASP standard (IVMS101.2020).

The Travel Rule (FATF recommendation 16) has these data go with a transfer. Names of fields, in their case, are the
standard's; a text with fields that it does not have, those of its revision of 2023 among them, is refused: the two must
not be mixed. `flaws` checks what the standard's constraints C1 to C12 ask for beyond that.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
from stdnum import lei

from backoffice.crm.countries import is_country
from backoffice.errors import Refused

JSON_BYTES_MAX: Final = 256 * 1024
PERSONS_MAX: Final = 100
_AUTHORITY: Final = re.compile(r"RA[0-9]{6}")

NaturalNameType = Literal["ALIA", "BIRT", "MAID", "LEGL", "MISC"]
LegalNameType = Literal["LEGL", "SHRT", "TRAD"]
AddressType = Literal["HOME", "BIZZ", "GEOG"]
IdentifierType = Literal["ARNU", "CCPT", "RAID", "DRLC", "FIIN", "TXID", "SOCS", "IDCD", "LEIX", "MISC"]
_LEGAL_IDENTIFIERS: Final = frozenset({"RAID", "MISC", "LEIX", "TXID"})


class _Part(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A part of the message."""


class NaturalName(_Part, frozen=True):
    """A name of a person; the primary identifier is the family name."""

    primary_identifier: str
    name_identifier_type: NaturalNameType
    secondary_identifier: str = ""


class NaturalNames(_Part, frozen=True):
    """All names of a person."""

    name_identifier: tuple[NaturalName, ...]
    local_name_identifier: tuple[NaturalName, ...] = ()
    phonetic_name_identifier: tuple[NaturalName, ...] = ()


class LegalName(_Part, frozen=True):
    """A name of a legal entity."""

    legal_person_name: str
    legal_person_name_identifier_type: LegalNameType


class LegalNames(_Part, frozen=True):
    """All names of a legal entity."""

    name_identifier: tuple[LegalName, ...]
    local_name_identifier: tuple[LegalName, ...] = ()
    phonetic_name_identifier: tuple[LegalName, ...] = ()


class GeographicAddress(_Part, frozen=True):
    """Where somebody lives or is registered."""

    address_type: AddressType
    country: str
    department: str = ""
    sub_department: str = ""
    street_name: str = ""
    building_number: str = ""
    building_name: str = ""
    floor: str = ""
    post_box: str = ""
    room: str = ""
    post_code: str = ""
    town_name: str = ""
    town_location_name: str = ""
    district_name: str = ""
    country_sub_division: str = ""
    address_line: tuple[str, ...] = ()


class NationalIdentification(_Part, frozen=True):
    """A number that an authority has given out."""

    national_identifier: str
    national_identifier_type: IdentifierType
    country_of_issue: str = ""
    registration_authority: str = ""


class DateAndPlaceOfBirth(_Part, frozen=True):
    """When and where a person was born."""

    date_of_birth: str
    place_of_birth: str


class NaturalPerson(_Part, frozen=True):
    """A person."""

    name: NaturalNames
    geographic_address: tuple[GeographicAddress, ...] = ()
    national_identification: NationalIdentification | None = None
    customer_identification: str = ""
    date_and_place_of_birth: DateAndPlaceOfBirth | None = None
    country_of_residence: str = ""


class LegalPerson(_Part, frozen=True):
    """A legal entity."""

    name: LegalNames
    geographic_address: tuple[GeographicAddress, ...] = ()
    customer_number: str = ""
    national_identification: NationalIdentification | None = None
    country_of_registration: str = ""


class Person(_Part, frozen=True):
    """One of the two."""

    natural_person: NaturalPerson | None = None
    legal_person: LegalPerson | None = None


class Originator(_Part, frozen=True):
    """Who sends."""

    originator_persons: tuple[Person, ...]
    account_number: tuple[str, ...] = ()


class Beneficiary(_Part, frozen=True):
    """Who receives."""

    beneficiary_persons: tuple[Person, ...]
    account_number: tuple[str, ...] = ()


class OriginatingVasp(_Part, frozen=True):
    """The service that sends for the originator."""

    originating_vasp: Person = msgspec.field(name="originatingVASP")


class BeneficiaryVasp(_Part, frozen=True):
    """The service that receives for the beneficiary."""

    beneficiary_vasp: Person = msgspec.field(name="beneficiaryVASP")


class IdentityPayload(_Part, frozen=True):
    """All of it."""

    originator: Originator
    beneficiary: Beneficiary
    originating_vasp: OriginatingVasp | None = msgspec.field(name="originatingVASP", default=None)
    beneficiary_vasp: BeneficiaryVasp | None = msgspec.field(name="beneficiaryVASP", default=None)


def decode(text: bytes | str) -> IdentityPayload:
    """Return a message. Raise `Refused`, with where, if it is not one of IVMS101.2020, or breaks its constraints."""
    if len(text) > JSON_BYTES_MAX:
        raise Refused(f"IVMS101: larger than {JSON_BYTES_MAX // 1024} KiB")
    try:
        payload = msgspec.json.decode(text, type=IdentityPayload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"IVMS101.2020: {error}") from error
    if found := flaws(payload):
        raise Refused(f"IVMS101.2020: {found[0]}")
    return payload


def encode(payload: IdentityPayload | Person) -> str:
    """Return the JSON that goes to the other side."""
    return msgspec.json.encode(payload).decode()


def decode_person(content: Any) -> Person:  # noqa: ANN401 - what JSON may hold
    """Return a person. Raise `Refused` if it is none, or breaks a constraint of an originator."""
    try:
        person = msgspec.convert(content, Person)
    except msgspec.ValidationError as error:
        raise Refused(f"IVMS101.2020: {error}") from error
    if found := list(flaws_of_person(person, "person", is_originator=True)):
        raise Refused(f"IVMS101.2020: {found[0]}")
    return person


def decode_person_text(text: bytes | str) -> Person:
    """Return a person from JSON. Raise `Refused` as `decode_person` does."""
    if len(text) > JSON_BYTES_MAX:
        raise Refused(f"IVMS101: larger than {JSON_BYTES_MAX // 1024} KiB")
    try:
        return decode_person(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"IVMS101.2020: {error}") from error


def flaws(payload: IdentityPayload, today: dt.date | None = None) -> list[str]:
    """Return what breaks the standard's constraints, each with its place in the message."""
    found: list[str] = []
    for what, persons, is_originator in (
        ("originator", payload.originator.originator_persons, True),
        ("beneficiary", payload.beneficiary.beneficiary_persons, False),
    ):
        if not persons:
            found.append(f"{what}: names nobody")
        if len(persons) > PERSONS_MAX:
            found.append(f"{what}: names more than {PERSONS_MAX}")
        for number, person in enumerate(persons[:PERSONS_MAX]):
            found += flaws_of_person(person, f"{what}[{number}]", is_originator=is_originator, today=today)
    vasps = []
    if payload.originating_vasp is not None:
        vasps.append(("originatingVASP", payload.originating_vasp.originating_vasp))
    if payload.beneficiary_vasp is not None:
        vasps.append(("beneficiaryVASP", payload.beneficiary_vasp.beneficiary_vasp))
    for what, person in vasps:
        if person.legal_person is None:
            found.append(f"{what}: is no legal entity")
        found += flaws_of_person(person, what, is_originator=False, today=today)
    return found


def flaws_of_person(person: Person, where: str, *, is_originator: bool, today: dt.date | None = None) -> Iterator[str]:
    """Yield what breaks the constraints in one person."""
    natural, legal = person.natural_person, person.legal_person
    if (natural is None) == (legal is None):
        yield f"{where}: must be a naturalPerson or a legalPerson, and not both"
        return
    if natural is not None:
        yield from _flaws_of_natural(natural, where, today, is_originator=is_originator)
    if legal is not None:
        yield from _flaws_of_legal(legal, where, is_originator=is_originator)


def _flaws_of_natural(
    person: NaturalPerson, where: str, today: dt.date | None, *, is_originator: bool
) -> Iterator[str]:
    names = person.name.name_identifier
    if not any(name.name_identifier_type == "LEGL" and name.primary_identifier.strip() for name in names):
        yield f"{where}: has no legal name (C6)"
    birth = person.date_and_place_of_birth
    identified = (person.geographic_address, person.customer_identification, person.national_identification, birth)
    if is_originator and not any(identified):
        yield f"{where}: needs an address, a customer identification, a national identification or a birth (C1)"
    if birth is not None:
        yield from _flaws_of_birth(birth, where, today)
    if person.country_of_residence and not is_country(person.country_of_residence):
        yield f"{where}: countryOfResidence is no country (C3)"
    if person.national_identification is not None:
        yield from _flaws_of_identification(person.national_identification, where)
    for address in person.geographic_address:
        yield from _flaws_of_address(address, where)


def _flaws_of_legal(person: LegalPerson, where: str, *, is_originator: bool) -> Iterator[str]:
    names = person.name.name_identifier
    if not any(name.legal_person_name_identifier_type == "LEGL" and name.legal_person_name.strip() for name in names):
        yield f"{where}: has no legal name (C5)"
    identification = person.national_identification
    if is_originator and not any((person.geographic_address, person.customer_number, identification)):
        yield f"{where}: needs an address, a customer number or a national identification (C4)"
    if person.country_of_registration and not is_country(person.country_of_registration):
        yield f"{where}: countryOfRegistration is no country (C3)"
    if identification is not None:
        kind = identification.national_identifier_type
        if kind not in _LEGAL_IDENTIFIERS:
            yield f"{where}: a legal entity has no identifier of type {kind} (C7)"
        if (kind == "LEIX") == bool(identification.registration_authority):
            yield f"{where}: a registrationAuthority goes with every identifier but an LEI (C9)"
        if identification.country_of_issue:
            yield f"{where}: an identifier of a legal entity has no countryOfIssue (C9)"
        yield from _flaws_of_identification(identification, where)
    for address in person.geographic_address:
        yield from _flaws_of_address(address, where)


def _flaws_of_birth(birth: DateAndPlaceOfBirth, where: str, today: dt.date | None) -> Iterator[str]:
    try:
        date = dt.date.fromisoformat(birth.date_of_birth)
    except ValueError:
        yield f"{where}: dateOfBirth {birth.date_of_birth[:20]!r} is no date; write 1990-01-31"
        return
    if today is not None and date >= today:
        yield f"{where}: dateOfBirth is not in the past (C2)"
    if not birth.place_of_birth.strip():
        yield f"{where}: placeOfBirth is empty"


def _flaws_of_identification(identification: NationalIdentification, where: str) -> Iterator[str]:
    number, authority = identification.national_identifier, identification.registration_authority
    if not number.strip():
        yield f"{where}: nationalIdentifier is empty"
    if identification.national_identifier_type == "LEIX" and not lei.is_valid(number):
        yield f"{where}: {number[:40]!r} is no LEI (C11)"
    if authority and not _AUTHORITY.fullmatch(authority):
        yield f"{where}: registrationAuthority {authority[:40]!r} is not RA and six digits (C10)"
    if identification.country_of_issue and not is_country(identification.country_of_issue):
        yield f"{where}: countryOfIssue is no country (C3)"


def _flaws_of_address(address: GeographicAddress, where: str) -> Iterator[str]:
    if not is_country(address.country):
        yield f"{where}: the address's country {address.country[:20]!r} is no country (C3)"
    if not (address.address_line or (address.street_name and (address.building_name or address.building_number))):
        yield f"{where}: an address needs lines, or a street and a building (C8)"
