"""Certificates of a venue and of those who come to it from other hosts, as files, and TLS made of them."""

import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path

import trustme

from engine.remote import Place

HOST = "127.0.0.1"


class Authorities:
    """Who vouches for the venue, `ca.pem` in a directory, and who for its peers, `peers.pem`; and what they issue."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca, self.peers = trustme.CA(), trustme.CA()
        self.ca.cert_pem.write_to_path(self.path("ca"))
        self.peers.cert_pem.write_to_path(self.path("peers"))
        self.issue("venue", ca=self.ca)
        self.issue("office")

    def path(self, name: str) -> str:
        return str(self.directory / f"{name}.pem")

    def issue(self, name: str, common_name: str | None = "", *hosts: str, ca: trustme.CA | None = None) -> None:
        """Write `name.pem` and `name.key.pem`: a certificate of that common name, for this host unless for others."""
        issued = (ca or self.peers).issue_cert(
            *(hosts or (HOST,)), common_name=name if common_name == "" else common_name
        )
        issued.private_key_pem.write_to_path(self.path(f"{name}.key"))
        Path(self.path(name)).unlink(missing_ok=True)
        for pem in issued.cert_chain_pems:
            pem.write_to_path(self.path(name), append=True)

    def fingerprint(self, name: str) -> str:
        pem = Path(self.path(name)).read_text(encoding="ascii")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    def venue(self, name: str = "venue") -> ssl.SSLContext:
        """Return the venue's side of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.path(name), self.path(f"{name}.key"))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.path("peers"))
        return context

    def peer(self, name: str = "office", ca: str = "ca") -> Callable[[], ssl.SSLContext]:
        """Return what makes the other side of TLS; without a certificate if `name` is empty."""

        def context() -> ssl.SSLContext:
            made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if name:
                made.load_cert_chain(self.path(name), self.path(f"{name}.key"))
            made.load_verify_locations(self.path(ca))
            return made

        return context

    def place(self, port: int, name: str = "office", ca: str = "ca", host: str = HOST) -> Place:
        """Return the venue's address, and how `name` connects to it."""
        return Place(host, port, self.peer(name, ca))
