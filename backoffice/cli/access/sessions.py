"""`fondaco access session` and what follows: FIX sessions of clients, which two people open.

`fondaco session` commands the gateway itself, by hand, and is for sessions that are no client's; this goes by clients.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.access.tree import FirmOption
from backoffice.cli.office import Acting
from backoffice.cli.option_groups import grouped
from backoffice.cli.session.credentials import Given, make_material
from backoffice.cli.session.profile import SetUp, changed

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from backoffice.access.sessions import Proof
    from backoffice.access.tables import AccessCertificate
    from backoffice.cli.office import Office
    from backoffice.staff.tables import Approval

CompIdArgument = Annotated[str, typer.Argument(metavar="SESSION", help="Its CompID.", show_default=False)]


@dataclass(frozen=True, kw_only=True)
class Proven:
    """The options by which a session is to prove who it is."""

    password: Annotated[bool, typer.Option("--password", help="Make a password; who approves it sees it, once.")] = (
        False
    )
    hmac: Annotated[
        bool, typer.Option("--hmac", help="Make a secret for HMAC-SHA256; you see it, once. Needs the venue's files.")
    ] = False
    public_key: Annotated[
        list[str] | None, typer.Option("--public-key", metavar="KEY", help="Ed25519, base64. May be repeated.")
    ] = None
    certificate: Annotated[
        list[str] | None,
        typer.Option(
            "--certificate", metavar="SHA256", help="Fingerprint of a TLS certificate to show. May be repeated."
        ),
    ] = None

    def made(self, session: str, data: Path) -> "tuple[Proof, dict[str, str]]":
        """Return what a session is to have, and what of it is to be shown to who proposes it.

        `data`: where the venue's files are. Raise `CommandFailed` or a `GatewayError` if there is no key to seal with.
        """
        from backoffice.access.sessions import Proof

        material = make_material(session, data, Given(hmac=self.hmac))
        keys = tuple(self.public_key or ()), tuple(self.certificate or ())
        return Proof(self.password, *keys, material.sealed_secret or ""), material.shown_once


@grouped
def session(
    session: CompIdArgument,
    *,
    firm: FirmOption,
    acting: Acting,
    given: SetUp,
    proven: Proven,
) -> None:
    """Propose a session, or changes to one; somebody else approves it, and it is there within a second.

    In production a session that enters orders needs a certification: see `fondaco access certify`.
    """
    from backoffice.access import sessions
    from backoffice.access.tables import AccessSession
    from backoffice.cli.approval import propose
    from engine.profile import NOT_SET_UP, SessionSetUp
    from engine.values import CancelOnDisconnect

    async def step(transaction: "AsyncSession", office: "Office") -> "Approval":
        known = await transaction.get(AccessSession, session)
        is_there = known is not None and known.state == "provisioned"
        before = sessions.set_up_of(known.set_up) if known is not None and is_there else NOT_SET_UP
        on_disconnect = given.cancel_on_disconnect
        set_up = SessionSetUp(
            before.accounts if given.account is None else tuple(given.account),
            before.on_disconnect if on_disconnect is None else CancelOnDisconnect[on_disconnect.name],
            before.grace_ms if given.grace_ms is None else given.grace_ms,
            changed(before.profile, given),
        )
        proof, shown_once = proven.made(session, office.data)
        proposed = await sessions.propose(
            *(transaction, office.actor, session, firm, set_up, proof),
            is_production=office.settings.back_office.environment == "production",
            why=acting.why,
            now_ns=office.now_ns,
        )
        proposed.shown_once.update(shown_once)
        return proposed

    propose(acting, step)


@grouped
def rekey(
    session: CompIdArgument,
    *,
    acting: Acting,
    proven: Proven,
) -> None:
    """Propose other credentials for a session, those of a kind in the place of those that it has."""
    from backoffice.access import sessions
    from backoffice.cli.approval import propose

    async def step(transaction: "AsyncSession", office: "Office") -> "Approval":
        proof, shown_once = proven.made(session, office.data)
        proposed = await sessions.propose_rekey(
            transaction, office.actor, session, proof, why=acting.why, now_ns=office.now_ns
        )
        proposed.shown_once.update(shown_once)
        return proposed

    propose(acting, step)


@grouped
def suspend(session: CompIdArgument, acting: Acting) -> None:
    """Log a session out, and let it not log on again, at once."""
    from backoffice.access import sessions

    acting.carry_out(
        lambda transaction, office: sessions.suspend(
            transaction, office.actor, session, why=acting.why, now_ns=office.now_ns
        ),
        tells_venue=True,
    )
    typer.echo(f"session {session} is suspended")


@grouped
def resume(session: CompIdArgument, acting: Acting) -> None:
    """Propose that a suspended session may log on again; somebody else approves it."""
    from backoffice.access import sessions
    from backoffice.cli.approval import propose

    propose(
        acting,
        lambda transaction, office: sessions.propose_resume(
            transaction, office.actor, session, why=acting.why, now_ns=office.now_ns
        ),
    )


@grouped
def remove(session: CompIdArgument, acting: Acting) -> None:
    """Remove a session for good, at once."""
    from backoffice.access import sessions

    acting.carry_out(
        lambda transaction, office: sessions.remove(
            transaction, office.actor, session, why=acting.why, now_ns=office.now_ns
        ),
        tells_venue=True,
    )
    typer.echo(f"session {session} is removed")


@grouped
def certify(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="What `fondaco qa certify` wrote.")],
    acting: Acting,
) -> None:
    """Store that a session has passed the certification.

    The report must be whole, of today's plan, not older than a year, and signed by one of the settings'
    `certification_keys`.
    """
    from backoffice.access import sessions
    from backoffice.cli.access.certifying import certificate_in
    from backoffice.cli.qa.certifying import PLAN

    async def store(transaction: "AsyncSession", office: "Office") -> "AccessCertificate":
        found = certificate_in(report, office.settings.back_office.certification_keys, PLAN, office.now_ns)
        await sessions.store_certificate(transaction, office.actor, found, why=acting.why, now_ns=office.now_ns)
        return found

    found = acting.carry_out(store)
    typer.echo(f"session {found.session} has passed the certification for {found.version} as {found.role}")
