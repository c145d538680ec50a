"""Certificates and keys in files, as TLS takes them; and TLS as a process on another host speaks it to the venue."""

import ssl

from config.network import Remote


class UnfitFile(OSError):
    """A file is missing, unreadable, or does not fit; the message names it and says why."""


def load_identity(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Have a context show a certificate. Raise `UnfitFile`."""
    try:
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except OSError as error:
        raise UnfitFile(f"{certificate}, {key}: {_in_words(error)}") from error


def load_authorities(context: ssl.SSLContext, path: str) -> None:
    """Have a context take what the certificates in a file vouch for. Raise `UnfitFile`."""
    try:
        context.load_verify_locations(path)
    except OSError as error:
        raise UnfitFile(f"{path}: {_in_words(error)}") from error


def client_context(remote: Remote) -> ssl.SSLContext:
    """Return how a process connects to the venue: TLS 1.3, and certificates of both sides. Raise `UnfitFile`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    load_identity(context, remote.certificate, remote.key)
    load_authorities(context, remote.ca)
    return context


def _in_words(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return f"cannot be read: {error.strerror or error}"
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key is not that of the certificate"
    return "not a certificate and its key in PEM, the key without a password"
