"""FIX sessions of a firm: proposed with all that they are set up to be, and provisioned live once approved.

In production a session that enters orders needs a certification that was passed with it, in its version and role. A
password is made when the session is approved, and shown to who approves it, once; nobody else ever has it. A secret for
HMAC comes sealed under the venue's key, as the journal has it, and is on no trail.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice import outbox
from backoffice.access.clients import check_may_be_set_up
from backoffice.access.tables import AccessAccount, AccessCertificate, AccessSession
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.projector.tables import VenueAccount, VenueInstrument, VenueSession
from backoffice.staff import approvals, audit
from backoffice.staff.actor import Actor
from backoffice.staff.passwords import hash_secret
from backoffice.staff.permissions import Permission
from backoffice.staff.tables import Approval
from backoffice.times import DAY_NS
from config.texts import COMP_ID_PATTERN
from engine.commands import ProvisionSession, RemoveSession, ResumeSession, SetCredentials, SuspendSession
from engine.profile import Credentials, SessionRole, SessionSetUp
from engine.sessions import flaw_of_credentials, flaw_of_set_up

PROVISION: Final = "session-provision"
REKEY: Final = "session-rekey"
RESUME: Final = "session-resume"
CERTIFIED_NS: Final = 365 * DAY_NS
"""How long a certification is good for."""
_COMP_ID: Final = re.compile(COMP_ID_PATTERN)
_CERTIFIED_ROLE: Final = "order-entry"
"""As reports say it."""
_PASSWORD_BYTES: Final = 18


class Proof(msgspec.Struct, frozen=True):
    """How the session is to prove who it is."""

    password: bool = False
    """Make one."""
    public_keys: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    hmac_sealed: str = ""
    """The secret for HMAC-SHA256, as `engine.profile.Credentials` has it."""

    @property
    def lets_log_on(self) -> bool:
        """Tell whether a session could prove who it is by it."""
        return bool(self.password or self.public_keys or self.hmac_sealed)

    def told(self) -> dict[str, object]:
        """Return what staff are told of it."""
        kinds = {"password": self.password, "hmac": bool(self.hmac_sealed)}
        return {**kinds, "public_keys": list(self.public_keys), "certificates": list(self.certificates)}


async def propose(  # noqa: PLR0913 - a session is that much
    session: AsyncSession,
    actor: Actor,
    comp_id: str,
    firm: str,
    set_up: SessionSetUp,
    proof: Proof,
    *,
    is_production: bool,
    why: str,
    now_ns: int,
) -> Approval:
    """Propose a session, or another set-up for one that is there; somebody else approves it.

    `is_production`: whether the venue is for real business, which takes a certification.
    """
    actor.require(Permission.EDIT_ACCESS)
    await check_may_be_set_up(session, firm)
    if _COMP_ID.fullmatch(comp_id) is None:
        raise Refused(f"session {comp_id[:40]!r}: a CompID has 1 to 32 letters, digits and . _ -, no sign first")
    await _check_set_up(session, comp_id, firm, set_up)
    flaw = flaw_of_credentials(_credentials(proof))
    flaw = flaw or (await flaw_of_certification(session, comp_id, set_up, now_ns) if is_production else "")
    if flaw:
        raise Refused(flaw)
    known = await session.get(AccessSession, comp_id)
    if known is not None and known.firm != firm:
        raise Conflict(f"session {comp_id} is one of {known.firm}")
    is_new = known is None or known.state != "provisioned"
    if is_new and not proof.lets_log_on:
        raise Refused("nothing to log on by: ask for a password or a secret for HMAC, or give a public key")
    if not is_new and proof != Proof():
        raise Refused(f"session {comp_id} is there, and can log on: `fondaco access rekey {comp_id}` gives it others")
    if is_new:
        await _check_is_free(session, comp_id, firm)
        before = None if known is None else {"state": known.state, "firm": firm}
        known = known or AccessSession(session=comp_id, firm=firm, set_up={})
        known.state, known.proposed_by, known.proposed_ns, known.approved_by = "proposed", actor.user, now_ns, None
        session.add(known)
        subject, after = f"session/{comp_id}", {"state": known.state, "firm": firm}
        await audit.record(session, actor, "enter", subject, before=before, after=after, why=why, now_ns=now_ns)
    payload = {
        "session": comp_id,
        "set_up": msgspec.to_builtins(set_up),
        "is_production": is_production,
        **_payload(proof),
    }
    return await approvals.propose(session, actor, PROVISION, f"session/{comp_id}", payload, why=why, now_ns=now_ns)


async def propose_rekey(
    session: AsyncSession, actor: Actor, comp_id: str, proof: Proof, *, why: str, now_ns: int
) -> Approval:
    """Propose other credentials for a session: those that are named replace those of their kind."""
    actor.require(Permission.EDIT_ACCESS)
    await find(session, comp_id)
    flaw = flaw_of_credentials(_credentials(proof))
    if flaw or proof == Proof():
        raise Refused(flaw or "no credentials are named")
    payload = {"session": comp_id, **_payload(proof)}
    return await approvals.propose(session, actor, REKEY, f"session/{comp_id}", payload, why=why, now_ns=now_ns)


async def suspend(session: AsyncSession, actor: Actor, comp_id: str, *, why: str, now_ns: int) -> None:
    """Log a session out, and let it not log on again, at once; one person is enough for that."""
    actor.require(Permission.SUSPEND_CLIENTS)
    await find(session, comp_id)
    command = SuspendSession(comp_id, actor.user, outbox.plain(why))
    before = await _suspension(session, comp_id)
    await _carry_out(session, actor, "suspend", command, before, {"suspended": True}, why, now_ns)


async def propose_resume(session: AsyncSession, actor: Actor, comp_id: str, *, why: str, now_ns: int) -> Approval:
    """Propose that a suspended session may log on again."""
    actor.require(Permission.EDIT_ACCESS)
    await find(session, comp_id)
    payload = {"session": comp_id}
    return await approvals.propose(session, actor, RESUME, f"session/{comp_id}", payload, why=why, now_ns=now_ns)


async def remove(session: AsyncSession, actor: Actor, comp_id: str, *, why: str, now_ns: int) -> None:
    """Remove a session for good; one person is enough for that."""
    actor.require(Permission.EDIT_ACCESS)
    await find(session, comp_id)
    await revoke(session, actor, comp_id, why=why, now_ns=now_ns)


async def revoke(session: AsyncSession, actor: Actor, comp_id: str, *, why: str, now_ns: int) -> None:
    """Remove a session for good, as what was decided on its client asks for; also one that the settings set up."""
    found = await session.get(AccessSession, comp_id)
    before = {"state": "provisioned" if found is None else found.state}
    if found is not None:
        found.state = "removed"
    command = RemoveSession(comp_id, actor.user, outbox.plain(why))
    await _carry_out(session, actor, "remove", command, before, {"state": "removed"}, why, now_ns)


async def store_certificate(
    session: AsyncSession,
    actor: Actor,
    certificate: AccessCertificate,
    *,
    why: str,
    now_ns: int,
) -> None:
    """Store that a session has passed the certification; the report's signature has been checked before."""
    actor.require(Permission.EDIT_ACCESS)
    known = await session.scalar(select(AccessCertificate).where(AccessCertificate.digest == certificate.digest))
    if known is not None:
        raise Conflict(f"this report of {known.session} is stored already")
    certificate.stored_by, certificate.stored_ns = actor.user, now_ns
    session.add(certificate)
    after = {"version": certificate.version, "role": certificate.role, "digest": certificate.digest}
    subject = f"session/{certificate.session}"
    await audit.record(session, actor, "certify", subject, before=None, after=after, why=why, now_ns=now_ns)


