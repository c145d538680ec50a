"""`fondaco screening`: the lists that clients are screened against, who may be on them, and what that is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.choices import choice
from backoffice.cli.office import Acting, Coming, Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.shown import tell
from backoffice.cli.venue.request import AsOption, ConfigOption, DataOption, WhyOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.cli.tables import Cell
    from backoffice.crm.tables.check import ScreeningHit
    from backoffice.crm.tables.file import Client

app = typer.Typer(
    help="Sanctions and PEP lists, as they are published, and who of the clients' people may be on them.",
    no_args_is_help=True,
)

HitArgument = Annotated[str, typer.Argument(metavar="HIT", help="Which one, as in H-1.", show_default=False)]


@app.command("import")
@grouped
def import_list(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it: ofac, eu, peps.", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As it is published.", show_default=False)],
    *,
    purpose: Annotated[str, typer.Option("--for", metavar="PURPOSE", help="sanctions, or pep.")] = "sanctions",
    may_shrink: Annotated[bool, typer.Option("--may-shrink", help="It may have lost many entries.")] = False,
    acting: Acting,
) -> None:
    """Take a list over, all of it or nothing, and screen all clients again who were not screened against it as it is.

    The forms of OFAC (sdn.xml, or sdn.csv with alt.csv and add.csv beside it), of the UN and the EU (XML) are known by
    themselves; for others there is CSV with `id`, `kind` and `name` in its head.
    """
    from backoffice.crm.screening.formats import read_list
    from backoffice.crm.screening.importing import import_list as take_over

    read = read_list(file)
    imported = acting.carry_out(
        lambda session, office: take_over(
            session, office.actor, name, purpose, read, may_shrink=may_shrink, why=acting.why, now_ns=office.now_ns
        )
    )
    count, hits = _screen_all(acting, f"list {name} has changed")
    facts: dict[str, object] = {
        "list": name,
        "form": read.form,
        "entries": imported.entries,
        "added": imported.added,
        "changed": imported.changed,
        "removed": imported.removed,
        "clients_screened": count,
        "hits": hits,
    }
    told = f"{name}: {imported.entries:,} entries ({read.form}); "
    told += f"{imported.added:,} added, {imported.changed:,} changed, {imported.removed:,} removed"
    tell(f"{told}\n{_screened(count, hits)}", facts, as_json=acting.as_json)


@app.command()
def run(
    config: ConfigOption,
    why: WhyOption,
    as_user: AsOption = None,
    data: DataOption = None,
) -> None:
    """Screen all clients, as far as they have not been screened as they and the lists are now."""
    typer.echo(_screened(*_screen_all(Coming(config=config, as_user=as_user, data=data), why)))


@app.command()
@grouped
def lists(
    looking: Looking,
) -> None:
    """List what was imported, the newest version of each list last."""
    from sqlalchemy import select

    from backoffice.cli.tables import Cell, Moment, show_table
    from backoffice.crm.tables.check import ScreeningListVersion

    async def rows(session: "AsyncSession", _office: "Office") -> list[tuple[Cell, ...]]:
        return [
            (
                each.list,
                each.form,
                each.entries,
                each.added,
                each.changed,
                each.removed,
                Moment(each.imported_ns),
                each.imported_by,
                each.digest,
            )
            for each in await session.scalars(select(ScreeningListVersion).order_by(ScreeningListVersion.number))
        ]

    head = ("list", "form", "entries", "added", "changed", "removed", "at", "by", "digest")
    show_table(head, looking.ask(rows), looking.form)


@app.command()
@grouped
def hits(
    *,
    client: Annotated[str | None, typer.Option("--client", metavar="CLIENT", help="Of one client only.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that are decided or have lapsed too.")] = False,
    looking: Looking,
) -> None:
    """List the hits that are to be decided on, the most alike first."""
    from backoffice.cli.tables import Cell, Moment, show_table
    from backoffice.crm.loading import client_of
    from backoffice.crm.screening.checking import all_hits
    from backoffice.crm.sealed_fields import opened
    from backoffice.crm.tables.check import ScreeningHit
    from backoffice.staff.sealing import MASK

    async def rows(session: "AsyncSession", office: "Office") -> list[tuple[Cell, ...]]:
        of = None if client is None else await client_of(session, client)
        found = await all_hits(session, of, open_only=not everything)
        sees = office.disclosure.permits("names of people", *(f"client/C-{hit.client}" for hit in found))
        return [
            (
                hit.id,
                f"C-{hit.client}",
                hit.subject,
                opened(office.sealer, ScreeningHit, "said", hit.said, hit.number) if sees else MASK,
                # What the list calls them is as good as their name.
                hit.listed if sees else MASK,
                hit.list,
                hit.entry,
                hit.score,
                hit.state,
                Moment(hit.found_ns),
                hit.decided_by,
                hit.reason or None,
            )
            for hit in found
        ]

    head = (
        *("hit", "client", "subject", "name", "listed as", "list", "entry"),
        *("score", "state", "found", "decided by", "why"),
    )
    show_table(head, looking.ask(rows), looking.form)


@app.command()
@grouped
def show(
    hit: HitArgument,
    seeing: Seeing,
) -> None:
    """Show a hit with all that the list says, and all that was compared with it."""
    import msgspec

    from backoffice.cli.tables import show_fields
    from backoffice.crm.loading import client_of, read_file
    from backoffice.crm.screening.checking import subjects_of
    from backoffice.crm.screening.deciding import find
    from backoffice.crm.screening.entry import Entry
    from backoffice.staff.permissions import Permission

    async def fields(session: "AsyncSession", office: "Office") -> "dict[str, Cell | Sequence[str]]":
        office.actor.require(Permission.SEE_PERSONAL_DATA)
        found = await find(session, hit)
        entry = msgspec.json.decode(found.entry_content, type=Entry)
        client = await client_of(session, f"C-{found.client}")
        office.disclosure.note("name, birth and countries", f"client/{client.id}")
        subject = subjects_of(client.id, await read_file(session, office.sealer, client)).get(found.subject)
        return {
            "hit": found.id,
            "client": f"{client.id}, {client.name}",
            "state": found.state,
            "score": found.score,
            "score of names alone": found.name_score,
            "subject": found.subject,
            "its names": [] if subject is None else list(subject.names),
            "its birth": None if subject is None or subject.birth is None else str(subject.birth.first),
            "its countries": [] if subject is None else list(subject.countries),
            "list": f"{found.list} ({found.purpose}), entry {found.entry}",
            "listed names": list(entry.names),
            "listed weak names": list(entry.weak_names),
            "listed births": [f"{birth.first} … {birth.last}" for birth in entry.births],
            "listed countries": list(entry.countries),
            "programs": list(entry.programs),
            "decided by": found.decided_by,
            "why": found.reason,
        }

    show_fields(seeing.ask(fields), seeing.form)


@app.command()
@grouped
def decide(
    hit: HitArgument,
    disposition: Annotated[
        str, typer.Argument(metavar="true-match|false-positive", help="What it is.", show_default=False)
    ],
    acting: Acting,
) -> None:
    """Decide on a hit. A false positive is not asked again, unless what the list says changes.

    An application goes on if nothing is left to decide. A client with a true match on a sanctions list is suspended
    from all, at once. What was called a false positive may still be called a true match; for the other way round there
    is `revise`.
    """
    from backoffice.crm import applying
    from backoffice.crm.loading import client_of
    from backoffice.crm.screening import deciding
    from backoffice.crm.workflow import State

    decision = choice("disposition", disposition, deciding.Disposition)

    async def step(session: "AsyncSession", office: "Office") -> "tuple[ScreeningHit, Client, bool]":
        done = await deciding.decide(session, office.actor, hit, decision, why=acting.why, now_ns=office.now_ns)
        client = await client_of(session, f"C-{done.client}")
        was_screening = client.state == State.SCREENING
        who = (session, office.actor, office.sealer, client.id)
        return done, await applying.clear_if_clear(*who, why=acting.why, now_ns=office.now_ns), was_screening

    done, client, was_screening = acting.carry_out(step, tells_venue=True)
    told = f"{done.id} of {client.id} is a {done.state}"
    told += f"; {client.id} is suspended from {client.suspension}" if client.suspension else ""
    if was_screening:
        goes_on = client.state != State.SCREENING
        then = f"fondaco client risk {client.id}" if goes_on else f"fondaco client why {client.id}"
        told += f"; {client.id} is {'now' if goes_on else 'still'} {client.state}: {then}"
    facts = {"hit": done.id, "state": done.state, "suspension": client.suspension, "client_state": client.state}
    tell(told, facts, as_json=acting.as_json)


@app.command()
@grouped
def revise(
    hit: HitArgument,
    acting: Acting,
) -> None:
    """Propose that a true match was none. It is a false positive when somebody else approves it.

    Who was suspended for it stays so until `fondaco client resume`.
    """
    from backoffice.cli.approval import propose
    from backoffice.crm.screening import deciding

    propose(
        acting,
        lambda session, office: deciding.propose_revision(
            session, office.actor, hit, why=acting.why, now_ns=office.now_ns
        ),
    )


def _screen_all(coming: Coming, why: str) -> tuple[int, list[str]]:
    """Screen all clients, each in a transaction of its own; return how many had to be, and the new hits."""
    from backoffice.cli.loop import run
    from backoffice.crm.screening.rescreening import screen_each, to_be_screened
    from backoffice.staff.permissions import Permission

    async def screen_all() -> tuple[int, list[str]]:
        count, found = 0, list[str]()
        async with coming.office() as office:
            office.actor.require(Permission.SCREEN_CLIENTS)
            async with office.database.reading() as session:
                clients = await to_be_screened(session)
            who = (office.database, office.actor, office.sealer)
            async for screened in screen_each(*who, clients, why=why, clock=lambda: office.now_ns):
                count += bool(screened.subjects)
                found += screened.new_hits
        return count, found

    return run(screen_all())


def _screened(count: int, hits: list[str]) -> str:
    return f"clients screened: {count}; new hits: {', '.join(hits) or 'none'}"
