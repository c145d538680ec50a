"""Settings of the back office: where it keeps what it knows, who its staff are, and how money comes in and goes out."""

from typing import Annotated, Literal

import msgspec

from config.surveillance import Surveillance
from config.texts import CentsText, Country, DecimalText, Name

Environment = Literal["production", "uat"]
Rail = Literal["sandbox"]
Currency = Literal["USD", "EUR"]


class PaymentTier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What payments up to some amount need."""

    needed: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    up_to: DecimalText = "0"
    """0: all larger ones."""


class Payment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an asset comes in and goes out over a rail."""

    asset: Name
    rail: Rail
    confirmations: tuple[PaymentTier, ...] = (PaymentTier(1),)
    """How many a deposit needs before it is relied upon; smaller amounts first."""
    approvals: tuple[PaymentTier, ...] = (PaymentTier(1),)
    """How many people must approve a withdrawal, beside the one who asks for it."""
    looked_at_above: DecimalText = "0"
    """Larger deposits are looked at by two people before they are credited; 0: none for its size."""
    withdrawn_a_day_max: DecimalText = "0"
    """How much an account may withdraw in 24 hours; 0: no bound."""
    cooling_minutes: Annotated[int, msgspec.Meta(ge=0, le=43_200)] = 1_440
    """How long after its approval a new destination is not paid to yet."""
    watched_hours: Annotated[int, msgspec.Meta(ge=0, le=8_760)] = 72
    """How long a rail is asked about a withdrawal after it was settled: it may take it back."""


class TravelThreshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From what value on a transfer of crypto assets needs data, in one jurisdiction."""

    currency: Currency = "USD"
    data_from: CentsText = "1000"
    """From this value on: who sends, and who receives."""
    proof_above: CentsText | None = None
    """Above this one also a proof that a wallet which no service holds is the client's; without it never."""


class TravelRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must be known of transfers of crypto assets before they are credited or sent (FATF recommendation 16)."""

    jurisdiction: Country | None = None
    """Whose rule the venue is under. Without it, or where nothing is known of it, FATF's own holds: 1,000 dollars."""
    thresholds: dict[Country, TravelThreshold] = {}
    """By jurisdiction, in the place of what the venue knows."""
    name: str = ""
    """What the venue is called in law: it goes along with what it sends,"""
    lei: str = ""
    """with its LEI."""
    linked_hours: Annotated[int, msgspec.Meta(ge=0, le=8_760)] = 24
    """Within what time transfers of a client, from or to one address, count together; 0: each by itself."""


class BackOffice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the back office keeps what it knows. With this table, the venue runs one; else commands alone use it."""

    runs: bool = True
    """Whether `fondaco serve` runs it beside trading. It may as well be run for itself."""
    database: str = "sqlite:///backoffice.sqlite"
    """A file in the venue's data directory, or `postgresql://user@host/name`. The password of the latter is best left
    to PGPASSWORD or ~/.pgpass."""
    staff: dict[str, Name] = {}
    """Members of staff by who they are to the operating system, which then vouches for them."""
    code_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 72
    """How long the code counts by which somebody of the staff sets a first password, or another for a lost one."""
    environment: Environment = "production"
    """In production a session that enters orders needs a certification; in `uat`, where brokers try, it does not."""
    certification_keys: tuple[Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")], ...] = ()
    """Which certification reports count: those signed by one of these (Ed25519 public keys, as reports name them)."""
    payments: tuple[Payment, ...] = ()
    """Without any, nothing comes in or goes out."""
    surveillance: Surveillance = Surveillance()
    travel_rule: TravelRule = TravelRule()
