"""What still stands between a client and trading, and what to do about each of it.

A pure function of what is known of the client: whoever asks gets everything at once, in the order in which it is best
done, and not the next hurdle after each.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from backoffice.crm.documents import Shortfall
from backoffice.crm.ownership import Gap, percent
from backoffice.crm.risk import Rating
from backoffice.crm.workflow import (
    APPLYING,
    COMMANDS,
    OPEN_FILE,
    STEPS,
    TRANSITIONS,
    State,
    Suspension,
    Verb,
    may_trade,
)
from backoffice.errors import Refused


class Obstacle(msgspec.Struct, frozen=True):
    """One thing that is missing or wrong, and how to mend it."""

    what: str
    remedy: str


class Known(msgspec.Struct, frozen=True):
    """What is known of a client, as far as it matters here."""

    client: str
    state: State
    suspension: Suspension | None = None
    suspended_for: str = ""
    is_erased: bool = False
    has_lei: bool = False
    has_address: bool = False
    has_director: bool = False
    has_signatory: bool = False
    has_firm: bool = False
    """Whether it has a firm in the venue, which its accounts and sessions belong to."""
    gaps: tuple[Gap, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()
    names: dict[str, str] = {}
    """What people call the owners of documents."""
    unscreened: tuple[str, ...] = ()
    """Who has not been screened since they, or a list, changed."""
    has_lists: bool = True
    open_hits: tuple[str, ...] = ()
    true_matches: tuple[str, ...] = ()
    """True matches on sanctions lists."""
    rating: Rating | None = None
    unanswered: tuple[tuple[str, str], ...] = ()
    """Questions of risk that the file does not answer, each with the answers that there are."""
    rated_otherwise: tuple[str, ...] = ()
    """Questions of risk that were answered otherwise when the client was rated."""
    unsigned: tuple[str, ...] = ()
    """Agreements that are asked for and not signed in their newest version."""
    review_due: str = ""
    """The day on which a review was due that has not been made."""
    decided_by: str = ""
    """Whoever entered and submitted the client, and so cannot approve it."""


_NEXT: Final[dict[State, Verb]] = {
    State.DRAFT: Verb.SUBMIT,
    State.SUBMITTED: Verb.SCREEN,
    State.SCREENING: Verb.SCREEN,
    State.RISK: Verb.RATE,
    State.REVIEW: Verb.APPROVE,
    State.INFORMATION_REQUESTED: Verb.ANSWER,
    State.APPROVED: Verb.ACTIVATE,
    State.REJECTED: Verb.REOPEN,
    State.SUSPENDED: Verb.RESUME,
}


def obstacles(known: Known) -> list[Obstacle]:
    """Return everything that keeps a client from trading, an empty list if nothing does."""
    if known.state in (State.OFFBOARDING, State.CLOSED):
        return [Obstacle(f"the client is {known.state}", "it trades no more; a new application is a new client")]
    if known.is_erased:
        return [Obstacle("its file is erased", "a new application is a new client")]
    if may_trade(known.state, known.suspension):
        return []
    file, step = list(file_flaws(known)), list(_step(known))
    rest = [*check_flaws(known), *rating_flaws(known), *agreement_flaws(known)]
    match known.state:
        case State.REJECTED:
            return [*step, *file, *rest]
        case State.DRAFT | State.INFORMATION_REQUESTED:
            return [*file, *step, *rest]
        case _:
            return [*_closed_file(known, file), *file, *rest, *step]


def left_open(known: Known) -> list[Obstacle]:
    """Return what is to be done about a client that trades: nothing of it keeps it from that."""
    return list(screening_flaws(known)) if may_trade(known.state, known.suspension) else []


def refuse(client: str, verb: Verb, flaws: Sequence[Obstacle]) -> None:
    """Raise `Refused`, with the first flaw and its remedy, if there is any."""
    if flaws:
        more = f" (and {len(flaws) - 1} more; `fondaco client why {client}` has all)" if len(flaws) > 1 else ""
        raise Refused(f"{client} cannot {verb}: {flaws[0].what}{more}; {flaws[0].remedy}")


def file_flaws(known: Known) -> Iterator[Obstacle]:
    """Yield what is missing in the file itself: what `submit` asks for."""
    client = known.client
    if not known.has_lei:
        yield Obstacle("it has no LEI", f"fondaco client set {client} --lei LEI")
    if not known.has_address:
        yield Obstacle("it has no registered address", f"fondaco client set {client} --address ADDRESS.json")
    if not known.has_director:
        yield Obstacle("no director is named", f"fondaco client party add {client} NAME --role director …")
    if not known.has_signatory:
        yield Obstacle("nobody may sign for it", f"fondaco client party add {client} NAME --role signatory …")
    for gap in known.gaps:
        through = "it" if gap.entity == client else f"{client} through {known.names.get(gap.entity, gap.entity)}"
        yield Obstacle(
            f"who owns {percent(gap.share)} of {through} is not known",
            f"fondaco client party add {client} NAME --role owner --owns PERCENT"
            + (f"@{gap.entity} …" if gap.entity != client else " …"),
        )
    for question, words in known.unanswered:
        yield Obstacle(
            f"its {question} is not said in the words of the risk model",
            f"fondaco client set {client} --{question} {words}",
        )
    for shortfall in known.shortfalls:
        if shortfall.flaw != "is not verified yet":
            yield _of_document(known, shortfall)


def check_flaws(known: Known) -> Iterator[Obstacle]:
    """Yield what `approve` asks for beyond the file."""
    client = known.client
    for shortfall in known.shortfalls:
        if shortfall.flaw == "is not verified yet":
            yield _of_document(known, shortfall)
    yield from screening_flaws(known)
    if known.rating is None:
        yield Obstacle("its risk is not rated", f"fondaco client risk {client}")
    elif known.rating is Rating.PROHIBITED:
        yield Obstacle("its risk is prohibited", _end(known))


def rating_flaws(known: Known) -> Iterator[Obstacle]:
    """Yield what is wrong with the rating that there is; a review mends that itself."""
    if known.rated_otherwise:
        questions = ", ".join(known.rated_otherwise)
        yield Obstacle(f"rated before this has changed: {questions}", f"fondaco client risk {known.client}")


def screening_flaws(known: Known) -> Iterator[Obstacle]:
    """Yield what `clear` asks for."""
    client = known.client
    if not known.has_lists:
        yield Obstacle("there is no list to screen against", "fondaco screening import NAME FILE")
    if known.unscreened:
        who = ", ".join(known.names.get(subject, subject) for subject in known.unscreened)
        yield Obstacle(f"not screened as they and the lists are now: {who}", f"fondaco client screen {client}")
    if known.open_hits:
        yield Obstacle(
            f"{len(known.open_hits)} screening hits are not decided: {', '.join(known.open_hits[:5])}",
            f"fondaco screening hits --client {client}, then fondaco screening decide HIT",
        )
    if known.true_matches:
        mistaken = f"if that is a mistake: fondaco screening revise {known.true_matches[0]}"
        remedy = "; ".join(filter(None, (_end(known), mistaken)))
        yield Obstacle(f"on a sanctions list: {', '.join(known.true_matches)}", remedy)


def agreement_flaws(known: Known) -> Iterator[Obstacle]:
    """Yield what `activate` asks for beyond the approval."""
    for agreement in known.unsigned:
        yield Obstacle(
            f"the {agreement} agreement is not signed",
            f"fondaco client agreement {known.client} {agreement} --version V --signed DAY",
        )
    if not known.has_firm:
        yield Obstacle("it has no firm in the venue", f"fondaco client set {known.client} --firm NAME")


def _closed_file(known: Known, flaws: list[Obstacle]) -> Iterator[Obstacle]:
    """Yield how a file is opened in which something is to be mended while somebody is deciding on it."""
    if flaws and known.state not in OPEN_FILE:
        what = f"the client is {known.state}: its file cannot be changed"
        yield Obstacle(what, f"fondaco client {Verb.REQUEST_INFORMATION} {known.client}")


def _end(known: Known) -> str:
    """Return how to part with a client, or an empty text where there is nothing to do."""
    ends = [verb for verb in (Verb.REJECT, Verb.OFFBOARD) if verb in TRANSITIONS[known.state]]
    return f"fondaco client {ends[0]} {known.client}" if ends else ""


def _of_document(known: Known, shortfall: Shortfall) -> Obstacle:
    owner = "" if shortfall.owner == known.client else f" of {known.names.get(shortfall.owner, shortfall.owner)}"
    words = shortfall.requirement.words()
    if shortfall.flaw == "is not verified yet":
        remedy = f"fondaco client document verify {shortfall.document}"
    else:
        of = "" if shortfall.owner == known.client else f" --of {shortfall.owner}"
        remedy = f"fondaco client document add {known.client} {shortfall.requirement.kinds[0]} FILE{of} …"
    return Obstacle(f"{words}{owner}: {shortfall.flaw}", remedy)


def _step(known: Known) -> Iterator[Obstacle]:
    """Yield the step that comes next, whoever may take it."""
    verb = _NEXT.get(known.state)
    if verb is None:
        return
    step = STEPS[verb]
    what = f"the client is {known.state}"
    if known.state is State.SUSPENDED and known.suspension:
        what += f" from {known.suspension}: {known.suspended_for}"
    remedy = f"fondaco client {COMMANDS.get(verb, verb)} {known.client}"
    if step.is_second_person and known.decided_by and known.state in APPLYING:
        remedy += f", by somebody other than {known.decided_by}"
    yield Obstacle(what, remedy)
