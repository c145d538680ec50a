"""The list of Specially Designated Nationals of the Office of Foreign Assets Control (US Treasury): `sdn.xml`.

The consolidated list (`consolidated.xml`) has the same form. Source: OFAC, "SDN data specification".
"""

from pathlib import Path
from typing import Final

from backoffice.crm.countries import country_named
from backoffice.crm.screening.dates import birth_of
from backoffice.crm.screening.entry import Birth, Entry, Kind
from backoffice.crm.screening.xml_reading import Element, elements
from backoffice.errors import Refused

ROOT: Final = "sdnList"
_KINDS: Final = {
    "individual": Kind.PERSON,
    "entity": Kind.ENTITY,
    "vessel": Kind.VESSEL,
    "aircraft": Kind.AIRCRAFT,
}
_COUNTRIES: Final = ("nationalityList/nationality/country", "citizenshipList/citizenship/country")


def read(path: Path) -> list[Entry]:
    """Return all entries. Raise `Refused` if it is no such file, or has fewer entries than it says."""
    entries: list[Entry] = []
    announced = ""
    for element in elements(path, frozenset({"publshInformation", "sdnEntry"})):
        if element.name == "publshInformation":
            announced = element.text("Record_Count")
        else:
            entries.append(_entry(element))
    if announced.isdigit() and int(announced) != len(entries):
        raise Refused(f"{path}: says that it has {announced} entries, and has {len(entries)}; fetch it again")
    return entries


def _entry(element: Element) -> Entry:
    kind = _KINDS.get(element.needed("sdnType").lower())
    if kind is None:
        raise element.refused(f"sdnType {element.text('sdnType')[:40]!r} is none that is known")
    aliases = [(each.text("category"), _name(each)) for each in element.all("akaList/aka")]
    births = (birth_of(each.text("dateOfBirth")) for each in element.all("dateOfBirthList/dateOfBirthItem"))
    return Entry(
        element.needed("uid"),
        kind,
        (_name(element), *(name for category, name in aliases if category.lower() != "weak")),
        tuple(name for category, name in aliases if category.lower() == "weak"),
        tuple(dict.fromkeys(birth for birth in births if isinstance(birth, Birth))),
        _countries(element),
        tuple(program.own_text() for program in element.all("programList/program")),
    )


def _name(element: Element) -> str:
    first, last = element.text("firstName"), element.needed("lastName")
    return f"{last}, {first}" if first else last


def _countries(element: Element) -> tuple[str, ...]:
    named = [country.own_text() for path in _COUNTRIES for country in element.all(path)]
    named += [country.own_text() for country in element.all("addressList/address/country")]
    return tuple(dict.fromkeys(code for name in named if (code := country_named(name))))
