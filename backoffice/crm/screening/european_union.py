"""The consolidated list of the European Union's financial sanctions: the full XML file (1.1), `export` outermost."""

from pathlib import Path
from typing import Final

from backoffice.crm.countries import country_named
from backoffice.crm.screening.dates import about, birth_of, year_month_day
from backoffice.crm.screening.entry import Birth, Entry, Kind
from backoffice.crm.screening.xml_reading import Element, elements

ROOT: Final = "export"
_KINDS: Final = {"P": Kind.PERSON, "E": Kind.ENTITY}
_PLACES: Final = ("citizenship", "address")


def read(path: Path) -> list[Entry]:
    """Return all entries. Raise `Refused` if it is no such file."""
    return [_entry(element) for element in elements(path, frozenset({"sanctionEntity"}))]


def _entry(element: Element) -> Entry:
    number = element.attribute("logicalId")
    if not number:
        raise element.refused("sanctionEntity has no logicalId")
    code = next((each.attribute("classificationCode") for each in element.all("subjectType")), "")
    kind = _KINDS.get(code)
    if kind is None:
        raise element.refused(f"sanctionEntity {number}: classificationCode {code[:40]!r} is none that is known")
    aliases = [(each.attribute("strong") == "false", _name(each)) for each in element.all("nameAlias")]
    names = tuple(dict.fromkeys(name for is_weak, name in aliases if name and not is_weak))
    weak = tuple(dict.fromkeys(name for is_weak, name in aliases if name and is_weak))
    if not names and not weak:
        raise element.refused(f"sanctionEntity {number} has no name")
    births = (_birth(each) for each in element.all("birthdate"))
    places = (each.attribute("countryIso2Code") for place in _PLACES for each in element.all(place))
    programs = (each.attribute("programme") for each in element.all("regulation"))
    return Entry(
        number,
        kind,
        names,
        weak,
        tuple(dict.fromkeys(birth for birth in births if birth is not None)),
        tuple(dict.fromkeys(code for place in places if (code := country_named(place)))),
        tuple(dict.fromkeys(program for program in programs if program)),
    )


def _name(element: Element) -> str:
    whole = element.attribute("wholeName")
    parts = (element.attribute(part) for part in ("firstName", "middleName", "lastName"))
    return whole or " ".join(part for part in parts if part)


def _birth(element: Element) -> Birth | None:
    date = element.attribute("birthdate")
    if date:
        birth = birth_of(date)
    elif element.attribute("yearRangeFrom") and element.attribute("yearRangeTo"):
        birth = birth_of(f"{element.attribute('yearRangeFrom')} to {element.attribute('yearRangeTo')}")
    else:
        birth = year_month_day(
            element.attribute("year"), element.attribute("monthOfYear"), element.attribute("dayOfMonth")
        )
    return about(birth) if birth is not None and element.attribute("circa") == "true" else birth
