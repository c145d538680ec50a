"""Settings of what is reached over the network: FIX, market data, and the ways in and out for other hosts."""

from typing import Annotated, Final, Literal

import msgspec

from config.texts import Address, CompId

PORT_MAX: Final = 65_535
Port = Annotated[int, msgspec.Meta(ge=1, le=PORT_MAX)]
Lane = Literal["native", "quickfix"]
TlsVersion = Literal["1.2", "1.3"]
ClientCertificates = Literal["none", "optional", "required"]


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate, with those that vouch for it, and its key: PEM files, relative to where the venue is started."""

    certificate: str
    key: str


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """TLS on the FIX address. Files that change are taken anew while the venue serves."""

    certificate: str
    key: str
    """PEM files, relative to where the venue is started."""
    minimum_version: TlsVersion = "1.2"
    client_certificates: ClientCertificates = "none"
    """Whether clients are asked for a certificate, and whether they need one. Sessions may have some pinned to them."""
    client_ca: str | None = None
    """PEM file of the certificates that vouch for those of clients."""
    server_names: dict[str, Certificate] = {}
    """Certificates by the name that a client asks for (SNI). If there are any, other names are refused; who asks for
    none gets the certificate above."""


class Fix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and as whom the venue speaks FIX."""

    comp_id: CompId
    host: str = "127.0.0.1"
    port: Port = 9878
    plain_tcp_outside_loopback: bool = False
    """Without this, what is not TLS is served on loopback addresses only."""
    tls: Tls | None = None
    networks: tuple[str, ...] = ()
    """The only addresses that connections may come from, such as "192.0.2.0/24"; any if none is named."""
    lane: Lane = "native"
    """Who speaks the session layer: we, or the `quickfix` package (`spec/quickfix-lane.md`)."""
    logon_timeout_s: Annotated[int, msgspec.Meta(ge=1, le=300)] = 10
    slow_reader_timeout_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 30
    connections_max: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1_000
    logon_window_s: Annotated[int, msgspec.Meta(ge=1, le=120)] = 5
    """How far the SendingTime of a signed Logon may be from the venue's clock."""
    lockout_after: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 5
    """After how many failures in a row a session must wait before it may try to log on again, 1 s and longer."""


class MarketData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where market data is served, by a process of its own; as `fix` in all else."""

    host: str = "127.0.0.1"
    port: Port = 9879
    slow_reader_timeout_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 30


class Served(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way in for processes on other hosts: TCP with TLS 1.3, always, and certificates of both sides."""

    host: str
    port: Port
    certificate: str
    key: str
    """The venue's, PEM files, relative to where it is started. Files that change are taken anew while it serves."""
    client_ca: str
    """PEM file of the certificates that vouch for those of the other side: whoever shows one of these is heard."""
    certificates: tuple[str, ...] = ()
    """SHA-256 fingerprints, hexadecimal, of the only certificates that are heard; any if none is named."""
    networks: tuple[str, ...] = ()
    """The only addresses that connections may come from, such as "192.0.2.0/24"; any if none is named."""


class Remote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the venue is, for a process on another host, which has none of its files."""

    certificate: str
    key: str
    """This process's own, PEM files; they are read for each connection."""
    ca: str
    """PEM file of the certificates that vouch for the venue's, which must be for the host that is connected to."""
    feed: Address | None = None
    control: Address | None = None
    """As "venue.example:9880"; without one this process has the other part only."""
