"""A client's way from the draft to trading, and who may take which step."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from backoffice.crm import applying, editing, following_up, leaving, rating, registering
from backoffice.crm.knowing import known_of
from backoffice.crm.loading import client_of, other_files_of, read_file
from backoffice.crm.rated import last_score
from backoffice.crm.risk import Rating
from backoffice.crm.standing import obstacles
from backoffice.crm.tables.check import RiskScore
from backoffice.crm.tables.file import Client, ClientDocument, FileSnapshot
from backoffice.crm.workflow import Verb
from backoffice.errors import Conflict, Refused
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.audit import Wanted
from backoffice.staff.permissions import Role
from backoffice.times import DAY_NS, day_of
from tests.backoffice.crm.house import ANN, BEN, CAY, LEI, House, document


async def why(house: House, client: str = "C-1") -> list[str]:
    async with house.database.reading() as session:
        found = await client_of(session, client)
        return [each.what for each in obstacles(await known_of(session, house.sealer, found, house.now_ns))]


async def test_a_whole_client_is_taken_in_by_two_people(house: House) -> None:
    client = await house.active()
    found = await house.client(client)
    assert (client, found.state, found.rating) == ("C-1", "active", "low")
    assert (found.submitted_by, found.approved_by, found.risk_model) == ("ann", "cay", 1)
    assert str(found.review_due) == "2029-11-28"
    assert await why(house) == []
    async with house.database.reading() as session:
        trail = await audit.entries(session, Wanted(subject="client/C-1"), 100)
        assert [entry.verb for entry in trail if not entry.verb.startswith("verify")] == [
            "enter",
            "submit",
            "screen",
            "screen",
            "clear",
            "rate",
            "approve",
            "activate",
        ]
        assert "Muster" not in "".join(f"{entry.after}{entry.before}" for entry in trail if entry.verb != "enter")
        assert (await audit.verify(session)).flaw == ""
        assert len((await session.scalars(select(FileSnapshot))).all()) == 1


async def test_the_trail_has_each_document_that_came_with_a_file(house: House) -> None:
    await house.active()
    async with house.database.reading() as session:
        filed = {each.id: each for each in await session.scalars(select(ClientDocument))}
        (entry,) = await audit.entries(session, Wanted(subject="client/C-1", verb="enter"), 10)
    told = {each["document"]: each for each in json.loads(entry.after or "")["documents"]}
    assert {name: each["hash"] for name, each in told.items()} == {name: each.hash for name, each in filed.items()}
    assert {(each["kind"], each["of"]) for each in told.values()} >= {("articles", "client"), ("passport", "P-1")}


async def test_what_is_personal_stands_nowhere_in_clear(house: House) -> None:
    await house.active()
    async with house.database.reading() as session:
        for table in ("party", "client_document", "client_contact", "client_file_snapshot", "audit_entry"):
            rows = (await session.execute(text(f"SELECT * FROM {table}"))).all()
            assert rows
            for personal in ("Ann Muster", "1970-05-01", "Bo Muster", "bo@muster.example"):
                assert personal not in repr(rows)


async def test_a_fresh_draft_is_told_everything_that_is_missing(house: House) -> None:
    await house.enter(lei="", parties=[], documents=[], agreements=[], addresses={}, firm="")
    told = await why(house)
    assert told[:5] == [
        "it has no LEI",
        "it has no registered address",
        "no director is named",
        "nobody may sign for it",
        "who owns 100 % of it is not known",
    ]
    assert "certificate of incorporation: is missing" in told
    assert "the client is draft" in told
    with pytest.raises(Refused, match=r"C-1 cannot submit: it has no LEI \(and \d+ more; `fondaco client why C-1`"):
        await house.sealed(applying.submit, ANN, "C-1")
    assert (await house.client()).state == "draft"


@pytest.mark.parametrize(
    ("changes", "what"),
    (
        ({"documents": [document("articles")]}, "certificate of incorporation: is missing"),
        ({"parties": [], "documents": []}, "no director is named"),
    ),
)
async def test_a_file_that_is_not_whole_is_not_submitted(house: House, changes: dict[str, Any], what: str) -> None:
    await house.enter(**changes)
    with pytest.raises(Refused, match=f"C-1 cannot submit: {what}"):
        await house.sealed(applying.submit, ANN, "C-1")


async def test_who_has_entered_or_changed_a_client_cannot_approve_it(house: House) -> None:
    both = Actor("ann", frozenset({Role.ONBOARDING, Role.COMPLIANCE}))
    await house.under_review()
    with pytest.raises(Refused, match="ann has entered C-1; somebody else must approve it"):
        await house.sealed(applying.approve, both, "C-1")
    await house.write(applying.step, BEN, "C-1", Verb.REQUEST_INFORMATION)
    editor = Actor("eva", frozenset({Role.ONBOARDING, Role.COMPLIANCE}))
    await house.sealed(editing.set_fields, editor, "C-1", {"trading_name": "Muster"})
    await house.sealed(editing.set_fields, ANN, "C-1", {"trading_name": "Muster Handel"})
    await house.write(applying.step, ANN, "C-1", Verb.ANSWER)
    with pytest.raises(Refused, match="eva has changed C-1; somebody else must approve it"):
        await house.sealed(applying.approve, editor, "C-1")


async def test_the_database_itself_holds_that_maker_and_checker_are_two(house: House) -> None:
    await house.under_review()
    for values in (
        {"state": "approved"},
        {"state": "approved", "approved_by": "ann"},
        {"state": "active", "approved_by": None},
        {"state": "suspended", "approved_by": "cay"},
        {"state": "drifting"},
    ):
        with pytest.raises(IntegrityError):
            async with house.database.writing() as session:
                await session.execute(update(Client).values(**values))


async def test_each_step_needs_its_permission(house: House) -> None:
    await house.under_review()
    with pytest.raises(Refused, match="ann may not approve clients: needs compliance"):
        await house.sealed(applying.approve, ANN, "C-1")
    with pytest.raises(Refused, match="ben may not enter and change clients"):
        await house.sealed(editing.set_fields, BEN, "C-1", {"trading_name": "Muster"})


async def test_steps_out_of_order_are_refused(house: House) -> None:
    await house.enter()
    for verb in (applying.approve, applying.activate, applying.clear):
        with pytest.raises(Refused, match=r"C-1 is draft: .* possible is submit, reject"):
            await house.sealed(verb, CAY, "C-1")
    with pytest.raises(Refused, match="risk is not possible now"):
        await house.sealed(rating.rate, BEN, "C-1")


async def test_a_file_is_closed_to_changes_while_it_is_looked_at(house: House) -> None:
    await house.under_review()
    with pytest.raises(
        Refused, match=r"C-1 is review: its file cannot be changed now; .* `fondaco client request-info"
    ):
        await house.sealed(editing.set_fields, ANN, "C-1", {"trading_name": "Muster"})
    await house.write(applying.step, BEN, "C-1", Verb.REJECT)
    with pytest.raises(Refused, match=r"C-1 is rejected: .* `fondaco client reopen`"):
        await house.sealed(editing.set_fields, ANN, "C-1", {"trading_name": "Muster"})


async def test_what_is_found_wanting_early_is_asked_for_and_everything_else_still_is(house: House) -> None:
    await house.import_list()
    await house.enter(volume="much")
    with pytest.raises(Refused, match=r"its volume is not said .* --volume below-1m\|below-10m\|below-100m\|above"):
        await house.sealed(applying.submit, ANN, "C-1")
    await house.sealed(editing.set_fields, ANN, "C-1", {"volume": "below-1m"})
    await house.sealed(applying.submit, ANN, "C-1")
    await house.write(applying.step, BEN, "C-1", Verb.REQUEST_INFORMATION)
    await house.sealed(editing.set_fields, ANN, "C-1", {"volume": "below-10m"})
    await house.write(applying.step, ANN, "C-1", Verb.ANSWER)
    await house.verify_all()
    with pytest.raises(Refused, match=r"not screened as they and the lists are now: .*and 1 more"):
        await house.sealed(applying.approve, CAY, "C-1")
    await house.screen()
    with pytest.raises(Refused, match="its risk is not rated"):
        await house.sealed(applying.approve, CAY, "C-1")
    await house.sealed(rating.rate, BEN, "C-1")
    assert (await house.sealed(applying.approve, CAY, "C-1")).state == "approved"


async def test_a_client_that_was_changed_is_screened_again_before_it_is_approved(house: House) -> None:
    await house.under_review()
    await house.write(applying.step, BEN, "C-1", Verb.REQUEST_INFORMATION)
    await house.sealed(editing.set_fields, ANN, "C-1", {"trading_name": "Quillfeather"})
    await house.write(applying.step, ANN, "C-1", Verb.ANSWER)
    with pytest.raises(
        Refused, match="C-1 cannot approve: not screened as they and the lists are now: Muster Handel AG"
    ):
        await house.sealed(applying.approve, CAY, "C-1")
    await house.screen()
    await house.sealed(applying.approve, CAY, "C-1")


async def test_an_application_keeps_the_model_that_it_began_with(house: House) -> None:
    await house.import_list()
    await house.enter()
    await house.sealed(applying.submit, ANN, "C-1")
    async with house.database.writing() as session:
        await session.execute(
            text(
                "INSERT INTO risk_model (version, content, proposed_by, adopted_by, adopted_ns) "
                "VALUES (2, '{}', 'ben', 'cay', 0)"
            )
        )
    await house.screen()
    await house.sealed(applying.clear, BEN, "C-1")
    score = await house.sealed(rating.rate, BEN, "C-1")
    assert score.model == 1


async def test_a_politically_exposed_owner_makes_a_high_risk_that_owes_more(house: House) -> None:
    people = [
        {
            "id": "owner",
            "kind": "person",
            "name": "Ann Muster",
            "roles": ["owner", "director", "signatory"],
            "is_exposed": True,
            "holdings": [{"share": "100"}],
        }
    ]
    await house.under_review(parties=people)
    found = await house.client()
    assert (found.rating, str(found.review_due)) == ("high", "2027-11-28")
    told = await why(house)
    assert "source of wealth: is missing" in told
    with pytest.raises(Refused, match="C-1 cannot approve"):
        await house.sealed(applying.approve, CAY, "C-1")


async def test_a_client_is_not_approved_by_a_rating_of_what_it_was(house: House) -> None:
    await house.under_review()
    await house.write(applying.step, BEN, "C-1", Verb.REQUEST_INFORMATION)
    await house.sealed(editing.set_fields, ANN, "C-1", {"jurisdiction": "KP"})
    await house.write(applying.step, ANN, "C-1", Verb.ANSWER)
    await house.screen()
    with pytest.raises(
        Refused, match="cannot approve: rated before this has changed: jurisdiction; fondaco client risk"
    ):
        await house.sealed(applying.approve, CAY, "C-1")
    await house.sealed(rating.rate, BEN, "C-1")
    with pytest.raises(Refused, match="its risk is prohibited"):
        await house.sealed(applying.approve, CAY, "C-1")


async def test_a_client_that_changed_since_its_approval_is_activated_by_somebody_else(house: House) -> None:
    await house.under_review()
    await house.sealed(applying.approve, CAY, "C-1")
    both = Actor("dee", frozenset({Role.ONBOARDING, Role.COMPLIANCE}))
    await house.sealed(editing.set_fields, both, "C-1", {"volume": "above"})
    with pytest.raises(Refused, match="dee has changed C-1 since it was approved"):
        await house.sealed(applying.activate, both, "C-1")
    with pytest.raises(Refused, match="rated before this has changed: volume"):
        await house.sealed(applying.activate, CAY, "C-1")
    await house.sealed(rating.rate, BEN, "C-1")
    assert (await house.sealed(applying.activate, CAY, "C-1")).state == "active"


async def test_a_client_that_is_rejected_may_be_opened_again_and_is_looked_at_anew(house: House) -> None:
    await house.under_review()
    await house.write(applying.step, BEN, "C-1", Verb.REJECT)
    assert await why(house) != []
    await house.write(applying.step, ANN, "C-1", Verb.REOPEN)
    found = await house.client()
    assert (found.state, found.submitted_by, found.rating) == ("draft", None, None)


async def test_a_file_that_is_rejected_is_kept_for_its_time_and_then_erased_for_good(house: House) -> None:
    await house.under_review()
    await house.write(applying.step, BEN, "C-1", Verb.REJECT)
    assert str((await house.client()).keep_until) == "2031-11-28"
    await house.write(applying.step, ANN, "C-1", Verb.REOPEN)
    assert (await house.client()).keep_until is None
    await house.write(applying.step, BEN, "C-1", Verb.REJECT)
    async with house.database.writing() as session:
        await following_up.add_note(session, BEN, house.sealer, "C-1", "Ann called", now_ns=house.now_ns)
        await following_up.open_ticket(session, BEN, house.sealer, "C-1", "why", "Ann asks", now_ns=house.now_ns)

    async def erased() -> list[str]:
        async with house.database.writing() as session:
            return await leaving.erase_due(session, house.sealer, now_ns=house.now_ns)

    house.now_ns += 1826 * DAY_NS
    assert await erased() == []
    house.now_ns += DAY_NS
    assert await erased() == ["C-1"]
    async with house.database.reading() as session:
        file = await read_file(session, house.sealer, await client_of(session, "C-1"))
        (ticket,) = await following_up.tickets_of(session, None, open_only=False)
        assert (ticket.title, ticket.state) == ("erased", "closed")
        assert await following_up.notes_of(session, house.sealer, "C-1") == []
    assert (file.name, file.parties[0].name, file.parties[0].born) == ("Muster Handel AG", "erased", None)
    assert {paper.name for paper in file.documents} == {"erased"}
    assert await why(house) == ["its file is erased"]
    with pytest.raises(Refused, match="C-1 is erased, and cannot be opened again"):
        await house.write(applying.step, ANN, "C-1", Verb.REOPEN)


async def test_nothing_personal_is_written_of_a_client_that_is_erased(house: House) -> None:
    await house.under_review()
    async with house.database.writing() as session:
        ticket = await following_up.open_ticket(
            session, BEN, house.sealer, "C-1", "why", "Ann asks", now_ns=house.now_ns
        )
    await house.write(applying.step, BEN, "C-1", Verb.REJECT)
    house.now_ns += 1828 * DAY_NS
    async with house.database.writing() as session:
        assert await leaving.erase_due(session, house.sealer, now_ns=house.now_ns) == ["C-1"]
        reopened = following_up.TicketState.OPEN
        told: dict[str, Any] = {"session": session, "actor": BEN, "sealer": house.sealer, "now_ns": house.now_ns}
        with pytest.raises(Refused, match="C-1 is erased"):
            await following_up.add_note(client_id="C-1", text="Ann called", **told)
        with pytest.raises(Refused, match="C-1 is erased"):
            await following_up.open_ticket(client_id="C-1", title="why", text="Ann asks", **told)
        with pytest.raises(Refused, match="C-1 is erased"):
            await following_up.continue_ticket(ticket_id=ticket.id, text="Ann asks", state=reopened, **told)
        with pytest.raises(Refused, match="C-1 is erased"):
            await following_up.add_task(
                *(session, BEN, "C-1", "call Ann", day_of(house.now_ns), "ben"), why="she asked", now_ns=house.now_ns
            )


async def test_who_was_rejected_may_come_again_as_a_new_client_and_then_is_not_opened_again(house: House) -> None:
    await house.enter()
    await house.write(applying.step, BEN, "C-1", Verb.REJECT)
    with pytest.raises(Conflict, match=r"firm MUSTER is C-1's .* with that file, which is rejected; take another name"):
        await house.enter()
    assert await house.enter(firm="MUSTER2") == "C-2"
    with pytest.raises(Conflict, match=f"lei {LEI} is C-2's already"):
        await house.write(applying.step, ANN, "C-1", Verb.REOPEN)
    async with house.database.reading() as session:
        others = [await other_files_of(session, await client_of(session, each)) for each in ("C-1", "C-2")]
        assert [[file.id for file in each] for each in others] == [["C-2"], ["C-1"]]
        assert [file.firm for file in await registering.export_all(session, BEN, house.sealer)] == ["MUSTER2"]
    await house.write(applying.step, BEN, "C-2", Verb.REJECT)
    assert (await house.write(applying.step, ANN, "C-1", Verb.REOPEN)).state == "draft"


async def test_without_its_agreement_a_client_is_not_activated(house: House) -> None:
    await house.under_review(agreements=[])
    await house.sealed(applying.approve, CAY, "C-1")
    with pytest.raises(Refused, match="C-1 cannot activate: the client agreement is not signed"):
        await house.sealed(applying.activate, CAY, "C-1")


async def test_a_rating_is_overridden_by_two(house: House) -> None:
    await house.under_review()
    proposal = await house.write(rating.propose_rating, BEN, "C-1", Rating.HIGH, why="adverse news")
    with pytest.raises(Refused, match="ben has proposed"):
        await house.write(approvals.approve, BEN, proposal.id)
    await house.write(approvals.approve, CAY, proposal.id)
    found = await house.client()
    assert (found.rating, str(found.review_due)) == ("high", "2027-11-28")
    async with house.database.reading() as session:
        last = await last_score(session, found)
    assert last is not None
    assert (last.score, last.proposed_by, last.scored_by, last.reason) == (13, "ben", "cay", "adverse news")


async def test_scores_are_never_changed(house: House) -> None:
    await house.under_review()
    with pytest.raises(IntegrityError, match="append-only"):
        async with house.database.writing() as session:
            await session.execute(update(RiskScore).values(score=1))


async def test_of_two_who_approve_at_once_one_is_told(house: House) -> None:
    await house.under_review()
    dan = Actor("dan", frozenset({Role.COMPLIANCE}))
    results = await asyncio.gather(
        house.sealed(applying.approve, CAY, "C-1"),
        house.sealed(applying.approve, dan, "C-1"),
        return_exceptions=True,
    )
    failed = [each for each in results if isinstance(each, BaseException)]
    assert len(failed) == 1
    assert isinstance(failed[0], Refused | Conflict)
    assert (await house.client()).state == "approved"
