"""Whole files: imported, exported, compared; and what is wrong with some."""

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from backoffice.crm import client_file, editing, filing, registering
from backoffice.crm.client_file import ClientFile, DocumentGiven, HoldingGiven, PartyGiven, Role, decode, differences
from backoffice.crm.documents import DocumentKind
from backoffice.crm.loading import client_of, read_file
from backoffice.crm.tables.file import Client, Party, PartyHolding
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.staff.tables import AuditEntry
from tests.backoffice.crm.house import ANN, BEN, OLA, House, content, document


async def exported(house: House, client: str = "C-1") -> ClientFile:
    async with house.database.reading() as session:
        return await registering.export(session, ANN, house.sealer, client)


def person(name: str, *holdings: tuple[str, str], kind: str = "person") -> dict[str, Any]:
    given = [{"of": of, "share": share} for of, share in holdings]
    return {"id": name, "kind": kind, "name": name.title(), "roles": ["owner"], "holdings": given}


async def test_a_file_is_exported_as_it_was_imported_but_for_names_of_ours(house: House) -> None:
    await house.enter()
    found = json.loads(client_file.encode(await exported(house)))
    expected = content()
    expected["parties"][0] |= {"id": "P-1", "holdings": [{"share": "100", "votes": "100"}]}
    for number, each in enumerate(expected["documents"], 1):
        each["id"] = f"DOC-{number}"
        each["of"] = "P-1" if each["of"] == "owner" else each.pop("of") and None
        if each["of"] is None:
            del each["of"]
    expected["contacts"][0]["id"] = "K-1"
    assert found == expected
    assert decode(json.dumps(found)) == await exported(house)


async def test_what_is_exported_can_be_imported_elsewhere(house: House) -> None:
    await house.enter(
        parties=[person("ann", ("top", "60")), person("top", ("client", "100"), kind="entity")], documents=[]
    )
    copy = json.loads(client_file.encode(await exported(house)))
    copy |= {"lei": "", "firm": "OTHER"}
    await house.sealed(registering.enter, ANN, decode(json.dumps(copy)))
    first, second = await exported(house), await exported(house, "C-2")
    assert [(each.name, [holding.share for holding in each.holdings]) for each in first.parties] == [
        (each.name, [holding.share for holding in each.holdings]) for each in second.parties
    ]


@pytest.mark.parametrize(
    ("changes", "what"),
    (
        ({"lei": "529900T8BM49AURSDO56"}, "check digits are wrong"),
        ({"jurisdiction": "Switzerland"}, "not a code of ISO 3166-1"),
        ({"entity_type": "club"}, "Invalid enum value 'club'"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"name": " "}, "name: is empty"),
        ({"firm": "a b"}, "firm 'a b'"),
        ({"addresses": {"registered": {"country": "CH", "town": "Zug"}}}, "name a street"),
        ({"parties": [person("a", ("b", "10"))]}, "owns 'b', which is not in the file"),
        ({"parties": [person("a"), person("a")]}, "party a stands twice"),
        (
            {
                "parties": [person("a", ("b", "60"), kind="entity"), person("b", ("a", "60"), kind="entity")],
                "documents": [],
            },
            "ownership runs in a circle",
        ),
        (
            {"parties": [person("a", ("client", "60")), person("b", ("client", "50"))], "documents": []},
            "add up to 110 %",
        ),
        ({"documents": [document("articles", "nobody")]}, "is of 'nobody', which is not in the file"),
        ({"documents": [document("articles", expires="2020-01-01")]}, "expires before it is issued"),
        ({"documents": [document("articles", hash="12")]}, r"matching regex .* `\$.documents\[0\].hash`"),
        ({"contacts": [{"purpose": "trading", "name": "Bo", "email": "bo"}]}, "is no address of e-mail"),
        ({"contacts": [{"purpose": "trading", "name": "Bo", "phone": "\x1b[2J"}]}, "phone of Bo: has characters that"),
        ({"trading_name": "A\x00"}, "trading name: has characters that cannot be printed"),
        ({"registration": "1\n2"}, "registration: has characters that cannot be printed"),
        ({"legal_form": "x" * 141}, "legal form: is longer than 140 characters"),
        ({"industry": "x" * 65}, "industry: is longer than 64 characters"),
        (
            {"addresses": {"registered": {"country": "CH", "town": "Z\x1b[2J", "street": "Weg"}}},
            "town has characters that cannot be printed",
        ),
        ({"parties": [{**person("a"), "birth_place": "\x07"}], "documents": []}, "birth place of a: has characters"),
    ),
)
def test_a_file_that_is_not_sound_is_refused_with_the_place(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(Refused, match=what):
        decode(json.dumps(content(**changes)))


@pytest.mark.parametrize("text", ("", "[]", "{", "null", "[" * 100_000, "x" * (5 * 1024 * 1024), b'{"name":"\xff"}'))
def test_what_is_no_file_is_refused(text: str | bytes) -> None:
    with pytest.raises(Refused, match="client file: "):
        decode(text)


async def test_a_file_is_entered_whole_or_not_at_all(house: House) -> None:
    await house.enter()
    with pytest.raises(Conflict, match="lei 529900T8BM49AURSDO55 is C-1's already"):
        await house.enter(firm="OTHER")
    with pytest.raises(Conflict, match="firm MUSTER is C-1's already"):
        await house.enter(lei="")
    async with house.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Client)) == 1
        assert await session.scalar(select(func.count()).select_from(Party)) == 1


