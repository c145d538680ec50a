"""Accounts, sessions, limits and fees of a client: two people open each, and the venue is told."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from backoffice.access import charging, hierarchy, limiting, sessions
from backoffice.access.fees import Fees, FeeTier
from backoffice.access.limits import Withdrawn
from backoffice.access.overview import places
from backoffice.access.sessions import Proof
from backoffice.access.tables import (
    AccessAccount,
    AccessCertificate,
    AccessSession,
    FeeAssignment,
    FeeInForce,
    FeeSchedule,
)
from backoffice.crm import applying, suspending
from backoffice.crm.workflow import Suspension
from backoffice.database import Database
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.outbox import Outgoing
from backoffice.projector.tables import Activity, VenueAccount, VenueAsset, VenueInstrument, VenueSession
from backoffice.staff import approvals
from backoffice.staff.actor import Actor
from backoffice.staff.passwords import matches
from backoffice.staff.permissions import Role
from backoffice.staff.tables import Approval, AuditEntry
from backoffice.times import DAY_NS, HOUR_NS
from engine.commands import (
    AddAsset,
    AddInstrument,
    Block,
    BlockWithdrawals,
    OpenAccount,
    ProvisionSession,
    SetCredentials,
    SetFees,
    SetLimits,
    Unblock,
    UnblockWithdrawals,
)
from engine.control import StaffCommand
from engine.exchange import Exchange
from engine.profile import CopyScope, Credentials, SessionProfile, SessionRole, SessionSetUp, Throttle
from engine.rules import Limits
from engine.values import CancelOnDisconnect, Scope
from tests.backoffice.crm.house import CAY, NOW_NS, House

DEE = Actor("dee", frozenset({Role.OPERATIONS, Role.ONBOARDING, Role.RISK}))
EVE = Actor("eve", frozenset({Role.OPERATIONS, Role.COMPLIANCE, Role.TREASURY, Role.RISK}))


def set_up(*accounts: str, **profile: Any) -> SessionSetUp:
    return SessionSetUp(accounts, CancelOnDisconnect.SESSION, 0, SessionProfile(**profile))


@pytest.fixture
async def firm(house: House) -> House:
    """A house with an active client, whose firm is MUSTER."""
    await house.active()
    return house


async def approve(house: House, approval: Approval, actor: Actor = EVE) -> Approval:
    async with house.database.writing() as session:
        return await approvals.approve(session, actor, approval.id, why="fine", now_ns=house.now_ns)


async def open_account(house: House, account: str = "M-1", **options: Any) -> None:
    await approve(house, await house.write(hierarchy.propose_account, DEE, account, "MUSTER", **options))


async def provision(house: House, comp_id: str, given: SessionSetUp, **options: Any) -> Approval:
    proof = options.pop("proof", Proof(password=True))
    options = {"is_production": False, **options}
    return await house.write(sessions.propose, DEE, comp_id, "MUSTER", given, proof, **options)


async def told(database: Database) -> list[StaffCommand]:
    """Return what the venue is to be told, and let it be told."""
    async with database.writing() as session:
        rows = list(await session.scalars(select(Outgoing).where(Outgoing.given_ns.is_(None)).order_by(Outgoing.id)))
        for row in rows:
            row.given_ns = 1
        return [msgspec.msgpack.decode(row.command, type=StaffCommand) for row in rows]


async def test_an_account_is_opened_by_two_people_and_the_venue_is_told(firm: House) -> None:
    approval = await firm.write(hierarchy.propose_account, DEE, "M-1", "MUSTER")
    assert await told(firm.database) == []
    with pytest.raises(Refused, match="somebody else must decide"):
        await approve(firm, approval, DEE)
    await approve(firm, approval)
    assert await told(firm.database) == [OpenAccount("M-1", "MUSTER", "eve", "it is so")]
    with pytest.raises(Conflict, match="M-1 is open already"):
        await firm.write(hierarchy.propose_account, DEE, "M-1", "MUSTER")


async def test_the_database_itself_refuses_an_account_that_one_person_opened(firm: House) -> None:
    async def forge() -> None:
        async with firm.database.writing() as session:
            row = {"account": "X", "firm": "MUSTER", "state": "open", "proposed_by": "dee", "proposed_ns": 1}
            await session.execute(insert(AccessAccount).values(**row, approved_by="dee", version=1))

    with pytest.raises(IntegrityError):
        await forge()


async def test_an_account_is_a_desks_or_a_traders_of_its_own_firm(firm: House) -> None:
    await firm.write(hierarchy.add_desk, DEE, "MUSTER", "MUSTER/rates")
    await firm.sealed(hierarchy.add_trader, DEE, "MUSTER/rates", "BO", "Bo Muster")
    await open_account(firm, "M-2", trader="BO")
    with pytest.raises(NotFound, match="NOBODY: no trader"):
        await firm.write(hierarchy.propose_account, DEE, "M-3", "MUSTER", trader="NOBODY")
    with pytest.raises(NotFound, match="no client has this firm"):
        await firm.write(hierarchy.propose_account, DEE, "M-3", "OTHER")
    async with firm.database.reading() as session:
        found = [(place.kind, place.name, place.under) for place in await places(session, "MUSTER")]
    assert found == [
        ("desk", "MUSTER/rates", "MUSTER"),
        ("trader", "BO", "MUSTER/rates"),
        ("account", "M-2", "BO"),
    ]


async def test_the_firm_of_a_client_that_is_not_active_yet_trades_only_when_it_is(house: House) -> None:
    client = await house.under_review()
    await house.sealed(applying.approve, CAY, client)
    await open_account(house)
    assert await told(house.database) == [
        OpenAccount("M-1", "MUSTER", "eve", "it is so"),
        Block(Scope.FIRM, "MUSTER", "eve", "C-1 is approved"),
        BlockWithdrawals(Scope.FIRM, "MUSTER", "eve", "C-1 is approved"),
    ]
    await house.sealed(applying.activate, CAY, client)
    assert [type(each) for each in await told(house.database)] == [Unblock, UnblockWithdrawals]


async def test_the_first_account_of_a_client_that_is_suspended_is_blocked(firm: House) -> None:
    await firm.write(suspending.suspend, EVE, "C-1", Suspension.TRADING)
    assert await told(firm.database) == []
    await open_account(firm)
    opened, blocked = await told(firm.database)
    assert (type(opened), blocked) == (OpenAccount, Block(Scope.FIRM, "MUSTER", "eve", "C-1 is suspended"))


async def test_an_account_that_the_venue_has_for_another_firm_stays_that_firms(firm: House) -> None:
    approval = await firm.write(hierarchy.propose_account, DEE, "X-1", "MUSTER")
    async with firm.database.writing() as session:
        session.add(VenueAccount(account="X-1", firm="OTHER", opened_ns=1, sequence=1))
    with pytest.raises(Conflict, match="X-1 is at the venue already, one of OTHER"):
        await approve(firm, approval)
    with pytest.raises(Conflict, match="X-1 is at the venue already, one of OTHER"):
        await firm.write(hierarchy.propose_account, DEE, "X-1", "MUSTER")
    with pytest.raises(Refused, match="X-1 is no open account of MUSTER"):
        await provision(firm, "MUSTER1", set_up("X-1"))


async def test_an_account_of_the_settings_is_taken_over_by_its_own_firm_and_not_opened_again(firm: House) -> None:
    await admit(firm)
    await open_account(firm)
    assert await told(firm.database) == []
    await provision(firm, "MUSTER1", set_up("M-1"))


async def test_a_client_that_is_not_approved_gets_no_account(house: House) -> None:
    await house.under_review()
    with pytest.raises(Refused, match="`fondaco client why C-1` says what it lacks"):
        await house.write(hierarchy.propose_account, DEE, "M-1", "MUSTER")


async def test_a_session_is_provisioned_with_a_password_that_only_who_approves_sees(firm: House) -> None:
    await open_account(firm)
    await list_instrument(firm)
    await told(firm.database)
    approval = await provision(firm, "MUSTER1", set_up("M-1", instruments=("BTC/USD",)))
    approved = await approve(firm, approval)
    (command,) = await told(firm.database)
    assert isinstance(command, ProvisionSession)
    assert command.credentials is not None
    assert matches(command.credentials.password_hash, approved.shown_once["password"])
    assert (command.accounts, command.by, command.on_disconnect) == (("M-1",), "eve", CancelOnDisconnect.SESSION)
    assert command.profile is not None
    assert command.profile.instruments == ("BTC/USD",)
    # The engine itself takes it.
    exchange = Exchange()
    for before in (
        *(AddAsset("BTC", 8), AddAsset("USD", 8), OpenAccount("M-1", "MUSTER")),
        AddInstrument("BTC/USD", "BTC", "USD", 1, 2, 1, 6, 0, 2, 1_000_000),
    ):
        exchange.apply(before, 1)
    assert type(exchange.apply(command, 2)[0]).__name__ == "SessionProvisioned"


async def test_what_a_session_is_set_up_to_be_is_changed_and_its_credentials_stay(firm: House) -> None:
    await open_account(firm)
    await approve(firm, await provision(firm, "MUSTER1", set_up("M-1")))
    await told(firm.database)
    changed = set_up("M-1", role=SessionRole.READ_ONLY)
    await approve(firm, await provision(firm, "MUSTER1", changed, proof=Proof()))
    (command,) = await told(firm.database)
    assert isinstance(command, ProvisionSession)
    assert command.credentials is None
    assert command.profile == changed.profile


async def test_a_session_that_is_there_gets_other_credentials_by_rekey_alone(firm: House) -> None:
    await open_account(firm)
    await approve(firm, await provision(firm, "MUSTER1", set_up("M-1")))
    with pytest.raises(Refused, match="`fondaco access rekey MUSTER1` gives it others"):
        await provision(firm, "MUSTER1", set_up("M-1"))


async def test_a_change_of_a_session_that_was_removed_meanwhile_is_stale(firm: House) -> None:
    await open_account(firm)
    await approve(firm, await provision(firm, "MUSTER1", set_up("M-1")))
    approval = await provision(firm, "MUSTER1", set_up("M-1", role=SessionRole.READ_ONLY), proof=Proof())
    rekey = await firm.write(sessions.propose_rekey, DEE, "MUSTER1", Proof(password=True))
    await firm.write(sessions.remove, DEE, "MUSTER1")
    with pytest.raises(NotFound, match="MUSTER1: no session of a client"):
        await approve(firm, rekey)
    with pytest.raises(Refused, match="session MUSTER1 is removed; A-3 was about changing it"):
        await approve(firm, approval)


@pytest.mark.parametrize(("accounts", "is_free"), (("X-1", False), ("M-1 X-1", False), ("", False), ("M-1", True)))
async def test_a_session_that_the_venue_has_for_others_stays_theirs(firm: House, accounts: str, is_free: bool) -> None:
    await open_account(firm)
    await admit(firm)
    approval = await provision(firm, "BROKER1", set_up("M-1"))
    there = {"role": 1, "version": "FIX.4.4", "is_connected": False, "is_suspended": False, "is_removed": False}
    async with firm.database.writing() as session:
        session.add(VenueAccount(account="X-1", firm="OTHER", opened_ns=1, sequence=1))
        session.add(VenueSession(session="BROKER1", accounts=accounts, connected_ns=0, sequence=1, **there))
    if is_free:
        await approve(firm, approval)
        return
    with pytest.raises(Conflict, match="BROKER1 is at the venue already, and not one of MUSTER"):
        await approve(firm, approval)


@pytest.mark.parametrize(
    ("profile", "what"),
    (
        ({"networks": ("300.0.0.0/8",)}, r"300\.0\.0\.0/8 is not a network"),
        ({"instruments": ("NO/PE",)}, "no instrument NO/PE"),
        ({"throttle": Throttle(10, 0)}, "a throttle has a rate and a burst"),
    ),
)
async def test_what_the_venue_would_refuse_is_refused_when_it_is_proposed(
    firm: House, profile: dict[str, Any], what: str
) -> None:
    await open_account(firm)
    with pytest.raises(Refused, match=what):
        await provision(firm, "MUSTER1", set_up("M-1", **profile))
    with pytest.raises(Refused, match="an account is named twice"):
        await provision(firm, "MUSTER1", set_up("M-1", "M-1"))


async def test_other_credentials_take_two_people(firm: House) -> None:
    await open_account(firm)
    await approve(firm, await provision(firm, "MUSTER1", set_up("M-1")))
    await told(firm.database)
    approval = await firm.write(sessions.propose_rekey, DEE, "MUSTER1", Proof(password=True))
    approved = await approve(firm, approval)
    (command,) = await told(firm.database)
    assert isinstance(command, SetCredentials)
    assert command.password_hash is not None
    assert matches(command.password_hash, approved.shown_once["password"])
    assert command.public_keys is None


async def test_a_secret_for_hmac_goes_to_the_venue_sealed_and_on_no_trail(firm: House) -> None:
    await open_account(firm)
    await approve(firm, await provision(firm, "MUSTER1", set_up("M-1"), proof=Proof(hmac_sealed="sealed first")))
    approval = await firm.write(sessions.propose_rekey, DEE, "MUSTER1", Proof(hmac_sealed="sealed second"))
    await approve(firm, approval)
    _, made, rekeyed = await told(firm.database)
    assert isinstance(made, ProvisionSession)
    assert isinstance(rekeyed, SetCredentials)
    assert made.credentials == Credentials(sealed_secret="sealed first")
    assert (rekeyed.sealed_secret, rekeyed.password_hash) == ("sealed second", None)
    async with firm.database.reading() as session:
        trail = str(list(await session.scalars(select(AuditEntry.after).where(AuditEntry.verb != "enter"))))
    assert '"hmac":true' in trail
    assert "sealed" not in trail


async def test_a_session_is_for_open_accounts_of_its_own_firm_alone(firm: House) -> None:
    await firm.write(hierarchy.propose_account, DEE, "M-1", "MUSTER")
    for given, what in (
        (set_up("M-1"), "M-1 is no open account of MUSTER"),
        (set_up("X-9"), "X-9 is no open account of MUSTER"),
        (set_up(role=SessionRole.DROP_COPY, copies=CopyScope((), ("OTHER",))), "a drop copy of OTHER"),
    ):
        with pytest.raises(Refused, match=what):
            await provision(firm, "MUSTER1", given)


async def test_in_production_a_session_needs_a_certification(firm: House) -> None:
    await open_account(firm)
    with pytest.raises(Refused, match=r"has passed no certification for FIX\.4\.4 as order-entry in the"):
        await provision(firm, "MUSTER1", set_up("M-1"), is_production=True)
    certificate = AccessCertificate(
        session="MUSTER1", version="FIX.4.4", role="order-entry", digest="a" * 64, passed_ns=firm.now_ns - 364 * DAY_NS
    )
    await firm.write(sessions.store_certificate, DEE, certificate)
    approval = await provision(firm, "MUSTER1", set_up("M-1"), is_production=True)
    firm.now_ns += 2 * DAY_NS
    with pytest.raises(Refused, match="has passed no certification"):
        await approve(firm, approval)


@pytest.mark.parametrize(
    "other", ({"session": "MUSTER2"}, {"version": "FIX.4.2"}, {"role": "drop-copy"}, {"passed_ns": NOW_NS + DAY_NS})
)
async def test_a_certification_counts_for_its_session_version_and_role(firm: House, other: dict[str, Any]) -> None:
    await open_account(firm)
    passed = {"session": "MUSTER1", "version": "FIX.4.4", "role": "order-entry", "passed_ns": firm.now_ns}
    await firm.write(sessions.store_certificate, DEE, AccessCertificate(digest="a" * 64, **{**passed, **other}))
    with pytest.raises(Refused, match="session MUSTER1 has passed no certification"):
        await provision(firm, "MUSTER1", set_up("M-1"), is_production=True)


async def test_a_certificate_is_stored_once_and_stays(firm: House) -> None:
    def certificate() -> AccessCertificate:
        return AccessCertificate(
            session="MUSTER1", version="FIX.4.4", role="order-entry", digest="a" * 64, passed_ns=firm.now_ns
        )

    await firm.write(sessions.store_certificate, DEE, certificate())
    with pytest.raises(Conflict, match="stored already"):
        await firm.write(sessions.store_certificate, DEE, certificate())

    async def forge() -> None:
        async with firm.database.writing() as session:
            await session.execute(update(AccessCertificate).values(session="OTHER"))

    with pytest.raises(IntegrityError, match="append-only"):
        await forge()


async def test_credentials_that_are_none_are_refused(firm: House) -> None:
    await open_account(firm)
    for proof, what in ((Proof(), "nothing to log on by"), (Proof(public_keys=("x",)), "key")):
        with pytest.raises(Refused, match=what):
            await provision(firm, "MUSTER1", set_up("M-1"), proof=proof)


async def test_a_session_is_suspended_by_one_and_resumed_by_two(firm: House) -> None:
    await open_account(firm)
    await approve(firm, await provision(firm, "MUSTER1", set_up("M-1")))
    await told(firm.database)
    await firm.write(sessions.suspend, EVE, "MUSTER1")
    await approve(firm, await firm.write(sessions.propose_resume, DEE, "MUSTER1"))
    await firm.write(sessions.remove, DEE, "MUSTER1")
    assert [type(each).__name__ for each in await told(firm.database)] == [
        "SuspendSession",
        "ResumeSession",
        "RemoveSession",
    ]
    with pytest.raises(NotFound, match="MUSTER1: no session of a client"):
        await firm.write(sessions.suspend, EVE, "MUSTER1")


async def test_a_session_that_is_turned_down_can_be_proposed_again(firm: House) -> None:
    await open_account(firm)
    approval = await provision(firm, "MUSTER1", set_up("M-1"))
    async with firm.database.writing() as session:
        await approvals.reject(session, EVE, approval.id, why="not yet", now_ns=firm.now_ns)
    async with firm.database.reading() as session:
        assert (await session.get_one(AccessSession, "MUSTER1")).state == "turned down"
    await approve(firm, await provision(firm, "MUSTER1", set_up("M-1")))


async def test_a_suspended_client_may_still_be_set_up(firm: House) -> None:
    await firm.write(suspending.suspend, EVE, "C-1", Suspension.ALL)
    await open_account(firm)


async def test_limits_of_a_desk_hold_for_each_account_below_it_and_only_get_tighter(firm: House) -> None:
    await firm.write(hierarchy.add_desk, DEE, "MUSTER", "MUSTER/rates")
    await open_account(firm, "M-1", desk="MUSTER/rates")
    await open_account(firm, "M-2")
    await told(firm.database)
    desk = Limits(50, {"BTC": 100}, {})
    await approve(firm, await firm.write(limiting.propose, DEE, "desk", "MUSTER/rates", desk))
    assert await told(firm.database) == [SetLimits(Scope.ACCOUNT, "M-1", desk, "eve", "it is so")]
    own = Limits(80, {"BTC": 10}, {"USD": 7})
    await approve(firm, await firm.write(limiting.propose, DEE, "account", "M-1", own))
    (command,) = await told(firm.database)
    assert isinstance(command, SetLimits)
    assert command.limits == Limits(50, {"BTC": 10}, {"USD": 7})
    await open_account(firm, "M-3", desk="MUSTER/rates")
    opened, limited = await told(firm.database)
    assert isinstance(opened, OpenAccount)
    assert isinstance(limited, SetLimits)
    assert limited.limits == desk


async def test_limits_are_listed_as_people_read_them(firm: House) -> None:
    async with firm.database.writing() as session:
        if await session.get(VenueAsset, "USD") is None:
            session.add(VenueAsset(asset="USD", decimals=2, sequence=1))
    given = Limits(500, {}, {"USD": 123_450})
    await approve(firm, await firm.write(limiting.propose, DEE, "firm", "MUSTER", given, Withdrawn(7_000)))
    async with firm.database.reading() as session:
        (place,) = await places(session, "MUSTER")
    assert place.limits == "open orders: 500; notional of an order: 1,234.5 USD; withdrawn in 24 hours: 7,000 USD"


async def test_limits_of_a_firm_are_the_engines_own(firm: House) -> None:
    await approve(firm, await firm.write(limiting.propose, DEE, "firm", "MUSTER", Limits(8)))
    assert await told(firm.database) == []
    await open_account(firm)
    opened, limited = await told(firm.database)
    assert isinstance(opened, OpenAccount)
    assert limited == SetLimits(Scope.FIRM, "MUSTER", Limits(8), "eve", "it is so")
    await approve(firm, await firm.write(limiting.propose, DEE, "firm", "MUSTER", Limits(9)))
    assert await told(firm.database) == [SetLimits(Scope.FIRM, "MUSTER", Limits(9), "eve", "it is so")]
    with pytest.raises(Refused, match="a limit is 0"):
        await firm.write(limiting.propose, DEE, "firm", "MUSTER", Limits(-1))


async def admit(house: House, account: str = "M-1") -> None:
    """Let the projection have an account of the firm."""
    async with house.database.writing() as session:
        if await session.get(VenueAccount, account) is None:
            session.add(VenueAccount(account=account, firm="MUSTER", opened_ns=1, sequence=1))


async def list_instrument(house: House) -> None:
    """Let the projection have BTC/USD."""
    async with house.database.writing() as session:
        if await session.get(VenueInstrument, "BTC/USD") is None:
            numbers = dict.fromkeys(
                ("price_increment", "price_decimals", "qty_increment", "qty_decimals", "maker_fee_bps"), 1
            )
            more = dict.fromkeys(("taker_fee_bps", "order_qty_max", "base_per_lot", "notional_per_tick_lot"), 1)
            session.add(VenueInstrument(symbol="BTC/USD", base="BTC", quote="USD", sequence=1, **numbers, **more))


async def trade(house: House, hour: int, notional: int, account: str = "M-1") -> None:
    """Let the projection have an hour's trading."""
    await admit(house, account)
    await list_instrument(house)
    async with house.database.writing() as session:
        counts = dict.fromkeys(
            ("orders", "replaces", "cancels", "maker_trades", "taker_trades", "bought_qty", "sold_qty", "fees"), 0
        )
        session.add(
            Activity(
                hour=hour,
                account=account,
                symbol="BTC/USD",
                session="S",
                maker_notional=notional // 2,
                taker_notional=notional - notional // 2,
                **counts,
            )
        )


