"""Whoever imports a list screens by it; what they leave undone the back office does."""

import asyncio
from pathlib import Path

import pytest

from backoffice.crm import applying, editing
from backoffice.crm.screening.rescreening import LEFT_NS, left_behind
from backoffice.office import screen_again
from backoffice.staff import audit
from backoffice.staff.sealing import Sealer
from tests.backoffice.crm.house import ANN, House, content, entry


async def behind(house: House, later_ns: int = LEFT_NS) -> list[int]:
    async with house.database.reading() as session:
        return await left_behind(session, house.now_ns + later_ns)


async def again(house: House, patch: pytest.MonkeyPatch, stop: asyncio.Event | None = None) -> None:
    """Let the back office look, a while later."""
    patch.setattr("time.time_ns", lambda: house.now_ns + LEFT_NS)
    await screen_again(house.database, house.sealer, stop or asyncio.Event())


async def test_who_was_screened_before_a_list_changed_is_left_behind_after_a_while(house: House) -> None:
    await house.active()
    assert await behind(house) == []
    await house.import_list(entry(), entry("Ann Muster", "2"))
    assert await behind(house, LEFT_NS - 1) == []
    assert await behind(house) == [1]
    await house.screen()
    assert await behind(house) == []


async def test_what_others_have_left_the_back_office_screens(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.active()
    await house.import_list(entry(), entry("Ann Muster", "2"))
    await again(house, monkeypatch)
    assert await behind(house) == []
    async with house.database.reading() as session:
        *_, told = await audit.entries(session, audit.Wanted(subject="client/C-1", verb="screen"), 10)
    assert (told.actor, told.why) == ("backoffice", "a list has changed")
    assert '"hits":["H-1"]' in (told.after or "")


async def test_the_back_office_stops_between_two_clients(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.active()
    await house.active(name="Other AG", firm="OTHER", lei="5493001KJTIIGC8Y1R12", registration="CHE-999")
    await house.import_list(entry(), entry("Ann Muster", "2"))
    stop = asyncio.Event()
    stop.set()
    await again(house, monkeypatch, stop)
    assert await behind(house) == [2]
    await again(house, monkeypatch)
    assert await behind(house) == []


async def test_files_that_cannot_be_read_wait(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    await house.active()
    await house.import_list(entry(), entry("Ann Muster", "2"))
    sealer, house.sealer = house.sealer, Sealer(tmp_path / "none.key")
    await again(house, monkeypatch)
    assert await behind(house) == [1]
    house.sealer = sealer
    await again(house, monkeypatch)
    assert await behind(house) == []


async def test_who_has_gone_from_a_file_keeps_nobody_behind(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.active(parties=[*content()["parties"], {"id": "x", "kind": "person", "name": "Zuleika Dobson"}])
    await house.sealed(editing.remove_party, ANN, "C-1", "P-2")
    await house.import_list(entry(), entry("Ann Muster", "2"))
    await again(house, monkeypatch)
    assert await behind(house) == []


async def test_who_has_not_been_screened_yet_is_left_to_staff(house: House) -> None:
    await house.import_list(entry())
    await house.enter()
    await house.sealed(applying.submit, ANN, "C-1")
    assert await behind(house) == []
