"""Notes, tasks, tickets, agreements, reminders, reviews, and the data of the Travel Rule."""

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import text

from backoffice.crm import agreeing, editing, filing, following_up, reviewing, travel_data, vasps
from backoffice.crm.client_file import AgreementGiven, PartyGiven, Role
from backoffice.crm.following_up import TaskState, TicketState, open_tasks
from backoffice.crm.ivms101 import encode
from backoffice.crm.loading import client_of, read_file
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.times import DAY_NS
from tests.backoffice.crm.house import ANN, BEN, CAY, LEI, OLA, House, document, entry


async def sealed_step(house: House, step: Any, actor: Any, *arguments: Any, **options: Any) -> Any:
    async with house.database.writing() as session:
        return await step(session, actor, house.sealer, *arguments, **options, now_ns=house.now_ns)


async def tasks(house: House) -> list[tuple[str, str, str]]:
    async with house.database.reading() as session:
        return [(task.id, task.what, task.assignee) for task in await open_tasks(session)]


async def test_notes_and_tickets_are_sealed(house: House) -> None:
    await house.enter()
    await sealed_step(house, following_up.add_note, ANN, "C-1", "Ann likes tea")
    ticket = await sealed_step(house, following_up.open_ticket, ANN, "C-1", "fees", "Why so high, asks Ann?")
    assert (ticket.id, ticket.state, ticket.answer_by) == ("Q-1", "open", house.today + dt.timedelta(days=3))
    async with house.database.reading() as session:
        for table in ("client_note", "client_ticket_entry", "audit_entry"):
            rows = (await session.execute(text(f"SELECT * FROM {table}"))).all()
            assert rows
            assert "likes tea" not in repr(rows)
            assert "asks Ann" not in repr(rows)


async def test_a_ticket_goes_its_way(house: House) -> None:
    await house.enter()
    await sealed_step(house, following_up.open_ticket, ANN, "C-1", "fees", "Why?")
    for state in (TicketState.WAITING, TicketState.CLOSED):
        await sealed_step(house, following_up.continue_ticket, OLA, "Q-1", "because", state)
    with pytest.raises(Refused, match="Q-1 is closed: it can only become open"):
        await sealed_step(house, following_up.continue_ticket, OLA, "Q-1", "and", None)
    ticket = await sealed_step(house, following_up.continue_ticket, OLA, "Q-1", "again", TicketState.OPEN)
    assert ticket.state == "open"
    with pytest.raises(NotFound, match="Q-9: there is no such ticket"):
        await sealed_step(house, following_up.continue_ticket, OLA, "Q-9", "x")


async def test_a_task_is_done_once(house: House) -> None:
    await house.enter()
    due = house.today + dt.timedelta(days=1)
    task = await house.write(following_up.add_task, ANN, "C-1", "call them", due, "ann")
    assert await tasks(house) == [("TASK-1", "call them", "ann")]
    async with house.database.writing() as session:
        await following_up.end_task(session, OLA, task.id, TaskState.DONE, "called", now_ns=house.now_ns)
    with pytest.raises(Refused, match="TASK-1 is done already, by ola"):
        async with house.database.writing() as session:
            await following_up.end_task(session, ANN, task.id, TaskState.CANCELLED, "late", now_ns=house.now_ns)
    with pytest.raises(Refused, match="is over"):
        await house.write(following_up.add_task, ANN, "C-1", "x", house.today - dt.timedelta(days=1), "ann")


async def test_agreements_have_versions_and_are_signed_once(house: House) -> None:
    await house.enter(agreements=[])
    draft = AgreementGiven("margin", "2026-1")
    signed = AgreementGiven("margin", "2026-1", house.today)
    await house.write(agreeing.agree, ANN, "C-1", draft)
    await house.write(agreeing.agree, ANN, "C-1", signed)
    with pytest.raises(Conflict, match="margin 2026-1 is entered already"):
        await house.write(agreeing.agree, ANN, "C-1", signed)
    with pytest.raises(Refused, match="which is still to come"):
        await house.write(agreeing.agree, ANN, "C-1", AgreementGiven("sla", "1", house.today + dt.timedelta(days=1)))
    async with house.database.reading() as session:
        assert await agreeing.unsigned(session, await client_of(session, "C-1")) == ("client",)
    await house.write(agreeing.end_agreement, ANN, "C-1", "margin", "2026-1")
    with pytest.raises(NotFound, match="C-1 has no margin agreement 2026-1 that is in force"):
        await house.write(agreeing.end_agreement, ANN, "C-1", "margin", "2026-1")


async def test_staff_is_reminded_of_documents_once_at_each_mark(house: House) -> None:
    await house.enter(documents=[document("passport", "owner", expires="2027-01-20")])

    async def remind(days: int) -> int:
        async with house.database.writing() as session:
            return len(await filing.remind(session, now_ns=house.now_ns + days * DAY_NS))

    assert [await remind(days) for days in (0, 1, 24, 25, 46, 53, 60)] == [1, 0, 1, 0, 1, 1, 0]
    assert (await tasks(house))[0][1:] == ("DOC-1, passport, expires on 2027-01-20: ask for a new one", "onboarding")


async def review(house: House, conclusion: str = "as before") -> Any:
    async with house.database.writing() as session:
        return await reviewing.review(session, CAY, house.sealer, "C-1", conclusion, now_ns=house.now_ns)