async def flaw_of_certification(session: AsyncSession, comp_id: str, set_up: SessionSetUp, now_ns: int) -> str:
    """Return why a session's certification is not enough for production, empty if it is."""
    if set_up.profile.role is not SessionRole.ORDER_ENTRY:
        return ""
    query = select(AccessCertificate).where(
        *(AccessCertificate.session == comp_id, AccessCertificate.version == set_up.profile.version),
        *(AccessCertificate.role == _CERTIFIED_ROLE, AccessCertificate.passed_ns <= now_ns),
        AccessCertificate.passed_ns > now_ns - CERTIFIED_NS,
    )
    if await session.scalar(query.limit(1)) is not None:
        return ""
    return (
        f"session {comp_id} has passed no certification for {set_up.profile.version} as {_CERTIFIED_ROLE} in the "
        f"last year; "
        f"run `fondaco qa certify`, then `fondaco access certify`"
    )


async def find(session: AsyncSession, comp_id: str) -> AccessSession:
    """Return a session that is provisioned. Raise `NotFound`."""
    found = await session.get(AccessSession, comp_id)
    if found is None or found.state != "provisioned":
        raise NotFound(f"{comp_id}: no session of a client; `fondaco access list` shows them")
    return found


async def _provision(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    comp_id = approval.payload["session"]
    found = await session.get_one(AccessSession, comp_id)
    set_up = set_up_of(approval.payload["set_up"])
    await check_may_be_set_up(session, found.firm)
    await _check_set_up(session, comp_id, found.firm, set_up)
    is_new = found.state != "provisioned"
    if is_new:
        await _check_is_free(session, comp_id, found.firm)
        if not _proof_of(approval).lets_log_on:
            raise Refused(f"session {comp_id} is {found.state}; {approval.id} was about changing it: propose it anew")
    if approval.payload["is_production"]:
        flaw = await flaw_of_certification(session, comp_id, set_up, now_ns)
        if flaw:
            raise Refused(flaw)
    before = {"state": found.state, "set_up": found.set_up or None}
    found.state, found.set_up = "provisioned", approval.payload["set_up"]
    # Maker and checker are those of what holds now.
    found.proposed_by, found.approved_by = approval.maker, actor.user
    given = _credentials_made(approval)
    command = ProvisionSession(
        comp_id,
        set_up.accounts,
        "",
        set_up.on_disconnect,
        set_up.grace_ms,
        set_up.profile,
        given if is_new else None,
        by=actor.user,
        why=outbox.plain(approval.why),
    )
    after = {"state": found.state, "set_up": found.set_up}
    await _carry_out(session, actor, "provision", command, before, after, approval.why, now_ns)


async def _rekey(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    await find(session, approval.payload["session"])
    given = _credentials_made(approval)
    command = SetCredentials(
        approval.payload["session"],
        given.password_hash or None,
        given.public_keys or None,
        given.sealed_secret or None,
        given.certificates or None,
        actor.user,
        outbox.plain(approval.why),
    )
    # Which those were before, the venue alone knows.
    after = {"given": _proof_of(approval).told()}
    await _carry_out(session, actor, "rekey", command, None, after, approval.why, now_ns)


async def _resume(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    comp_id = approval.payload["session"]
    await check_may_be_set_up(session, (await find(session, comp_id)).firm)
    command = ResumeSession(comp_id, actor.user, outbox.plain(approval.why))
    before = await _suspension(session, comp_id)
    await _carry_out(session, actor, "resume", command, before, {"suspended": False}, approval.why, now_ns)


async def _turn_down(session: AsyncSession, actor: Actor, approval: Approval, now_ns: int) -> None:
    found = await session.get_one(AccessSession, approval.payload["session"])
    if found.state == "proposed":
        before, found.state = {"state": found.state}, "turned down"
        after, why = {"state": found.state}, f"approval {approval.id} was turned down"
        await audit.record(
            session, actor, "turn down", approval.subject, before=before, after=after, why=why, now_ns=now_ns
        )


def _payload(proof: Proof) -> dict[str, object]:
    """Return what of a proposal says how a session is to prove who it is."""
    return {"proof": proof.told(), "hmac_sealed": proof.hmac_sealed}


def _proof_of(approval: Approval) -> Proof:
    """Return how a session is to prove who it is, as it was proposed."""
    proof = msgspec.convert(approval.payload["proof"], Proof)
    return msgspec.structs.replace(proof, hmac_sealed=approval.payload.get("hmac_sealed", ""))


def _credentials_made(approval: Approval) -> Credentials:
    """Return what the venue is to know; a password is shown to who approves, and to nobody else."""
    proof, password_hash = _proof_of(approval), ""
    if proof.password:
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        approval.shown_once["password"] = password
        password_hash = hash_secret(password)
    return _credentials(proof, password_hash)


def _credentials(proof: Proof, password_hash: str = "") -> Credentials:
    return Credentials(password_hash, proof.public_keys, proof.hmac_sealed, proof.certificates)


async def _suspension(session: AsyncSession, comp_id: str) -> dict[str, bool]:
    """Return whether a session is suspended, by the venue's records that have been followed."""
    known = await session.get(VenueSession, comp_id)
    return {"suspended": known is not None and known.is_suspended}


async def _carry_out(
    session: AsyncSession,
    actor: Actor,
    verb: str,
    command: ProvisionSession | SetCredentials | SuspendSession | ResumeSession | RemoveSession,
    before: Mapping[str, object] | None,
    after: Mapping[str, object],
    why: str,
    now_ns: int,
) -> None:
    """Put what was decided on record, and have the venue be told."""
    subject = f"session/{command.session}"
    await audit.record(session, actor, verb, subject, before=before, after=after, why=why, now_ns=now_ns)
    await outbox.put(session, command, subject, now_ns)


async def _check_is_free(session: AsyncSession, comp_id: str, firm: str) -> None:
    """Raise `Conflict` if the venue has such a session that is not of this firm alone: its own would log on no more."""
    there = await session.get(VenueSession, comp_id)
    if there is None or there.is_removed:
        return
    accounts = select(VenueAccount.firm).where(VenueAccount.account.in_(there.accounts.split()))
    if set(await session.scalars(accounts)) != {firm}:
        raise Conflict(f"session {comp_id} is at the venue already, and not one of {firm}; give it another CompID")


async def _check_set_up(session: AsyncSession, comp_id: str, firm: str, set_up: SessionSetUp) -> None:
    """Raise `Refused` if the venue would not have such a session, or it is for what is not the firm's."""
    profile = set_up.profile
    if flaw := flaw_of_set_up(comp_id, set_up):
        raise Refused(f"session {comp_id}: {flaw}")
    for symbol in profile.instruments:
        if await session.get(VenueInstrument, symbol) is None:
            raise Refused(f"session {comp_id}: no instrument {symbol[:40]}; `fondaco report instruments` lists them")
    behalf = [each.account for each in profile.on_behalf_of]
    for name in (*set_up.accounts, *behalf, *profile.copies.accounts):
        account = await session.get(AccessAccount, name)
        if account is None or account.firm != firm or account.state != "open":
            raise Refused(f"{name} is no open account of {firm}; a session is for its own firm's accounts")
    if any(each != firm for each in profile.copies.firms):
        raise Refused(f"a drop copy of {', '.join(profile.copies.firms)} is not for {firm} to have")


def set_up_of(content: object) -> SessionSetUp:
    """Return what a session is set up to be, as it is stored."""
    return msgspec.convert(content, SessionSetUp)


approvals.register(
    PROVISION, Permission.APPROVE_ACCESS, _provision, turn_down=_turn_down, words="open session {session} to the venue"
)
approvals.register(REKEY, Permission.APPROVE_ACCESS, _rekey, words="give session {session} other credentials")
approvals.register(RESUME, Permission.APPROVE_ACCESS, _resume, words="let session {session} log on again")
