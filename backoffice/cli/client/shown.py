"""`fondaco client why`, `list` and `show`: how clients stand."""

from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.choices import choice
from backoffice.cli.office import Looking, Seeing
from backoffice.cli.option_groups import grouped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office
    from backoffice.cli.tables import Cell
    from backoffice.crm.standing import Known, Obstacle
    from backoffice.crm.tables.file import Client

    Standing = tuple[list[Obstacle], list[Obstacle]]
    """What is in a client's way, and what is to be done beside that."""

ClientArgument = Annotated[
    str, typer.Argument(metavar="CLIENT", help="Which one: C-1, or its firm.", show_default=False)
]


@grouped
def why(
    client: ClientArgument,
    seeing: Seeing,
) -> None:
    """Say everything that still stands between a client and trading, and what to do about each of it.

    Of one that trades: what it may, and what is to be done about its screening; open hits hold back payments.
    """
    from backoffice.cli.tables import show_table
    from backoffice.crm.knowing import known_of
    from backoffice.crm.loading import client_of
    from backoffice.crm.standing import left_open, obstacles

    async def found(session: "AsyncSession", office: "Office") -> "tuple[Client, Standing, list[str]]":
        asked_of = await client_of(session, client)
        known = await known_of(session, office.sealer, asked_of, office.now_ns)
        named, standing = ((obstacles(each), left_open(each)) for each in (known, masked(known)))
        if named != standing and office.disclosure.permits("names of people", f"client/{asked_of.id}"):
            standing = named
        return asked_of, standing, await limits_of(session, asked_of, office.now_ns)

    known, (obstacles_found, open_still), limits = seeing.ask(found)
    if not obstacles_found and not seeing.as_json:
        typer.echo(f"Nothing stands between {known.id} and trading: it is {known.state}.")
        for line in (*limits, *(f"{each.what}; {each.remedy}" for each in open_still)):
            typer.echo(f"  {line}")
        return
    show_table(
        ("what stands in the way", "what to do"), [(each.what, each.remedy) for each in obstacles_found], seeing.form
    )


@grouped
def list_clients(
    *,
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Only in this one; may be repeated.")
    ] = None,
    looking: Looking,
) -> None:
    """List clients, and how far each has come.

    How they stood at a moment is in `fondaco report pipeline --all --as-of`.
    """
    from sqlalchemy import select

    from backoffice.cli.tables import Cell, Moment, show_table
    from backoffice.crm.tables.file import Client
    from backoffice.crm.workflow import State

    states = [choice("state", each, State) for each in state or ()]

    async def rows(session: "AsyncSession", _office: "Office") -> list[tuple[Cell, ...]]:
        query = select(Client).order_by(Client.number)
        if states:
            query = query.where(Client.state.in_(states))
        return [
            (
                each.id,
                each.name,
                each.entity_type,
                each.jurisdiction,
                each.firm,
                each.state if each.suspension is None else f"{each.state} ({each.suspension})",
                each.rating,
                None if each.submitted_ns is None else Moment(each.submitted_ns),
                None if each.review_due is None else str(each.review_due),
            )
            for each in await session.scalars(query)
        ]

    head = ("client", "name", "type", "jurisdiction", "firm", "state", "rating", "submitted", "review due")
    show_table(head, looking.ask(rows), looking.form)


@grouped
def show(
    client: ClientArgument,
    seeing: Seeing,
) -> None:
    """Show a client: who it is, how it stands, who decided what."""
    from backoffice.cli.shown import time_text
    from backoffice.cli.tables import show_fields
    from backoffice.crm.following_up import open_tasks
    from backoffice.crm.loading import client_of, documents_of, other_files_of, parties_of, read_file
    from backoffice.crm.rated import last_score
    from backoffice.crm.screening.checking import hits_of

    form = seeing.form

    async def fields(session: "AsyncSession", office: "Office") -> "dict[str, Cell | Sequence[str]]":
        found = await client_of(session, client)
        file = await read_file(session, office.sealer, found)
        score = await last_score(session, found)
        limits = await limits_of(session, found, office.now_ns)
        agreements = [f"{each.kind} {each.version}, {each.signed or 'not signed'}" for each in file.agreements]
        tasks = [f"{task.id} by {task.due}: {task.what}" for task in await open_tasks(session, found)]
        return {
            "client": found.id,
            "name": found.name,
            "trading name": found.trading_name,
            "type": found.entity_type,
            "legal form": found.legal_form,
            "jurisdiction": found.jurisdiction,
            "registration": found.registration,
            "LEI": found.lei,
            "other files": [f"{other.id}, {other.state}" for other in await other_files_of(session, found)],
            "firm": found.firm,
            "industry": found.industry,
            "volume": found.volume,
            "addresses": [f"{kind}: {address.line()}" for kind, address in file.addresses.items()],
            "tax ids": [f"{each.country} {each.number}" for each in file.tax_ids],
            "licences": [f"{each.regulator} {each.number}" for each in file.licences],
            "state": found.state,
            "suspended from": found.suspension,
            "suspended for": found.suspended_for,
            "entered by": found.entered_by,
            "submitted by": found.submitted_by,
            "submitted at": None if found.submitted_ns is None else time_text(found.submitted_ns),
            "approved by": found.approved_by,
            "approved at": None if found.approved_ns is None else time_text(found.approved_ns),
            "score": None if score is None else score.score,
            "risk model": None if score is None else score.model,
            "rating": found.rating,
            "limits": limits,
            "review due": None if found.review_due is None else str(found.review_due),
            "agreements": agreements,
            "parties": len(await parties_of(session, found)),
            "documents": len(await documents_of(session, found)),
            "open hits": [hit.id for hit in await hits_of(session, found)],
            "open tasks": tasks,
            "kept until": None if found.keep_until is None else str(found.keep_until),
        }

    show_fields(seeing.ask(fields), form)


async def limits_of(session: "AsyncSession", client: "Client", now_ns: int) -> list[str]:
    """Return a line for each limit that holds for a client's firm, and where it comes from."""
    from backoffice.access.allowed import allowed_to_firm

    found = [] if client.firm is None else await allowed_to_firm(session, client.firm, now_ns)
    return [f"{each.what}: {each.limit}{f', {each.left} left' if each.left else ''} ({each.source})" for each in found]


def hint_at(same_name: "Mapping[str, Sequence[str]]") -> None:
    """Say on standard error of clients that were entered whose names others have too."""
    for client, others in same_name.items():
        typer.echo(f"Has {client} been entered before? Of the same name: {', '.join(others[:10])}", err=True)


def masked(known: "Known") -> "Known":
    """Return what is known with the names of everybody but the client masked."""
    import msgspec

    names = {subject: name for subject, name in known.names.items() if subject == known.client}
    return msgspec.structs.replace(known, names=names)
