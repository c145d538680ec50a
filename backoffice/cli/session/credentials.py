"""`fondaco session rekey`: other passwords, keys, secrets and certificates, while the venue runs.

What is secret is made here and shown once, or read from standard input; over control and in the journal there is only
its hash, or the secret sealed under the venue's own key.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backoffice.cli.option_groups import grouped
from backoffice.cli.session.life import SessionArgument
from backoffice.cli.venue.request import Asked, command

if TYPE_CHECKING:
    from engine.events import AnyEvent


@dataclass(frozen=True, kw_only=True)
class Given:
    """The options by which a session is given credentials."""

    password: Annotated[bool, typer.Option("--password", help="Make a password, and show it once.")] = False
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read a password from the first line of standard input.")
    ] = False
    hmac: Annotated[bool, typer.Option("--hmac", help="Make a secret for HMAC-SHA256, and show it once.")] = False
    public_key: Annotated[
        list[str] | None,
        typer.Option(
            "--public-key",
            metavar="KEY|FILE",
            help="An Ed25519 public key, base64 or a PEM file; in place of those there are. May be repeated.",
            show_default="stays",
        ),
    ] = None
    certificate: Annotated[
        list[str] | None,
        typer.Option(
            "--certificate",
            metavar="FINGERPRINT|FILE",
            help="A TLS certificate, its SHA-256 or a PEM file, that it must show; in place of those there are.",
            show_default="stays",
        ),
    ] = None


class Material:
    """Credentials as a command takes them, and what of them is to be shown once."""

    def __init__(self) -> None:
        self.password_hash: str | None = None
        self.public_keys: tuple[str, ...] | None = None
        self.sealed_secret: str | None = None
        self.certificates: tuple[str, ...] | None = None
        self.shown_once: dict[str, str] = {}
        """By what it is."""

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was asked for."""
        return not self.lets_log_on and self.certificates is None

    @property
    def lets_log_on(self) -> bool:
        """Tell whether a session could prove who it is by it."""
        return any(each is not None for each in (self.password_hash, self.public_keys, self.sealed_secret))


def make_material(session: str, data: Path, given: Given) -> Material:
    """Make, or read, what was asked for. Raise `CommandFailed` or a `GatewayError` if that cannot be."""
    from backoffice.cli.failure import CommandFailed
    from engine.recovery import JOURNAL
    from fixgw.identity_files import fingerprint, public_key
    from fixgw.passwords import flaw_of_password, generate_password, hash_password
    from fixgw.vault import Vault, generate_secret

    material = Material()
    if given.password and given.password_stdin:
        raise CommandFailed("either --password or --password-stdin: one makes a password, the other reads one")
    if given.password:
        material.shown_once["password"] = generate_password()
        material.password_hash = hash_password(material.shown_once["password"])
    elif given.password_stdin:
        text = sys.stdin.readline().rstrip("\r\n")
        flaw = flaw_of_password(text, session)
        if flaw:
            raise CommandFailed(flaw)
        material.password_hash = hash_password(text)
    if given.hmac:
        material.shown_once["HMAC secret"] = generate_secret()
        if not (data / JOURNAL).is_dir():
            raise CommandFailed(f"--hmac: its secret is sealed in the venue's data directory, and {data} is not that")
        material.sealed_secret = Vault(data).seal(session, material.shown_once["HMAC secret"])
    if given.public_key is not None:
        material.public_keys = tuple(public_key(_text(each)) for each in given.public_key)
    if given.certificate is not None:
        material.certificates = tuple(fingerprint(_text(each)) for each in given.certificate)
    return material


@grouped
def rekey(
    session: SessionArgument,
    *,
    asked: Asked,
    given: Given,
    revoke: Annotated[
        list[str] | None,
        typer.Option(
            "--revoke",
            metavar="KIND",
            help="Take away: password, hmac, public-keys or certificates. May be repeated.",
            show_default="none",
        ),
    ] = None,
) -> None:
    """Give a session other credentials; those of the other kinds stay. A session that is logged on stays so.

    What is new is shown once, and nowhere kept in this form.
    """
    from backoffice.cli.failure import CommandFailed
    from engine.commands import SetCredentials

    # Whoever may not command is told so before anything is made.
    who = asked.who
    material = make_material(session, asked.directory, given)
    for kind in revoke or ():
        match kind:
            case "password" if material.password_hash is None:
                material.password_hash = ""
            case "hmac" if material.sealed_secret is None:
                material.sealed_secret = ""
            case "public-keys" if material.public_keys is None:
                material.public_keys = ()
            case "certificates" if material.certificates is None:
                material.certificates = ()
            case _:
                kinds = "password, hmac, public-keys, certificates"
                raise CommandFailed(f"--revoke {kind}: choose from {kinds}, of what is not given anew")
    if material.is_empty:
        raise CommandFailed("nothing to change: give --password, --hmac, --public-key, --certificate or --revoke")
    request = SetCredentials(
        session,
        material.password_hash,
        material.public_keys,
        material.sealed_secret,
        material.certificates,
        who,
        asked.why,
    )
    command(asked, request, _told, once=material.shown_once)


def _text(argument: str) -> str:
    """Return what a file has, or the argument itself if it names none."""
    path = Path(argument)
    return path.read_text(encoding="utf-8") if path.is_file() else argument


def _told(events: "Sequence[AnyEvent]") -> list[str]:
    from engine.session_events import CredentialsSet

    return [f"session {each.session} has other credentials now" for each in events if isinstance(each, CredentialsSet)]
