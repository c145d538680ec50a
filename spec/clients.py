"""Writes `clients.md`, how a client comes in and goes, from the code's own tables: `python -m spec.clients`."""

from pathlib import Path
from textwrap import fill
from typing import Final

from backoffice.crm.client_file import Role
from backoffice.crm.client_table import HEAD
from backoffice.crm.documents import DocumentKind, Requirement, requirements_of_client, requirements_of_person
from backoffice.crm.identity import EntityType
from backoffice.crm.ownership import percent, threshold_ppm
from backoffice.crm.risk import FIRST_MODEL, Rating
from backoffice.crm.screening.matching import REPORTED_FROM, STRONG_FROM
from backoffice.crm.workflow import KEPT_MONTHS, STEPS, TRANSITIONS

SPEC: Final = Path(__file__).parent
_OTHER_PLACES: Final = ("HK", "KY", "US")


def clients() -> str:
    """Return `clients.md`."""
    return "\n".join([*_workflow(), *_ownership(), *_documents(), *_screening(), *_risk(), *_files()]) + "\n"


def _workflow() -> list[str]:
    lines = [
        "# Clients",
        "",
        "How a client comes in, what is looked at on the way, and how it goes. `fondaco client why CLIENT` says",
        "of one client all that still stands between it and trading, and what to do about each. Written by",
        "`spec/clients.py`.",
        "",
        "## The way of a client",
        "",
        "What stands not in this table cannot happen. *Two* marks steps that need a second person: who has",
        "entered, submitted or changed a client cannot approve it, and who has proposed that one goes on cannot",
        "approve that; the database holds it as well. Everything is in the audit trail, with who, when and why.",
        "",
        "| from | step | to | who may | needs | |",
        "|---|---|---|---|---|---|",
    ]
    for state, steps in TRANSITIONS.items():
        for verb, after in steps.items():
            step = STEPS[verb]
            two = "two" if step.is_second_person else ""
            lines.append(f"| {state} | {verb} | {after} | {step.permission} | {step.needs} | {two} |")
    lines += [
        "",
        "`fondaco client screen` takes an application through screen and clear, or `fondaco screening decide` through",
        "clear if hits were to be decided, and `fondaco client risk` through rate. A file may be changed while it is",
        "a draft, while information is requested, and once it is approved; in between somebody is deciding on it.",
        "Whatever is found wanting on the way can be asked for (`request-information`); the answer leads to the",
        "review, where all of it must be there.",
        "",
        "A suspension takes one person and reaches the venue at once: open orders are cancelled, and no more are",
        "taken, or no funds are held for withdrawals any more. A client that leaves takes its suspension along.",
        "If the venue cannot be reached it is told as soon as it can. Accounts and sessions of a client may be set up",
        "once it is approved; nothing is traded or withdrawn by them before it is active.",
        "",
        "A file is closed when no invoice and no balance is left. With it the sessions of the client are revoked, and",
        "what was to be done about it is called off. What is personal in it, or in an application that was rejected,",
        f"is kept for {KEPT_MONTHS // 12} years more, and then erased (`fondaco client remind`); that there was such a",
        "client, and what was decided, stays.",
        "",
        "Who has left, or was rejected, may come again, as a new client with the same LEI: of the files of an LEI only",
        "one is neither rejected nor closed, and `fondaco client show` names the others. Its firm takes another name:",
        "what was traded under the old one belongs to the old file.",
    ]
    return lines


def _ownership() -> list[str]:
    usual = percent(threshold_ppm("CH", EntityType.COMPANY, is_high_risk=False))
    low = percent(threshold_ppm("CH", EntityType.COMPANY, is_high_risk=True))
    return [
        "",
        "## Who owns a client",
        "",
        "A holding is a share of the client, or of an entity that owns it, and of its votes. What somebody has in",
        "the end is the sum over all paths of the products along them, exact. Who has more than half of an",
        "entity's votes casts all of them. An entity that would own itself, and shares of more than the whole,",
        "are refused.",
        "",
        f"An owner counts from {usual} on, by share or by votes; from {low} if the risk is high, for money",
        "services, and where the law asks for it. Where owners are not known that is a gap; one below the",
        "threshold need not be filled.",
        "",
        f"Roles: {', '.join(Role)}.",
    ]


