"""Versions of the database."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from backoffice.crm import applying, editing
from backoffice.crm.client_file import HoldingGiven
from backoffice.crm.tables.file import Client, PartyHolding
from backoffice.crm.workflow import Verb
from backoffice.database import Database, tables
from backoffice.database.database import address_of
from backoffice.database.migrating import _config, check, newest, upgrade, version_of
from backoffice.errors import DatabaseFault
from backoffice.ledger.chart import HOUSE_KINDS
from backoffice.ledger.keeping import load
from backoffice.migrations import versions
from backoffice.payments.tables import Deposit
from backoffice.projector.tables import Activity, PaymentBooked
from backoffice.times import DAY_NS
from tests.backoffice.crm.house import ANN, BEN, House
from tests.backoffice.projector.journaled import Journaled, project


def _differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))


async def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    async with database.reading() as session:
        assert await (await session.connection()).run_sync(_differences) == []


async def test_a_new_database_is_of_the_newest_version(database: Database) -> None:
    assert await version_of(database) == newest()
    await check(database)
    await upgrade(database)
    await check(database)


async def test_what_was_bought_and_sold_for_is_counted_of_old_trades(database: Database) -> None:
    await project(database, Journaled(seed=5, length=1_500), [500])
    migration = import_module("backoffice.migrations.versions.0018_as_of")

    def count(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration.count()

    async def counted() -> list[tuple[object, ...]]:
        async with database.reading() as session:
            return [
                (row.hour, row.account, row.symbol, row.bought_notional, row.sold_notional)
                for row in await session.scalars(
                    select(Activity).order_by(Activity.hour, Activity.account, Activity.symbol)
                )
            ]

    derived = await counted()
    async with database.writing() as session:
        await session.execute(text("UPDATE activity SET bought_notional = '0', sold_notional = '0'"))
        await (await session.connection()).run_sync(count)
    assert await counted() == derived


def _migration(name: str) -> ModuleType:
    """Return a migration by its name without the number."""
    (path,) = Path(versions.__path__[0]).glob(f"*_{name}.py")
    return import_module(f"{versions.__name__}.{path.stem}")


async def test_what_was_counted_before_sessions_were_is_of_none(database: Database) -> None:
    await project(database, Journaled(seed=5, length=300), [500])
    migration = _migration("by_session")
    kept = f"SELECT {migration._KEPT} FROM activity"

    def again(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration.upgrade()

    async with database.writing() as session:
        one_session = "WHERE session = (SELECT min(session) FROM activity)"
        for statement in (
            f"CREATE TABLE older AS {kept} {one_session}",
            "DROP TABLE activity",
            "ALTER TABLE older RENAME TO activity",
        ):
            await session.execute(text(statement))
        before = (await session.execute(text(kept))).all()
        await (await session.connection()).run_sync(again)
        assert sorted((await session.execute(text(kept))).all()) == sorted(before)
        assert [(row.session, row.ordered_qty) for row in await session.scalars(select(Activity))] == [
            ("", 0) for _ in before
        ]
    assert before


async def test_holdings_that_were_there_before_are_known_from_the_last_change_of_owners_on(
    database: Database, tmp_path: Path
) -> None:
    house = House(database, tmp_path)
    entered_ns = house.now_ns
    await house.enter()
    await house.enter(lei="", firm="OTHER")
    house.now_ns += DAY_NS
    await house.sealed(editing.change_party, ANN, "C-1", "P-1", {"holdings": (HoldingGiven("60"),)})
    house.now_ns += DAY_NS
    await house.sealed(editing.set_fields, ANN, "C-1", {"industry": "energy"})
    migration = _migration("holdings_known")

    def again(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration.upgrade()

    async with database.writing() as session:
        for statement in (
            f"CREATE TABLE older AS SELECT {migration._KEPT} FROM party_holding WHERE until_ns IS NULL",
            "DROP TABLE party_holding",
            "ALTER TABLE older RENAME TO party_holding",
        ):
            await session.execute(text(statement))
        await (await session.connection()).run_sync(again)
        found = await session.scalars(select(PartyHolding).order_by(PartyHolding.client))
        assert [(each.client, each.share_ppm, each.since_ns, each.until_ns) for each in found] == [
            *((1, 600_000, entered_ns + DAY_NS, None), (2, 1_000_000, entered_ns, None)),
        ]


async def test_clients_keep_all_that_refers_to_them_when_their_table_is_made_anew(tmp_path: Path) -> None:
    row = {"number": 1, "lei": "529900T8BM49AURSDO55", "firm": "MUSTER", "keep_until": "2031-11-28", "version": 3}
    party = {"number": 7, "client": 1, "kind": "person", "name": "sealed", "countries": "CH", "roles": "owner"}
    given = [("client", {**row, "state": "closed"}), ("party", party), ("client", {"number": 2, "state": "draft"})]

    def before(connection: Connection) -> None:
        command.upgrade(_config(connection), "0030")
        for table, values in given:
            columns = connection.exec_driver_sql(f"PRAGMA table_info({table})").mappings().all()
            whole = {each["name"]: "" if "CHAR" in each["type"] else 0 for each in columns if each["notnull"]} | values
            insert = f"INSERT INTO {table} ({', '.join(whole)}) VALUES ({', '.join('?' * len(whole))})"
            connection.exec_driver_sql(insert, tuple(whole.values()))

    async with Database(address_of("sqlite:///books.sqlite", tmp_path)) as database:
        async with database.writing() as session:
            await (await session.connection()).run_sync(before)
        await upgrade(database)
        async with database.writing() as session:
            found = await session.execute(text("SELECT * FROM client ORDER BY number"))
            assert [tuple(each[name] for name in row) for each in found.mappings()] == [
                tuple(row.values()),
                (2, None, None, None, 0),
            ]
            await session.execute(text("UPDATE client SET lei = (SELECT lei FROM client WHERE number = 1)"))
        with pytest.raises(IntegrityError, match="FOREIGN KEY"):
            async with database.writing() as session:
                await session.execute(text("DELETE FROM client WHERE number = 1"))


async def test_what_was_rejected_before_is_kept_for_five_years_from_then(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path)
    await house.enter()
    await house.enter(lei="", firm="OTHER")
    house.now_ns += DAY_NS
    await house.write(applying.step, BEN, "C-1", Verb.REJECT)
    migration = _migration("rejected_kept")

    def again(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            migration.upgrade()

    async with database.writing() as session:
        await session.execute(text("UPDATE client SET keep_until = NULL"))
        await (await session.connection()).run_sync(again)
        found = await session.scalars(select(Client.keep_until).order_by(Client.number))
        assert [*map(str, found)] == ["2031-11-29", "None"]


async def test_books_that_were_begun_without_them_get_accounts_for_the_houses_own_money(database: Database) -> None:
    await project(database, Journaled(seed=5, length=300), [500])
    async with database.writing() as session:
        await session.execute(text("DELETE FROM ledger_accounts WHERE kind IN ('own', 'costs')"))
        before = (await load(session)).accounts
        await session.execute(text(_migration("house_transfers")._OPEN))
        books = await load(session)
    assert books.accounts == before + 2 * len(books.house)
    assert all(set(of_kind) == set(HOUSE_KINDS) for of_kind in books.house.values())


async def test_what_payments_had_booked_before_is_told_from_their_own_records(database: Database) -> None:
    await project(database, Journaled(seed=5, length=300), [500])
    async with database.writing() as session:
        booked = (await session.scalars(select(PaymentBooked).where(PaymentBooked.amount > 0).limit(1))).one()
        await session.execute(text("DELETE FROM payments_booked"))
        session.add(
            Deposit(
                rail="sandbox",
                reference="S-1",
                address="X",
                sender="",
                returns="",
                reason="",
                account=booked.account,
                asset=booked.asset,
                amount=booked.amount,
                state="credited",
                confirmations=1,
                is_gone=False,
                seen_ns=1,
                changed_ns=1,
                debits=0,
                credited_sequence=booked.sequence,
            )
        )
        await session.flush()
        await session.execute(text(_migration("reconciliation")._BOOKED))
        session.expunge_all()
        (row,) = await session.scalars(select(PaymentBooked))
    assert (row.payment, row.account, row.amount) == ("D-1", booked.account, booked.amount)
    assert (row.sequence, row.time_ns) == (booked.sequence, booked.time_ns)


async def test_an_empty_database_is_told_apart(tmp_path: Path) -> None:
    async with Database(address_of("sqlite:///books.sqlite", tmp_path)) as database:
        assert await version_of(database) is None
        with pytest.raises(DatabaseFault, match="is empty; run `fondaco database upgrade`"):
            await check(database)


async def test_a_database_of_a_later_version_is_left_alone(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for what in (check, upgrade):
        with pytest.raises(DatabaseFault, match="is of version 9999, newer than this one"):
            await what(database)
