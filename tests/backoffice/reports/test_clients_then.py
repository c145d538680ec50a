"""How clients, their papers and their hits stood at a moment is what the reports said then."""

import datetime as dt
from collections.abc import Awaitable
from typing import Any

from sqlalchemy import select

from backoffice.crm import applying, editing, filing, leaving, rating, suspending
from backoffice.crm.client_file import DocumentGiven, Licence
from backoffice.crm.documents import DocumentKind
from backoffice.crm.left_behind import SessionsLeft
from backoffice.crm.risk import Rating
from backoffice.crm.screening.deciding import Disposition, decide
from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import Suspension, Verb
from backoffice.reports import clients
from backoffice.reports.clients_then import ClientThen, clients_at
from backoffice.staff import approvals
from backoffice.times import DAY_NS, day_of
from tests.backoffice.crm.house import ANN, BEN, CAY, House, content, entry

OTHERS = (entry("Somebody Else", "2"), entry("Nobody At All", "3"))
OWNER = content()["parties"][0] | {"name": "Zachary Quillfeather"}
LICENCE = Licence("BaFin", "7", "DE", dt.date(2026, 12, 24))


class Looked:
    """What the reports said after each step, by when that was."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.said: dict[int, Any] = {}

    async def after(self, step: Awaitable[object]) -> None:
        """Let something happen, hear what the reports say then, and let a day go by."""
        await step
        self.said[self._house.now_ns] = await self.reports()
        self._house.now_ns += DAY_NS

    async def reports(self, at_ns: int | None = None) -> Any:
        today = day_of(at_ns or self._house.now_ns)
        async with self._house.database.reading() as session:
            expiring = await clients.expiring(session, today, 30, at_ns)
            hits = await clients.open_hits(session, at_ns)
            return (
                await clients.pipeline(session, at_ns),
                await clients.pipeline(session, at_ns, all_states=True),
                [(each.client, each.what, each.number, each.expires) for each in expiring],
                [(client, hit.id) for client, hit in hits],
            )

    async def check(self) -> None:
        for at_ns, said in self.said.items():
            assert await self.reports(at_ns) == said
        assert await self.reports(min(self.said) - 1) == ([], [], [], [])


async def test_an_application_as_of_a_moment_is_what_was_said_then(house: House) -> None:
    looked = Looked(house)
    issued, expires = dt.date(2026, 11, 1), dt.date(2026, 12, 30)
    paper = DocumentGiven(DocumentKind.LICENCE, "licence.pdf", "ab" * 32, issued, expires)
    for step in (
        house.import_list(entry(), *OTHERS),
        house.enter(parties=[OWNER]),
        house.sealed(editing.set_fields, ANN, "C-1", {"name": "Other AG", "jurisdiction": "LI"}),
        house.sealed(editing.add_particular, ANN, "C-1", LICENCE),
        house.sealed(editing.remove_particular, ANN, "C-1", LICENCE),
        house.sealed(editing.remove_particular, ANN, "C-1", Licence("FINMA", "12", "CH")),
        house.sealed(editing.add_particular, ANN, "C-1", LICENCE),
        house.sealed(filing.file_document, ANN, "C-1", paper),
        house.write(filing.withdraw_document, ANN, "DOC-16"),
        house.sealed(applying.submit, ANN, "C-1"),
        house.screen(),
        house.import_list(*OTHERS, may_shrink=True),
        house.screen(),
        house.import_list(entry(), *OTHERS),
        house.screen(),
        house.write(decide, BEN, "H-1", Disposition.FALSE_POSITIVE),
        house.write(decide, BEN, "H-1", Disposition.TRUE_MATCH),
        house.write(applying.step, BEN, "C-1", Verb.REJECT),
        house.write(applying.step, ANN, "C-1", Verb.REOPEN),
    ):
        await looked.after(step)
    hits = [said[-1] for said in looked.said.values()]
    assert [len(each) for each in hits[9:17]] == [0, 1, 1, 0, 0, 1, 0, 0]
    assert {len(said[2]) for said in looked.said.values()} == {0, 1, 2}
    await looked.check()


async def test_a_client_as_of_a_moment_is_what_was_said_then(house: House) -> None:
    looked = Looked(house)
    none_left: dict[str, Any] = {"balances": {}, "sessions": SessionsLeft([], []), "invoices": []}
    for step in (
        house.under_review(),
        house.write(rating.propose_rating, BEN, "C-1", Rating.MEDIUM),
        house.write(approvals.approve, CAY, "A-1"),
        house.sealed(applying.approve, CAY, "C-1"),
        house.sealed(applying.activate, CAY, "C-1"),
        house.import_list(entry(), *OTHERS),
        house.screen(),
        house.write(suspending.suspend, BEN, "C-1", Suspension.TRADING),
        house.write(suspending.suspend, BEN, "C-1", Suspension.ALL),
        house.write(leaving.offboard, BEN, "C-1"),
        house.write(leaving.close, BEN, "C-1", **none_left),
    ):
        await looked.after(step)
    await looked.check()
    moments = list(looked.said)
    said = [client for _, (client,), *_ in looked.said.values()]
    assert [each.rating for each in said[:3]] == ["low", "low", "medium"]
    assert [moments.index(each.since_ns) for each in said] == [0, 0, 0, 3, 4, 4, 4, 7, 7, 9, 10]
    async with house.database.reading() as session:
        row = (await session.scalars(select(Client))).one()
        then = (await clients_at(session, None))[1]
    as_the_row = {name: getattr(row, name) for name in ClientThen.__struct_fields__ if name != "since_ns"}
    assert ClientThen(since_ns=moments[-1], **as_the_row) == then