def _documents() -> list[str]:
    lines = [
        "",
        "## Documents",
        "",
        "Kept is a document's hash, not its bytes; the audit trail has it too, whether a document was filed by itself",
        "or came with a whole file. Somebody else than who filed it must verify it. How old it may be is counted up to",
        "the day of the application; that it has not expired is asked every day, with tasks 60, 30 and 7 days before.",
        "",
        "| of | owes |",
        "|---|---|",
    ]
    of_all = set(requirements_of_client(EntityType.GOVERNMENT, "CH", is_high_risk=False))
    of_all -= {each for each in of_all if DocumentKind.ACT_OF_ESTABLISHMENT in each.kinds}
    common = [each for each in requirements_of_client(EntityType.COMPANY, "CH", is_high_risk=False) if each in of_all]
    lines.append(f"| everyone | {_words(common)} |")
    for entity_type in EntityType:
        own = [each for each in requirements_of_client(entity_type, "CH", is_high_risk=False) if each not in of_all]
        lines.append(f"| {entity_type} | {_words(own)} |")
    company = set(requirements_of_client(EntityType.COMPANY, "CH", is_high_risk=False))
    for place in _OTHER_PLACES:
        own = [
            each
            for each in requirements_of_client(EntityType.COMPANY, place, is_high_risk=False)
            if each not in company
        ]
        lines.append(f"| in {place} | {_words(own)} |")
    high = [each for each in requirements_of_client(EntityType.COMPANY, "CH", is_high_risk=True) if each not in company]
    lines += [
        f"| high risk | {_words(high)} |",
        f"| directors, signatories, owners in scope | {_words(requirements_of_person())} |",
    ]
    return lines


def _screening() -> list[str]:
    return [
        "",
        "## Screening",
        "",
        "Lists are read as they are published: OFAC (`sdn.xml`, or `sdn.csv` with `alt.csv` and `add.csv` beside",
        "it), the United Nations and the European Union (XML). For others, PEP lists among them, there is CSV",
        "with a head: `id`, `kind` (person, entity, vessel, aircraft), `name`, and if wanted `aliases`,",
        "`weak_aliases`, `births`, `countries`, `programs`, with semicolons between several. A list is taken over",
        "as a whole or not at all.",
        "",
        "Names are compared word by word: the same, mistyped, sounding the same (Metaphone), or one beginning the",
        "other; in Latin letters, without accents, legal forms and titles. A word counts by how rare it is on the",
        "list. Dates of birth and countries move the score by a few points. Reported is what comes to",
        f"{REPORTED_FROM} of 100; a likeness of names alone from {STRONG_FROM} on is reported whatever else speaks",
        "against it.",
        "",
        "Somebody is screened again when a list has changed, or what is known of them. Whoever imports a list",
        "screens all clients by it; if that was stopped on the way, the back office's process does the rest ten",
        "minutes later. What was decided on an entry is not asked again unless that entry changes. A true match on a",
        "sanctions list ends an application, and suspends from all, at once, who is a client already; open hits hold",
        "back payments. `fondaco client why` names both, and who is still to be screened, of clients that trade too.",
        "One person calls a hit a true match, also one that was called a false positive; that a true match was none",
        "takes two (`fondaco screening revise`), and whoever was suspended for it still is until two let it go on.",
    ]


