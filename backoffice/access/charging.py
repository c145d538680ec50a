"""Fee schedules and who trades by them, with four eyes; and, as time and volume go by, what the venue is to charge.

`bring_up_to_date` compares what holds now with what the venue was told last, and tells it the difference. It is called
again and again by the back office's process, and may be called any number of times.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import outbox
from backoffice.access.clients import client_of_firm
from backoffice.access.fees import VOLUME_DAYS, Fees, check, tier_of
from backoffice.access.tables import AccessAccount, FeeAssignment, FeeInForce, FeeSchedule
from backoffice.database.base import total
from backoffice.errors import NotFound, Refused
from backoffice.projector.tables import Activity, VenueAccount, VenueInstrument
from backoffice.staff import approvals, audit
from backoffice.staff.actor import BACK_OFFICE, Actor
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from backoffice.times import HOUR_NS
from engine.commands import SetFees
from engine.values import Scope

SCHEDULE: Final = "fees-schedule"
ASSIGNMENT: Final = "fees-assign"
_VOLUME_HOURS: Final = VOLUME_DAYS * 24


async def propose_schedule(
    session: AsyncSession, actor: Actor, name: str, fees: Fees, effective_ns: int, *, why: str, now_ns: int
) -> Approval:
    """Propose a schedule, or another version of one, from some time on; somebody else approves it.

    It holds from its approval on at the earliest.
    """
    actor.require(Permission.EDIT_FEES)
    check(fees)
    before = await session.scalar(select(FeeSchedule.content).where(FeeSchedule.schedule == name).limit(1))
    if before is not None and before["asset"] != fees.asset:
        raise Refused(
            f"{name}: counts in {before['asset']}; a schedule in {fees.asset} is another one, by another name"
        )
    payload = {"schedule": name, "fees": msgspec.to_builtins(fees), "effective_ns": effective_ns}
    return await approvals.propose(session, actor, SCHEDULE, f"fees/{name}", payload, why=why, now_ns=now_ns)


async def propose_assignment(
    session: AsyncSession,
    actor: Actor,
    firm: str,
    schedule: str,
    symbol: str,
    effective_ns: int,
    *,
    why: str,
    now_ns: int,
) -> Approval:
    """Propose that a firm trades by a schedule, for one instrument or ("") for all that have none of their own."""
    actor.require(Permission.EDIT_FEES)
    await client_of_firm(session, firm)
    if await session.scalar(select(FeeSchedule.version).where(FeeSchedule.schedule == schedule).limit(1)) is None:
        raise NotFound(f"{schedule}: no fee schedule; `fondaco fees list` shows them")
    if symbol and await session.get(VenueInstrument, symbol) is None:
        raise NotFound(f"{symbol}: no instrument of this venue")
    payload = {"firm": firm, "schedule": schedule, "symbol": symbol, "effective_ns": effective_ns}
    return await approvals.propose(session, actor, ASSIGNMENT, f"firm/{firm}", payload, why=why, now_ns=now_ns)


async def _add_schedule(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    name = approval.payload["schedule"]
    query = select(FeeSchedule).where(FeeSchedule.schedule == name).order_by(FeeSchedule.version.desc()).limit(1)
    last = await session.scalar(query)
    added = FeeSchedule(
        schedule=name,
        version=1 if last is None else last.version + 1,
        content=approval.payload["fees"],
        effective_ns=max(approval.payload["effective_ns"], now_ns),
        proposed_by=approval.maker,
        approved_by=actor.user,
    )
    session.add(added)
    before = None if last is None else _facts_of_schedule(last)
    after = _facts_of_schedule(added)
    await audit.record(
        session, actor, "set schedule", approval.subject, before=before, after=after, why=approval.why, now_ns=now_ns
    )


def _facts_of_schedule(schedule: FeeSchedule) -> dict[str, Any]:
    """Return what of a version of a schedule goes on record."""
    return {"version": schedule.version, "fees": schedule.content, "effective_ns": schedule.effective_ns}


async def _assign(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    payload = {name: approval.payload[name] for name in ("firm", "schedule", "symbol")}
    effective_ns = max(approval.payload["effective_ns"], now_ns)
    firm, symbol = FeeAssignment.firm == payload["firm"], FeeAssignment.symbol == payload["symbol"]
    last = await session.scalar(select(FeeAssignment).where(firm, symbol).order_by(FeeAssignment.id.desc()).limit(1))
    session.add(FeeAssignment(**payload, effective_ns=effective_ns, proposed_by=approval.maker, approved_by=actor.user))
    after = {"symbol": payload["symbol"], "schedule": payload["schedule"], "effective_ns": effective_ns}
    before = None if last is None else {name: getattr(last, name) for name in after}
    await audit.record(
        session, actor, "assign fees", approval.subject, before=before, after=after, why=approval.why, now_ns=now_ns
    )


async def bring_up_to_date(session: AsyncSession, now_ns: int) -> int:
    """Have the venue be told what has changed of what firms are to pay; return how much did.

    A firm that has no account yet, which the venue does not know, waits. What the venue refuses, as some taker would
    not pay for the rebate, it is told again after an hour: the others may have changed.
    """
    changes = 0
    firms = await _known_firms(session)
    for assignment in await _assignments(session, now_ns):
        if assignment.firm not in firms:
            continue
        version = await _version(session, assignment.schedule, now_ns)
        if version is None:
            continue
        fees = msgspec.convert(version.content, Fees)
        volume = await volume_of(session, assignment.firm, fees.asset, now_ns)
        tier = tier_of(fees.tiers, volume)
        told = await session.get(FeeInForce, (assignment.firm, assignment.symbol))
        wanted = (tier.maker_ppm, tier.taker_ppm)
        if told is not None and (told.maker_ppm, told.taker_ppm) == wanted and not await _again(session, told, now_ns):
            continue
        why = f"schedule {assignment.schedule}, version {version.version}, from {tier.volume} on: {volume} in 30 days"
        before = None if told is None else {"maker_ppm": told.maker_ppm, "taker_ppm": told.taker_ppm}
        told = told or FeeInForce(firm=assignment.firm, symbol=assignment.symbol)
        told.schedule, told.version, told.volume = assignment.schedule, version.version, volume
        told.maker_ppm, told.taker_ppm = wanted
        told.since_ns, told.why = now_ns, why
        session.add(told)
        subject = f"firm/{assignment.firm}"
        after = {"symbol": assignment.symbol, "maker_ppm": wanted[0], "taker_ppm": wanted[1]}
        await audit.record(
            session, BACK_OFFICE, "set fees", subject, before=before, after=after, why=why, now_ns=now_ns
        )
        command = SetFees(Scope.FIRM, assignment.firm, assignment.symbol, *wanted, BACK_OFFICE.user, outbox.plain(why))
        told.command = (await outbox.put(session, command, subject, now_ns)).id
        changes += 1
    return changes


async def _known_firms(session: AsyncSession) -> set[str]:
    """Return the firms that have an account, or whose first one the venue is told of before it is told of fees."""
    opened = select(AccessAccount.firm).where(AccessAccount.state == "open")
    return set(await session.scalars(select(VenueAccount.firm).union(opened)))


async def _again(session: AsyncSession, told: FeeInForce, now_ns: int) -> bool:
    """Tell whether the venue has refused what it was told, so long ago that it is asked again."""
    command = None if told.command is None else await session.get(outbox.Outgoing, told.command)
    return command is not None and bool(command.refusal) and now_ns - told.since_ns >= HOUR_NS


async def in_force(session: AsyncSession) -> list[tuple[FeeInForce, outbox.Outgoing | None]]:
    """Return what firms pay, each with what tells the venue so."""
    query = select(FeeInForce, outbox.Outgoing).outerjoin(outbox.Outgoing, outbox.Outgoing.id == FeeInForce.command)
    found = await session.execute(query.order_by(FeeInForce.firm, FeeInForce.symbol))
    return [(fees, command) for fees, command in found]


async def _assignments(session: AsyncSession, now_ns: int) -> Sequence[FeeAssignment]:
    """Return the assignments that hold now: of a firm's for an instrument the latest."""
    query = select(FeeAssignment).where(FeeAssignment.effective_ns <= now_ns)
    found = await session.scalars(query.order_by(FeeAssignment.effective_ns, FeeAssignment.id))
    return list({(each.firm, each.symbol): each for each in found}.values())


