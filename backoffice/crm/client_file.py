"""A whole client file as one value: what is imported and exported as JSON, and compared from one review to the next.

`check` looks at it as a whole: identifiers, countries, addresses, who owns whom. Every change to a client ends with it,
so that no file that could not be imported ever stands in the database.
"""

import datetime as dt
import re
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec

from backoffice.crm.countries import check_country
from backoffice.crm.documents import DocumentKind
from backoffice.crm.identity import (
    TEXT_CHARS_MAX,
    Address,
    EntityType,
    check_address,
    check_lei,
    check_text,
    check_text_if_any,
)
from backoffice.crm.ownership import Holding, Structure, parse_percent, structure_of
from backoffice.errors import Refused

FILE_BYTES_MAX: Final = 4 * 1024 * 1024
PARTIES_MAX: Final = 500
DOCUMENTS_MAX: Final = 2_000
THE_CLIENT: Final = "client"
"""What a holding, or a document, of the client itself is said to be of."""
_FIRM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,31}")
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class Role(StrEnum):
    """What somebody is to a client."""

    OWNER = "owner"
    DIRECTOR = "director"
    SIGNATORY = "signatory"
    REPRESENTATIVE = "representative"
    CONTROLLER = "controller"
    """Who has the say without owning: a trustee, a protector, a chief executive."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the file."""


class HoldingGiven(_Part, frozen=True):
    """What a party has of the client, or of another party, in per cent."""

    share: str
    of: str = THE_CLIENT
    votes: str = ""
    """As the share if nothing is said."""


class PartyGiven(_Part, frozen=True):
    """Somebody who has to do with the client. `id` names them within the file."""

    id: str
    kind: Literal["person", "entity"]
    name: str
    roles: tuple[Role, ...] = ()
    born: dt.date | None = None
    birth_place: str = ""
    countries: tuple[str, ...] = ()
    address: Address | None = None
    is_exposed: bool = False
    lei: str = ""
    holdings: tuple[HoldingGiven, ...] = ()


class DocumentGiven(_Part, frozen=True):
    """A document, by the hash of its bytes."""

    kind: DocumentKind
    name: str
    hash: Sha256
    issued: dt.date
    expires: dt.date | None = None
    of: str = THE_CLIENT
    id: str = ""


class TaxId(_Part, frozen=True):
    """A number with a tax authority."""

    country: str
    number: str


class Licence(_Part, frozen=True):
    """What a supervisor lets the client do."""

    regulator: str
    number: str
    country: str
    expires: dt.date | None = None


class ContactGiven(_Part, frozen=True):
    """Whom to call."""

    purpose: str
    name: str
    email: str = ""
    phone: str = ""
    id: str = ""


class AgreementGiven(_Part, frozen=True):
    """What was agreed."""

    kind: str
    version: str
    signed: dt.date | None = None
    hash: Sha256 | None = None


class ClientFile(_Part, frozen=True):
    """All that is known of a client by its own word."""

    name: str
    entity_type: EntityType
    jurisdiction: str
    trading_name: str = ""
    legal_form: str = ""
    registration: str = ""
    lei: str = ""
    industry: str = ""
    volume: str = ""
    firm: str = ""
    addresses: dict[str, Address] = {}
    tax_ids: tuple[TaxId, ...] = ()
    licences: tuple[Licence, ...] = ()
    parties: tuple[PartyGiven, ...] = ()
    documents: tuple[DocumentGiven, ...] = ()
    contacts: tuple[ContactGiven, ...] = ()
    agreements: tuple[AgreementGiven, ...] = ()


class Change(msgspec.Struct, frozen=True):
    """One thing that is not as it was."""

    where: str
    before: Any
    after: Any


def decode(text: bytes | str) -> ClientFile:
    """Return a file. Raise `Refused`, with where, if it is not one, or not a sound one."""
    if len(text) > FILE_BYTES_MAX:
        raise Refused(f"client file: larger than {FILE_BYTES_MAX // 1024**2} MiB")
    try:
        file = msgspec.json.decode(text, type=ClientFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"client file: {error}") from error
    return check(file)


def encode(file: ClientFile) -> bytes:
    """Return the JSON of a file, for people to read."""
    return msgspec.json.format(msgspec.json.encode(file)) + b"\n"


def check(file: ClientFile) -> ClientFile:
    """Return the file, its texts trimmed and its LEI in capitals. Raise `Refused` if anything in it cannot be."""
    for what, text, chars_max in (
        *(("trading name", file.trading_name, TEXT_CHARS_MAX), ("legal form", file.legal_form, TEXT_CHARS_MAX)),
        *(("registration", file.registration, TEXT_CHARS_MAX), ("industry", file.industry, 64)),
        ("volume", file.volume, 64),
    ):
        check_text_if_any(what, text, chars_max)
    for kind, address in file.addresses.items():
        check_word("address", kind)
        check_address(address)
    for tax_id in file.tax_ids:
        check_country(tax_id.country)
        check_text("tax id", tax_id.number, 64)
    for licence in file.licences:
        check_country(licence.country)
        check_text("regulator", licence.regulator, 64)
        check_text("licence", licence.number, 64)
    _check_parties(file)
    _check_documents(file)
    for contact in file.contacts:
        check_word("purpose of a contact", contact.purpose)
        check_text("name of a contact", contact.name)
        if contact.email and ("@" not in contact.email or not contact.email.isprintable()):
            raise Refused(f"contact {contact.name}: {contact.email[:40]!r} is no address of e-mail")
        check_text_if_any(f"e-mail of {contact.name}", contact.email, 254)
        check_text_if_any(f"phone of {contact.name}", contact.phone, 64)
    for agreement in file.agreements:
        check_word("agreement", agreement.kind)
        check_text("version of an agreement", agreement.version, 32)
    _check_once("tax id", [(each.country, each.number) for each in file.tax_ids])
    _check_once("licence", [(each.regulator, each.number) for each in file.licences])
    _check_once("agreement", [(each.kind, each.version) for each in file.agreements])
    if file.firm and not _FIRM.fullmatch(file.firm):
        raise Refused(f"firm {file.firm[:40]!r}: use letters, digits, and . _ / - between them, 32 at most")
    structure(file)
    return msgspec.structs.replace(
        file,
        name=check_text("name", file.name),
        jurisdiction=check_country(file.jurisdiction),
        lei=check_lei(file.lei) if file.lei else "",
    )


