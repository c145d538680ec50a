"""`fondaco session add`, `set`: sessions are made and changed, and what they are set up to be holds at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backoffice.cli.option_groups import grouped
from backoffice.cli.session.credentials import Given, make_material
from backoffice.cli.session.life import SessionArgument
from backoffice.cli.session.profile import SetUp, changed
from backoffice.cli.venue.request import Asked, command

if TYPE_CHECKING:
    from engine.events import AnyEvent


@grouped
def add(
    session: SessionArgument,
    *,
    asked: Asked,
    given: SetUp,
    credentials: Given,
) -> None:
    """Make a session; it may log on at once. A password or a secret that is made for it is shown once.

    What is not given is as for a session without restrictions: order entry, FIX.4.4, all instruments, from anywhere.
    """
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.session.shown import sessions_shown
    from engine.commands import ProvisionSession
    from engine.profile import DEFAULT_PROFILE, NOT_SET_UP, Credentials
    from engine.values import CancelOnDisconnect

    if any(shown.session == session for shown in sessions_shown(asked).sessions):
        raise CommandFailed(f"session {session} is there already; `fondaco session set` changes it")
    material = make_material(session, asked.directory, credentials)
    if not material.lets_log_on:
        raise CommandFailed("nothing to log on by: give --password, --password-stdin, --hmac or --public-key")
    request = ProvisionSession(
        session,
        tuple(given.account or ()),
        "",
        CancelOnDisconnect[given.cancel_on_disconnect.name] if given.cancel_on_disconnect else CancelOnDisconnect.NONE,
        given.grace_ms or 0,
        changed(DEFAULT_PROFILE, given),
        Credentials(
            material.password_hash or "",
            material.public_keys or (),
            material.sealed_secret or "",
            material.certificates or (),
        ),
        by=asked.who,
        why=asked.why,
        based_on=NOT_SET_UP,
    )
    command(asked, request, _told, once=material.shown_once)


@grouped
def change(session: SessionArgument, asked: Asked, given: SetUp) -> None:
    """Change what a session is set up to be; what is not given stays. Credentials: see `fondaco session rekey`.

    It holds at once. A session that is to have another role or version is logged out. If somebody else changes the
    session at the same time, the later change is refused.
    """
    from backoffice.cli.session.shown import session_shown
    from engine.commands import ProvisionSession
    from engine.profile import SessionSetUp
    from engine.values import CancelOnDisconnect

    shown = session_shown(asked, session)
    request = ProvisionSession(
        session,
        shown.accounts if given.account is None else tuple(given.account),
        "",
        CancelOnDisconnect[given.cancel_on_disconnect.name] if given.cancel_on_disconnect else shown.on_disconnect,
        shown.grace_ms if given.grace_ms is None else given.grace_ms,
        changed(shown.profile, given),
        by=asked.who,
        why=asked.why,
        based_on=SessionSetUp(shown.accounts, shown.on_disconnect, shown.grace_ms, shown.profile),
    )
    command(asked, request, _told)


def _told(events: "Sequence[AnyEvent]") -> list[str]:
    from engine.session_events import SessionProvisioned

    return [f"session {each.session} is set up" for each in events if isinstance(each, SessionProvisioned)]
