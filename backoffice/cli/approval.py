"""`fondaco approval`: what waits for a second person, and what that one says to it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from backoffice.cli.numbers import NUMBER_MAX, CountOption
from backoffice.cli.office import Acting, Looking, Seeing
from backoffice.cli.option_groups import grouped
from backoffice.cli.payments.amounts import decimals_of
from backoffice.cli.tables import Cell, Form, Moment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.cli.office import Office, Step
    from backoffice.staff.tables import Approval, ApprovalDecision

app = typer.Typer(help="What staff have proposed, and a second person must approve.", no_args_is_help=True)

ApprovalArgument = Annotated[str, typer.Argument(metavar="APPROVAL", help="Which one, as in A-1.", show_default=False)]

_HEAD = ("approval", "kind", "subject", "state", "approved by", "needed", "proposed by", "at", "expires", "why")
_MORE = ("what it does", "for you")
_HEAD_FOR_PEOPLE = ("approval", "what it does", "state", "has", "proposed by", "age", "left", "for you", "why")


@app.command("list")
@grouped
def list_approvals(
    everything: Annotated[bool, typer.Option("--all", help="Those that are decided or expired too.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Those only that wait for you.")] = False,
    count: CountOption = 100,
    *,
    looking: Looking,
) -> None:
    """List what waits for approval, the oldest first: what it does, for how long it may wait, and whether for you."""
    import backoffice.kinds  # noqa: F401 - who owns the kinds is asked what approving takes
    from backoffice.cli.tables import show_table
    from backoffice.staff import approvals

    for_people = looking.form is Form.PEOPLE

    async def rows(session: "AsyncSession", desk: "Office") -> list[tuple[Cell, ...]]:
        decimals, now_ns, row = decimals_of(desk.settings), desk.now_ns, _row_for_people if for_people else _row
        # What still waits is not much: those that are wanted are the last of all of it.
        read = count if everything and not mine else NUMBER_MAX
        found = [
            row(approval, said, approvals.in_words(approval, decimals), is_for_you, now_ns)
            for approval, said in await approvals.listed(session, pending_only=mine or not everything, count=read)
            if everything or approvals.shown_state(approval, now_ns) is approvals.State.PENDING
            if (is_for_you := approvals.may_decide(approval, said, desk.actor, now_ns)) or not mine
        ]
        return found[-count:]

    show_table(_HEAD_FOR_PEOPLE if for_people else (*_HEAD, *_MORE), looking.ask(rows), looking.form, last=count)


@app.command()
@grouped
def show(
    approval: ApprovalArgument,
    seeing: Seeing,
) -> None:
    """Show what is proposed, why, and who has said what to it."""
    import backoffice.kinds  # noqa: F401 - as above
    from backoffice.cli.tables import show_fields
    from backoffice.staff import approvals

    form = seeing.form

    async def fields(session: "AsyncSession", desk: "Office") -> "dict[str, Any]":
        found = await approvals.approval_of(session, approval)
        said, decimals = await approvals.decisions(session, found), decimals_of(desk.settings)
        words = approvals.in_words(found, decimals)
        is_for_you = approvals.may_decide(found, said, desk.actor, desk.now_ns)
        return _fields(found, said, _row(found, said, words, is_for_you, desk.now_ns), form, decimals)

    show_fields(seeing.ask(fields), form)


@app.command()
@grouped
def approve(
    approval: ApprovalArgument,
    acting: Acting,
) -> None:
    """Approve it. With all approvals that it needs it is carried out at once. Never for who proposed it."""
    from backoffice.staff import approvals

    _decide(approvals.approve, approval, acting)


@app.command()
@grouped
def reject(
    approval: ApprovalArgument,
    acting: Acting,
) -> None:
    """Reject it; one person is enough. Never for who proposed it."""
    from backoffice.staff import approvals

    _decide(approvals.reject, approval, acting)


@app.command()
@grouped
def withdraw(
    approval: ApprovalArgument,
    acting: Acting,
) -> None:
    """Take back what you have proposed."""
    from backoffice.staff import approvals

    _decide(approvals.withdraw, approval, acting)


def _decide(
    verb: "Callable[..., Awaitable[Approval]]",
    approval: str,
    acting: Acting,
) -> None:
    import backoffice.kinds  # noqa: F401 - who owns the kind carries it out

    decided = acting.carry_out(
        lambda session, desk: verb(session, desk.actor, approval, why=acting.why, now_ns=desk.now_ns),
        tells_venue=True,
    )
    tell(decided, as_json=acting.as_json)


def propose(acting: Acting, step: "Step[Approval]") -> None:
    """Propose something in a transaction of its own, and print that it waits."""
    tell(acting.carry_out(step), as_json=acting.as_json)


def tell(approval: "Approval", *, as_json: bool) -> None:
    """Print how something that was proposed or decided on stands now, and secrets made for it, this once."""
    from backoffice.cli.shown import print_json

    if as_json:
        once = {"shown_once": approval.shown_once} if approval.shown_once else {}
        print_json(
            {
                "approval": approval.id,
                "kind": approval.kind,
                "subject": approval.subject,
                "state": approval.state,
                **once,
            }
        )
        return
    waits = "waits for somebody else to approve it" if approval.state == "pending" else f"is {approval.state}"
    typer.echo(f"{approval.id}: {approval.kind} of {approval.subject} {waits}")
    for what, secret in approval.shown_once.items():
        typer.echo(f"{what}: {secret}   (shown this once; keep it for whom it is for)")


def _row(
    approval: "Approval",
    said: "list[ApprovalDecision]",
    words: str,
    is_for_you: bool,
    now_ns: int,
) -> tuple[Cell, ...]:
    from backoffice.staff.approvals import shown_state

    return (
        approval.id,
        approval.kind,
        approval.subject,
        shown_state(approval, now_ns).value,
        ", ".join(each.checker for each in said if each.decision == "approve") or None,
        approval.needed,
        approval.maker,
        Moment(approval.made_ns),
        Moment(approval.expires_ns) if approval.expires_ns is not None else None,
        approval.why,
        words,
        is_for_you,
    )


def _row_for_people(
    approval: "Approval",
    said: "list[ApprovalDecision]",
    words: str,
    is_for_you: bool,
    now_ns: int,
) -> tuple[Cell, ...]:
    from backoffice.cli.report.printing import age_text
    from backoffice.staff.approvals import State, shown_state

    state = shown_state(approval, now_ns)
    waits = state is State.PENDING and approval.expires_ns is not None
    return (
        approval.id,
        words,
        state.value,
        f"{sum(each.decision == 'approve' for each in said)} of {approval.needed}",
        approval.maker,
        age_text(approval.made_ns, now_ns),
        age_text(now_ns, approval.expires_ns) if waits and approval.expires_ns is not None else None,
        is_for_you,
        approval.why,
    )


def _fields(
    approval: "Approval",
    said: "list[ApprovalDecision]",
    row: tuple[Cell, ...],
    form: Form,
    decimals: "Mapping[str, int]",
) -> dict[str, Any]:
    from backoffice.cli.facts import asset_of, fact_text
    from backoffice.cli.shown import time_text
    from backoffice.staff.approvals import told

    payload = told(approval.payload)
    fields: dict[str, Any] = dict(zip((*_HEAD, *_MORE), row, strict=True))
    asset = asset_of(payload)
    lines = [fact_text(name, value, decimals, asset) for name, value in sorted(payload.items())]
    fields["asks for"] = payload if form is Form.JSON else lines
    fields["decisions"] = [f"{each.checker} {each.decision}s, {time_text(each.time_ns)}: {each.why}" for each in said]
    return fields