async def test_a_change_that_would_make_a_file_unsound_changes_nothing(house: House) -> None:
    await house.enter()
    bea = PartyGiven("new", "person", "Bea", (Role.OWNER,), holdings=(HoldingGiven("10"),))
    with pytest.raises(Refused, match="the shares in client add up to 110 %"):
        await house.sealed(editing.add_party, ANN, "C-1", bea)
    with pytest.raises(Refused, match="check digits are wrong"):
        await house.sealed(editing.set_fields, ANN, "C-1", {"lei": "529900T8BM49AURSDO56"})
    async with house.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Party)) == 1
        assert await session.scalar(select(func.count()).select_from(PartyHolding)) == 1


async def test_people_are_added_changed_and_taken_out(house: House) -> None:
    await house.enter()
    await house.sealed(editing.change_party, ANN, "C-1", "P-1", {"holdings": (HoldingGiven("60"),)})
    top = PartyGiven("new", "entity", "Top AG", (Role.OWNER,), holdings=(HoldingGiven("40", votes="0"),))
    assert await house.sealed(editing.add_party, ANN, "C-1", top) == "P-2"
    cid = PartyGiven("new", "person", "Cid", (Role.OWNER,), holdings=(HoldingGiven("100", of="P-2"),))
    assert await house.sealed(editing.add_party, ANN, "C-1", cid) == "P-3"
    found = await exported(house)
    assert [(party.id, party.holdings) for party in found.parties] == [
        ("P-1", (HoldingGiven("60", votes="60"),)),
        ("P-2", (HoldingGiven("40", votes="0"),)),
        ("P-3", (HoldingGiven("100", "P-2", "100"),)),
    ]
    await house.sealed(editing.remove_party, ANN, "C-1", "P-2")
    assert [(party.id, party.holdings) for party in (await exported(house)).parties][1:] == [("P-3", ())]
    with pytest.raises(NotFound, match="P-2: nobody of that name in the file of C-1"):
        await house.sealed(editing.change_party, ANN, "C-1", "P-2", {"name": "X"})


async def test_with_somebody_their_documents_are_taken_out(house: House) -> None:
    await house.enter()
    await house.sealed(editing.remove_party, ANN, "C-1", "P-1")
    found = await exported(house)
    assert found.parties == ()
    assert {each.of for each in found.documents} == {"client"}
    async with house.database.reading() as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.verb == "remove party"))
    assert entry is not None
    assert entry.after == '{"documents":{"DOC-14":"withdrawn","DOC-15":"withdrawn"}}'