async def up_to_date(house: House) -> list[StaffCommand]:
    async with house.database.writing() as session:
        await charging.bring_up_to_date(session, house.now_ns)
    return await told(house.database)


async def test_a_firm_pays_by_its_volume_of_thirty_days(firm: House) -> None:
    fees = Fees("USD", (FeeTier(0, 200, 500), FeeTier(1_000, -50, 400)))
    await approve(firm, await firm.write(charging.propose_schedule, DEE, "standard", fees, firm.now_ns))
    await approve(firm, await firm.write(charging.propose_assignment, DEE, "MUSTER", "standard", "", firm.now_ns))
    assert await up_to_date(firm) == [], "the venue does not know the firm before it has an account"
    await admit(firm)
    (command,) = await up_to_date(firm)
    assert isinstance(command, SetFees)
    assert (command.scope, command.name, command.symbol) == (Scope.FIRM, "MUSTER", "")
    assert (command.maker_ppm, command.taker_ppm) == (200, 500)
    assert await up_to_date(firm) == []
    await trade(firm, firm.now_ns // HOUR_NS - 1, 999)
    assert await up_to_date(firm) == []
    await trade(firm, firm.now_ns // HOUR_NS, 1)
    (command,) = await up_to_date(firm)
    assert isinstance(command, SetFees)
    assert (command.maker_ppm, command.taker_ppm) == (-50, 400)
    firm.now_ns += 30 * DAY_NS
    (command,) = await up_to_date(firm)
    assert isinstance(command, SetFees)
    assert (command.maker_ppm, command.taker_ppm) == (200, 500)
    async with firm.database.reading() as session:
        assert (await session.get_one(FeeInForce, ("MUSTER", ""))).why.startswith(
            "schedule standard, version 1, from 0"
        )


async def test_schedules_and_assignments_hold_from_their_dates_on(firm: House) -> None:
    await admit(firm)
    now_ns = firm.now_ns
    for taker, since_ns in ((500, now_ns), (300, now_ns + DAY_NS)):
        fees = Fees("USD", (FeeTier(0, 0, taker),))
        await approve(firm, await firm.write(charging.propose_schedule, DEE, "standard", fees, since_ns))
    await approve(firm, await firm.write(charging.propose_assignment, DEE, "MUSTER", "standard", "", now_ns + HOUR_NS))
    assert await up_to_date(firm) == []
    for later_ns, taker in ((HOUR_NS, 500), (DAY_NS, 300)):
        firm.now_ns = now_ns + later_ns
        (command,) = await up_to_date(firm)
        assert isinstance(command, SetFees)
        assert command.taker_ppm == taker


async def test_a_date_that_passes_while_the_back_office_is_away_is_made_up_for(firm: House) -> None:
    await admit(firm)
    now_ns = firm.now_ns
    for taker, since_ns in ((500, now_ns), (300, now_ns + DAY_NS), (200, now_ns + 2 * DAY_NS)):
        fees = Fees("USD", (FeeTier(0, 0, taker),))
        await approve(firm, await firm.write(charging.propose_schedule, DEE, "standard", fees, since_ns))
    await approve(firm, await firm.write(charging.propose_assignment, DEE, "MUSTER", "standard", "", now_ns))
    await up_to_date(firm)
    firm.now_ns = now_ns + 5 * DAY_NS
    (command,) = await up_to_date(firm)
    assert isinstance(command, SetFees)
    assert command.taker_ppm == 200


async def test_nothing_holds_before_it_is_approved(firm: House) -> None:
    fees = Fees("USD", (FeeTier(0, 0, 500),), 1_000)
    schedule = await firm.write(charging.propose_schedule, DEE, "standard", fees, 0)
    firm.now_ns += DAY_NS
    await approve(firm, schedule)
    await approve(firm, await firm.write(charging.propose_assignment, DEE, "MUSTER", "standard", "", 0))
    async with firm.database.reading() as session:
        for table in (FeeSchedule, FeeAssignment):
            assert await session.scalar(select(table.effective_ns)) == firm.now_ns


async def test_a_firm_has_its_fees_as_soon_as_its_first_account_is_approved(firm: House) -> None:
    fees = Fees("USD", (FeeTier(0, 0, 500),))
    await approve(firm, await firm.write(charging.propose_schedule, DEE, "standard", fees, 0))
    await approve(firm, await firm.write(charging.propose_assignment, DEE, "MUSTER", "standard", "", 0))
    approval = await firm.write(hierarchy.propose_account, DEE, "M-1", "MUSTER")
    assert await up_to_date(firm) == []
    await approve(firm, approval)
    assert [type(command) for command in await up_to_date(firm)] == [OpenAccount, SetFees]


async def test_what_the_venue_refuses_is_shown_and_told_again_after_an_hour(firm: House) -> None:
    await admit(firm)
    fees = Fees("USD", (FeeTier(0, -200, 500),))
    await approve(firm, await firm.write(charging.propose_schedule, DEE, "standard", fees, 0))
    await approve(firm, await firm.write(charging.propose_assignment, DEE, "MUSTER", "standard", "", 0))
    await up_to_date(firm)
    async with firm.database.writing() as session:
        await session.execute(update(Outgoing).values(refusal="the lowest fee of a taker would not pay"))
    firm.now_ns += HOUR_NS - 1
    assert await up_to_date(firm) == []
    firm.now_ns += 1
    (command,) = await up_to_date(firm)
    assert isinstance(command, SetFees)
    assert command.maker_ppm == -200
    async with firm.database.reading() as session:
        ((_, told_by),) = await charging.in_force(session)
    assert told_by is not None
    assert told_by.refusal == ""


async def test_a_schedule_keeps_its_asset(firm: House) -> None:
    await approve(
        firm, await firm.write(charging.propose_schedule, DEE, "standard", Fees("USD", (FeeTier(0, 0, 1),)), 0)
    )
    with pytest.raises(Refused, match="standard: counts in USD; a schedule in EUR is another one"):
        await firm.write(charging.propose_schedule, DEE, "standard", Fees("EUR", (FeeTier(0, 0, 1),)), 0)


async def test_fees_of_what_is_not_there_are_refused(firm: House) -> None:
    with pytest.raises(NotFound, match="gold: no fee schedule"):
        await firm.write(charging.propose_assignment, DEE, "MUSTER", "gold", "", 0)
    with pytest.raises(NotFound, match="no client has this firm"):
        await firm.write(charging.propose_assignment, DEE, "OTHER", "gold", "", 0)
