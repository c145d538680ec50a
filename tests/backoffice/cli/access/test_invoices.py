"""`fondaco fees invoice`, `fees invoices` and `fondaco invoice` from the desk, beside a venue that runs."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from backoffice.access.fees import Fees, FeeTier
from backoffice.access.tables import FeeAssignment, FeeSchedule
from backoffice.database import Database
from backoffice.database.database import address_of
from engine.commands import ClockTick, Debit
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.frames import encode_value
from tests.backoffice.cli.conftest import COMMANDS
from tests.backoffice.cli.desk import Desk
from tests.backoffice.cli.venue.conftest import CommandedVenue, commanded_venue
from tests.backoffice.projector.journaled import Journaled, project

WHY = ("--why", "because")
BEGUN_NS, OVER_NS = 1_793_491_200_000_000_000, 1_796_083_200_000_000_000
"""2026-11-01 and 2026-12-01."""


class Past(Journaled):
    """The venue of `COMMANDS` in November, and one record of December."""

    def __init__(self) -> None:
        exchange = Exchange()
        self.payloads = []
        for sequence, command in enumerate((*COMMANDS, ClockTick()), 1):
            time_ns = BEGUN_NS - 1 if sequence <= len(COMMANDS) else OVER_NS
            events: list[AnyEvent] = exchange.apply(command, time_ns)
            self.payloads.append(encode_value((sequence, time_ns, msgspec.Raw(encode_value(command)), events)))


@pytest.fixture
def counter(desk: Desk, database_url: str) -> Desk:
    """A desk where dee and eve work, and BETA-A owes 100 dollars for November."""
    for number, name in enumerate(("dee", "eve"), 1):
        roles = ("--role", "operations", "--role", "treasury", "--os-user", name)
        desk.done("staff", "add", name, *roles, *WHY, by="annabel")
        desk.done("approval", "approve", f"A-{number}", *WHY, by="benjamin")
    desk.sit_down("dee")

    async def agree() -> None:
        content = msgspec.to_builtins(Fees("USD", (FeeTier(0, 0, 100),), 10_000_000))
        who = {"effective_ns": BEGUN_NS, "proposed_by": "dee", "approved_by": "eve"}
        async with Database(address_of(database_url, desk.data)) as database:
            await project(database, Past(), [100])
            async with database.writing() as session:
                session.add(FeeSchedule(schedule="basic", version=1, content=content, **who))
                session.add(FeeAssignment(firm="BETA-A", schedule="basic", symbol="", **who))

    asyncio.run(agree())
    return desk


@pytest.fixture
def venue(counter: Desk, database_url: str) -> Iterator[CommandedVenue]:
    with commanded_venue(counter.home) as running:
        running.be_followed(database_url)
        yield running


def test_an_invoice_is_made_charged_and_shown(counter: Desk, venue: CommandedVenue, tmp_path: Path) -> None:
    (made,) = json.loads(counter.done("fees", "invoice", "--month", "2026-11", "--json", *WHY))
    assert (made["invoice"], made["firm"], made["amount"], made["state"]) == ("INV-1", "BETA-A", "100.00000", "open")
    proposed = counter.done("invoice", "charge", "INV-1", *WHY)
    assert proposed == "A-3: invoice-charge of invoice/INV-1 waits for somebody else to approve it\n"
    counter.done("approval", "approve", "A-3", *WHY, by="eve")
    (listed,) = json.loads(counter.done("fees", "invoices", "--json"))
    assert (listed["state"], listed["account"], listed["age"]) == ("charged", "BETA-A", None)
    shown = counter.done("invoice", "show", "INV-1")
    assert "days                     30 of 30\n" in shown
    assert "backoffice: charge → charged (record " in shown
    assert counter.done("fees", "invoices", "--state", "due", "--csv").count("\n") == 1
    file = tmp_path / "invoice.pdf"
    assert counter.done("invoice", "show", "INV-1", "--pdf", file).startswith(f"{file}: ")
    assert file.read_bytes().startswith(b"%PDF-")
    assert counter.refused("invoice", "charge", "INV-1", *WHY).startswith(
        "INV-1 is charged; approve is not possible then"
    )


def test_what_cannot_be_charged_is_due_and_can_be_waived(counter: Desk, venue: CommandedVenue) -> None:
    counter.done("fees", "invoice", "--month", "2026-11", *WHY)
    counter.done("invoice", "charge", "INV-1", "--account", "BETA-A", *WHY)
    # Meanwhile they have taken all out.
    left = venue.sequencer.exchange.state.accounts["BETA-A"].holdings["USD"].available
    venue.apply(Debit("BETA-A", "USD", left, "R-1", "ann", "sent back"))
    counter.sit_down("eve")
    finished = counter.run("approval", "approve", "A-3", *WHY)
    assert finished.stderr == (
        "The venue refuses: ChargeFee for invoice/INV-1: the account has less than that available\n"
    )
    (due,) = json.loads(counter.done("fees", "invoices", "--state", "due", "--json"))
    assert due["why"] == "the account has less than that available"
    assert due["age"] is not None
    counter.done("invoice", "waive", "INV-1", *WHY)
    counter.done("approval", "approve", "A-4", *WHY, by="dee")
    assert "waive → waived (because)" in counter.done("invoice", "show", "INV-1")


@pytest.mark.parametrize(
    ("command", "line"),
    (
        (("fees", "invoice", "--month", "2026-12", *WHY), "2026-12: the books have not come to the end of this month"),
        (("invoice", "show", "INV-9"), "INV-9: there is no such invoice"),
        (("invoice", "charge", "9", *WHY), "9: there is no such invoice"),
        (("invoice", "waive", "W-1", *WHY), "W-1: there is no such invoice"),
    ),
)
def test_what_cannot_be_is_told_in_one_line(counter: Desk, command: tuple[str, ...], line: str) -> None:
    assert line in counter.refused(*command)
