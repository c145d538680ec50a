"""Reads the venue's settings, a TOML file, and checks them as a whole before anything starts.

Prices, quantities and amounts are decimal texts in the file and integers from here on. Every error is a
`SettingsError` of one line that says where in the file, what, and what to do.
"""

import tomllib
from pathlib import Path
from typing import Final, get_args

import msgspec

from config.back_office import Currency, Environment, Rail
from config.checking import check
from config.errors import SettingsError
from config.market import AssetKind
from config.network import ClientCertificates, Lane, TlsVersion
from config.sessions import CancelOnDisconnect, Role, Version
from config.settings import Settings, Sync
from config.texts import (
    ADDRESS_PATTERN,
    ARGON2ID_PATTERN,
    CENTS_PATTERN,
    COMP_ID_PATTERN,
    COUNTRY_PATTERN,
    DECIMAL_PATTERN,
    NAME_PATTERN,
    PRICE_PATTERN,
    TIME_OF_DAY_PATTERN,
)


def load(path: Path) -> Settings:
    """Read and check a settings file. Raise `SettingsError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such file; name the venue's settings, a TOML file") from error
    except IsADirectoryError as error:
        raise SettingsError(f"{path}: is a directory; name the TOML file in it") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not TOML: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse(text, str(path))


def parse(text: str, origin: str) -> Settings:
    """Check settings given as TOML text; `origin` names them in errors. Raise `SettingsError`."""
    try:
        settings = msgspec.convert(_tables(text, origin), Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{origin}: {_in_words(error)}") from error
    check(settings, origin)
    return settings


def _tables(text: str, origin: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise SettingsError(f"{origin}: not TOML: nested too deeply") from error
    except ValueError as error:  # tomllib's own error, or a number of thousands of digits
        raise SettingsError(f"{origin}: not TOML: {error}") from error


_WORDS: Final = (
    (f"`str` matching regex {NAME_PATTERN!r}", "a name of 1 to 32 letters, digits and . _ / -, no sign first"),
    (f"`str` matching regex {COMP_ID_PATTERN!r}", "a name of 1 to 32 letters, digits and . _ -, no sign first"),
    (f"`str` matching regex {DECIMAL_PATTERN!r}", 'a decimal text such as "0.01", without a sign'),
    (f"`str` matching regex {PRICE_PATTERN!r}", 'a price of at most 10 digits and 8 decimals, such as "67000.5"'),
    (f"`str` matching regex {CENTS_PATTERN!r}", 'an amount to the cent, such as "1000" or "999.99"'),
    (f"`str` matching regex {COUNTRY_PATTERN!r}", "a country's code of two capital letters"),
    (f"`str` matching regex {ARGON2ID_PATTERN!r}", "an argon2id hash ($argon2id$...), never the password itself"),
    (f"`str` matching regex {ADDRESS_PATTERN!r}", 'a host and a port, such as "venue.example:9880"'),
    (f"`str` matching regex {TIME_OF_DAY_PATTERN!r}", "a time of day, HH:MM"),
    ("`str`", "text in quotes"),
    ("`int`", "a whole number"),
    ("`float`", "a number with a point"),
    ("`bool`", "true or false"),
    ("`array` of length >= 1", "a list with something in it"),
    ("`array`", "a list"),
    ("`object`", "a table"),
    ("Object missing required field", "missing:"),
    ("Object contains unknown field", "unknown setting"),
    ("Invalid enum value", "unknown value"),
    ("Expected ", "must be "),
    (", got ", ", not "),
)

_CHOICES: Final[dict[str, object]] = {
    "sync": Sync,
    "cancel_on_disconnect": CancelOnDisconnect,
    "lane": Lane,
    "role": Role,
    "version": Version,
    "minimum_version": TlsVersion,
    "client_certificates": ClientCertificates,
    "rail": Rail,
    "environment": Environment,
    "kind": AssetKind,
    "currency": Currency,
}


def _in_words(error: msgspec.ValidationError) -> str:
    """Return where and what, in the words of the file rather than of the library."""
    what, _, path = str(error).partition(" - at ")
    where = path.removeprefix("`key` in ").strip("`").lstrip("$.")
    for theirs, ours in _WORDS:
        what = what.replace(theirs, ours)
    choices = get_args(_CHOICES.get(where.rpartition(".")[2]))
    if choices and "unknown value" in what:
        what += f" (choose from: {', '.join(choices)})"
    return f"{where}: {what}" if where else what
