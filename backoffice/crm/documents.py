"""Which documents a client owes, and whether those that it gave still do.

What is owed follows from what the client is, where it is, and its risk; and from who its people are. A document does if
it is of a kind that is asked for, verified by somebody, not expired, and was issued recently enough when the client
applied. How old a document may be is counted up to that day, so that an application does not age while we read it;
whether it has expired is asked today.
"""

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from backoffice.crm.identity import EntityType

REMINDED_DAYS_BEFORE: Final = (60, 30, 7, 0)
"""When staff is reminded of a document that expires."""


class DocumentKind(StrEnum):
    """What a document is."""

    CERTIFICATE_OF_INCORPORATION = "certificate-of-incorporation"
    ARTICLES = "articles"
    PARTNERSHIP_AGREEMENT = "partnership-agreement"
    TRUST_DEED = "trust-deed"
    FOUNDATION_CHARTER = "foundation-charter"
    OFFERING_MEMORANDUM = "offering-memorandum"
    ACT_OF_ESTABLISHMENT = "act-of-establishment"
    REGISTER_OF_DIRECTORS = "register-of-directors"
    REGISTER_OF_MEMBERS = "register-of-members"
    OWNERSHIP_CHART = "ownership-chart"
    GOOD_STANDING = "good-standing"
    INCUMBENCY = "incumbency"
    PROOF_OF_ADDRESS = "proof-of-address"
    BUSINESS_REGISTRATION = "business-registration"
    BENEFICIAL_OWNERS = "beneficial-owners"
    BOARD_RESOLUTION = "board-resolution"
    POWER_OF_ATTORNEY = "power-of-attorney"
    AML_POLICY = "aml-policy"
    LICENCE = "licence"
    LISTING = "listing"
    TAX_SELF_CERTIFICATION = "tax-self-certification"
    SOURCE_OF_FUNDS = "source-of-funds"
    SOURCE_OF_WEALTH = "source-of-wealth"
    AUDITED_ACCOUNTS = "audited-accounts"
    BANK_STATEMENT = "bank-statement"
    BANK_DETAILS = "bank-details"
    EXPECTED_ACTIVITY = "expected-activity"
    PASSPORT = "passport"
    IDENTITY_CARD = "identity-card"
    PROOF_OF_RESIDENCE = "proof-of-residence"
    OTHER = "other"


class Requirement(msgspec.Struct, frozen=True):
    """One of these documents is asked for."""

    kinds: tuple[DocumentKind, ...]
    months_max: int = 0
    """How long ago it may have been issued, 0 for any time."""
    must_expire: bool = False
    """Whether it is of a kind that always says until when it holds."""

    def words(self) -> str:
        """Return what is asked for, as people say it."""
        names = " or ".join(kind.replace("-", " ") for kind in self.kinds)
        return f"{names} not older than {self.months_max} months" if self.months_max else names


class Paper(msgspec.Struct, frozen=True):
    """A document that somebody gave, of the client itself or of one of its people."""

    id: str
    kind: DocumentKind
    owner: str
    """The client or the party that it is about."""
    issued: dt.date
    expires: dt.date | None
    is_verified: bool


class Shortfall(msgspec.Struct, frozen=True):
    """A requirement that is not met, and what keeps the nearest document from meeting it."""

    owner: str
    requirement: Requirement
    flaw: str
    document: str = ""


