"""TLS: the certificates that the venue shows, which one by the name that the client asks for, and those it asks for.

TLS 1.2 or 1.3, with forward secrecy and authenticated encryption only; no compression, no renegotiation. The files are
looked at while the venue serves: what has changed is taken for the connections from then on, if it fits together, and
else the certificates stay that there were. Every hour all is made anew, so that no session ticket or remembered session
outlives that, and what strangers leave behind does not either.
"""

import os
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509

from config.network import Tls as Settings
from config.tls_files import UnfitFile, load_authorities, load_identity
from fixgw.errors import TlsError

LOOK_EVERY_NS: Final = 5_000_000_000
RENEW_EVERY_NS: Final = 3_600_000_000_000
WARNING_DAYS: Final = 14
"""So long before it expires a certificate is warned of."""
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; those of 1.3 are all of this kind."""
_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_CLIENT_CERTIFICATES: Final = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}

_log = structlog.get_logger("tls")


class Tls:
    """The venue's side of TLS; `context` is for the next connection."""

    __slots__ = ("_looked_ns", "_made_ns", "_seen", "_settings", "context")

    def __init__(self, settings: Settings, now_ns: int) -> None:
        """Raise `TlsError` if the files do not fit. `now_ns` is of a clock that never jumps."""
        self._settings = settings
        self._seen = _seen(settings)
        self._looked_ns = self._made_ns = now_ns
        self.context = _context(settings)

    def look(self, now_ns: int) -> None:
        """Take what has changed of the files, now and then."""
        if now_ns - self._looked_ns < LOOK_EVERY_NS:
            return
        self._looked_ns = now_ns
        seen = _seen(self._settings)
        if seen == self._seen and now_ns - self._made_ns < RENEW_EVERY_NS:
            return
        is_new, self._seen, self._made_ns = seen != self._seen, seen, now_ns
        try:
            self.context = _context(self._settings)
        except TlsError as error:
            _log.error("certificates not taken, those from before stay", reason=str(error))
            return
        if is_new:
            _log.info("certificates taken anew", certificate=self._settings.certificate)


def _context(settings: Settings) -> ssl.SSLContext:
    by_name = {
        name.lower(): _one_context(settings, each.certificate, each.key) for name, each in settings.server_names.items()
    }
    context = _one_context(settings, settings.certificate, settings.key)

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        """Show the certificate of the name that a client asks for; one that asks for none gets the first."""
        if name is not None:
            chosen = by_name.get(name.lower())
            if chosen is None:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = chosen
        return None

    if by_name:
        context.sni_callback = choose
    return context


def _one_context(settings: Settings, certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[settings.minimum_version]
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    context.verify_mode = _CLIENT_CERTIFICATES[settings.client_certificates]
    try:
        load_identity(context, certificate, key)
        if settings.client_ca is not None:
            load_authorities(context, settings.client_ca)
    except UnfitFile as error:
        raise TlsError(str(error)) from error
    _warn_of_expiry(Path(certificate))
    return context


def _warn_of_expiry(path: Path) -> None:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    ends_at = certificate.not_valid_after_utc
    if (ends_at - datetime.now(UTC)).days < WARNING_DAYS:
        _log.warning("certificate expires, or has expired", certificate=str(path), at=ends_at.isoformat())


def _seen(settings: Settings) -> list[tuple[int, int, int] | None]:
    """Return what tells whether the files are still the same."""
    paths = [settings.certificate, settings.key, settings.client_ca or os.devnull]
    for each in settings.server_names.values():
        paths += (each.certificate, each.key)
    return [_stamp(path) for path in paths]


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - a name that may be of no file
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
