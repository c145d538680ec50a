"""Desks, traders and trading accounts of a firm. An account is opened by two people, as trading needs one."""

import re
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import outbox
from backoffice.access.clients import check_may_be_set_up, client_of_firm
from backoffice.access.tables import AccessAccount, AccessDesk, AccessTrader
from backoffice.access.telling import tell_limits
from backoffice.crm import gateway
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.projector.tables import VenueAccount
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.sealing import Sealer, place
from backoffice.staff.tables import Approval
from config.texts import NAME_PATTERN
from engine.commands import OpenAccount

ACCOUNT: Final = "account-open"
_NAME: Final = re.compile(NAME_PATTERN)


async def add_desk(session: AsyncSession, actor: Actor, firm: str, name: str, *, why: str, now_ns: int) -> AccessDesk:
    """Add a desk to a firm."""
    actor.require(Permission.EDIT_ACCESS)
    await client_of_firm(session, firm)
    _check_name("desk", name)
    if await session.get(AccessDesk, name) is not None:
        raise Conflict(f"desk {name} is there already")
    desk = AccessDesk(name=name, firm=firm, added_by=actor.user, added_ns=now_ns)
    session.add(desk)
    await audit.record(
        session, actor, "add desk", f"desk/{name}", before=None, after={"firm": firm}, why=why, now_ns=now_ns
    )
    return desk


async def add_trader(
    session: AsyncSession,
    actor: Actor,
    sealer: Sealer,
    desk: str,
    code: str,
    full_name: str,
    *,
    why: str,
    now_ns: int,
) -> AccessTrader:
    """Add a trader to a desk."""
    actor.require(Permission.EDIT_ACCESS)
    await find_desk(session, desk)
    _check_name("trader", code)
    if await session.get(AccessTrader, code) is not None:
        raise Conflict(f"trader {code} is there already")
    sealed = sealer.seal(full_name, place(AccessTrader.__tablename__, "full_name", code))
    trader = AccessTrader(code=code, desk=desk, full_name=sealed, added_by=actor.user, added_ns=now_ns)
    session.add(trader)
    await audit.record(
        session, actor, "add trader", f"trader/{code}", before=None, after={"desk": desk}, why=why, now_ns=now_ns
    )
    return trader


async def propose_account(
    session: AsyncSession,
    actor: Actor,
    account: str,
    firm: str,
    *,
    desk: str | None = None,
    trader: str | None = None,
    why: str,
    now_ns: int,
) -> Approval:
    """Propose to open an account for a firm, one of its desks, or one trader there; somebody else approves it."""
    actor.require(Permission.EDIT_ACCESS)
    await check_may_be_set_up(session, firm)
    _check_name("account", account)
    if trader is not None:
        found = await session.get(AccessTrader, trader)
        if found is None or desk not in (None, found.desk):
            raise NotFound(f"{trader}: no trader" + (f" of desk {desk}" if desk else ""))
        desk = found.desk
    if desk is not None and (await find_desk(session, desk)).firm != firm:
        raise Refused(f"desk {desk} is not one of {firm}")
    await _is_at_venue(session, account, firm)
    known = await session.get(AccessAccount, account)
    if known is not None and known.state != "turned down":
        raise Conflict(f"account {account} is {known.state} already")
    before = None if known is None else _facts(known)
    row = known or AccessAccount(account=account)
    row.firm, row.desk, row.trader, row.state = firm, desk, trader, "proposed"
    row.proposed_by, row.proposed_ns, row.approved_by = actor.user, now_ns, None
    session.add(row)
    await _record(session, actor, "enter", row, before, why, now_ns)
    payload = {"account": account, "firm": firm, "desk": desk, "trader": trader}
    return await approvals.propose(session, actor, ACCOUNT, f"account/{account}", payload, why=why, now_ns=now_ns)


async def _open(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    account = await session.get_one(AccessAccount, approval.payload["account"])
    client = await check_may_be_set_up(session, account.firm)
    is_there = await _is_at_venue(session, account.account, account.firm)
    before = _facts(account)
    account.state, account.approved_by = "open", actor.user
    await _record(session, actor, "open", account, before, approval.why, now_ns)
    if not is_there:
        command = OpenAccount(account.account, account.firm, by=actor.user, why=outbox.plain(approval.why))
        await outbox.put(session, command, approval.subject, now_ns)
    await gateway.tell(session, actor, client, gateway.EVERYTHING, why=f"{client.id} is {client.state}", now_ns=now_ns)
    await tell_limits(session, actor, account.firm, approval.subject, why=approval.why, now_ns=now_ns)


async def _is_at_venue(session: AsyncSession, account: str, firm: str) -> bool:
    """Tell whether the venue has an account, as the settings opened it. Raise `Conflict` if it is another firm's."""
    there = await session.get(VenueAccount, account)
    if there is not None and there.firm != firm:
        raise Conflict(f"account {account} is at the venue already, one of {there.firm}")
    return there is not None


async def _turn_down(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    account = await session.get_one(AccessAccount, approval.payload["account"])
    before = _facts(account)
    account.state = "turned down"
    why = f"approval {approval.id} was turned down"
    await _record(session, actor, "turn down", account, before, why, now_ns)


async def _record(
    session: AsyncSession,
    actor: Actor,
    verb: str,
    account: AccessAccount,
    before: dict[str, str | None] | None,
    why: str,
    now_ns: int,
) -> None:
    subject, after = f"account/{account.account}", _facts(account)
    await audit.record(session, actor, verb, subject, before=before, after=after, why=why, now_ns=now_ns)


def _facts(account: AccessAccount) -> dict[str, str | None]:
    """Return what of an account goes on record."""
    return {"state": account.state, "firm": account.firm, "desk": account.desk, "trader": account.trader}


async def find_desk(session: AsyncSession, name: str) -> AccessDesk:
    """Return a desk. Raise `NotFound`."""
    desk = await session.get(AccessDesk, name)
    if desk is None:
        raise NotFound(f"{name}: no desk; `fondaco access list` shows them")
    return desk


def _check_name(what: str, name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise Refused(f"{what} {name[:40]!r}: a name has 1 to 32 letters, digits and . _ / -, no sign first")


approvals.register(
    ACCOUNT, Permission.APPROVE_ACCESS, _open, turn_down=_turn_down, words="open account {account} of {firm}"
)