def check_days(file: ClientFile, today: dt.date) -> None:
    """Raise `Refused` if anything in a file is said to have happened after today."""
    for what, day in (
        *((f"{party.id}: born", party.born) for party in file.parties),
        *((f"document {document.name[:40]!r}: issued", document.issued) for document in file.documents),
        *((f"agreement {each.kind} {each.version}: signed", each.signed) for each in file.agreements),
    ):
        if day is not None and day > today:
            raise Refused(f"{what} on {day}, which is still to come")


def structure(file: ClientFile) -> Structure:
    """Return who owns the client. Raise `Refused` if that cannot be."""
    holdings = [
        Holding(party.id, each.of, parse_percent(each.share), parse_percent(each.votes or each.share))
        for party in file.parties
        for each in party.holdings
    ]
    return structure_of(THE_CLIENT, holdings, (party.id for party in file.parties if party.kind == "person"))


def differences(before: ClientFile, after: ClientFile) -> list[Change]:
    """Return what is not as it was, by place."""
    old, new = _flat(msgspec.to_builtins(before)), _flat(msgspec.to_builtins(after))
    return [
        Change(where, old.get(where), new.get(where))
        for where in sorted(old.keys() | new.keys())
        if old.get(where) != new.get(where)
    ]


def check_word(what: str, word: str) -> str:
    """Return a word of the house's own. Raise `Refused` if it is none."""
    if not _WORD.fullmatch(word):
        raise Refused(f"{what} {word[:40]!r}: use small letters, digits, dots and hyphens, 32 at most")
    return word


def check_hash(text: str) -> str:
    """Return a SHA-256 in small letters. Raise `Refused` if it is none."""
    if not _HASH.fullmatch(text.lower()):
        raise Refused(f"hash {text[:40]!r}: a SHA-256 has 64 hexadecimal digits")
    return text.lower()


def _check_parties(file: ClientFile) -> None:
    if len(file.parties) > PARTIES_MAX:
        raise Refused(f"more than {PARTIES_MAX} parties")
    _check_once("party", [party.id for party in file.parties])
    known = {THE_CLIENT, *(party.id for party in file.parties)}
    for party in file.parties:
        if not party.id or party.id == THE_CLIENT:
            raise Refused(f"party {party.name[:40]!r}: needs an id of its own")
        check_text(f"name of {party.id}", party.name)
        check_text_if_any(f"birth place of {party.id}", party.birth_place)
        for country in party.countries:
            check_country(country)
        if party.address is not None:
            check_address(party.address)
        if party.lei:
            check_lei(party.lei)
        if party.kind == "entity" and (party.born is not None or party.is_exposed):
            raise Refused(f"party {party.id}: an entity is neither born nor politically exposed")
        for holding in party.holdings:
            if holding.of not in known:
                raise Refused(f"party {party.id}: owns {holding.of[:40]!r}, which is not in the file")


def _check_documents(file: ClientFile) -> None:
    if len(file.documents) > DOCUMENTS_MAX:
        raise Refused(f"more than {DOCUMENTS_MAX:,} documents")
    known = {THE_CLIENT, *(party.id for party in file.parties)}
    for document in file.documents:
        check_text("name of a document", document.name, 500)
        if document.of not in known:
            raise Refused(f"document {document.name[:40]!r}: is of {document.of[:40]!r}, which is not in the file")
        if document.expires is not None and document.expires < document.issued:
            raise Refused(f"document {document.name[:40]!r}: expires before it is issued")


def _check_once(what: str, names: list[Any]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise Refused(f"{what} {name} stands twice")
        seen.add(name)


def _flat(value: Any, where: str = "") -> dict[str, Any]:  # noqa: ANN401 - what JSON may hold
    """Return what stands at each place; things of a list are known by their ids where they have some."""
    if isinstance(value, dict):
        pairs = [(str(name), each) for name, each in value.items()]
    elif isinstance(value, list | tuple) and any(isinstance(each, dict) for each in value):
        pairs = [(_name_of(each), each) for each in value]
    else:
        return {where: value}
    flat: dict[str, Any] = {}
    for name, each in pairs:
        flat |= _flat(each, f"{where}.{name}" if where else name)
    return flat


def _name_of(thing: Any) -> str:  # noqa: ANN401 - what JSON may hold
    names = ("id",) if thing.get("id") else ("purpose", "of", "kind", "version", "regulator", "country", "number")
    return "/".join(str(thing[name]) for name in names if thing.get(name)) or THE_CLIENT
