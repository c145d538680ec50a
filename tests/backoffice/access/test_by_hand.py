"""What the back office decides on is not commanded by hand; what stops trading, and what is the house's own, is."""

from typing import Any

import pytest

from backoffice.access import by_hand, sessions
from backoffice.crm import leaving, suspending
from backoffice.crm.workflow import Suspension
from backoffice.errors import Refused
from backoffice.projector.tables import VenueAccount, VenueSession
from engine.commands import (
    Block,
    BlockWithdrawals,
    LogOutSession,
    ProvisionSession,
    RemoveSession,
    ResumeSession,
    SetCredentials,
    SetFees,
    SetLimits,
    SetSelfTrade,
    SetSequence,
    SuspendSession,
    Unblock,
    UnblockWithdrawals,
)
from engine.control import StaffCommand
from engine.profile import CopyScope, SessionRole, SessionSetUp
from engine.rules import Limits, SelfTradeRule
from engine.values import CancelOnDisconnect, Scope
from tests.backoffice.access.test_access import DEE, approve, firm, open_account, provision, set_up
from tests.backoffice.crm.house import BEN, OLA, House

__all__ = ["firm"]

BY = ("tom", "a test")
FIRM, ACCOUNT = Scope.FIRM, Scope.ACCOUNT


@pytest.fixture
async def trading(firm: House) -> House:
    """A house whose client has an account, M-1, and a session for it, MUSTER1; the venue's settings gave it others.

    Those are M-0 and OLD, which trades for M-0; HOUSE and the session DESK are the house's own.
    """
    await open_account(firm)
    await approve(firm, await provision(firm, "MUSTER1", set_up("M-1")))
    async with firm.database.writing() as session:
        for account, whose in (("M-0", "MUSTER"), ("HOUSE", "HOUSE")):
            session.add(VenueAccount(account=account, firm=whose, opened_ns=1, sequence=1))
        terms = {"role": 1, "version": "FIX.4.4", "connected_ns": 0, "sequence": 1}
        stands = {"is_connected": False, "is_suspended": True, "is_removed": False}
        session.add_all(
            VenueSession(session=name, accounts=accounts, **terms, **stands)
            for name, accounts in (("OLD", "HOUSE M-0"), ("DESK", "HOUSE"))
        )
    return firm


async def check(house: House, command: StaffCommand) -> None:
    async with house.database.reading() as session:
        await by_hand.check(session, command)


async def refusal(house: House, command: StaffCommand) -> str:
    with pytest.raises(Refused) as caught:
        await check(house, command)
    return str(caught.value)


def provisioned(name: str, *accounts: str, based_on: SessionSetUp | None = None, **profile: Any) -> ProvisionSession:
    given = set_up(*accounts, **profile)
    return ProvisionSession(name, accounts, "", CancelOnDisconnect.NONE, 0, given.profile, based_on=based_on)


def copying(*firms: str, accounts: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"role": SessionRole.DROP_COPY, "copies": CopyScope(accounts, firms)}


def set_fees(scope: Scope, name: str, rate: int | None = 0) -> SetFees:
    return SetFees(scope, name, "", rate, rate, *BY)


@pytest.mark.parametrize(
    ("command", "instead"),
    (
        (provisioned("MUSTER1", "HOUSE"), "access session MUSTER1 --firm MUSTER"),
        (SetCredentials("MUSTER1", "$argon2id$", None, None, None, *BY), "access rekey MUSTER1"),
        (SetCredentials("MUSTER1", None, ("key",), None, None, *BY), "access rekey MUSTER1"),
        (SetCredentials("MUSTER1", None, None, "sealed", None, *BY), "access rekey MUSTER1"),
        (SetCredentials("MUSTER1", None, None, None, (), *BY), "access rekey MUSTER1"),
        (ResumeSession("MUSTER1", *BY), "access resume MUSTER1"),
        (RemoveSession("MUSTER1", *BY), "access remove MUSTER1"),
    ),
    ids=lambda value: type(value).__name__,
)
async def test_a_session_that_two_people_opened_is_theirs_to_change(
    trading: House, command: StaffCommand, instead: str
) -> None:
    told = f"session MUSTER1 is a client's, which two people decide on; use `fondaco {instead}`"
    assert await refusal(trading, command) == told


@pytest.mark.parametrize(
    ("command", "whose"),
    (
        (provisioned("NEW", "HOUSE", "M-1"), "account M-1"),
        (provisioned("NEW", "M-0"), "account M-0"),
        (provisioned("NEW", **copying(accounts=("M-0",))), "account M-0"),
        (provisioned("NEW", **copying("HOUSE", "MUSTER")), "firm MUSTER"),
        (provisioned("OLD", "M-0", based_on=set_up("HOUSE", "M-0")), "account M-0"),
        (SetCredentials("OLD", "$argon2id$", None, None, None, *BY), "account M-0"),
        (ResumeSession("OLD", *BY), "account M-0"),
    ),
)
async def test_nobody_alone_has_a_session_trade_for_a_client_or_get_copies_of_its_reports(
    trading: House, command: ProvisionSession | SetCredentials | ResumeSession, whose: str
) -> None:
    told = f"{whose} is a client's, which two people decide on; use `fondaco access session"
    assert await refusal(trading, command) == f"{told} {command.session} --firm MUSTER`"


