"""Countries by their codes of two letters (ISO 3166-1), and what others call them."""

from functools import lru_cache
from typing import Final

import pycountry

from backoffice.errors import Refused

_ALSO_CALLED: Final = {
    "BURMA": "MM",
    "CONGO, DEMOCRATIC REPUBLIC OF THE": "CD",
    "CONGO, REPUBLIC OF THE": "CG",
    "COTE D IVOIRE": "CI",
    "DEMOCRATIC REPUBLIC OF THE CONGO": "CD",
    "IVORY COAST": "CI",
    "KOREA, NORTH": "KP",
    "KOREA, SOUTH": "KR",
    "LAOS": "LA",
    "MACAU": "MO",
    "NORTH KOREA": "KP",
    "PALESTINIAN": "PS",
    "RUSSIA": "RU",
    "SOUTH KOREA": "KR",
    "SYRIA": "SY",
    "THE GAMBIA": "GM",
    "TURKEY": "TR",
    "UNITED STATES OF AMERICA": "US",
    "WEST BANK": "PS",
}
"""Names that lists use and the standard does not."""


def is_country(code: str) -> bool:
    """Return whether a code is one of the standard's."""
    return len(code) == 2 and code.isascii() and code.isupper() and _by_code(code) is not None


def check_country(code: str) -> str:
    """Return the code. Raise `Refused` if it is not one of the standard's."""
    if not is_country(code):
        raise Refused(f"country {code[:40]!r}: not a code of ISO 3166-1; write two capitals, as CH")
    return code


@lru_cache(maxsize=2048)
def country_named(text: str) -> str:
    """Return the code of a country by name or code, or an empty text if nobody calls one so."""
    name = " ".join(text.split()).upper()
    if name in _ALSO_CALLED:
        return _ALSO_CALLED[name]
    if is_country(name):
        return name
    try:
        return str(pycountry.countries.lookup(name).alpha_2)
    except LookupError:
        # As the UN has it: Iran (Islamic Republic of).
        short, bracket, _ = name.partition(" (")
        return country_named(short) if bracket else ""


@lru_cache(maxsize=2048)
def _by_code(code: str) -> object:
    return pycountry.countries.get(alpha_2=code)
