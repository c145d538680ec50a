"""The venue's settings: one struct for each table of the TOML file (`reading`), those of a kind in a file."""

from typing import Annotated, Literal

import msgspec

from config.back_office import BackOffice
from config.market import Asset, Instrument
from config.network import Fix, MarketData, Remote, Served
from config.owners import Account, Firm
from config.sessions import Session
from config.texts import TIME_OF_DAY_PATTERN

Sync = Literal["always", "relaxed"]


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How durable a record is before anything is said about it."""

    sync: Sync = "always"
    """`always`: on disk (fdatasync). `relaxed`: with the operating system; a power cut may lose the last second."""
    segment_mib: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 64
    snapshot_every_records: Annotated[int, msgspec.Meta(ge=1_000)] = 1_000_000


class Venue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules of the whole venue."""

    trading_day_ends: Annotated[str, msgspec.Meta(pattern=TIME_OF_DAY_PATTERN)] = "00:00"
    """UTC. DAY orders expire then."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings. `assets`, `instruments`, `accounts`, `sessions` seed an empty journal; later starts add to it."""

    fix: Fix
    data: str = "data"
    """Directory of the venue's files, relative to where the venue is started."""
    venue: Venue = Venue()
    journal: Journal = Journal()
    back_office: BackOffice = BackOffice(runs=False)
    market_data: MarketData | None = None
    """Without this table there is no market data."""
    feed: Served | None = None
    """The feed for other hosts; without this table it is for this one only,"""
    control: Served | None = None
    """and so is control."""
    remote: Remote | None = None
    """Without this table the venue is in the data directory."""
    assets: tuple[Asset, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    firms: tuple[Firm, ...] = ()
    accounts: tuple[Account, ...] = ()
    sessions: tuple[Session, ...] = ()