@pytest.mark.parametrize(
    ("changes", "what"),
    (
        ({"documents": [document("articles", issued="2026-11-29")]}, r"document 'articles\.pdf': issued on 2026-11-29"),
        ({"parties": [{**person("a"), "born": "2030-01-01"}], "documents": []}, "a: born on 2030-01-01"),
        (
            {"agreements": [{"kind": "client", "version": "1", "signed": "2027-01-01"}]},
            "client 1: signed on 2027-01-01",
        ),
    ),
)
async def test_nothing_in_a_file_has_happened_after_today(house: House, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(Refused, match=f"{what}, which is still to come"):
        await house.enter(**changes)


async def test_nobody_is_born_after_today(house: House) -> None:
    await house.enter()
    born = dt.date(2026, 11, 29)
    with pytest.raises(Refused, match="P-1: born on 2026-11-29, which is still to come"):
        await house.sealed(editing.change_party, ANN, "C-1", "P-1", {"born": born})


async def test_a_circle_is_refused_when_it_would_be_closed(house: House) -> None:
    await house.enter(parties=[person("a", ("client", "60"), kind="entity")], documents=[])
    with pytest.raises(Refused, match="circle"):
        await house.sealed(editing.change_party, ANN, "C-1", "P-1", {"holdings": (HoldingGiven("10", of="P-1"),)})


async def test_who_may_not_see_personal_data_gets_no_file(house: House) -> None:
    await house.enter()
    with pytest.raises(Refused, match="ola may not see personal data"):
        async with house.database.reading() as session:
            await registering.export(session, OLA, house.sealer, "C-1")


async def test_a_document_is_verified_by_another_and_only_if_it_is_the_one(house: House) -> None:
    await house.enter(documents=[])
    given = DocumentGiven(DocumentKind.ARTICLES, "articles.pdf", "ab" * 32, house.today)
    assert await house.sealed(filing.file_document, ANN, "C-1", given) == "DOC-1"
    with pytest.raises(Refused, match="DOC-1: that file is another one: its SHA-256 is cdcd"):
        await house.write(filing.verify_document, BEN, "DOC-1", "cd" * 32)
    await house.write(filing.verify_document, BEN, "DOC-1", "ab" * 32)
    with pytest.raises(Refused, match="DOC-1 is verified already, by ben"):
        await house.write(filing.verify_document, BEN, "DOC-1", None)
    own = await house.sealed(filing.file_document, ANN, "C-1", given)
    with pytest.raises(Refused, match="ann may not approve clients"):
        await house.write(filing.verify_document, ANN, own, None)


def test_differences_are_told_by_their_places() -> None:
    before = decode(json.dumps(content()))
    after = decode(
        json.dumps(
            content(
                trading_name="Muster",
                parties=[{**content()["parties"][0], "name": "Anna Muster", "holdings": [{"share": "90"}]}],
                contacts=[],
            )
        )
    )
    assert [(change.where, change.before, change.after) for change in differences(before, after)] == [
        ("contacts.trading.email", "bo@muster.example", None),
        ("contacts.trading.name", "Bo Muster", None),
        ("contacts.trading.phone", "+41 41 1", None),
        ("contacts.trading.purpose", "trading", None),
        ("parties.owner.holdings.client.share", "100", "90"),
        ("parties.owner.name", "Ann Muster", "Anna Muster"),
        ("trading_name", None, "Muster"),
    ]
    assert differences(before, before) == []


async def test_reading_opens_what_was_sealed(house: House) -> None:
    await house.enter()
    async with house.database.reading() as session:
        found = await read_file(session, house.sealer, await client_of(session, "MUSTER"))
    assert (found.parties[0].name, str(found.parties[0].born)) == ("Ann Muster", "1970-05-01")
