"""The two lanes: who speaks the session layer to brokers, our own acceptor or that of the `quickfix` package.

A lane goes with a delivery of its own: what there is to say is the same, how it gets to the session is not.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from config.network import Fix
from engine.events import AnyEvent
from engine.overview import OnWire
from engine.sequencer import Sequencer
from fixgw import quickfix_settings
from fixgw.acceptor import Acceptor
from fixgw.authentication import Authenticator
from fixgw.delivery import Delivery
from fixgw.order_entry import OrderEntry
from fixgw.order_gateway import OrderGateway
from fixgw.reports import Reports
from fixgw.signed_logons import SignedLogons
from fixgw.vault import Vault

OUTBOUND: Final = "outbound"
QUICKFIX: Final = "quickfix"
"""Directories for what sessions have been sent, and for QuickFIX's own files."""


class Lane(Protocol):
    """Serves all sessions of the trading process on one address."""

    def refresh(self) -> None:
        """Serve all sessions that there are."""

    def session_changed(self, event: AnyEvent) -> None:
        """Do what staff want of a session; the record of it is on disk."""

    async def start(self) -> None:
        """Listen. Raise a `GatewayError` if that cannot be."""

    async def stop(self) -> None:
        """Log all sessions out, wait a little for their answers, and close every connection."""

    def committed(self) -> None:
        """Read on where reading had stopped for the disk."""

    def wires(self) -> dict[str, OnWire]:
        """Return what is known here of the sessions, and not in the journal, as far as it can be told at once."""

    def sequences(self) -> Iterator[tuple[str, int, int]]:
        """Yield each session's CompID, its next number in and its next number out."""


class Chosen(NamedTuple):
    """The lane that the settings choose: its delivery, and what makes it once that has been restored."""

    delivery: Delivery
    gateway: OrderGateway
    make: Callable[[], Lane]


def choose(settings: Fix, data: Path, sequencer: Sequencer, order_entry: OrderEntry) -> Chosen:
    """Return the lane that the settings choose. Raise `LaneError` if it cannot be had as they want it."""
    reports = Reports(order_entry.instruments)
    authenticator = Authenticator(
        Vault(data),
        window_s=settings.logon_window_s,
        lockout_after=settings.lockout_after,
        signed_logons=SignedLogons(data),
    )
    if settings.lane == "quickfix":
        quickfix_settings.check(settings)
        from fixgw.quickfix_lane import QuickFixLane  # noqa: PLC0415 - the package that it needs is an extra
        from fixgw.quickfix_outgoing import QuickFixDelivery  # noqa: PLC0415

        stored = QuickFixDelivery(data / OUTBOUND, sequencer, reports, data / QUICKFIX / "store")
        handed = OrderGateway(sequencer, order_entry, stored)
        return Chosen(
            stored, handed, lambda: QuickFixLane(settings, sequencer, handed, authenticator, stored, data / QUICKFIX)
        )
    delivery = Delivery(data / OUTBOUND, sequencer, reports)
    gateway = OrderGateway(sequencer, order_entry, delivery)
    return Chosen(delivery, gateway, lambda: Acceptor(settings, gateway, authenticator))
