"""What waits for people now."""

from backoffice.crm import applying
from backoffice.crm.screening.deciding import Disposition, decide
from backoffice.reconciliation import breaks
from backoffice.reconciliation.found import Found, Kind
from backoffice.reports.now import now
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Role
from backoffice.surveillance import cases
from backoffice.surveillance.looking import raise_alerts
from backoffice.surveillance.parameters import PARAMETERS
from backoffice.surveillance.rows import Finding, Window
from tests.backoffice.crm.house import ANN, BEN, House, content, entry

TOM = Actor("tom", frozenset({Role.TREASURY}))
OWNER = content()["parties"][0] | {"name": "Zachary Quillfeather"}


async def counted(house: House) -> tuple[int, int, int]:
    async with house.database.reading() as session:
        found = await now(session)
    return found.breaks, found.alerts, found.hits


async def test_breaks_alerts_and_hits_wait_until_somebody_has_dealt_with_them(house: House) -> None:
    assert await counted(house) == (0, 0, 0)
    found = [
        Found(kind=Kind.OVERDRAWN, subject=asset, asset=asset, here="", there="below nothing")
        for asset in ("BTC", "EUR", "USD")
    ]
    findings = [
        Finding("wash trades", account, "BTC/USD", Window(0, 1), f"{account} did", {"figures": {}})
        for account in ("A", "B", "C")
    ]
    async with house.database.writing() as session:
        await breaks.take(session, found, kinds=list(Kind), silent=set(), now_ns=1)
        await raise_alerts(session, BACK_OFFICE, findings, PARAMETERS, 1)
    await house.import_list(entry(), entry(number="2"))
    await house.enter(parties=[OWNER])
    await house.sealed(applying.submit, ANN, "C-1")
    await house.screen()
    assert await counted(house) == (3, 3, 2)
    await house.write(breaks.resolve, TOM, "B-1")
    await house.write(cases.open_case, BEN, ["AL-1", "AL-2"])
    await house.write(decide, BEN, "H-1", Disposition.FALSE_POSITIVE)
    assert await counted(house) == (2, 1, 1)
