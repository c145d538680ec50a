"""`fondaco access session` and what follows: FIX sessions of clients, which two people open.

`fondaco session` commands the gateway itself, by hand, and knows no clients; this goes by them.
"""

from pathlib import Path
from typing import Annotated

import typer

from backoffice.cli.access.tree import FirmOption
from backoffice.cli.office import Acting
from backoffice.cli.option_groups import grouped
from backoffice.cli.session.profile import SetUp, changed

CompIdArgument = Annotated[str, typer.Argument(metavar="SESSION", help="Its CompID.", show_default=False)]
PasswordOption = Annotated[bool, typer.Option("--password", help="Make a password; who approves it sees it, once.")]
KeyOption = Annotated[
    list[str] | None, typer.Option("--public-key", metavar="KEY", help="Ed25519, base64. May be repeated.")
]
CertificateOption = Annotated[
    list[str] | None,
    typer.Option("--certificate", metavar="SHA256", help="Fingerprint of a TLS certificate to show. May be repeated."),
]


@grouped
def session(
    session: CompIdArgument,
    *,
    firm: FirmOption,
    acting: Acting,
    given: SetUp,
    password: PasswordOption = False,
    public_key: KeyOption = None,
    certificate: CertificateOption = None,
) -> None:
    """Propose a session, or changes to one; somebody else approves it, and it is there within a second.

    In production a session that enters orders needs a certification: see `fondaco access certify`.
    """
    import backoffice.kinds  # noqa: F401 - who owns the kinds of approvals
    from backoffice.access import sessions
    from backoffice.access.tables import AccessSession
    from backoffice.cli.approval import tell
    from backoffice.cli.loop import run
    from backoffice.staff.tables import Approval
    from engine.profile import NOT_SET_UP, SessionSetUp
    from engine.values import CancelOnDisconnect

    async def propose() -> Approval:
        async with acting.office() as office, office.database.writing() as transaction:
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
            proof = sessions.Proof(password, tuple(public_key or ()), tuple(certificate or ()))
            return await sessions.propose(
                *(transaction, office.actor, session, firm, set_up, proof),
                is_production=office.settings.back_office.environment == "production",
                why=acting.why,
                now_ns=office.now_ns,
            )

    tell(run(propose()), as_json=acting.as_json)


@grouped
def rekey(
    session: CompIdArgument,
    *,
    acting: Acting,
    password: PasswordOption = False,
    public_key: KeyOption = None,
    certificate: CertificateOption = None,
) -> None:
    """Propose other credentials for a session, those of a kind in the place of those that it has."""
    import backoffice.kinds  # noqa: F401 - who owns the kinds of approvals
    from backoffice.access import sessions
    from backoffice.cli.approval import tell
    from backoffice.cli.loop import run
    from backoffice.staff.tables import Approval

    async def propose() -> Approval:
        async with acting.office() as office, office.database.writing() as transaction:
            proof = sessions.Proof(password, tuple(public_key or ()), tuple(certificate or ()))
            return await sessions.propose_rekey(
                transaction, office.actor, session, proof, why=acting.why, now_ns=office.now_ns
            )

    tell(run(propose()), as_json=acting.as_json)


@grouped
def suspend(session: CompIdArgument, acting: Acting) -> None:
    """Log a session out, and let it not log on again, at once."""
    from backoffice.access import sessions
    from backoffice.cli.loop import run

    async def stop() -> str:
        async with acting.office() as office:
            async with office.database.writing() as transaction:
                await sessions.suspend(transaction, office.actor, session, why=acting.why, now_ns=office.now_ns)
            return await office.tell_venue()

    typer.echo(run(stop()) or f"session {session} is suspended")


@grouped
def resume(session: CompIdArgument, acting: Acting) -> None:
    """Propose that a suspended session may log on again; somebody else approves it."""
    import backoffice.kinds  # noqa: F401 - who owns the kinds of approvals
    from backoffice.access import sessions
    from backoffice.cli.approval import tell
    from backoffice.cli.loop import run
    from backoffice.staff.tables import Approval

    async def propose() -> Approval:
        async with acting.office() as office, office.database.writing() as transaction:
            return await sessions.propose_resume(
                transaction, office.actor, session, why=acting.why, now_ns=office.now_ns
            )

    tell(run(propose()), as_json=acting.as_json)


@grouped
def remove(session: CompIdArgument, acting: Acting) -> None:
    """Remove a session for good, at once."""
    from backoffice.access import sessions
    from backoffice.cli.loop import run

    async def take_away() -> str:
        async with acting.office() as office:
            async with office.database.writing() as transaction:
                await sessions.remove(transaction, office.actor, session, why=acting.why, now_ns=office.now_ns)
            return await office.tell_venue()

    typer.echo(run(take_away()) or f"session {session} is removed")


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
    from backoffice.access.tables import AccessCertificate
    from backoffice.cli.access.certifying import certificate_in
    from backoffice.cli.loop import run
    from backoffice.cli.qa.certifying import PLAN

    async def store() -> AccessCertificate:
        async with acting.office() as office, office.database.writing() as transaction:
            found = certificate_in(report, office.settings.back_office.certification_keys, PLAN, office.now_ns)
            await sessions.store_certificate(transaction, office.actor, found, why=acting.why, now_ns=office.now_ns)
            return found

    found = run(store())
    typer.echo(f"session {found.session} has passed the certification for {found.version} as {found.role}")
