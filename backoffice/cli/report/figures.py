"""`fondaco report volume`, `fees`, `sessions`, `rejects`: figures over time."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.moments import month_of
from backoffice.cli.option_groups import grouped
from backoffice.cli.report.options import ChartOption, LookingBack, When, Whose, record_of, scope_of, seen_by
from backoffice.cli.report.printing import Row, percent_text, ratio_text, show_rows
from backoffice.cli.tables import Form, Moment
from backoffice.naming import word_of
from backoffice.reports.by import By

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.reports.market import Market
    from backoffice.reports.scope import Scope
    from backoffice.reports.volumes import Volume

VOLUME = (
    *("symbol", "asset", "orders", "trades", "bought", "sold"),
    *("made", "taken", "notional", "share"),
)
FEES = ("symbol", "asset", "made", "taken", "fees", "rebates", "net", "basis points")
MINIMUMS = ("month", "firm", "schedule", "version", "asset", "days", "minimum", "paid", "missing")
SESSIONS = ("session", "role", "version", "accounts", "state", "since", "rejects", "most for")
REJECTS = ("code", "rejects", "share", "reason")

ByOption = Annotated[By, typer.Option("--by", help="What each line is about, beside the instrument.")]


@grouped
def volume(
    *, by: ByOption = By.CLIENT, whose: Whose, when: When, chart: ChartOption = False, looking: LookingBack
) -> None:
    """Show what was ordered and traded, made and taken, and the share of the market; both sides count."""

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.reports import volumes
        from backoffice.reports.market import market_of

        scope = scope_of(whose, when, await record_of(session, looking.as_of))
        market, found = await market_of(session), await volumes.volumes(session, scope, by)
        whole = await _whole(session, scope) if by not in _TIMES else {}
        return [(*_key(each, by), *_volume(each, market, whole)) for each in found]

    if chart:
        _draw(by, whose, when, looking)
        return
    show_rows(looking, (*_heading(by), *VOLUME), rows)


@grouped
def fees(*, by: ByOption = By.FIRM, whose: Whose, when: When, looking: LookingBack) -> None:
    """Show the fees and rebates of what was made and taken; in basis points of both."""

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.reports import volumes
        from backoffice.reports.market import market_of

        market = await market_of(session)
        scope = scope_of(whose, when, await record_of(session, looking.as_of))
        return [
            (*_key(each, by), *_fees(each, market))
            for each in await volumes.volumes(session, scope, by)
            if each.notional or each.fees or each.rebates
        ]

    show_rows(looking, (*_heading(by), *FEES), rows)


@grouped
def minimums(
    *,
    month: Annotated[
        date | None,
        typer.Option(
            "--month",
            parser=month_of,
            metavar="MONTH",
            help="As in 2026-11.",
            show_default="this one, or that of --as-of",
        ),
    ] = None,
    looking: LookingBack,
) -> None:
    """Show what firms have paid in a month, and what is missing to the minimum of their fee schedules."""

    async def rows(desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.reports.market import market_of
        from backoffice.reports.minimums import minimums as found_minimums
        from backoffice.times import day_of

        market, seen = await market_of(session), await seen_by(session, looking.as_of)
        first = month or day_of(desk.now_ns if seen is None else seen.time_ns).replace(day=1)
        return [
            (
                f"{first:%Y-%m}",
                each.firm,
                each.owed.schedule,
                each.owed.version,
                each.owed.asset,
                each.owed.days_counted,
                *(market.amount(each.owed.asset, amount) for amount in (each.owed.minimum, each.paid, each.missing)),
            )
            for each in await found_minimums(session, first, seen)
        ]

    show_rows(looking, MINIMUMS, rows)


@grouped
def sessions(*, when: When, looking: LookingBack) -> None:
    """Show the sessions: who is there, since when, and what they were refused, and mostly why."""

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.reports.sessions import health
        from engine.profile import SessionRole

        return [
            (
                each.row.session,
                word_of(SessionRole(each.row.role)),
                each.row.version,
                each.row.accounts.replace(" ", ", "),
                ("logged on" if each.row.is_connected else "away") + (", suspended" if each.row.is_suspended else ""),
                Moment(each.row.connected_ns) if each.row.connected_ns else None,
                each.rejects,
                f"[{each.most_for}] {_reason(each.most_for)}" if each.most_for else None,
            )
            for each in await health(session, when.from_ns, when.until_ns, await record_of(session, looking.as_of))
        ]

    show_rows(looking, SESSIONS, rows)


@grouped
def rejects(
    *,
    of: Annotated[str, typer.Option("--session", metavar="SESSION", help="Of this session.", show_default="all")] = "",
    each_session: Annotated[bool, typer.Option("--each-session", help="Each session apart.")] = False,
    when: When,
    looking: LookingBack,
) -> None:
    """Show what was refused and why, most often first. Hours count as a whole, but for the last one of --as-of."""
    is_by_session = bool(of) or each_session

    async def rows(_desk: "Office", session: "AsyncSession") -> list[Row]:
        from backoffice.reports import sessions

        found = await sessions.refusals(
            session, of, when.from_ns, when.until_ns, await record_of(session, looking.as_of)
        )
        if not is_by_session:
            found = sessions.by_reason(found)
        whole = sum(each.rejects for each in found)
        is_for_people = looking.form is Form.PEOPLE
        return [
            (
                *((each.session or None,) if is_by_session else ()),
                str(each.reason) if is_for_people else each.reason,
                each.rejects,
                percent_text(each.rejects, whole),
                _reason(each.reason),
            )
            for each in found
        ]

    show_rows(looking, (*(("session",) if is_by_session else ()), *REJECTS), rows)


_TIMES = (By.MONTH, By.DAY, By.HOUR)


async def _whole(session: "AsyncSession", scope: "Scope") -> dict[str, int]:
    """Return the whole market's notional by instrument, of which somebody has a share."""
    import msgspec

    from backoffice.reports import volumes

    every = msgspec.structs.replace(scope, client="", firm="", account="")
    return volumes.by_symbol(await volumes.volumes(session, every, By.INSTRUMENT))


