"""Where an account may withdraw to. Each destination is approved by somebody else, and then cools for a time.

One that is to change is removed, and another added: so a changed address has to be approved, and to cool, again. What
waits to be paid to one that is removed is cancelled.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.tables.transfers import AddressHolder
from backoffice.database.finding import row_of
from backoffice.errors import Conflict, Refused
from backoffice.payments.rules import PaymentRules
from backoffice.payments.tables import Destination
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from backoffice.times import MINUTE_NS

KIND: Final = "destination"


async def add(
    session: AsyncSession,
    actor: Actor,
    rules: PaymentRules,
    account: str,
    address: str,
    holder: str,
    *,
    why: str,
    now_ns: int,
) -> Approval:
    """Propose a destination for an account's withdrawals of an asset. Raise `Conflict` if it is there already."""
    destination = await enter(session, actor, rules, account, address, holder, now_ns=now_ns)
    return await propose(session, actor, rules, destination, why=why, now_ns=now_ns)


async def enter(
    session: AsyncSession,
    actor: Actor,
    rules: PaymentRules,
    account: str,
    address: str,
    holder: str,
    *,
    now_ns: int,
) -> Destination:
    """Write a destination down that is to be proposed. Raise `Conflict` if it is there already."""
    actor.require(Permission.EDIT_WHITELIST)
    if not address.strip() or not address.isprintable():
        raise Refused("the address of a destination is a printable text; name it as the rail does")
    same = select(Destination).where(
        *(Destination.account == account, Destination.rail == rules.rail, Destination.asset == rules.asset),
        *(Destination.address == address, Destination.removed_ns.is_(None)),
    )
    known = await session.scalar(same)
    if known is not None:
        raise Conflict(f"{known.name} is that destination already")
    destination = Destination(
        account=account,
        rail=rules.rail,
        asset=rules.asset,
        address=address,
        holder=holder,
        added_by=actor.user,
        added_ns=now_ns,
        approved_by=None,
        usable_from_ns=None,
        removed_ns=None,
    )
    session.add(destination)
    await session.flush()
    return destination


async def propose(
    session: AsyncSession,
    actor: Actor,
    rules: PaymentRules,
    destination: Destination,
    *,
    held: dict[str, Any] | None = None,
    why: str,
    now_ns: int,
) -> Approval:
    """Propose a destination that is written down. `held`: who holds it (`holders.enter`), to be approved with it."""
    payload = {"destination": destination.id, "address": destination.address, "holder": destination.holder}
    payload |= {"cooling_ns": rules.cooling_ns, **(held or {})}
    return await approvals.propose(session, actor, KIND, destination.subject, payload, why=why, now_ns=now_ns)


async def remove(session: AsyncSession, actor: Actor, name: str, *, why: str, now_ns: int) -> Destination:
    """Let a destination not be paid to any more. This needs nobody else: it only stops payments."""
    actor.require(Permission.EDIT_WHITELIST)
    destination = await find(session, name)
    if destination.removed_ns is not None:
        raise Refused(f"{name} is removed already")
    await _remove(session, actor, destination, why, now_ns)
    return destination


async def change(
    session: AsyncSession,
    actor: Actor,
    rules: Mapping[tuple[str, str], PaymentRules],
    name: str,
    *,
    address: str | None,
    holder: str | None,
    why: str,
    now_ns: int,
) -> Approval:
    """Propose another address, or holder, in the place of a destination, which is paid to no more from now on."""
    old = await find(session, name)
    given = (old.address if address is None else address, old.holder if holder is None else holder)
    if given == (old.address, old.holder):
        raise Refused(f"{name}: nothing to change; give another address or holder")
    rule = rules.get((old.rail, old.asset))
    if rule is None:
        raise Refused(f"{name}: {old.asset} does not go over {old.rail} any more")
    await remove(session, actor, name, why=why, now_ns=now_ns)
    await session.flush()
    return await add(session, actor, rule, old.account, *given, why=f"in the place of {name}: {why}", now_ns=now_ns)


def objection(destination: Destination, now_ns: int) -> str:
    """Return why a destination cannot be paid to now, empty if it can."""
    if destination.removed_ns is not None:
        return f"destination {destination.name} is removed"
    if destination.usable_from_ns is None:
        return f"destination {destination.name} is not approved"
    if now_ns < destination.usable_from_ns:
        minutes = -(-(destination.usable_from_ns - now_ns) // MINUTE_NS)
        return f"destination {destination.name} is new: it is paid to in {minutes:,} minutes"
    return ""


async def find(session: AsyncSession, name: str, *, for_update: bool = True) -> Destination:
    """Return a destination by its name, kept from others until the transaction ends. Raise `NotFound`."""
    return await row_of(session, Destination, name, "T", "destination", "destination list", for_update=for_update)


async def listed(session: AsyncSession, account: str | None) -> list[Destination]:
    """Return destinations, the newest last."""
    query = select(Destination).order_by(Destination.id)
    return list(await session.scalars(query if account is None else query.where(Destination.account == account)))


async def _approve(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    destination = await find(session, f"T-{approval.payload['destination']}")
    destination.approved_by = actor.user
    destination.usable_from_ns = now_ns + int(approval.payload["cooling_ns"])
    after = {"approved_by": actor.user, "usable_from_ns": destination.usable_from_ns}
    if "held" in approval.payload:
        (await session.get_one(AddressHolder, approval.payload["held"])).approved_by = actor.user
        after["held"] = approval.payload["held"]
    await audit.record(
        *(session, actor, "allow", destination.subject),
        before={"approved_by": None},
        after=after,
        why=approval.why,
        now_ns=now_ns,
    )


async def _turn_down(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    destination = await find(session, f"T-{approval.payload['destination']}")
    await _remove(session, actor, destination, f"approval {approval.id} was turned down", now_ns)


async def _remove(session: AsyncSession, actor: Actor, destination: Destination, why: str, now_ns: int) -> None:
    destination.removed_ns = now_ns
    before = {"address": destination.address, "approved_by": destination.approved_by}
    await audit.record(session, actor, "remove", destination.subject, before=before, after=None, why=why, now_ns=now_ns)


async def _version_of(session: AsyncSession, subject: str) -> int:
    # Only its removal changes what was proposed.
    return int((await find(session, subject.removeprefix("destination/"))).removed_ns is not None)


approvals.register(
    KIND,
    Permission.APPROVE_WHITELIST,
    _approve,
    turn_down=_turn_down,
    version_of=_version_of,
    words="let withdrawals go to {address}",
)
