"""A house with staff, a list to screen against, and clients whose files are whole unless a test says otherwise."""

import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from backoffice.crm import applying, filing, rating, registering
from backoffice.crm.client_file import ClientFile
from backoffice.crm.loading import client_of
from backoffice.crm.screening import importing
from backoffice.crm.screening.checking import load_lists
from backoffice.crm.screening.entry import Entry, Kind
from backoffice.crm.screening.formats import ListRead
from backoffice.crm.tables.file import Client
from backoffice.database import Database
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Role
from backoffice.staff.sealing import KEY_FILE, Sealer, make_key
from backoffice.times import day_of

NOW_NS = 1_795_824_000_000_000_000
"""2026-11-28."""
ANN = Actor("ann", frozenset({Role.ONBOARDING}))
BEN = Actor("ben", frozenset({Role.COMPLIANCE}))
CAY = Actor("cay", frozenset({Role.COMPLIANCE, Role.RISK}))
OLA = Actor("ola", frozenset({Role.OPERATIONS}))
LEI = "529900T8BM49AURSDO55"
COMPANY_PAPERS = (
    "certificate-of-incorporation",
    "articles",
    "register-of-directors",
    "good-standing",
    "audited-accounts",
    "register-of-members",
    "ownership-chart",
    "proof-of-address",
    "board-resolution",
    "tax-self-certification",
    "source-of-funds",
    "bank-details",
    "expected-activity",
)

T = TypeVar("T")


def document(kind: str, of: str = "client", **changes: Any) -> dict[str, Any]:
    given = {
        "kind": kind,
        "name": f"{kind}.pdf",
        "hash": hashlib.sha256(f"{kind} {of}".encode()).hexdigest(),
        "issued": "2026-11-01",
    }
    if kind == "passport":
        given["expires"] = "2031-11-01"
    return {**given, "of": of, **changes}


def content(**changes: Any) -> dict[str, Any]:
    """The JSON of a client's file: a Swiss company of one owner, who directs it and signs for it."""
    whole = {
        "name": "Muster Handel AG",
        "entity_type": "company",
        "jurisdiction": "CH",
        "legal_form": "AG",
        "registration": "CHE-123.456.789",
        "lei": LEI,
        "industry": "finance",
        "volume": "below-10m",
        "firm": "MUSTER",
        "addresses": {"registered": {"country": "CH", "town": "Zug", "street": "Bahnhofstrasse", "building": "1"}},
        "tax_ids": [{"country": "CH", "number": "CHE-123.456.789"}],
        "licences": [{"regulator": "FINMA", "number": "12", "country": "CH"}],
        "parties": [
            {
                "id": "owner",
                "kind": "person",
                "name": "Ann Muster",
                "roles": ["owner", "director", "signatory"],
                "born": "1970-05-01",
                "countries": ["CH"],
                "holdings": [{"share": "100"}],
            }
        ],
        "documents": [
            *(document(kind) for kind in COMPANY_PAPERS),
            document("passport", "owner"),
            document("proof-of-residence", "owner"),
        ],
        "contacts": [{"purpose": "trading", "name": "Bo Muster", "email": "bo@muster.example", "phone": "+41 41 1"}],
        "agreements": [{"kind": "client", "version": "1", "signed": "2026-11-01"}],
    }
    return {**whole, **changes}


def client_file(**changes: Any) -> ClientFile:
    return msgspec.convert(content(**changes), ClientFile)


def entry(name: str = "Zachary Quillfeather", number: str = "1", **changes: Any) -> Entry:
    return msgspec.structs.replace(Entry(number, Kind.PERSON, (name,)), **changes)


class House:
    """The back office of a test."""

    def __init__(self, database: Database, home: Path) -> None:
        if not (home / KEY_FILE).exists():
            make_key(home / KEY_FILE)
        self.database = database
        self.sealer = Sealer(home / KEY_FILE)
        self.now_ns = NOW_NS

    @property
    def today(self) -> dt.date:
        return day_of(self.now_ns)

    async def write(self, step: Callable[..., Awaitable[T]], actor: Actor, *arguments: Any, **options: Any) -> T:
        """Carry out one service, in a transaction of its own."""
        options = {"why": "it is so", **options}
        async with self.database.writing() as session:
            return await step(session, actor, *arguments, **options, now_ns=self.now_ns)

    async def sealed(self, step: Callable[..., Awaitable[T]], actor: Actor, *arguments: Any, **options: Any) -> T:
        """Carry out one service that seals or opens what is personal."""
        return await self.write(step, actor, self.sealer, *arguments, **options)

    async def import_list(
        self, *entries: Entry, name: str = "ofac", purpose: str = "sanctions", actor: Actor = BEN, **options: Any
    ) -> importing.Imported:
        digest = hashlib.sha256(repr(entries).encode()).hexdigest()
        read = ListRead("a test's", digest, entries or (entry(),))
        return await self.write(importing.import_list, actor, name, purpose, read, **options)

    async def enter(self, actor: Actor = ANN, **changes: Any) -> str:
        """Enter a client whose file is whole, and return what it is called."""
        return (await self.sealed(registering.enter, actor, client_file(**changes))).id

    async def verify_all(self, client: str = "C-1", actor: Actor = BEN) -> None:
        async with self.database.writing() as session:
            papers = await filing.papers_of(session, await client_of(session, client))
            for paper in papers:
                if not paper.is_verified:
                    await filing.verify_document(session, actor, paper.id, None, why="seen", now_ns=self.now_ns)

    async def screen(self, client: str = "C-1", actor: Actor = BEN) -> Any:
        async with self.database.writing() as session:
            lists = await load_lists(session)
            return await applying.screen_client(
                session, actor, self.sealer, client, lists, why="new", now_ns=self.now_ns
            )

    async def under_review(self, **changes: Any) -> str:
        """Take a client as far as its review."""
        await self.import_list()
        client = await self.enter(**changes)
        await self.sealed(applying.submit, ANN, client)
        await self.screen(client)
        await self.sealed(applying.clear, BEN, client)
        await self.sealed(rating.rate, BEN, client)
        await self.verify_all(client)
        return client

    async def active(self, **changes: Any) -> str:
        """Take a client all the way."""
        client = await self.under_review(**changes)
        await self.sealed(applying.approve, CAY, client)
        await self.sealed(applying.activate, CAY, client)
        return client

    async def client(self, client: str = "C-1") -> Client:
        async with self.database.reading() as session:
            return await client_of(session, client)
