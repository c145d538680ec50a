"""`fondaco session list`, `show`: the sessions there are, how they are set up, and who is there."""

from typing import TYPE_CHECKING

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.session.life import SessionArgument
from backoffice.cli.tables import Cell, Form, show_fields, show_table
from backoffice.cli.venue.request import Asking
from backoffice.naming import word_of

if TYPE_CHECKING:
    from engine.overview import SessionShown, SessionsShown
    from engine.profile import SessionProfile

_HEAD = ("session", "role", "version", "accounts", "state", "peer", "next in", "next out")


@grouped
def list_sessions(asking: Asking) -> None:
    """Show all sessions: role, accounts, whether they are there, and their sequence numbers."""
    from backoffice.cli.shown import print_json, time_text

    shown = sessions_shown(asking)
    if asking.as_json:
        print_json(
            {
                "sequence": shown.sequence,
                "time": time_text(shown.time_ns),
                "sessions": [_fields(session) for session in shown.sessions],
            }
        )
        return
    show_table(_HEAD, [_row(session) for session in shown.sessions], Form.PEOPLE)
    typer.echo(f"After record {shown.sequence}, {time_text(shown.time_ns)}")


@grouped
def show(session: SessionArgument, asking: Asking) -> None:
    """Show all that one session is set up to be."""
    from backoffice.cli.shown import print_json

    shown = session_shown(asking, session)
    if asking.as_json:
        print_json(_fields(shown))
        return
    show_fields(_lines(shown), Form.PEOPLE)


def sessions_shown(asking: Asking) -> "SessionsShown":
    """Return the sessions there are."""
    from engine.overview import SessionsShown, ShowSessions

    return asking.ask(ShowSessions(), SessionsShown)


def session_shown(asking: Asking, name: str) -> "SessionShown":
    """Return one session. Raise `CommandFailed` if the venue does not have it."""
    from backoffice.cli.failure import CommandFailed

    sessions = sessions_shown(asking).sessions
    for session in sessions:
        if session.session == name:
            return session
    names = ", ".join(session.session for session in sessions) or "none"
    raise CommandFailed(f"{name}: no session of this venue, which has {names}")


def _row(shown: "SessionShown") -> tuple[Cell, ...]:
    return (
        shown.session,
        word_of(shown.profile.role),
        shown.profile.version,
        ", ".join(shown.accounts),
        _state(shown),
        shown.peer,
        shown.next_in,
        shown.next_out,
    )


def _state(shown: "SessionShown") -> str:
    there = "logged on" if shown.is_connected else "away"
    marks = [word for word, holds in (("suspended", shown.is_suspended), ("blocked", shown.is_blocked)) if holds]
    return ", ".join([there, *marks])


def _lines(shown: "SessionShown") -> dict[str, str]:
    profile = shown.profile
    proofs = ["a password"] if shown.has_password else []
    proofs += [f"Ed25519 key {key}" for key in shown.public_keys]
    proofs += ["an HMAC secret"] if shown.has_secret else []
    return {
        "session": shown.session,
        "state": _state(shown) + (f", from {shown.peer}" if shown.peer else ""),
        "role, version": f"{word_of(profile.role)}, {profile.version}",
        "accounts": ", ".join(shown.accounts) or "none",
        "sequences": f"{shown.next_in:,} next in, {shown.next_out:,} next out, begun again {shown.resets} times",
        "on disconnect": f"{word_of(shown.on_disconnect)}, after {shown.grace_ms:,} ms",
        "logs on by": ", ".join(proofs) or "nothing: it cannot",
        "certificates": ", ".join(shown.certificates) or "any, or none",
        **_lines_of_profile(profile),
    }


def _lines_of_profile(profile: "SessionProfile") -> dict[str, str]:
    throttle, copies = profile.throttle, profile.copies
    of = [*copies.accounts, *(f"firm {firm}" for firm in copies.firms)]
    return {
        "from": ", ".join(profile.networks) or "anywhere",
        "instruments": ", ".join(profile.instruments) or "all",
        "orders": _limit(throttle.orders_per_s, throttle.orders_burst),
        "queries": _limit(throttle.queries_per_s, throttle.queries_burst),
        "near its limits": "is told so, unasked" if throttle.warns else "is not told",
        "validation": "by the dictionary" if profile.validates else "of what the venue reads",
        "after logon": "open orders and what it missed, unasked" if profile.recovers_unasked else "what it asks for",
        "on behalf of": ", ".join(f"{each.comp_id} ({each.account})" for each in profile.on_behalf_of) or "itself",
        "copies": (", ".join(of) + (", fills only" if copies.fills_only else "")) if of else "none",
    }


def _limit(per_s: int, burst: int) -> str:
    return f"{per_s:,} a second, {burst:,} at once" if per_s else "no limit"


def _fields(shown: "SessionShown") -> dict[str, object]:
    from backoffice.cli.shown import fields_of

    return {name: value for name, value in fields_of(shown).items() if name != "type"}
