"""Sets limits at a place of the tree, with four eyes, and has the engine know what follows for each account below."""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import outbox
from backoffice.access.clients import client_of_firm
from backoffice.access.hierarchy import find_desk
from backoffice.access.inheriting import limits_of, of_account
from backoffice.access.tables import AccessAccount, AccessLimits, AccessTrader
from backoffice.errors import NotFound, Refused
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from engine.commands import SetLimits
from engine.rules import Limits
from engine.values import AMOUNT_MAX, Scope

KIND: Final = "limits-set"
SCOPES: Final = ("firm", "desk", "trader", "account")
"""From the top of the tree down."""


async def propose(
    session: AsyncSession, actor: Actor, scope: str, name: str, limits: Limits, *, why: str, now_ns: int
) -> Approval:
    """Propose limits for a firm, a desk, a trader or an account; somebody else approves them."""
    actor.require(Permission.EDIT_LIMITS)
    await _check_there(session, scope, name)
    amounts = (*limits.order_base_max.values(), *limits.order_notional_max.values())
    if limits.open_orders_max < 0 or any(not 0 <= amount < AMOUNT_MAX for amount in amounts):
        raise Refused("a limit is 0, for none, or more")
    payload = {"scope": scope, "name": name, "limits": _content(limits)}
    return await approvals.propose(session, actor, KIND, f"{scope}/{name}", payload, why=why, now_ns=now_ns)


async def _set(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    scope, name, content = (approval.payload[key] for key in ("scope", "name", "limits"))
    row = await session.get(AccessLimits, (scope, name))
    before = None if row is None else dict(row.content)
    row = row or AccessLimits(scope=scope, name=name)
    row.content, row.proposed_by, row.approved_by, row.approved_ns = content, approval.maker, actor.user, now_ns
    session.add(row)
    await session.flush()
    await audit.record(
        *(session, actor, "set limits", approval.subject), before=before, after=content, why=approval.why, now_ns=now_ns
    )
    by, why = actor.user, outbox.plain(approval.why)
    if scope == "firm":
        await outbox.put(session, SetLimits(Scope.FIRM, name, limits_of(content), by, why), approval.subject, now_ns)
        return
    for account in await _below(session, scope, name):
        command = SetLimits(Scope.ACCOUNT, account.account, await of_account(session, account), by, why)
        await outbox.put(session, command, approval.subject, now_ns)


async def _below(session: AsyncSession, scope: str, name: str) -> list[AccessAccount]:
    column = {"desk": AccessAccount.desk, "trader": AccessAccount.trader, "account": AccessAccount.account}[scope]
    query = select(AccessAccount).where(column == name, AccessAccount.state == "open")
    return list(await session.scalars(query.order_by(AccessAccount.account)))


async def _check_there(session: AsyncSession, scope: str, name: str) -> None:
    match scope:
        case "firm":
            await client_of_firm(session, name)
        case "desk":
            await find_desk(session, name)
        case "trader" | "account":
            table = AccessTrader if scope == "trader" else AccessAccount
            if await session.get(table, name) is None:
                raise NotFound(f"{name}: no {scope}; `fondaco access list` shows them")
        case _:
            raise Refused(f"{scope}: limits are for one of {', '.join(SCOPES)}")


def _content(limits: Limits) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in limits.__struct_fields__}


approvals.register(KIND, Permission.APPROVE_LIMITS, _set)
