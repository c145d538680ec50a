"""The consolidated list of the United Nations Security Council: `consolidated.xml` with CONSOLIDATED_LIST outermost."""

from pathlib import Path
from typing import Final

from backoffice.crm.countries import country_named
from backoffice.crm.screening.dates import about, birth_of, year_month_day
from backoffice.crm.screening.entry import Birth, Entry, Kind
from backoffice.crm.screening.xml_reading import Element, elements

ROOT: Final = "CONSOLIDATED_LIST"
_KINDS: Final = {"INDIVIDUAL": Kind.PERSON, "ENTITY": Kind.ENTITY}
_NAME_PARTS: Final = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
_WEAK_QUALITIES: Final = frozenset({"low"})


def read(path: Path) -> list[Entry]:
    """Return all entries. Raise `Refused` if it is no such file."""
    return [_entry(element) for element in elements(path, frozenset(_KINDS))]


def _entry(element: Element) -> Entry:
    kind = element.name
    element.needed("FIRST_NAME")
    aliases = [(each.text("QUALITY").lower(), each.text("ALIAS_NAME")) for each in element.all(f"{kind}_ALIAS")]
    names = [" ".join(part for part in (element.text(part) for part in _NAME_PARTS) if part)]
    names += [element.text("NAME_ORIGINAL_SCRIPT")]
    names += [name for quality, name in aliases if quality not in _WEAK_QUALITIES]
    births = (_birth(each) for each in element.all(f"{kind}_DATE_OF_BIRTH"))
    countries = [each.own_text() for each in element.all("NATIONALITY/VALUE")]
    countries += [each.own_text() for each in element.all(f"{kind}_ADDRESS/COUNTRY")]
    return Entry(
        element.needed("DATAID"),
        _KINDS[kind],
        tuple(dict.fromkeys(name for name in names if name)),
        tuple(name for quality, name in aliases if quality in _WEAK_QUALITIES and name),
        tuple(dict.fromkeys(birth for birth in births if birth is not None)),
        tuple(dict.fromkeys(code for name in countries if (code := country_named(name)))),
        tuple(text for text in (element.text("UN_LIST_TYPE"), element.text("REFERENCE_NUMBER")) if text),
    )


def _birth(element: Element) -> Birth | None:
    kind = element.text("TYPE_OF_DATE").upper()
    if kind == "BETWEEN":
        return birth_of(f"{element.text('FROM_YEAR')} to {element.text('TO_YEAR')}")
    # A date may come with a time and a zone behind it.
    date = element.text("DATE")[:10]
    birth = birth_of(date) if date else year_month_day(element.text("YEAR"), "", "")
    return about(birth) if birth is not None and kind == "APPROXIMATELY" else birth
