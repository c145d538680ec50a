"""Where a connection comes from: its address, the networks that it may have to be in, the certificate that it shows."""

from asyncio import BaseTransport
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

Network = IPv4Network | IPv6Network


class Origin(NamedTuple):
    """A connection's other end. `address` is as Python writes it, or empty if it is not known."""

    address: str = ""
    certificate: str = ""
    """SHA-256 fingerprint of its TLS certificate, hexadecimal; empty if it has shown none."""

    @property
    def place(self) -> str:
        """What failures are counted by: the address, of IPv6 the /64, as one host has as many as it likes in it."""
        address = _parsed(self.address)
        if isinstance(address, IPv6Address):
            return str(IPv6Network((int(address) >> 64 << 64, 64)))
        return str(address) if address is not None else ""

    def is_in(self, networks: Iterable[str]) -> bool:
        """Tell whether the address is in one of some networks, in CIDR notation. One that is not known is in none."""
        address = _parsed(self.address)
        return address is not None and any(address in _network(network) for network in networks)


def origin_of(transport: BaseTransport) -> Origin:
    """Return where an accepted connection comes from."""
    peer = transport.get_extra_info("peername")
    tls = transport.get_extra_info("ssl_object")
    certificate = tls.getpeercert(binary_form=True) if tls is not None else None
    return Origin(peer[0] if peer else "", sha256(certificate).hexdigest() if certificate else "")


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address; that of an IPv4 client on an IPv6 socket is its own."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


@lru_cache(maxsize=4096)
def _network(text: str) -> Network:
    return ip_network(text)
