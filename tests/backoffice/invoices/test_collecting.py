"""An invoice is charged to an account once, by two people, or waived; else it is due."""

import pytest

from backoffice.errors import Conflict, Refused
from backoffice.invoices import collecting
from backoffice.ledger.balances import balances
from backoffice.ledger.chart import Kind
from backoffice.ledger.verifying import check_assets, check_chain, check_clients, check_of_assets, check_trial_balance
from backoffice.reports.period import period_of
from backoffice.reports.statement import statement
from engine.commands import Credit, HoldWithdrawal, OpenAccount
from tests.backoffice.invoices.world import ANN, FUNDS, OVER_NS, World


async def fees(world: World) -> int:
    async with world.staff_database.reading() as session:
        of = await balances(session, account="", asset="USD")
        return sum(each.amount for each in of if each.account.kind == Kind.FEES)


async def verify(world: World) -> None:
    """Prove the books, as `fondaco books verify` does."""
    await world.follow()
    async with world.staff_database.reading() as session:
        checks = [
            *await check_chain(session),
            await check_clients(session, world.venue.state),
            check_of_assets(await check_assets(session, world.venue.state)),
            await check_trial_balance(session),
        ]
    assert [check.flaw for check in checks if check.flaw] == []


async def test_an_approved_invoice_is_taken_from_the_account_and_is_the_houses(world: World) -> None:
    world.trade(30_000)
    await world.missing(1_000)
    before, paid = world.available(), await fees(world)
    approval = await world.propose()
    with pytest.raises(Refused, match="ann has proposed A-1; somebody else must decide on it"):
        await world.approve(approval, ANN)
    await world.approve(approval)
    assert (await world.standing()).state == "charging"
    await world.settle()
    standing = await world.standing()
    assert (standing.state, standing.account, standing.approved_by) == ("charged", "ALPHA", "ben")
    assert world.available() == before - 700
    await verify(world)
    assert await fees(world) == paid + 700


async def test_a_charge_is_a_line_of_the_statement_which_ties(world: World) -> None:
    await world.missing(1_000)
    await world.charge()
    await world.follow()
    async with world.staff_database.reading() as session:
        (section,) = (await statement(session, ["ALPHA"], period_of("2026-12"))).sections[1:]
    (movement,) = section.movements
    assert (section.asset, section.opening, section.closing) == ("USD", FUNDS, FUNDS - 1_000)
    assert (movement.amount, movement.meaning.fee) == (-1_000, 1_000)
    assert movement.meaning.text == "fee: INV-1: minimum of 2026-11"
    assert movement.meaning.time_ns >= OVER_NS


async def test_an_account_that_has_less_available_leaves_the_invoice_due_until_staff_charge_it_again(
    world: World,
) -> None:
    await world.missing(1_000)
    world.venue.apply(HoldWithdrawal("ALPHA", "USD", FUNDS - 999, "W-1", "ann", "they ask"))
    standing = await world.charge()
    assert (standing.state, standing.reason) == ("due", "the account has less than that available")
    assert world.available() == 999
    world.venue.apply(Credit("ALPHA", "USD", 1, "D-1", "ann", "received"))
    await world.settle()
    assert (await world.standing()).state == "due"
    assert (await world.charge()).state == "charged"
    assert world.available() == 0
    await verify(world)


async def test_what_is_charged_is_not_charged_again_nor_waived(world: World) -> None:
    await world.missing(1_000)
    await world.charge()
    for again in (world.propose(), world.propose_waiver()):
        with pytest.raises(Refused, match=r"INV-1 is charged; \w+ is not possible then"):
            await again
    assert world.available() == FUNDS - 1_000


async def test_while_it_may_have_been_charged_nothing_else_happens_to_it(world: World) -> None:
    await world.missing(1_000)
    await world.approve(await world.propose())
    for again in (world.propose(), world.propose_waiver()):
        with pytest.raises(Refused, match="INV-1 is charging"):
            await again
    await world.settle()
    assert (await world.standing()).state == "charged"


async def test_an_invoice_that_is_waived_is_not_charged(world: World) -> None:
    await world.missing(1_000)
    charge = await world.propose()
    waiver = await world.propose_waiver()
    with pytest.raises(Refused, match="somebody else must decide"):
        await world.approve(waiver, ANN)
    await world.approve(waiver)
    standing = await world.standing()
    assert (standing.state, standing.reason) == ("waived", "goodwill")
    with pytest.raises(Refused, match="A-1 is stale"):
        await world.approve(charge)
    await world.settle()
    assert world.available() == FUNDS


async def test_one_proposal_waits_at_a_time(world: World) -> None:
    await world.missing(1_000)
    await world.propose()
    with pytest.raises(Conflict, match="A-1 asks for the same already, by ann"):
        await world.propose()


async def test_the_account_is_one_of_the_firms_and_else_the_one_with_the_most_available(world: World) -> None:
    world.venue.apply(OpenAccount("ALPHA-2", "ALPHA"))
    world.venue.apply(Credit("ALPHA-2", "USD", FUNDS + 1, "D-1", "ann", "received"))
    await world.missing(1_000)
    with pytest.raises(Refused, match="BETA is no account of ALPHA, which has ALPHA, ALPHA-2"):
        await world.propose(account="BETA")
    assert (await world.charge()).account == "ALPHA-2"
    assert (world.available(), world.available("ALPHA-2")) == (FUNDS, FUNDS + 1 - 1_000)


async def test_while_the_venue_is_away_it_waits(world: World) -> None:
    await world.missing(1_000)
    await world.approve(await world.propose())
    async with world.staff_database.writing() as session:
        assert await collecting.conclude(session, world.now_ns) == []
    assert (await world.standing()).state == "charging"
    await world.settle()
    assert (await world.standing()).state == "charged"


async def test_killed_at_any_edge_it_is_charged_once(world: World) -> None:
    await world.agree(1_000)
    edge, is_over = 0, False
    while not is_over:
        await world.come_to(OVER_NS + 31 * edge * 86_400 * 10**9)
        (made,) = await world.housekeeping()
        await world.approve(await world.propose(made.name))
        world.edges.left = edge
        await world.settle()
        is_over, world.edges.left = world.edges.left is not None, None
        assert (await world.standing(made.name)).state == "charged", f"edge {edge}"
        edge += 1
        assert world.available() == FUNDS - 1_000 * edge, f"edge {edge - 1}"
    assert edge > 5
    await verify(world)
