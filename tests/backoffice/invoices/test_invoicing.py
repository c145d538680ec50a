"""What is missing to a monthly minimum is invoiced once, when the month is over."""

import datetime as dt

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from backoffice.errors import NotFound, Refused
from backoffice.invoices import invoicing
from backoffice.invoices.tables import Invoice, InvoicedMonth, InvoiceStanding
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.times import DAY_NS
from tests.backoffice.invoices.world import BEGUN_NS, DECEMBER, NOVEMBER, OVER_NS, World


async def test_what_is_missing_is_invoiced_once(world: World) -> None:
    world.trade(30_000)
    await world.agree(1_000)
    await world.come_to()
    (made,) = await world.invoice()
    assert (made.name, made.firm, made.month, made.schedule) == ("INV-1", "ALPHA", "2026-11", "basic")
    assert (made.minimum, made.paid, made.amount) == (1_000, 300, 700)
    assert (await world.standing()).state == "open"
    assert [each.id for each in await world.invoice()] == [made.id]
    assert await world.housekeeping() == []


async def test_who_has_paid_enough_owes_nothing(world: World) -> None:
    world.trade(100_000)
    await world.agree(1_000)
    await world.come_to()
    assert await world.invoice() == []


async def test_a_minimum_from_the_middle_of_the_month_on_is_of_the_days_that_are_left(world: World) -> None:
    """The example of `backoffice.access.minimums`, in hundredths."""
    world.trade(10_000, BEGUN_NS + 14 * DAY_NS)
    world.trade(20_000, BEGUN_NS + 15 * DAY_NS + 1)
    await world.agree(100_000, from_ns=BEGUN_NS + 15 * DAY_NS + DAY_NS // 2)
    await world.come_to()
    (made,) = await world.invoice()
    assert (made.monthly, made.days_counted, made.days_in_month) == (100_000, 14, 30)
    assert (made.minimum, made.paid, made.amount) == (46_666, 200, 46_466)


async def test_a_month_is_invoiced_when_the_books_have_come_to_its_end(world: World) -> None:
    await world.agree(1_000)
    await world.come_to(OVER_NS - DAY_NS)
    with pytest.raises(Refused, match="2026-11: the books have not come to the end of this month yet"):
        await world.invoice()
    assert await world.housekeeping() == []
    await world.come_to()
    assert [each.amount for each in await world.housekeeping()] == [1_000]


async def test_a_back_office_that_was_away_for_months_invoices_each(world: World) -> None:
    await world.agree(1_000)
    await world.come_to(OVER_NS + 40 * DAY_NS)
    made = [each for _ in range(4) for each in await world.housekeeping()]
    assert [(each.month, each.amount, each.made_by) for each in made] == [
        ("2026-11", 1_000, "backoffice"),
        ("2026-12", 1_000, "backoffice"),
    ]


async def test_books_that_have_not_begun_have_no_month_that_is_over(world: World) -> None:
    assert await world.housekeeping() == []
    await world.agree(1_000)
    assert await world.housekeeping() == []


async def test_what_staff_ask_for_again_adds_what_was_left_out_alone(world: World) -> None:
    made = await world.missing(1_000)
    await world.agree(500, firm="BETA", schedule="maker")
    found = await world.invoice()
    assert [(each.id, each.firm, each.amount) for each in found] == [(made.id, "ALPHA", 1_000), (2, "BETA", 500)]


async def test_who_may_not_propose_fees_may_not_invoice(world: World) -> None:
    await world.come_to()
    with pytest.raises(Refused, match="rik may not propose fees: needs operations"):
        async with world.staff_database.writing() as session:
            await invoicing.invoice(session, Actor("rik", frozenset({Role.RISK})), NOVEMBER, why="x", now_ns=5)


@pytest.mark.parametrize("table", (Invoice, InvoicedMonth))
@pytest.mark.parametrize("is_deleted", (False, True))
async def test_the_database_lets_nobody_change_an_invoice(
    world: World, table: type[Invoice] | type[InvoicedMonth], *, is_deleted: bool
) -> None:
    await world.missing(1_000)
    change = delete(table) if is_deleted else update(table).values(made_ns=1)
    with pytest.raises(IntegrityError, match="is append-only"):
        async with world.staff_database.writing() as session:
            await session.execute(change)


async def test_the_database_holds_one_invoice_for_a_firm_a_month_and_a_schedule(world: World) -> None:
    made = await world.missing(1_000)
    columns = [column.name for column in Invoice.__table__.columns if column.name != "id"]
    with pytest.raises(IntegrityError):
        async with world.staff_database.writing() as session:
            await session.execute(insert(Invoice).values({name: getattr(made, name) for name in columns}))


async def test_the_database_holds_that_two_people_decide(world: World) -> None:
    await world.missing(1_000)
    for forged in ({"state": "waived"}, {"state": "waived", "proposed_by": "ann", "approved_by": "ann"}):
        with pytest.raises(IntegrityError):
            async with world.staff_database.writing() as session:
                await session.execute(update(InvoiceStanding).values(**forged))


async def test_invoices_are_found_by_firm_and_state(world: World) -> None:
    await world.agree(1_000)
    await world.agree(500, firm="BETA", schedule="maker")
    await world.come_to(OVER_NS + 31 * DAY_NS)
    for month in (NOVEMBER, DECEMBER):
        await world.invoice(month)
    async with world.staff_database.reading() as session:
        assert [each.name for each, _ in await invoicing.listed(session, firm="BETA")] == ["INV-2", "INV-4"]
        assert await invoicing.unpaid(session, "BETA") == ["INV-2", "INV-4"]
        with pytest.raises(NotFound, match="INV-9: there is no such invoice"):
            await invoicing.find(session, "INV-9")


def test_a_month_is_written_as_iso_8601_has_it() -> None:
    assert invoicing.text_of(dt.date(2026, 3, 1)) == "2026-03"