_K: Final = DocumentKind
_OF_ALL: Final = (
    Requirement((_K.PROOF_OF_ADDRESS,), months_max=3),
    Requirement((_K.BOARD_RESOLUTION, _K.POWER_OF_ATTORNEY)),
    Requirement((_K.TAX_SELF_CERTIFICATION,)),
    Requirement((_K.SOURCE_OF_FUNDS,)),
    Requirement((_K.BANK_DETAILS,)),
    Requirement((_K.EXPECTED_ACTIVITY,)),
)
_OF_COMPANIES: Final = (
    Requirement((_K.CERTIFICATE_OF_INCORPORATION,)),
    Requirement((_K.ARTICLES,)),
    Requirement((_K.REGISTER_OF_DIRECTORS,), months_max=12),
    Requirement((_K.GOOD_STANDING, _K.INCUMBENCY), months_max=6),
    Requirement((_K.AUDITED_ACCOUNTS, _K.BANK_STATEMENT), months_max=18),
)
_OF_OWNED: Final = (
    Requirement((_K.REGISTER_OF_MEMBERS,), months_max=12),
    Requirement((_K.OWNERSHIP_CHART,), months_max=12),
)
_BY_TYPE: Final[dict[EntityType, tuple[Requirement, ...]]] = {
    EntityType.COMPANY: (*_OF_COMPANIES, *_OF_OWNED),
    EntityType.LISTED_COMPANY: (*_OF_COMPANIES, Requirement((_K.LISTING,), months_max=12)),
    EntityType.PARTNERSHIP: (
        Requirement((_K.PARTNERSHIP_AGREEMENT,)),
        Requirement((_K.GOOD_STANDING, _K.INCUMBENCY, _K.BUSINESS_REGISTRATION), months_max=6),
        Requirement((_K.OWNERSHIP_CHART,), months_max=12),
    ),
    EntityType.TRUST: (Requirement((_K.TRUST_DEED,)), Requirement((_K.OWNERSHIP_CHART,), months_max=12)),
    EntityType.FOUNDATION: (
        Requirement((_K.FOUNDATION_CHARTER,)),
        Requirement((_K.GOOD_STANDING, _K.INCUMBENCY), months_max=6),
    ),
    EntityType.FUND: (*_OF_COMPANIES, *_OF_OWNED, Requirement((_K.OFFERING_MEMORANDUM,))),
    EntityType.REGULATED: (*_OF_COMPANIES, *_OF_OWNED, Requirement((_K.LICENCE,)), Requirement((_K.AML_POLICY,))),
    EntityType.MONEY_SERVICE: (*_OF_COMPANIES, *_OF_OWNED, Requirement((_K.LICENCE,)), Requirement((_K.AML_POLICY,))),
    EntityType.GOVERNMENT: (Requirement((_K.ACT_OF_ESTABLISHMENT,)),),
}
_BY_JURISDICTION: Final[dict[str, tuple[Requirement, ...]]] = {
    **{place: (Requirement((_K.INCUMBENCY,), months_max=6),) for place in ("BM", "BZ", "KY", "MH", "PA", "SC", "VG")},
    "HK": (Requirement((_K.BUSINESS_REGISTRATION,), must_expire=True),),
    "US": (Requirement((_K.BENEFICIAL_OWNERS,), months_max=12),),
}
_OF_HIGH_RISK: Final = (
    Requirement((_K.SOURCE_OF_WEALTH,)),
    Requirement((_K.AUDITED_ACCOUNTS,), months_max=18),
    Requirement((_K.BANK_STATEMENT,), months_max=3),
)
_OF_PEOPLE: Final = (
    Requirement((_K.PASSPORT, _K.IDENTITY_CARD), must_expire=True),
    Requirement((_K.PROOF_OF_RESIDENCE,), months_max=3),
)


def requirements_of_client(
    entity_type: EntityType, jurisdiction: str, *, is_high_risk: bool
) -> tuple[Requirement, ...]:
    """Return what a client owes of itself."""
    asked = [*_BY_TYPE[entity_type], *_OF_ALL, *_BY_JURISDICTION.get(jurisdiction, ())]
    if is_high_risk:
        asked += _OF_HIGH_RISK
    return tuple(dict.fromkeys(asked))


def requirements_of_person() -> tuple[Requirement, ...]:
    """Return what it owes of each director, signatory, and owner in scope."""
    return _OF_PEOPLE


def shortfalls(
    owner: str, asked: Iterable[Requirement], papers: Iterable[Paper], applied: dt.date, today: dt.date
) -> list[Shortfall]:
    """Return the requirements that an owner's documents do not meet. `applied`: when the client did, or today."""
    own = [paper for paper in papers if paper.owner == owner]
    found = []
    for requirement in asked:
        flaws = [
            (flaw_of(paper, requirement, applied, today), paper.id) for paper in own if paper.kind in requirement.kinds
        ]
        if not any(flaw == "" for flaw, _ in flaws):
            # The newest comes last, and is the one to be mended.
            flaw, document = flaws[-1] if flaws else ("is missing", "")
            found.append(Shortfall(owner, requirement, flaw, document))
    return found


def flaw_of(paper: Paper, requirement: Requirement, applied: dt.date, today: dt.date) -> str:
    """Return what keeps a document of the right kind from meeting a requirement, or an empty text."""
    if paper.expires is not None and paper.expires < today:
        return f"expired on {paper.expires}"
    if requirement.must_expire and paper.expires is None:
        return "does not say when it expires"
    if requirement.months_max and paper.issued < months_before(applied, requirement.months_max):
        return f"was issued on {paper.issued}, more than {requirement.months_max} months before"
    return "" if paper.is_verified else "is not verified yet"


def expiring(papers: Iterable[Paper], today: dt.date) -> list[Paper]:
    """Return the documents that have expired, or whose first reminder is due, the first to expire first."""
    last = today + dt.timedelta(days=REMINDED_DAYS_BEFORE[0])
    found = [
        (paper.expires, paper.id, paper) for paper in papers if paper.expires is not None and paper.expires <= last
    ]
    return [paper for _expires, _id, paper in sorted(found, key=lambda each: each[:2])]


def reminder_due(paper: Paper, reminded: dt.date | None, today: dt.date) -> bool:
    """Return whether staff is to be reminded of a document today, having been reminded last on a day, or never."""
    if paper.expires is None:
        return False
    days = [paper.expires - dt.timedelta(days=before) for before in REMINDED_DAYS_BEFORE]
    return any(day <= today and (reminded is None or reminded < day) for day in days)


def months_before(day: dt.date, months: int) -> dt.date:
    """Return the same day so many months earlier, or the last of that month."""
    return months_after(day, -months)


def months_after(day: dt.date, months: int) -> dt.date:
    """Return the same day so many months later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))