async def delta(house: House) -> reviewing.Delta:
    async with house.database.reading() as session:
        return await reviewing.delta_of(session, house.sealer, "C-1", now_ns=house.now_ns)


async def test_a_review_shows_only_what_has_changed(house: House) -> None:
    await house.active()
    before = await delta(house)
    assert before.is_empty
    house.now_ns += 30 * DAY_NS
    await house.sealed(editing.set_fields, ANN, "C-1", {"trading_name": "Muster"})
    bea = PartyGiven("new", "person", "Bea Beispiel", (Role.REPRESENTATIVE,))
    await house.sealed(editing.add_party, ANN, "C-1", bea)
    await house.import_list(entry(), entry("Bea Beispiel", "2"))
    await house.screen()
    found = await delta(house)
    assert [(change.where, change.after) for change in found.changes] == [
        ("parties.P-2.id", "P-2"),
        ("parties.P-2.kind", "person"),
        ("parties.P-2.name", "Bea Beispiel"),
        ("parties.P-2.roles", ("representative",)),
        ("trading_name", "Muster"),
    ]
    assert found.hits == ("H-1, Bea Beispiel, open",)
    assert str(found.since) == "2026-11-28"
    with pytest.raises(Refused, match="C-1 cannot be concluded"):
        await review(house)


async def test_a_review_rates_anew_and_sets_when_the_next_is_due(house: House) -> None:
    await house.active()
    house.now_ns += 100 * DAY_NS
    row = await review(house)
    assert (row.id, row.done_by, str(row.due)) == ("R-1", "cay", "2029-11-28")
    assert str((await house.client()).review_due) == "2030-03-08"
    assert (await delta(house)).is_empty


async def test_reviews_that_are_due_are_asked_for_once(house: House) -> None:
    await house.active()

    async def remind(days: int) -> list[str]:
        async with house.database.writing() as session:
            return await reviewing.remind(session, house.sealer, now_ns=house.now_ns + days * DAY_NS)

    assert [await remind(days) for days in (0, 1100, 1101)] == [[], ["TASK-1"], []]
    assert await tasks(house) == [("TASK-1", "review C-1, due on 2029-11-28", "compliance")]


async def test_a_client_that_was_never_approved_has_no_review(house: House) -> None:
    await house.enter()
    with pytest.raises(Refused, match="C-1 has not been approved yet"):
        await delta(house)
    with pytest.raises(Refused, match="only clients that are active or suspended are reviewed"):
        await review(house)


def message(**changes: Any) -> str:
    person = {
        "legalPerson": {
            "name": {"nameIdentifier": [{"legalPersonName": "Far AG", "legalPersonNameIdentifierType": "LEGL"}]},
            "customerNumber": "1",
        }
    }
    return json.dumps(
        {"originator": {"originatorPersons": [person]}, "beneficiary": {"beneficiaryPersons": [person]}, **changes}
    )


async def test_data_of_a_transfer_are_kept_sealed_and_never_replaced(house: House) -> None:
    await house.enter()

    async def store(content: str) -> None:
        await sealed_step(house, travel_data.store, BEN, "C-1", "W-1", "out", content)

    await store(message())
    await store(message())
    with pytest.raises(Conflict, match="transfer W-1: has other Travel Rule data already"):
        await store(
            message(originatingVASP=None, originator={**json.loads(message())["originator"], "accountNumber": ["x"]})
        )
    with pytest.raises(Refused, match=r"IVMS101\.2020"):
        await store("{}")
    async with house.database.reading() as session:
        assert "Far AG" not in repr((await session.execute(text("SELECT * FROM travel_rule_data"))).all())
        found = await travel_data.data_of(session, house.sealer, "W-1", "out")
        assert found is not None
        assert json.loads(encode(found)) == json.loads(message())
        assert await travel_data.data_of(session, house.sealer, "W-2", "out") is None


async def test_a_client_has_its_own_identity_for_transfers(house: House) -> None:
    await house.enter()
    async with house.database.reading() as session:
        file = await read_file(session, house.sealer, await client_of(session, "C-1"))
    person = travel_data.identity_of("C-1", file)
    assert person.legal_person is not None
    assert person.legal_person.national_identification is not None
    assert person.legal_person.national_identification.national_identifier == LEI


async def test_other_services_are_known_by_their_lei(house: House) -> None:
    await house.write(vasps.set_vasp, BEN, LEI, "Far Exchange", "SG", "https://far.example/travel")
    await house.write(vasps.set_vasp, BEN, LEI, "Far Exchange Ltd", "SG", "https://far.example/travel")
    async with house.database.reading() as session:
        assert [vasp.name for vasp in await vasps.vasps(session)] == ["Far Exchange Ltd"]


async def test_a_review_is_due_at_once_when_what_the_rating_rests_on_has_changed(house: House) -> None:
    await house.active()
    await house.sealed(editing.set_fields, ANN, "C-1", {"trading_name": "Muster"})

    async def remind() -> list[str]:
        async with house.database.writing() as session:
            return await reviewing.remind(session, house.sealer, now_ns=house.now_ns)

    assert await remind() == [], "a name is nothing that it was rated by"
    await house.sealed(editing.set_fields, ANN, "C-1", {"industry": "gaming"})
    assert [await remind(), await remind()] == [["TASK-1"], []]
    assert (await house.client()).review_due == house.today
    await house.screen()
    await sealed_step(house, reviewing.review, CAY, "C-1", "they run a casino now")
    assert await remind() == []