def _risk() -> list[str]:
    lines = [
        "",
        "## Risk",
        "",
        "The score is the weighted mean of the points, rounded up. An application keeps the model that it began",
        "with; a review takes the newest. Two people may override a rating, which holds until its score is another;",
        "or adopt another model. Who has changed what the rating rests on is rated again before an approval; of an",
        "active client a review is due at once. This is the first model:",
        "",
        "| question | weight | points by answer | raises the rating |",
        "|---|---|---|---|",
    ]
    for name, factor in FIRST_MODEL.factors.items():
        points = ", ".join(f"{answer} {points}" for answer, points in factor.points.items())
        raises = ", ".join(f"{answer} to {rating}" for answer, rating in factor.at_least.items())
        lines.append(f"| {name} | {factor.weight} | {points} | {raises or '-'} |")
    lines += [
        "",
        "| rating | from a score of | review after | an order, USD | out in 24 hours, USD | out in 30 days, USD |",
        "|---|---|---|---|---|---|",
    ]
    begins = {Rating.LOW: "0", Rating.MEDIUM: str(FIRST_MODEL.medium_from), Rating.HIGH: str(FIRST_MODEL.high_from)}
    for rating in Rating:
        after = FIRST_MODEL.consequences[rating]
        lines.append(
            f"| {rating} | {begins.get(rating, 'by its answers alone')} | {after.review_months} months | "
            f"{after.order_usd:,} | {after.withdrawals_day_usd:,} | {after.withdrawals_month_usd or 0:,} |"
        )
    return [*lines, *_LIMITS]


_LIMITS: Final = (
    "",
    "### Limits",
    "",
    "What a rating allows is a cap on all that is below it: of the rating, the firm, the desk, the trader and the",
    "account the tightest limit holds. The venue is told in the transaction in which a client is rated, and a worse",
    "rating tightens at once; what waits to be withdrawn is held to it too. Open orders stay, until they are",
    "replaced. Limits that are looser than the rating (`fondaco access limits`) are refused; but two people may let a",
    "firm go beyond it, with a reason (`--beyond-rating`), until its client is rated worse. Proposals that were made",
    "before that are refused after it. `fondaco access allowed`, `fondaco client show` and `fondaco client why` say",
    "what holds, where it comes from, and how much of it is left.",
    "",
    "The largest order goes to the engine as a notional in each currency that instruments are priced in. Withdrawals",
    "are counted for all accounts of the client together, and for each place of the tree that has a limit: what is on",
    "its way, and what was paid within the time; one that would exceed a limit is stopped until there is room.",
    "",
    "What assets are worth is their `usd_price` in the settings, which the back office takes over as it starts; a",
    "value is a whole number of cents, rounded up. What has no price is worth nobody knows what: clients may not",
    "trade in it, nor withdraw it.",
)


def _files() -> list[str]:
    return [
        "",
        "## Whole files",
        "",
        "`fondaco client import` takes files of JSON, one for each client, and looks at all of them before it",
        "enters the first; `fondaco client export` writes one, for who may see personal data, and the audit trail",
        "has who did. The least that a file must have is `name`, `entity_type` and `jurisdiction`. Parties have an",
        "`id` of their own within the file, by which `holdings` and documents name them:",
        "",
        '    {"name": "Muster Handel AG", "entity_type": "company", "jurisdiction": "CH", "firm": "MUSTER",',
        '     "addresses": {"registered": {"country": "CH", "town": "Zug", "street": "Bahnhofstrasse"}},',
        '     "parties": [{"id": "ann", "kind": "person", "name": "Ann Muster", "roles": ["owner", "director"],',
        '                  "holdings": [{"share": "60", "of": "top", "votes": "51"}]},',
        '                 {"id": "top", "kind": "entity", "name": "Top AG", "holdings": [{"share": "100"}]}],',
        '     "documents": [{"kind": "articles", "name": "articles.pdf", "hash": "SHA-256", "issued": "2026-11-01"}]}',
        "",
        "Many clients come in, and go out, as one table (`.csv`), a line for each, without people and documents.",
        "Its columns, of which only the first three must be there:",
        "",
        *fill(", ".join(f"`{name}`" for name in HEAD), 104).splitlines(),
        "",
        "Tax ids are `CH:123`, with semicolons between several; the address is the registered one.",
    ]


def _words(asked: "list[Requirement] | tuple[Requirement, ...]") -> str:
    return "; ".join(each.words() for each in asked)


PAGES: Final = {"clients.md": clients}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (SPEC / name).write_text(page(), encoding="utf-8")
