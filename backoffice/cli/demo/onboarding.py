"""Takes the demo's brokers in, each the whole way: file, screening, rating, approval; then an account and its access.

That is limits, fees, and a session that is provisioned in the running venue, with a password that is shown once.
"""

from collections.abc import AsyncGenerator
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access import charging, hierarchy, limiting, sessions
from backoffice.access.fees import Fees, FeeTier
from backoffice.cli.demo.files import BROKERS, client_file, firm_of, sanctions
from backoffice.cli.demo.house import House
from backoffice.crm import applying, filing, rating, registering
from backoffice.crm.loading import client_of
from backoffice.crm.screening import importing
from backoffice.crm.screening.checking import Lists, hits_of, load_lists
from backoffice.crm.screening.deciding import Disposition, decide
from backoffice.crm.tables.file import Client
from engine.profile import DEFAULT_PROFILE, SessionSetUp
from engine.rules import Limits
from engine.values import CancelOnDisconnect

_WHY: Final = "wants to trade"
_SEEN: Final = "seen and checked"
_SCHEDULE: Final = "brokers"
_OPEN_ORDERS_MAX: Final = 500
_ORDER_DOLLARS_MAX: Final = 25_000_000
_TIERS: Final = ((0, 0, 200), (100_000_000, 0, 150))
"""Dollars traded in 30 days, and the fees from there on in millionths: makers pay nothing."""


class Onboarded(NamedTuple):
    """A broker that may trade, once it has funds."""

    client: str
    """As staff call it: "C-1"."""
    name: str
    comp_id: str
    account: str
    password: str


class Onboarding:
    """Takes brokers in, one after the other."""

    def __init__(self, house: House, decimals: int) -> None:
        """`decimals`: those of US dollars."""
        self.hits = 0
        """How many likenesses to somebody on the list were decided on."""
        self._house = house
        self._dollar: int = 10**decimals
        self._lists: Lists

    async def brokers(self) -> AsyncGenerator[Onboarded]:
        """Yield each broker as it comes in."""
        await self._prepare()
        for number in range(1, BROKERS + 1):
            client = await self._client(number)
            yield await self._access(client, number)
        async with self._house.database.writing() as session:
            await charging.bring_up_to_date(session, self._house.now_ns)
        await self._house.tell_venue()

    async def _prepare(self) -> None:
        """Import the list that everybody is screened against, and agree on what brokers pay."""
        house = self._house
        async with house.database.writing() as session:
            await importing.import_list(
                session, house.theo, "sample", "sanctions", sanctions(), why="a sample", now_ns=house.now_ns
            )
        async with house.database.writing() as session:
            self._lists = await load_lists(session)
            tiers = tuple(FeeTier(volume * self._dollar, maker, taker) for volume, maker, taker in _TIERS)
            schedule = await charging.propose_schedule(
                *(session, house.mira, _SCHEDULE, Fees("USD", tiers), house.now_ns),
                why="what brokers pay",
                now_ns=house.now_ns,
            )
        await house.decide([schedule.id], "as the house agreed")

    async def _client(self, number: int) -> str:
        """Take a broker through the workflow, from its file to where it is active; return what staff call it."""
        house = self._house
        async with house.database.writing() as session:
            file = client_file(number, house.today)
            client = await registering.enter(session, house.mira, house.sealer, file, why=_WHY, now_ns=house.now_ns)
            await applying.submit(session, house.mira, house.sealer, client.id, why=_WHY, now_ns=house.now_ns)
        async with house.database.writing() as session:
            await self._check(session, await client_of(session, client.id))
            for step in (applying.approve, applying.activate):
                await step(session, house.theo, house.sealer, client.id, why=_SEEN, now_ns=house.now_ns)
        return client.id

    async def _check(self, session: AsyncSession, client: Client) -> None:
        """Screen and rate a client, and verify its documents."""
        house = self._house
        given = (session, house.theo, house.sealer, client.id)
        await applying.screen_client(*given, self._lists, why="new", now_ns=house.now_ns)
        for hit in await hits_of(session, client):
            why = "another date of birth, another country"
            await decide(session, house.theo, hit.id, Disposition.FALSE_POSITIVE, why=why, now_ns=house.now_ns)
            self.hits += 1
        await applying.clear(*given, why="nobody is on a list", now_ns=house.now_ns)
        await rating.rate(*given, why="by the model", now_ns=house.now_ns)
        for paper in await filing.papers_of(session, client):
            await filing.verify_document(session, house.theo, paper.id, None, why=_SEEN, now_ns=house.now_ns)

    async def _access(self, client: str, number: int) -> Onboarded:
        """Open a client's account, with limits, fees and a session."""
        house, firm = self._house, firm_of(number)
        desk, account = f"{firm}-DESK", f"{firm}-A"
        async with house.database.writing() as session:
            await hierarchy.add_desk(session, house.mira, firm, desk, why=_WHY, now_ns=house.now_ns)
            opening = await hierarchy.propose_account(
                session, house.mira, account, firm, desk=desk, why=_WHY, now_ns=house.now_ns
            )
        await house.decide([opening.id], _SEEN)
        limits = Limits(_OPEN_ORDERS_MAX, {}, {"USD": _ORDER_DOLLARS_MAX * self._dollar})
        set_up = SessionSetUp((account,), CancelOnDisconnect.NONE, 0, DEFAULT_PROFILE)
        proof = sessions.Proof(password=True)
        async with house.database.writing() as session:
            proposed = [
                await limiting.propose(session, house.mira, "firm", firm, limits, why=_WHY, now_ns=house.now_ns),
                await charging.propose_assignment(
                    session, house.mira, firm, _SCHEDULE, "", house.now_ns, why=_WHY, now_ns=house.now_ns
                ),
                await sessions.propose(
                    *(session, house.mira, firm, firm, set_up, proof),
                    is_production=False,
                    why=_WHY,
                    now_ns=house.now_ns,
                ),
            ]
        shown = await house.decide([each.id for each in proposed], _SEEN)
        async with house.database.reading() as session:
            name = (await client_of(session, client)).name
        return Onboarded(client, name, firm, account, shown["password"])