async def _version(session: AsyncSession, schedule: str, now_ns: int) -> FeeSchedule | None:
    query = select(FeeSchedule).where(FeeSchedule.schedule == schedule, FeeSchedule.effective_ns <= now_ns)
    latest = query.order_by(FeeSchedule.effective_ns.desc(), FeeSchedule.version.desc()).limit(1)
    return (await session.scalars(latest)).one_or_none()


async def volume_of(session: AsyncSession, firm: str, asset: str, now_ns: int) -> int:
    """Return what a firm has traded in 30 days in instruments quoted in an asset, in its smallest unit."""
    hour = now_ns // HOUR_NS
    query = (
        select(total(Activity.maker_notional), total(Activity.taker_notional))
        .join(VenueAccount, VenueAccount.account == Activity.account)
        .join(VenueInstrument, VenueInstrument.symbol == Activity.symbol)
        .where(VenueAccount.firm == firm, VenueInstrument.quote == asset, Activity.hour > hour - _VOLUME_HOURS)
    )
    made, taken = (await session.execute(query)).one()
    return (made or 0) + (taken or 0)


approvals.register(SCHEDULE, Permission.APPROVE_FEES, _add_schedule, words="have a fee schedule {schedule}")
approvals.register(ASSIGNMENT, Permission.APPROVE_FEES, _assign, words="charge {firm} by {schedule}")
