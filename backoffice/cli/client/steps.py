"""`fondaco client submit`, `screen`, `approve` …: each step of a client's way, as `spec/clients.md` has it."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.choices import choice
from backoffice.cli.client.shown import ClientArgument
from backoffice.cli.office import Acting, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.shown import tell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.crm.reviewing import Delta
    from backoffice.crm.risk import Score
    from backoffice.crm.screening.checking import Screened
    from backoffice.crm.tables.check import RiskScore
    from backoffice.crm.tables.file import Client
    from backoffice.crm.workflow import Verb


@grouped
def submit(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Ask for a client to be looked at. Its file must be whole."""
    from backoffice.crm import applying

    _sealed(applying.submit, client, acting)


@grouped
def screen(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Screen everybody in a client's file against all lists; an application goes on if nothing is left to decide."""
    from backoffice.crm import applying
    from backoffice.crm.screening.checking import load_lists

    async def step(session: "AsyncSession", office: "Office") -> "tuple[Screened, Client]":
        lists = await load_lists(session)
        who = (session, office.actor, office.sealer, client)
        screened = await applying.screen_client(*who, lists, why=acting.why, now_ns=office.now_ns)
        cleared = await applying.clear_if_clear(*who, why=acting.why, now_ns=office.now_ns)
        return screened, cleared

    screened, found = acting.carry_out(step)
    facts = {
        "client": found.id,
        "state": found.state,
        "screened": list(screened.subjects),
        "hits": list(screened.new_hits),
    }
    told = (
        f"{len(screened.subjects)} screened, {len(screened.new_hits)} new hits: {', '.join(screened.new_hits) or '–'}"
    )
    tell(f"{found.id} is {found.state}; {told}", facts, as_json=acting.as_json)


@grouped
def risk(
    client: ClientArgument,
    *,
    override: Annotated[
        str | None,
        typer.Option("--override", metavar="RATING", help="Propose another rating than the score gives: low, medium …"),
    ] = None,
    acting: Acting,
) -> None:
    """Rate a client by the model that its application began with; an application goes on to its review.

    What two people have put in the place of a rating holds until the score is another.
    """
    from backoffice.cli.approval import propose
    from backoffice.cli.tables import show_table
    from backoffice.crm import rating
    from backoffice.crm.loading import client_of
    from backoffice.crm.rated import last_score
    from backoffice.crm.risk import Rating

    if override is not None:
        wanted = choice("rating", override, Rating)
        propose(
            acting,
            lambda session, office: rating.propose_rating(
                session, office.actor, client, wanted, why=acting.why, now_ns=office.now_ns
            ),
        )
        return

    async def step(session: "AsyncSession", office: "Office") -> "tuple[Score, RiskScore | None]":
        who = (session, office.actor, office.sealer, client)
        score = await rating.rate(*who, why=acting.why, now_ns=office.now_ns)
        return score, await last_score(session, await client_of(session, client))

    score, holds = acting.carry_out(step, tells_venue=True)
    rows = [(part.factor, part.answer, part.points, part.weight) for part in score.parts]
    note = f"Score {score.score} by model {score.model}: {score.rating}"
    if holds is not None and holds.proposed_by is not None:
        note += f", overridden by {holds.proposed_by} and {holds.scored_by}: {holds.reason}"
    elif score.raised_by:
        note += f", raised by {', '.join(score.raised_by)}"
    show_table(("factor", "answer", "points", "weight"), rows, acting.form, note=note)


@grouped
def review(
    client: ClientArgument,
    *,
    conclude: Annotated[
        str | None, typer.Option("--conclude", metavar="TEXT", help="End the review, and say what it came to.")
    ] = None,
    seeing: Seeing,
) -> None:
    """Show what has changed in a client's file since it was last looked at as a whole, and nothing else."""
    from backoffice.cli.shown import print_json
    from backoffice.crm import reviewing
    from backoffice.staff.permissions import Permission

    if conclude is not None:
        done = seeing.carry_out(
            lambda session, office: reviewing.review(
                session, office.actor, office.sealer, client, conclude, now_ns=office.now_ns
            )
        )
        tell(f"{done.id}: concluded", {"review": done.id}, as_json=seeing.as_json)
        return

    async def delta(session: "AsyncSession", office: "Office") -> "Delta":
        office.actor.require(Permission.SEE_PERSONAL_DATA)
        found = await reviewing.delta_of(session, office.sealer, client, now_ns=office.now_ns)
        office.disclosure.note("what has changed in the file", f"client/{found.client}")
        return found

    found = seeing.ask(delta)
    if seeing.as_json:
        import msgspec

        print_json(msgspec.to_builtins(found))
        return
    typer.echo(f"{found.client} since {found.since}: {'nothing has changed' if found.is_empty else ''}".rstrip())
    for change in found.changes:
        typer.echo(f"  {change.where}: {_value(change.before)} → {_value(change.after)}")
    for what, lines in (
        ("expires", found.expiring),
        ("hit", found.hits),
        ("stands against it", [f"{flaw.what}: {flaw.remedy}" for flaw in found.flaws]),
    ):
        for line in lines:
            typer.echo(f"  {what}: {line}")


@grouped
def request_information(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Ask for something that is missing, named by --why. The file may be changed until it is answered."""
    from backoffice.crm.workflow import Verb

    _plain(Verb.REQUEST_INFORMATION, client, acting)


@grouped
def answer(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Say that what was asked for is there."""
    from backoffice.crm.workflow import Verb

    _plain(Verb.ANSWER, client, acting)


@grouped
def reject(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Turn an application down, or let go of a draft that was entered by mistake."""
    from backoffice.crm.workflow import Verb

    _plain(Verb.REJECT, client, acting)


@grouped
def reopen(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Make an application that was turned down a draft again; everything is looked at anew."""
    from backoffice.crm.workflow import Verb

    _plain(Verb.REOPEN, client, acting)


@grouped
def approve(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Take a client. Never for who has entered, submitted or changed it."""
    from backoffice.crm import applying

    _sealed(applying.approve, client, acting)


@grouped
def activate(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Let an approved client trade."""
    from backoffice.crm import applying

    _sealed(applying.activate, client, acting, tells_venue=True)


@grouped
def suspend(
    client: ClientArgument,
    *,
    what: Annotated[
        str, typer.Option("--from", metavar="WHAT", help="trading, withdrawals, or all of it.", show_default=True)
    ] = "all",
    acting: Acting,
) -> None:
    """Suspend a client, at once: open orders are cancelled, and the venue takes no more of what it may not do."""
    from backoffice.crm import suspending
    from backoffice.crm.workflow import Suspension

    suspension = choice("--from", what, Suspension)
    done = acting.carry_out(
        lambda session, office: suspending.suspend(
            session, office.actor, client, suspension, why=acting.why, now_ns=office.now_ns
        ),
        tells_venue=True,
    )
    facts = {"client": done.id, "state": done.state, "suspension": done.suspension}
    tell(f"{done.id} is suspended from {done.suspension}", facts, as_json=acting.as_json)


@grouped
def resume(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Propose that a suspended client goes on. It does when somebody else approves it."""
    from backoffice.cli.approval import propose
    from backoffice.crm import suspending

    propose(
        acting,
        lambda session, office: suspending.propose_resumption(
            session, office.actor, client, why=acting.why, now_ns=office.now_ns
        ),
    )


@grouped
def offboard(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Begin to let a client go: it trades no more, and takes out what is its own."""
    from backoffice.crm import leaving

    done = acting.carry_out(
        lambda session, office: leaving.offboard(session, office.actor, client, why=acting.why, now_ns=office.now_ns),
        tells_venue=True,
    )
    _tell_state(done, as_json=acting.as_json)


@grouped
def close(
    client: ClientArgument,
    acting: Acting,
) -> None:
    """Close a client's file. It must have no balances or invoices left; its sessions are revoked, its file is kept."""
    from backoffice.crm.leaving import close as close_file
    from backoffice.crm.left_behind import balances_left, sessions_left
    from backoffice.crm.loading import client_of
    from backoffice.invoices.invoicing import unpaid

    async def step(session: "AsyncSession", office: "Office") -> "Client":
        found = await client_of(session, client)
        return await close_file(
            session,
            office.actor,
            client,
            balances=await balances_left(session, found),
            sessions=await sessions_left(session, found),
            invoices=await unpaid(session, found.firm) if found.firm else [],
            why=acting.why,
            now_ns=office.now_ns,
        )

    _tell_state(acting.carry_out(step, tells_venue=True), as_json=acting.as_json)


def _plain(verb: "Verb", client: str, acting: Acting) -> None:
    from backoffice.crm import applying

    done = acting.carry_out(
        lambda session, office: applying.step(session, office.actor, client, verb, why=acting.why, now_ns=office.now_ns)
    )
    _tell_state(done, as_json=acting.as_json)


def _sealed(
    step: "Callable[..., Awaitable[Client]]", client: str, acting: Acting, *, tells_venue: bool = False
) -> None:
    done = acting.carry_out(
        lambda session, office: step(
            session, office.actor, office.sealer, client, why=acting.why, now_ns=office.now_ns
        ),
        tells_venue=tells_venue,
    )
    _tell_state(done, as_json=acting.as_json)


def _tell_state(client: "Client", *, as_json: bool) -> None:
    tell(f"{client.id} is {client.state}", {"client": client.id, "state": client.state}, as_json=as_json)


def _value(value: object) -> str:
    return "–" if value in (None, "", [], ()) else str(value)
