"""Which documents are owed, and which still do."""

import datetime as dt

import pytest

from backoffice.crm.documents import (
    DocumentKind,
    Paper,
    Requirement,
    expiring,
    months_after,
    months_before,
    reminder_due,
    requirements_of_client,
    requirements_of_person,
    shortfalls,
)
from backoffice.crm.identity import EntityType

TODAY = dt.date(2026, 11, 28)
CHART = Requirement((DocumentKind.OWNERSHIP_CHART,), months_max=12)
PASSPORT = Requirement((DocumentKind.PASSPORT, DocumentKind.IDENTITY_CARD), must_expire=True)


def paper(
    kind: DocumentKind = DocumentKind.OWNERSHIP_CHART,
    issued: str = "2026-10-01",
    expires: str | None = None,
    verified: bool = True,
    name: str = "DOC-1",
) -> Paper:
    until = dt.date.fromisoformat(expires) if expires else None
    return Paper(name, kind, "C-1", dt.date.fromisoformat(issued), until, verified)


def flaws(*papers: Paper, asked: Requirement = CHART, applied: dt.date = TODAY) -> list[str]:
    return [each.flaw for each in shortfalls("C-1", [asked], papers, applied, TODAY)]


def kinds(entity_type: EntityType, jurisdiction: str = "CH", *, high: bool = False) -> set[DocumentKind]:
    asked = requirements_of_client(entity_type, jurisdiction, is_high_risk=high)
    return {kind for requirement in asked for kind in requirement.kinds}


def test_a_company_owes_what_venues_ask_of_companies() -> None:
    assert kinds(EntityType.COMPANY) >= {
        DocumentKind.CERTIFICATE_OF_INCORPORATION,
        DocumentKind.ARTICLES,
        DocumentKind.REGISTER_OF_DIRECTORS,
        DocumentKind.REGISTER_OF_MEMBERS,
        DocumentKind.OWNERSHIP_CHART,
        DocumentKind.GOOD_STANDING,
        DocumentKind.PROOF_OF_ADDRESS,
        DocumentKind.BOARD_RESOLUTION,
        DocumentKind.TAX_SELF_CERTIFICATION,
        DocumentKind.SOURCE_OF_FUNDS,
        DocumentKind.BANK_DETAILS,
        DocumentKind.EXPECTED_ACTIVITY,
    }


def test_what_is_owed_follows_from_kind_place_and_risk() -> None:
    assert DocumentKind.LICENCE in kinds(EntityType.REGULATED)
    assert DocumentKind.OWNERSHIP_CHART not in kinds(EntityType.LISTED_COMPANY)
    assert DocumentKind.TRUST_DEED in kinds(EntityType.TRUST)
    assert DocumentKind.BENEFICIAL_OWNERS in kinds(EntityType.COMPANY, "US") - kinds(EntityType.COMPANY)
    assert DocumentKind.SOURCE_OF_WEALTH in kinds(EntityType.COMPANY, high=True) - kinds(EntityType.COMPANY)
    assert [each.kinds[0] for each in requirements_of_person()] == [
        DocumentKind.PASSPORT,
        DocumentKind.PROOF_OF_RESIDENCE,
    ]


@pytest.mark.parametrize("entity_type", EntityType)
def test_every_kind_of_client_owes_something(entity_type: EntityType) -> None:
    assert DocumentKind.PROOF_OF_ADDRESS in kinds(entity_type)


def test_a_document_of_the_right_kind_that_holds_will_do() -> None:
    assert flaws(paper()) == []
    assert flaws(paper(DocumentKind.IDENTITY_CARD, "2020-01-01", "2030-01-01"), asked=PASSPORT) == []


@pytest.mark.parametrize(
    ("given", "asked", "expected"),
    (
        ([], CHART, ["is missing"]),
        ([paper(DocumentKind.ARTICLES)], CHART, ["is missing"]),
        ([paper(verified=False)], CHART, ["is not verified yet"]),
        ([paper(issued="2025-11-27")], CHART, ["was issued on 2025-11-27, more than 12 months before"]),
        ([paper(issued="2025-11-28")], CHART, []),
        ([paper(DocumentKind.PASSPORT, expires="2026-11-27")], PASSPORT, ["expired on 2026-11-27"]),
        ([paper(DocumentKind.PASSPORT, expires="2026-11-28")], PASSPORT, []),
        ([paper(DocumentKind.PASSPORT)], PASSPORT, ["does not say when it expires"]),
        ([paper(issued="2020-01-01"), paper()], CHART, []),
    ),
)
def test_what_is_wrong_with_a_document_is_said(given: list[Paper], asked: Requirement, expected: list[str]) -> None:
    assert flaws(*given, asked=asked) == expected


def test_a_document_does_not_age_while_the_application_is_read() -> None:
    assert flaws(paper(issued="2025-09-01"), applied=dt.date(2026, 8, 31)) == []


def test_another_owners_document_is_none() -> None:
    assert [each.flaw for each in shortfalls("P-1", [CHART], [paper()], TODAY, TODAY)] == ["is missing"]


def test_what_expires_soon_comes_first() -> None:
    soon, later, gone = (paper(expires=day, name=day) for day in ("2026-12-24", "2027-06-01", "2026-01-01"))
    assert [each.id for each in expiring([later, soon, gone, paper()], TODAY)] == ["2026-01-01", "2026-12-24"]


def test_reminders_come_once_for_each_mark() -> None:
    expiry = paper(expires="2026-12-28")
    assert reminder_due(expiry, None, TODAY)
    assert not reminder_due(expiry, TODAY, TODAY)
    assert not reminder_due(expiry, TODAY, dt.date(2026, 12, 20))
    assert reminder_due(expiry, TODAY, dt.date(2026, 12, 21))
    assert not reminder_due(paper(expires="2027-06-01"), None, TODAY)
    assert not reminder_due(paper(), None, TODAY)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    (
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-11-28", 24, "2024-11-28"),
    ),
)
def test_months_are_counted_by_the_calendar(day: str, months: int, expected: str) -> None:
    assert months_before(dt.date.fromisoformat(day), months).isoformat() == expected
    assert months_after(dt.date(2026, 10, 31), 4).isoformat() == "2027-02-28"
