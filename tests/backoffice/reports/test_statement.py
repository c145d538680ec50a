"""Statements of account tie with the ledger, or there is none."""

import itertools
import re

import msgspec
import pytest
from sqlalchemy import insert, select

from backoffice.database import Database
from backoffice.errors import Refused
from backoffice.ledger.balances import holdings
from backoffice.ledger.tables import LedgerAccount, LedgerPosting
from backoffice.reports import statement as statements
from backoffice.reports.market import market_of
from backoffice.reports.movements import Meaning
from backoffice.reports.period import Period, period_of
from backoffice.reports.scope import holder_of
from backoffice.reports.statement import Section, Statement, statement
from backoffice.reports.statement_pdf import Named, pdf_of
from tests.backoffice.cli.conftest import TIME_NS
from tests.backoffice.projector.journaled import Journaled, project
from tests.backoffice.reports.known import CORRECTED, NEXT_DAY_NS, TRADED, Known

WHOLE = Period("all of it", 0, 2**62)
NAMED = Named("FONDACO", "Beta Trading (C-1)", "C-1")


async def stated(database: Database, period: Period, *accounts: str) -> Statement:
    async with database.reading() as session:
        return await statement(session, accounts, period)


async def test_every_movement_has_its_record_and_the_balance_after_it(known: Database) -> None:
    found = await stated(known, period_of("2027-01"), "BETA-A")
    btc, usd = found.sections
    assert [(each.sequence, each.amount, each.meaning.text) for each in btc.movements] == [
        (TRADED, 40, "T1: bought 0.040 BTC/USD at 42.00"),
        (CORRECTED, -10, "T1 corrected: fat finger"),
    ]
    assert (btc.opening, btc.closing) == (0, 30)
    assert [(each.sequence, each.amount, each.meaning.fee) for each in usd.movements] == [
        (9, 900_000_000, 0),
        (TRADED, -168_034, 34),
        (CORRECTED, 42_008, -8),
    ]
    assert usd.movements[0].meaning.text == "credit"
    assert [each.meaning.time_ns for each in usd.movements] == [TIME_NS + 9, TIME_NS + TRADED, NEXT_DAY_NS]
    assert usd.closing == usd.movements[-1].balance == 900_000_000 - 126_026


async def test_a_movement_before_the_first_trade_has_its_own_time(database: Database) -> None:
    await project(database, Known(), [100])
    (section,) = [each for each in (await stated(database, WHOLE, "ALPHA-A")).sections if each.asset == "BTC"]
    assert section.movements[0].meaning.text == "credit"
    assert section.movements[0].meaning.time_ns >= TIME_NS


async def test_a_trade_stays_as_it_was_in_the_period_in_which_it_was_made(known: Database) -> None:
    day, next_day = [await stated(known, period_of(f"2027-01-{day}"), "BETA-A") for day in (15, 16)]
    assert [each.sequence for each in day.sections[0].movements] == [TRADED]
    assert day.sections[0].closing == next_day.sections[0].opening == 40
    assert (day.is_over, next_day.is_over) == (True, False)


async def test_a_period_without_movements_has_its_balances(known: Database) -> None:
    with pytest.raises(Refused, match="not come to this period"):
        await stated(known, period_of("2027-02"), "BETA-A")
    assert (await stated(known, period_of("2026"), "BETA-A")).sections == []


@pytest.mark.parametrize("cuts", ((), (0.5,), (0.1, 0.3, 0.9)))
async def test_statements_of_periods_that_follow_one_another_come_to_what_clients_have(
    database: Database, cuts: tuple[float, ...]
) -> None:
    projector = await project(database, Journaled(seed=31, length=1_200), [300])
    async with database.reading() as session:
        had = {(each.account, each.asset): each.total for each in await holdings(session)}
    begun, ended = 1_795_000_000_000_000_000, projector.time_ns + 1
    edges = [0, *(begun + int((ended - begun) * cut) for cut in cuts), ended]
    balance = dict.fromkeys(had, 0)
    for from_ns, until_ns in itertools.pairwise(edges):
        for section in (await stated(database, Period("part", from_ns, until_ns), "A", "B", "C")).sections:
            assert section.opening == balance[section.account, section.asset]
            balance[section.account, section.asset] = section.closing
            assert all(each.meaning.text for each in section.movements)
    assert balance == had


async def test_a_posting_that_does_not_go_on_from_the_one_before_is_refused(known: Database) -> None:
    async with known.writing() as session:
        of = (LedgerAccount.account == "BETA-A", LedgerAccount.asset == "BTC", LedgerAccount.kind == "available")
        number = await session.scalar(select(LedgerAccount.id).where(*of))
        row = {"ledger_account": number, "sequence": CORRECTED, "entry": 99, "amount": 5, "balance": 77}
        await session.execute(insert(LedgerPosting).values(**row))
    with pytest.raises(Refused, match="BETA-A BTC: there is no statement, as it does not tie: available"):
        await stated(known, WHOLE, "BETA-A")


async def test_a_section_that_does_not_come_to_its_closing_balance_is_refused(known: Database) -> None:
    (btc, *_) = (await stated(known, WHOLE, "BETA-A")).sections
    statements.check(btc)
    for wrong in (
        Section(btc.account, btc.asset, btc.opening, btc.movements, btc.closing + 1),
        Section(btc.account, btc.asset, btc.opening + 1, btc.movements, btc.closing),
        Section(btc.account, btc.asset, btc.opening, btc.movements[:1], btc.closing),
    ):
        with pytest.raises(Refused, match="does not tie"):
            statements.check(wrong)


async def test_more_movements_than_fit_are_refused(known: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MOVEMENTS_MAX", 3)
    with pytest.raises(Refused, match="more than 3 movements"):
        await stated(known, WHOLE, "BETA-A")


async def test_the_same_statement_is_the_same_pdf(known: Database) -> None:
    found = await stated(known, period_of("2027-01"), "BETA-A")
    async with known.reading() as session:
        market = await market_of(session)
    file = pdf_of(found, market, NAMED)
    assert file == pdf_of(found, market, NAMED)
    assert file.startswith(b"%PDF-")


async def test_a_long_statement_goes_over_pages(known: Database) -> None:
    found = await stated(known, period_of("2027-01"), "BETA-A")
    usd = found.sections[1]
    long = Section(usd.account, usd.asset, usd.opening, list(usd.movements) * 70, usd.closing)
    async with known.reading() as session:
        file = pdf_of(Statement(found.period, 0, 13, False, [long]), await market_of(session), NAMED)
    assert len(re.findall(rb"/Type /Page\b", file)) == 4


@pytest.mark.parametrize("text", ("a word of many letters ".replace(" ", "-") * 40, "Żółć 漢字 " * 60, ""))
async def test_whatever_a_movement_was_is_told_beside_its_figures(known: Database, text: str) -> None:
    found = await stated(known, period_of("2027-01"), "BETA-A")
    usd = found.sections[1]
    told = msgspec.structs.replace(usd.movements[0], meaning=Meaning(1, text, 5))
    section = Section(usd.account, usd.asset, usd.opening, [told], usd.closing)
    async with known.reading() as session:
        file = pdf_of(Statement(found.period, 0, 13, True, [section]), await market_of(session), NAMED)
    assert len(re.findall(rb"/Type /Page\b", file)) == 1


async def test_a_statement_names_its_holder(known: Database) -> None:
    async with known.reading() as session:
        assert await holder_of(session, ["BETA-A", "ALPHA-A"]) == "ALPHA-A, BETA-A"