@pytest.mark.parametrize(
    ("command", "told"),
    (
        (SetLimits(FIRM, "MUSTER", Limits(), *BY), "firm MUSTER … `fondaco access limits`"),
        (SetLimits(ACCOUNT, "M-1", Limits(), *BY), "account M-1 … `fondaco access limits`"),
        (SetLimits(ACCOUNT, "M-0", Limits(), *BY), "account M-0 … `fondaco access limits`"),
        (set_fees(FIRM, "MUSTER"), "firm MUSTER … `fondaco fees assign SCHEDULE --firm MUSTER`"),
        (set_fees(FIRM, "MUSTER", None), "firm MUSTER … `fondaco fees assign SCHEDULE --firm MUSTER`"),
        (set_fees(ACCOUNT, "M-1"), "account M-1 … `fondaco fees assign SCHEDULE --firm MUSTER`"),
    ),
)
async def test_limits_and_fees_of_clients_are_set_by_two(trading: House, command: StaffCommand, told: str) -> None:
    assert await refusal(trading, command) == told.replace("…", "is a client's, which two people decide on; use")


@pytest.mark.parametrize(
    "command",
    (
        *(Block(FIRM, "MUSTER", *BY), BlockWithdrawals(FIRM, "MUSTER", *BY)),
        *(SuspendSession("MUSTER1", *BY), LogOutSession("MUSTER1", *BY), SetSequence("MUSTER1", 2, 0, *BY)),
        SetSelfTrade("M-1", "", SelfTradeRule(), *BY),
        *(Unblock(FIRM, "MUSTER", *BY), Unblock(ACCOUNT, "M-1", *BY), UnblockWithdrawals(FIRM, "MUSTER", *BY)),
        set_fees(ACCOUNT, "M-1", None),
        SetCredentials("MUSTER1", "", (), "", None, *BY),
        RemoveSession("OLD", *BY),
        provisioned("OLD", "HOUSE", based_on=set_up("HOUSE", "M-0")),
        provisioned("COPY", **copying("MUSTER"), based_on=set_up(**copying("MUSTER", "HOUSE"))),
        *(
            provisioned("DESK", "HOUSE"),
            SetCredentials("DESK", "$argon2id$", None, None, None, *BY),
            ResumeSession("DESK", *BY),
        ),
        *(SetLimits(FIRM, "HOUSE", Limits(), *BY), SetLimits(ACCOUNT, "HOUSE", Limits(), *BY)),
        *(set_fees(FIRM, "HOUSE"), set_fees(ACCOUNT, "HOUSE"), Unblock(FIRM, "HOUSE", *BY)),
        SetLimits(Scope.SESSION, "MUSTER", Limits(), *BY),
    ),
)
async def test_what_stops_trading_or_is_the_houses_own_is_commanded_by_hand(
    trading: House, command: StaffCommand
) -> None:
    await check(trading, command)


@pytest.mark.parametrize("unblock", (Unblock, UnblockWithdrawals))
async def test_a_suspension_is_not_lifted_by_hand(trading: House, unblock: type[Unblock | UnblockWithdrawals]) -> None:
    await trading.write(suspending.suspend, OLA, "C-1", Suspension.ALL)
    assert await refusal(trading, unblock(FIRM, "MUSTER", *BY)) == (
        "firm MUSTER: C-1 is suspended; use `fondaco client resume C-1`"
    )


async def test_what_a_client_is_not_suspended_from_may_be_unblocked(trading: House) -> None:
    await trading.write(suspending.suspend, OLA, "C-1", Suspension.WITHDRAWALS)
    await check(trading, Unblock(FIRM, "MUSTER", *BY))
    assert "is suspended" in await refusal(trading, UnblockWithdrawals(FIRM, "MUSTER", *BY))


async def test_a_client_that_leaves_does_not_trade_again_by_hand(trading: House) -> None:
    await trading.write(leaving.offboard, BEN, "C-1")
    await check(trading, UnblockWithdrawals(FIRM, "MUSTER", *BY))
    assert await refusal(trading, Unblock(FIRM, "MUSTER", *BY)) == (
        "firm MUSTER: C-1 is offboarding; use `fondaco client why C-1`"
    )


async def test_the_name_of_a_session_that_was_removed_is_free(trading: House) -> None:
    await trading.write(sessions.remove, DEE, "MUSTER1")
    await check(trading, provisioned("MUSTER1", "HOUSE"))