def _heading(by: By) -> tuple[str, ...]:
    return () if by is By.INSTRUMENT else (by.value,)


def _key(each: "Volume", by: By) -> tuple[str, ...]:
    return () if by is By.INSTRUMENT else (each.key,)


def _volume(each: "Volume", market: "Market", whole: dict[str, int]) -> Row:
    symbol = each.symbol
    return (
        symbol,
        market.instruments[symbol].quote,
        each.orders,
        each.trades,
        market.qty(symbol, each.bought_qty),
        market.qty(symbol, each.sold_qty),
        market.notional(symbol, each.maker_notional),
        market.notional(symbol, each.taker_notional),
        market.notional(symbol, each.notional),
        percent_text(each.notional, whole.get(symbol, 0)),
    )


def _fees(each: "Volume", market: "Market") -> Row:
    symbol = each.symbol
    return (
        symbol,
        market.instruments[symbol].quote,
        market.notional(symbol, each.maker_notional),
        market.notional(symbol, each.taker_notional),
        market.notional(symbol, each.fees + each.rebates),
        market.notional(symbol, each.rebates),
        market.notional(symbol, each.fees),
        ratio_text(each.fees * 10_000, each.notional),
    )


def _reason(code: int) -> str:
    """Return what a code of a refusal means."""
    from engine.reject import RejectReason
    from fixgw.reject import GatewayReject

    if code == 0:
        return "a command of the house"
    reasons: tuple[RejectReason | GatewayReject, ...] = (*RejectReason, *GatewayReject)
    return next((reason.text for reason in reasons if reason == code), "unknown")


def _draw(by: By, whose: Whose, when: When, looking: LookingBack) -> None:
    """Draw the notional of each instrument, a bar for each line of the report."""
    from backoffice.cli.report.chart import bars
    from backoffice.reports import volumes
    from backoffice.reports.market import market_of

    async def found(session: "AsyncSession", _desk: "Office") -> "tuple[Market, list[Volume]]":
        scope = scope_of(whose, when, await record_of(session, looking.as_of))
        return await market_of(session), await volumes.volumes(session, scope, by)

    market, volumes_found = looking.ask(found)
    for symbol in sorted({each.symbol for each in volumes_found}):
        of = [each for each in volumes_found if each.symbol == symbol]
        quote = market.instruments[symbol].quote
        bars(
            f"{symbol}: notional in {quote}, by {by}",
            [each.key for each in of],
            [market.notional(symbol, each.notional) for each in of],
        )
