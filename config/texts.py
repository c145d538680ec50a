"""The kinds of text that settings hold, each by its pattern, so that what is wrong is found where it stands."""

from typing import Annotated, Final

import msgspec

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$"
COMP_ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
DECIMAL_PATTERN: Final = r"^[0-9]{1,18}(\.[0-9]{1,18})?$"
PRICE_DECIMALS_MAX: Final = 8
PRICE_PATTERN: Final = r"^[0-9]{1,10}(\.[0-9]{1,8})?$"
CENTS_PATTERN: Final = r"^[0-9]{1,12}(\.[0-9]{1,2})?$"
COUNTRY_PATTERN: Final = r"^[A-Z]{2}$"
ARGON2ID_PATTERN: Final = r"^\$argon2id\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$"
ADDRESS_PATTERN: Final = r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$"
TIME_OF_DAY_PATTERN: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"

Name = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]
"""Account, asset and instrument names: short, printable, safe in FIX."""

CompId = Annotated[str, msgspec.Meta(pattern=COMP_ID_PATTERN)]
"""The same without `/`: safe in file names too."""

DecimalText = Annotated[str, msgspec.Meta(pattern=DECIMAL_PATTERN)]

PriceText = Annotated[str, msgspec.Meta(pattern=PRICE_PATTERN)]
"""What something is worth: fine and large enough for any asset, and 64 bits hold it."""

CentsText = Annotated[str, msgspec.Meta(pattern=CENTS_PATTERN)]
"""Money, to the cent."""

Country = Annotated[str, msgspec.Meta(pattern=COUNTRY_PATTERN)]
"""A code of ISO 3166-1."""

Address = Annotated[str, msgspec.Meta(pattern=ADDRESS_PATTERN)]
"""Host and port; an IPv6 address in brackets."""

PasswordHash = Annotated[str, msgspec.Meta(pattern=ARGON2ID_PATTERN)]


def host_and_port(address: str) -> tuple[str, int]:
    """Return the two parts of an `Address`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
