"""What nobody commands the venue by hand, as the back office decides on it, and two people with it.

A client's sessions, limits and fees, and whether it may go on after it was stopped: by hand, one of operations could do
alone what takes two, without the certification that production asks for, and the back office would not know of it.

What stops trading is refused to nobody, credentials that are taken away among it, nor what is the house's own: firms,
accounts and sessions that the back office does not know. Rates of an account's own may be taken away: no schedule gives
it any.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.access.tables import AccessAccount, AccessSession
from backoffice.crm.behind_accounts import client_behind
from backoffice.crm.gateway import rights_of
from backoffice.crm.tables.file import Client
from backoffice.crm.workflow import State
from backoffice.errors import Refused
from backoffice.projector.tables import VenueSession
from engine.commands import (
    ProvisionSession,
    RemoveSession,
    ResumeSession,
    SetCredentials,
    SetFees,
    SetLimits,
    Unblock,
    UnblockWithdrawals,
)
from engine.control import StaffCommand
from engine.profile import DEFAULT_PROFILE, NOT_SET_UP, CopyScope, SessionProfile
from engine.values import Scope

_OfSession = ProvisionSession | SetCredentials | ResumeSession | RemoveSession
_VERBS: Final[dict[type[StaffCommand], str]] = {
    ProvisionSession: "session",
    SetCredentials: "rekey",
    ResumeSession: "resume",
    RemoveSession: "remove",
}
"""By which `fondaco access` has it done for a session that was set up by that."""


async def check(session: AsyncSession, command: StaffCommand) -> None:
    """Raise `Refused`, with what to give in its place, if a command is about what the back office decides on."""
    match command:
        case SetCredentials(certificates=None) if not _given(command):
            pass
        case ProvisionSession() | SetCredentials() | ResumeSession() | RemoveSession():
            await _check_session(session, command)
        case SetLimits():
            if await _firm(session, command.scope, command.name) is not None:
                raise _refusal(f"{command.scope.name.lower()} {command.name}", "access limits")
        case SetFees(maker_ppm=int()) | SetFees(scope=Scope.FIRM):
            firm = await _firm(session, command.scope, command.name)
            if firm is not None:
                raise _refusal(f"{command.scope.name.lower()} {command.name}", f"fees assign SCHEDULE --firm {firm}")
        case Unblock(scope=Scope.FIRM) | UnblockWithdrawals(scope=Scope.FIRM):
            await _check_goes_on(session, command)
        case _:
            pass


def _given(command: SetCredentials) -> bool:
    """Tell whether a session gets anything to log on by."""
    return bool(command.password_hash or command.public_keys or command.sealed_secret)


async def _check_session(session: AsyncSession, command: _OfSession) -> None:
    known = await session.get(AccessSession, command.session)
    if known is not None and known.state == "provisioned":
        firm = f" --firm {known.firm}" if isinstance(command, ProvisionSession) else ""
        raise _refusal(f"session {command.session}", f"access {_VERBS[type(command)]} {command.session}{firm}")
    for scope, name in await _named(session, command):
        firm_named = await _firm(session, scope, name)
        if firm_named is not None:
            instead = f"access session {command.session} --firm {firm_named}"
            raise _refusal(f"{scope.name.lower()} {name}", instead)


async def _named(session: AsyncSession, command: _OfSession) -> list[tuple[Scope, str]]:
    """Return for whom a session trades that a command is about, and of whom it is to get copies that it does not get.

    None for one that is to be removed.
    """
    if isinstance(command, RemoveSession):
        return []
    if not isinstance(command, ProvisionSession):
        known = await session.get(VenueSession, command.session)
        return [] if known is None else [(Scope.ACCOUNT, name) for name in known.accounts.split()]
    copied, copied_before = _copies(command.profile), _copies((command.based_on or NOT_SET_UP).profile)
    accounts = (*command.accounts, *(name for name in copied.accounts if name not in copied_before.accounts))
    firms = (name for name in copied.firms if name not in copied_before.firms)
    return [*((Scope.ACCOUNT, name) for name in accounts), *((Scope.FIRM, name) for name in firms)]


def _copies(profile: SessionProfile | None) -> CopyScope:
    return (profile or DEFAULT_PROFILE).copies


async def _check_goes_on(session: AsyncSession, command: Unblock | UnblockWithdrawals) -> None:
    client = await session.scalar(select(Client).where(Client.firm == command.name))
    if client is None:
        return
    rights = rights_of(client)
    if not (rights.trades if isinstance(command, Unblock) else rights.withdraws):
        verb = "resume" if client.state == State.SUSPENDED else "why"
        raise Refused(f"firm {command.name}: {client.id} is {client.state}; use `fondaco client {verb} {client.id}`")


async def _firm(session: AsyncSession, scope: Scope, name: str) -> str | None:
    """Return the client's firm that a firm or an account is, or belongs to; None if it is no client's."""
    if scope is Scope.FIRM:
        return await session.scalar(select(Client.firm).where(Client.firm == name))
    if scope is not Scope.ACCOUNT:
        return None
    opened = await session.get(AccessAccount, name)
    if opened is not None and opened.state == "open":
        return opened.firm
    client = await client_behind(session, name)
    return None if client is None else client.firm


def _refusal(what: str, instead: str) -> Refused:
    return Refused(f"{what} is a client's, which two people decide on; use `fondaco {instead}`")
