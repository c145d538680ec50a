"""Writes the pages of `PAGES` from the code's own tables: `python -m spec.tables`.

A test holds the pages to it.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from msgspec.structs import asdict

import backoffice.kinds  # noqa: F401 - who owns the kinds of proposals registers them
from backoffice.crm.travel_rule import FATF, THRESHOLDS
from backoffice.house_rules import CENTS
from backoffice.invoices.states import INVOICES
from backoffice.payments.states import DEPOSITS, WITHDRAWALS
from backoffice.staff.approvals import TRANSITIONS as TRANSITIONS_OF_APPROVALS
from backoffice.staff.approvals import Verb, kinds
from backoffice.staff.permissions import PERMISSIONS, Permission, Role
from backoffice.surveillance import (
    circular_trades,
    layering,
    marking_the_close,
    order_to_trade,
    unusual_volume,
    wash_trades,
)
from backoffice.surveillance.parameters import EVIDENCE_MAX, VERSION
from backoffice.surveillance.states import CASES
from config.surveillance import Surveillance
from engine.phases import PHASES, Trading
from engine.reject import RejectReason
from fixgw.phases import HALT_REASON, SESSION_STATUS, SESSION_SUB_ID, TRADING_STATUS, phase_name
from fixgw.reject import (
    GatewayReject,
    business_reject_reason,
    cxl_rej_reason,
    mass_cancel_reject_reason,
    ord_rej_reason,
)
from fixgw.session import TRANSITIONS
from fixgw.support import HEADER, SENT_HEADER
from fixgw.version import FIX44
from spec.combinations import COMBINATIONS
from spec.reports import reports

SPEC: Final = Path(__file__).parent


def rejects() -> str:
    """Return `rejects.md`."""
    lines = [
        "# Why a request was refused",
        "",
        "A refusal says why: a code and a sentence in Text(58), `[code] sentence`, and the nearest value that FIX 4.4",
        "has: OrdRejReason(103) on an ExecutionReport with ExecType(150)=8, CxlRejReason(102) on an",
        "OrderCancelReject, MassCancelRejectReason(532) on an OrderMassCancelReport, BusinessRejectReason(380) on a",
        "BusinessMessageReject. Codes never change their meaning. What FIX 4.4 itself finds wrong with a message is a",
        "session-level Reject (35=3) with SessionRejectReason(373), RefTagID(371) and RefMsgType(372).",
        "",
        "1000-1999 are the engine's reasons, 2000-2999 the gateway's. Written by `spec/tables.py`.",
        "",
        "| code | reason | 103 | 102 | 532 | 380 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {reason:d} | {reason.text} | {ord_rej_reason(reason)} | {cxl_rej_reason(reason)} | "
        f"{mass_cancel_reject_reason(reason)} | {business_reject_reason(reason)} |"
        for reason in (*RejectReason, *GatewayReject)
    ]
    lines += [
        "",
        "## What does not go together",
        "",
        "A test sends each of these, with the ids that every order has. The last trade was at 1.00, the best bid is",
        "0.90 and the best offer 1.10, unless the first column says otherwise; 54=1 is a purchase, 54=2 a sale.",
        "",
        "| | fields | code |",
        "|---|---|---|",
    ]
    lines += [
        f"| {what}{f' ({where})' if where else ''} | `{text.replace('_', ' ')}` | {reason:d} |"
        for what, where, text, reason in COMBINATIONS
    ]
    return "\n".join(lines) + "\n"


def fields() -> str:
    """Return `fields.md`."""
    lines = [
        "# What the venue takes",
        "",
        "Every other field that FIX 4.4 allows in a message is refused by name, `[2001]`, in the message's own kind of",
        "refusal. A field that FIX 4.4 does not allow there is a Reject with 373=2, one unknown to it 373=0. Those in",
        "bold must be there; FIX 4.4 requires others, which a Reject with 373=1 names. This page has FIX 4.4 alone;",
        "[messages](messages.md) has every field in every version, with types and values. Written by `spec/tables.py`.",
        "",
        f"Header, in all messages: {_names(HEADER)}. 50, 57 and 369 inform only.",
        "",
        "| MsgType | message | fields |",
        "|---|---|---|",
    ]
    for msg_type, tags in (FIX44.session_supported | FIX44.supported).items():
        required = FIX44.required.get(msg_type, ())
        names = ", ".join(
            f"**{FIX44.field_name(tag)}**" if tag in required else FIX44.field_name(tag)
            for tag in sorted(tags - HEADER, key=int)
        )
        lines.append(f"| {msg_type} | {FIX44.dictionary.msg_types[msg_type]} | {names} |")
    lines += [
        "",
        "# What the venue sends",
        "",
        "Those in bold are always there, the others as they apply. 136 counts a group of 137, 138 and 139; 534 one of",
        "41 and 535. Those above 956 are of FIX 5.0: take them for user-defined, or have your dictionary know them.",
        "RptSeq(83) in the messages 8 and f is on top of FIX 4.4's tables.",
        "",
        f"Header, in all messages: {', '.join(FIX44.field_name(tag) for tag in SENT_HEADER)}.",
        "",
        "| MsgType | message | fields |",
        "|---|---|---|",
    ]
    for msg_type, sent in FIX44.sent.items():
        body = FIX44.dictionary.body_of(msg_type)
        assert body is not None, "a message of FIX 4.4"
        names = ", ".join(
            f"**{FIX44.field_name(tag)}**" if tag in body.required else FIX44.field_name(tag) for tag in sent
        )
        lines.append(f"| {msg_type} | {FIX44.dictionary.msg_types[msg_type]} | {names} |")
    lines += [
        "",
        "# The life of a session",
        "",
        "| state | what happens | the venue answers | next state |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {step.state.name} | {step.event} | {', '.join(f'35={answer}' for answer in step.answers) or '-'} | "
        f"{step.next_state.name} |"
        for step in TRANSITIONS
    ]
    return "\n".join(lines) + "\n"


def phases() -> str:
    """Return `phases.md`."""
    lines = [
        "# What an instrument takes in each phase of trading",
        "",
        "Cancels, and requests for a status, are taken in every phase. What a phase does not take is refused, with a",
        "code of [the list](rejects.md). Where orders *trade*, they do so when they come. Where they *gather*, nothing",
        "trades, the sides of the book may overlap, and orders wait for the auction that ends it. Where they *rest*,",
        "only what does not trade is taken. Where they *wait*, those that are there stay. Written by `spec/tables.py`.",
        "",
        "| phase | orders | new | replace | market | IOC, FOK, MinQty | post-only | 59=2, 59=7 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    trading = {
        Trading.AT_ONCE: "trade",
        Trading.GATHER: "gather",
        Trading.REST: "rest",
        Trading.WAIT: "wait",
    }
    for phase, rule in PHASES.items():
        takes = (rule.new, rule.replace, rule.market, rule.immediate, rule.post_only, rule.auction_only)
        cells = " | ".join("yes" if each else "-" for each in takes)
        lines.append(f"| {phase_name(phase)} | {trading[rule.trading]} | {cells} |")
    lines += [
        "",
        "Over FIX, with HaltReason(327) where trading is halted:",
        "",
        "| phase | TradingSessionSubID(625) | SecurityTradingStatus(326) | TradSesStatus(340) | 327 |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {phase_name(phase)} | {SESSION_SUB_ID[phase]} | {TRADING_STATUS[phase]} | {SESSION_STATUS[phase]} | "
        f"{HALT_REASON.get(phase, '-')} |"
        for phase in PHASES
    ]
    return "\n".join(lines) + "\n"


def staff() -> str:
    """Return `staff.md`."""
    lines = [
        "# What staff may do",
        "",
        "Who works in the back office has one role or several, and may do what any of them may. Somebody without the",
        "permission is told which role would do. Written by `spec/tables.py`.",
        "",
        f"| | {' | '.join(Role)} |",
        f"|---|{'---|' * len(Role)}",
    ]
    for permission in Permission:
        cells = " | ".join("yes" if permission in PERMISSIONS[role] else "-" for role in Role)
        lines.append(f"| {permission} | {cells} |")
    lines += [
        "",
        "## What needs a second person",
        "",
        "One proposes it; it is done when as many others as it needs have approved it, in the same transaction. Who",
        "proposed it can neither approve nor reject it, nobody approves twice, and the database itself holds both. One",
        "who rejects it is enough. What nobody has decided on within a week has expired; that, and what is about",
        "something that has changed since, must be proposed anew.",
        "",
        "| kind | what it does | who decides may |",
        "|---|---|---|",
    ]
    lines += [f"| {kind.name} | {kind.words} | {kind.permission} |" for kind in kinds()]
    lines += [
        "",
        "| state | " + " | ".join(Verb) + " |",
        f"|---|{'---|' * len(Verb)}",
    ]
    for state, steps in TRANSITIONS_OF_APPROVALS.items():
        cells = " | ".join(steps[verb].value if verb in steps else "-" for verb in Verb)
        lines.append(f"| {state} | {cells} |")
    lines += [
        "",
        "An approval stays pending until it has all that it needs. `fondaco approval list` tells in words what waits,",
        "for how long it may, and whether for you (`--mine`: that alone); `fondaco approval` shows and decides.",
        "",
        "## Who somebody is",
        "",
        "A user of the operating system is whoever of the staff was entered with its name, or whom the settings name",
        'for it: `staff = { annabel = "ann" }` in `[back_office]`. Others give `--as USER` and a password, for each',
        "command anew: nothing stays open, and no token is kept anywhere. What is kept of a password is its argon2id",
        "hash. From the fifth wrong one in a row on a user is locked, a minute and twice as long after each further",
        "one, an hour at most.",
        "",
        "A password is set by its owner alone. The code for a first one, or for another after one was lost, comes in",
        "two halves, shown to two people; it counts once, and for `code_hours` of `[back_office]` (72 unless set",
        "otherwise) from its approval on. If none of the first two comes in before their codes are void, `fondaco",
        "staff init` gives them others.",
        "",
        "## The audit trail",
        "",
        "Each thing that staff do is an entry: who, when, what, before, after and why, in the transaction of what it",
        "tells of, with the hash of the entry before it. What two decide on has one for the proposal, one for each",
        "decision, and one for what was done by it. `fondaco audit verify` finds the first that has been changed,",
        "removed, put in or moved. That the end was cut off no chain can tell: so the back office notes the last",
        "entry, every minute in which there is a new one, as NUMBER:HASH in `audit.head` of the data directory and in",
        "its log, and verifying looks for it. It notes none that does not follow the one before, and says so in its",
        "log. Whoever can write both the database and that file could still cut off the end: send the log to another",
        "machine, and give what it has to `fondaco audit verify --noted`. After the database was restored from a copy,",
        "remove the file.",
        "",
        "What staff command the venue itself (`fondaco venue`, `fondaco session`) has two: `command`, committed before",
        "the venue is asked, and what came of it: `command done`, with the record in the venue's journal; `command",
        "refused`, with what the venue said; or `command unanswered`. Both have the same `asked_at_ns`. Where the",
        "second says that there was no answer, or is missing, the command may have been carried out: the journal",
        "tells, under the same name and reason. Of credentials they have public keys, fingerprints of certificates,",
        "and which others were given. If the database is away, locked or of another version, nothing is commanded but",
        "what stops trading (`venue halt`, `block`, `block-withdrawals`, `session suspend`, `logout`): that is then in",
        "the journal alone, and the command says so.",
        "",
        "Who is shown something personal, or writes it to a file, has an entry as well: `see`, with what it was and of",
        "which clients or case (of more than a hundred, the first and how many), committed before it is shown. If that",
        "cannot be, as the database is locked or full, it is not shown. What is masked leaves none, nor does what the",
        "back office reads for itself: to screen, to rate, to look at trading.",
        "",
        "## What is not commanded by hand",
        "",
        "What the back office decides on, `fondaco venue` and `fondaco session` refuse, and say what to use in their",
        "place; else one of operations could do alone what takes two:",
        "",
        "* a session that was opened by `fondaco access session`; any other that is to trade for a client's account,",
        "  or trades for one and is to be given credentials or resumed; and one that is to get copies of a client's",
        "  reports: `fondaco access session`, `rekey`, `resume`, `remove`;",
        "* limits of a client's firm or account: `fondaco access limits`;",
        "* rates of a client's firm or account: `fondaco fees assign`. Those of an account's own may be taken away, as",
        "  no schedule gives any;",
        "* that a client's firm trades or withdraws again while its file says that it may not: `fondaco client",
        "  resume`.",
        "",
        "A client's accounts are those that were opened by `fondaco access account`, and all others of its firm. What",
        "stops trading is never refused: blocks, halts, suspensions, logouts, and credentials taken away. What is the",
        "house's own stays with operations, and so does what the back office does not decide on: phases, trades,",
        "self-trades, sequence numbers. Before there is staff, nothing is refused.",
        "",
        "## The key of personal data",
        "",
        "What is personal is sealed with a key that lies outside the database, in `backoffice.key` of the data",
        "directory. Copies of the database are worth nothing without it, nor is the database once it is lost: keep a",
        "copy of it apart from those. `fondaco staff rotate-key` adds a key, with which everybody seals from then on,",
        "the back office that runs too, and seals anew what there is, some rows in each transaction. Stopped half way,",
        "it goes on where it was when it is run again. `fondaco staff retire-key` takes the old key out of the file if",
        "a count of all texts by their keys (`fondaco staff keys`) shows that nothing needs it. Copies of the database",
        "from before still do.",
    ]
    return "\n".join(lines) + "\n"


def payments() -> str:
    """Return `payments.md`."""
    lines = [
        "# Payments",
        "",
        "Money comes in and goes out over rails: banks, chains, or the *sandbox* rail, on which no real money",
        "moves. How each asset does is in the settings, as `[[back_office.payments]]`. A rail is an adapter of",
        "one protocol (`backoffice/payments/rail.py`). Each step of a payment is an entry in the audit trail, and",
        "what happens in a state stands in these tables; nothing else can. Written by `spec/tables.py`.",
        "What the rail itself has booked is read apart, and held against both: [breaks](books.md#breaks).",
        "",
        "What the settings open accounts with (`deposits`) is there before the first payment: an opening balance,",
        "in the books as omnibus against what clients have available. It must be on the rail as well, and whoever",
        "writes it into the settings says that it is: a bank's account and a wallet have it in the balance that",
        "they tell, and the sandbox rail begins with it, each amount once, under the name of the credit (`opening",
        "deposit BROKER1-A BTC`). Where it is not on the rail, or not in the books, that is a break.",
        "",
        "## Deposits",
        "",
        "A deposit is what the rail calls it, for ever: told twice, or again after a crash, it is the same one.",
        "It is credited by a command to the engine under its own name (D-1), which the engine takes once. What",
        "comes to nobody's address, is larger than `looked_at_above`, or is for a client that may not have it,",
        "waits for two people. While it is not known yet whose account it is, which the venue may have opened a",
        "moment ago, it stays where it is, for 10 minutes at most. What a rail takes back after it was credited",
        "is *recalled*: the venue is short of it, and staff must act.",
        "",
        "What is *unassigned*, *quarantined* or *returned* is on the rail and no client's. [The books](books.md) have",
        "it in suspense, from a moment after it came to wait until a moment before it is credited. What two people",
        "have decided to send back is sent by hand; it stays in suspense until one of them says by which payment it",
        "left, which the rail must have booked with its amount (`fondaco deposit went-back D-1 --reference P-7`).",
        "",
        *_life(DEPOSITS),
        "",
        "## Withdrawals",
        "",
        "To a destination (T-1) that somebody else has approved, and that has cooled. The engine holds the funds",
        "first. The rules are asked when they are held, again when it is approved, and last before it is sent;",
        "what they are against is *stopped* until they are not, and must be approved anew. As many people as the",
        "amount asks for must approve it, none of them who asked for it. A destination is never changed, only",
        "replaced by one that is approved, and cools, anew (`fondaco destination change`); what waits to be paid",
        "to one that is removed is cancelled, and its funds are available again.",
        "",
        "What a client, a desk, a trader or an account may withdraw in 24 hours and in 30 days, by its rating or",
        "by `fondaco access limits`, holds for all accounts below together (`spec/clients.md`, Limits): what would",
        "exceed it is stopped, and says whose limit it is, where that comes from, and how much is left.",
        "",
        "What is sent is stored before it is sent, to the byte. *Sending* is committed before the rail is called:",
        "a withdrawal of which nobody knows whether the rail has it, because it did not answer or the back office",
        "was killed, is *uncertain*. It is never sent again by itself. The rail is asked for it until it knows;",
        "or two people who have asked by other means say what has become of it (`fondaco withdrawal resolve`).",
        "",
        "What a rail has and does not pay, because its fee is too low, or because a chain has thrown it out, the",
        "rail may renew: with a larger fee, or as it was. That too is stored before it is handed over, and is made",
        "so that of all these one at most is ever paid.",
        "",
        "After it was settled a rail is asked about a withdrawal for `watched_hours` more (72 unless set otherwise),",
        "every five minutes. What it takes back then, as a deep reorganisation or a bank may, is *recalled*: a",
        "[break](books.md#breaks), an error in the log, and a task of treasury's, as for a deposit that is recalled.",
        "It is never paid again, nor given back, by itself; it is settled again if the rail has it again. A deposit",
        "is watched for as long as its rail tells of it.",
        "",
        "What is *recalled* is on the rail and nobody's: the books have it in suspense. Two people who have asked the",
        "rail, and know that it will not pay it any more, give it back to the account (`fondaco withdrawal resolve W-1",
        "--not-paid`): it is out of suspense a moment before the engine credits it, under a name of its own, once.",
        "What the rail pays after that all the same is a break. So that nobody is given it twice, what has come in as",
        "a deposit as well (`returns`) is not given back, and what was given back and comes in then waits for people.",
        "",
        *_life(WITHDRAWALS),
        "",
        "## The Travel Rule",
        "",
        "No crypto asset is credited or sent before it is known who is on the other side, where the venue's",
        "jurisdiction asks for that (FATF recommendation 16; `[back_office.travel_rule]` in the settings). Fiat",
        "money is of no concern; what is fiat is an asset's `kind`, or else that its name is a currency's code in",
        "ISO 4217.",
        "",
        "| jurisdiction | who sends and who receives | proof of a wallet that no service holds |",
        "|---|---|---|",
        *_travel_rule(),
        "",
        "Values are by the asset's `usd_price` in the settings, in whole cents, rounded up. An asset without a",
        "price is above every threshold; so is everything where the threshold is in euros and `EUR` has none.",
        "",
        "Transfers that belong together count as one: each adds up with those before it within `linked_hours` (24",
        "unless set otherwise), of all accounts of the client, in the same direction, from or to the same address.",
        "Addresses are told apart as the rail names them; one that it does not name is the same as another such.",
        "",
        "Who holds an address (T-1) is approved with it, or later (`fondaco destination add`, `holder`): at which",
        "service (`--vasp`), or that none holds it (`--self-hosted`), what proves then that it is the client's, and",
        "whose it is in IVMS101.2020, if not the client itself. It holds for withdrawals to the address, and for",
        "deposits from it. The data of each transfer are made of that, checked against the standard, and kept",
        "sealed under its name (`fondaco client travel-rule show W-1`). A service counts once somebody else than",
        "who entered it has checked it (`fondaco client vasp set`, `check`, `suspend`); it is known by its LEI or",
        "its DID.",
        "",
        "A deposit of which something is missing is quarantined. One person says where it comes from (`fondaco",
        "deposit originator`, with the message of the service that sent it, if there is one), another releases it;",
        "nobody can before that. A withdrawal of which something is missing is stopped, and is asked about again",
        "each second, the last time before it is sent. A payout that comes back comes from where it was sent to.",
    ]
    return "\n".join(lines) + "\n"


def fees() -> str:
    """Return `fees.md`."""
    lines = [
        "# Fees",
        "",
        "An instrument has a fee for the maker and one for the taker, in basis points of the notional. A firm that",
        "trades by a *fee schedule* pays by that. All of it is proposed by one member of staff and approved by",
        "another. Written by `spec/tables.py`.",
        "",
        "## Schedules",
        "",
        "`fondaco fees schedule` makes a schedule, or the next version of one: the asset in which it counts, tiers, a",
        "minimum. A tier begins at a volume, and is the maker's and the taker's fee from there on; a maker's below",
        "zero is a rebate. The volume is what the firm made and took in 30 days in the instruments that are quoted in",
        "the asset. `fondaco fees assign` lets a firm trade by a schedule, for one instrument or for all that have",
        "none of their own. A schedule keeps its asset.",
        "",
        "Both hold from a time on, which is their approval at the earliest; of several the latest that has come",
        "holds. Nobody need be there: the back office looks every minute at what holds and which tier the volume",
        "has reached, and tells the venue what is new (`SetFees`). What fell due while it was away it tells when it",
        "is back. What the venue refuses, as some taker would not pay for the rebate, is shown by `fondaco fees list`",
        "and told again after an hour. A firm is told of when it has an account.",
        "",
        "## Monthly minimums",
        "",
        "What a firm pays by a schedule in a month (UTC), fees less rebates, is held against the minimum of it.",
        "Corrections count when they are made. Rebates beyond all fees are not taken back: they count as nothing",
        "paid. What is missing is shown by `fondaco report minimums`, and invoiced when the month is over: once for a",
        "firm, a month and a schedule, by the back office itself when the books have come beyond it, also for months",
        "in which it was away; or by `fondaco fees invoice --month 2026-11`.",
        "",
        "Of a month of which only some days count, so many parts of the minimum are owed, rounded down to the",
        "smallest unit once. A day counts if the firm traded by the schedule all day, at the lowest minimum that held",
        "in it; not before the day after its first account was opened, nor from the day on which its client's file",
        "was closed. The fees of a day count if it traded by the schedule at any time of it. So 1,000.00 from noon of",
        "16 November on are 14 days of 30, 466.66; and what was paid counts from the beginning of the 16th.",
        "",
        "## Invoices",
        "",
        "An invoice (INV-1) never changes; how it stands does. `fondaco invoice charge` proposes to charge it to an",
        "account of the firm, `fondaco invoice waive` to let it be, each with a reason. When somebody else has",
        "approved it, the engine takes the amount from what the account has available (`ChargeFee`), under the",
        "invoice's name, which it takes once: whoever is killed when, nothing is charged twice. It is income of the",
        "house, and a line of the statement. If the account has less available, nothing is taken: the invoice is",
        "*due*, and shown with its age by `fondaco fees invoices`, until staff have it charged again or waived. A",
        "client's file is not closed before.",
        "",
        *_life(INVOICES),
    ]
    return "\n".join(lines) + "\n"


def _travel_rule() -> list[str]:
    """Return a row for each jurisdiction of which something is known; the European Union is one."""
    european = next(iter(THRESHOLDS))
    rows = {
        "European Union": THRESHOLDS[european],
        **{place: each for place, each in THRESHOLDS.items() if each != THRESHOLDS[european]},
        "elsewhere": FATF,
    }
    return [
        f"| {place} | {_worth('from', each.data_from_cents, each.currency)} | "
        f"{'-' if each.proof_above_cents is None else _worth('above', each.proof_above_cents, each.currency)} |"
        for place, each in rows.items()
    ]


def _worth(side: str, cents: int, currency: str) -> str:
    return f"{side} {cents // CENTS:,} {currency}" if cents else "always"


def surveillance() -> str:
    """Return `surveillance.md`."""
    lines = [
        "# Surveillance",
        "",
        "Trading is looked at hour by hour (UTC) as soon as the venue has recorded something after an hour, by the",
        "back office's process from where it was, and by `fondaco surveillance run` whenever somebody wants. What a",
        "detector finds is an *alert*: about whom, in which instrument and hour, with orders, trades, records of the",
        "journal, figures and the thresholds that they are over. Whoever looks again, by the thresholds of now, finds",
        "nothing twice; what is found only then says who looked again, and a dry run lists it without raising it. An",
        "alert is a reason to look, no verdict: `fondaco surveillance show` has all that it was seen by, and below it,",
        "step by step, what became of the orders, each step with its record of the journal: in the alert's hour, and",
        "before and after it for as long as the times among the thresholds that it was judged by, all added up, and",
        "ten minutes more.",
        "Written by `spec/tables.py`.",
        "",
        "## What is found",
    ]
    for detector in (wash_trades, circular_trades, layering, marking_the_close, order_to_trade, unusual_volume):
        title, _, text = (detector.__doc__ or "").strip().partition(": ")
        lines += ["", f"### {title}", "", f"{text[:1].upper()}{text[1:]}"]
    lines += [
        "",
        "## Thresholds",
        "",
        "All are settings (`[back_office.surveillance]`), which the back office's process reads when it starts. Names",
        "end with the unit: `_s` seconds, `_bps` hundredths of a per cent. An alert has those that it was judged by,",
        f"and the version of all together: {VERSION} as they are here; others make it end with a digest of all,",
        f"as {VERSION}/9f86d081. It names the first {EVIDENCE_MAX} trades or orders, and counts all.",
        "",
        "| setting | what | from | to | unless set |",
        "|---|---|---|---|---|",
        *_thresholds(),
        "",
        "## Cases",
        "",
        "People look into alerts in *cases* (`fondaco case`): with notes, which are only ever added, somebody who has",
        "it, and what has come of it: no-action, warned, restricted or reported. That nothing is to be done a second",
        "person must approve, however grave it looked, which the database holds too; an alert that no case has waits",
        "for one. While a case is worked on alerts may be added to it and taken out of it, and it may go on in another",
        "one, which gets its alerts and shows its notes. What is closed can be reopened, and is then decided on anew.",
        "Each step is in the audit trail, with its reason. Notes are sealed: only who works on cases reads them, and",
        "auditors see that there are some. Reasons are in clear: name accounts in them, not persons.",
        "",
        *_life(CASES),
    ]
    return "\n".join(lines) + "\n"


def _thresholds() -> Iterator[str]:
    """Yield a row for each setting of surveillance: what its docstring says, and what it may be."""
    (struct,) = ast.parse(inspect.getsource(Surveillance)).body
    assert isinstance(struct, ast.ClassDef), "source of a class"
    told = {
        line.target.id: ast.literal_eval(text.value)
        for line, text in pairwise(struct.body)
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and isinstance(text, ast.Expr)
    }
    kinds = get_type_hints(Surveillance, include_extras=True)
    for name, default in asdict(Surveillance()).items():
        _, bounds = get_args(kinds[name])
        yield f"| `{name}` | {told[name].rstrip('.')} | {bounds.ge:,} | {bounds.le:,} | {default:,} |"


def _life(table: Mapping[Any, Mapping[Any, Any]]) -> list[str]:
    """Return the rows of a life cycle."""
    lines = ["| state | what happens, and the state after it |", "|---|---|"]
    for state, verbs in table.items():
        lines.append(f"| {state} | {', '.join(f'{verb} → {after}' for verb, after in verbs.items()) or 'the end'} |")
    return lines


def _names(tags: frozenset[str]) -> str:
    return ", ".join(FIX44.field_name(tag) for tag in sorted(tags, key=int))


PAGES: Final = {
    "rejects.md": rejects,
    "fields.md": fields,
    "phases.md": phases,
    "staff.md": staff,
    "payments.md": payments,
    "fees.md": fees,
    "surveillance.md": surveillance,
    "reports.md": reports,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (SPEC / name).write_text(page(), encoding="utf-8")
