"""A whole gateway without I/O, whatever brokers say: each message becomes a command that the engine takes, the journal
holds, and reports answer that are well formed; who said nothing keeps what is his.

Messages come in as on a connection: framed, with the shapes learned that were right before, and through the session.
"""

from typing import Final, cast

import msgspec

from engine.account import Account
from engine.commands import AnyCommand, ProvisionSession
from engine.events import AnyEvent, Trade
from engine.exchange import Exchange
from engine.frames import PAYLOAD_BYTES_MAX, decode_record, encode_value
from engine.profile import OnBehalf, SessionProfile, SessionRole, Throttle
from engine.sequencer import Sequencer
from fixgw.codec import Framer
from fixgw.delivery import Delivery
from fixgw.order_gateway import OrderGateway
from fixgw.outbound import Outbound
from fixgw.session import Session, SessionState
from fixgw.timestamps import format_utc
from fixgw.version import Version
from tests.engine.invariants import check_state
from tests.fixgw.venue import NOW_NS, Venue
from tests.fuzz.script import Line, framed, read, version_of

PROFILES: Final = {
    "BROKER1": SessionProfile(),
    "BROKER2": SessionProfile(
        instruments=("BTC/USD",), on_behalf_of=(OnBehalf("DESK", "ACC2"),), throttle=Throttle(3, 6, 3, 6)
    ),
    "BROKER4": SessionProfile(SessionRole.READ_ONLY),
}
"""Who speaks, by turns of the script: one who may do everything, one who has bounds, one who may look on.

Each speaks another version of FIX.
"""
BROKERS: Final = tuple(PROFILES)
ACCOUNTS: Final = {"BROKER1": ("ACC1", "ACC1B"), "BROKER2": ("ACC2",), "BROKER4": ("ACC1",)}
BYSTANDER: Final = "ACC3"
"""Whose account must not change but by trades of its orders."""
FINISHED_LOOKED_AT: Final = 50


def check_order_entry(data: bytes) -> None:
    """Let a script be said to a venue where another broker has orders."""
    floor = Floor({broker: version_of(data, turn) for turn, broker in enumerate(BROKERS)})
    for line in read(data):
        floor.hear(line)


class Floor:
    """A venue, a connection for each broker, and the bystander's account. It is the sequencer of its gateway, and its
    delivery, which has nobody's outgoing side.
    """

    def __init__(self, versions: dict[str, Version]) -> None:
        """`versions`: which each broker speaks."""
        self.outbounds: dict[str, Outbound] = {}
        self.venue = Venue()
        self.time_ns = NOW_NS
        for broker, unversioned in PROFILES.items():
            profile = msgspec.structs.replace(unversioned, version=versions[broker].name)
            self.venue.apply(ProvisionSession(broker, ACCOUNTS[broker], "hash", profile=profile))
        self.sessions = {broker: Session("FONDACO", broker, version=versions[broker]) for broker in BROKERS}
        self.framers = {broker: Framer() for broker in BROKERS}
        for session in self.sessions.values():
            session.state = SessionState.ACTIVE
        self.speaker = ""
        self.gateway = OrderGateway(cast("Sequencer", self), self.venue.order_entry, cast("Delivery", self))
        self.bystander = self.exchange.state.accounts[BYSTANDER]
        for name, side, price in (("REST1", "1", "90"), ("REST2", "2", "110")):
            self.venue.order(name, side, "1", price, by="BROKER3", more=f"1={BYSTANDER}|")

    @property
    def exchange(self) -> Exchange:
        return self.venue.exchange

    def hear(self, line: Line) -> None:
        self.time_ns += line.pause_ns
        self.speaker = broker = BROKERS[line.broker % len(BROKERS)]
        session, framer = self.sessions[broker], self.framers[broker]
        text = line.message(broker, session.next_in, format_utc(self.time_ns))
        for message in framer.receive(framed(text, session.version) if line.is_framed else text.encode("latin-1")):
            if session.accept(message, self.time_ns):
                asked = self.venue.sequence
                self.gateway.take(broker, session.next_in - 1, message, session.flaw, framer)
                assert self.venue.sequence == asked + 1, "each message is one command"
            session.answers.clear()
            session.resend_requests.clear()
            if session.state is not SessionState.ACTIVE:  # the broker comes back at once
                session.disconnected()
                session.state = SessionState.ACTIVE
                self.framers[broker] = framer = Framer()
                break

    def submit(self, command: AnyCommand) -> list[AnyEvent]:
        """Do what a sequencer does with a command, and check what comes of it."""
        venue = self.venue
        encoded = encode_value(command)
        before = _holdings(self.bystander)
        events = venue.apply(command)
        record = encode_value((venue.sequence, NOW_NS, command, events))
        assert len(record) <= PAYLOAD_BYTES_MAX
        read_back = decode_record(record)
        assert (encode_value(read_back.command), list(read_back.events)) == (encoded, events)
        assert events, "nothing is ignored"
        assert any(told.session == self.speaker for told in venue.tell(events)), "who asks is answered"
        if not _traded(events):
            assert _holdings(self.bystander) == before, "who said nothing keeps what is his"
        check_state(venue.exchange.state, FINISHED_LOOKED_AT)
        return events


def _holdings(account: Account) -> list[object]:
    """Return what an account has and is owed: its money, and what its open orders still may do."""
    holdings = [(name, each.available, each.reserved) for name, each in account.holdings.items()]
    return [*holdings, *((order.order_id, order.price, order.leaves_qty) for order in account.orders.values())]


def _traded(events: list[AnyEvent]) -> bool:
    """Tell whether the bystander's orders traded."""
    return any(isinstance(event, Trade) and event.maker_account == BYSTANDER for event in events)
