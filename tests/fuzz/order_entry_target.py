"""A whole gateway without I/O, whatever brokers say: each message becomes a command that the engine takes, the journal
holds, and reports answer that are well formed; who said nothing keeps what is his.

Messages come in as on a connection: framed, with the shapes learned that were right before, and through the session.
"""

from typing import Final

from engine.account import Account
from engine.commands import AnyCommand, Refuse
from engine.events import AnyEvent, Trade
from engine.frames import PAYLOAD_BYTES_MAX, decode_record, encode_value
from fixgw.codec import Framer, Message
from fixgw.order_entry import refuse_flaw
from fixgw.session import Session, SessionState
from fixgw.support import GROUPED
from tests.engine.invariants import check_state
from tests.fixgw.venue import NOW, NOW_NS, Venue
from tests.fuzz.script import framed, read

BROKERS: Final = ("BROKER1", "BROKER2")
"""Who speaks."""
BYSTANDER: Final = "ACC3"
"""Whose account must not change but by trades of its orders."""
FINISHED_LOOKED_AT: Final = 50


def check_order_entry(data: bytes) -> None:
    """Let a script be said to a venue where another broker has orders."""
    floor = Floor()
    for line in read(data):
        broker = BROKERS[line.broker % len(BROKERS)]
        session = floor.venue.sessions[broker]
        text = line.message(broker, session.next_in, NOW)
        floor.hear(broker, framed(text) if line.is_framed else text.encode("latin-1"))


class Floor:
    """A venue, a connection for each broker, and the bystander's account."""

    def __init__(self) -> None:
        self.venue = Venue()
        self.framers = {broker: Framer() for broker in BROKERS}
        self.bystander = self.venue.exchange.state.accounts[BYSTANDER]
        for name, side, price in (("REST1", "1", "90"), ("REST2", "2", "110")):
            self.venue.order(name, side, "1", price, by="BROKER3", more=f"1={BYSTANDER}|")

    def hear(self, broker: str, raw: bytes) -> None:
        framer, session = self.framers[broker], self.venue.sessions[broker]
        for message in framer.receive(raw):
            if session.accept(message, NOW_NS):
                command = self._command(broker, session, message)
                self._carry_out(command, broker)
                if not message.known and type(command) is not Refuse and message.msg_type not in GROUPED:
                    framer.learn(message)
            session.answers.clear()
            session.resend_requests.clear()
            if session.state is not SessionState.ACTIVE:  # the broker comes back at once
                session.disconnected()
                session.state = SessionState.ACTIVE
                self.framers[broker] = Framer()

    def _command(self, broker: str, session: Session, message: Message) -> AnyCommand:
        if session.flaw is not None:
            return refuse_flaw(broker, session.next_in - 1, message, session.flaw)
        return self.venue.order_entry.translate(broker, session.next_in - 1, message)

    def _carry_out(self, command: AnyCommand, broker: str) -> None:
        venue = self.venue
        encoded = encode_value(command)
        before = _holdings(self.bystander)
        events = venue.apply(command)
        record = encode_value((venue.sequence, NOW_NS, command, events))
        assert len(record) <= PAYLOAD_BYTES_MAX
        read_back = decode_record(record)
        assert (encode_value(read_back.command), list(read_back.events)) == (encoded, events)
        assert events, "nothing is ignored"
        assert any(told.session == broker for told in venue.tell(events)), "who asks is answered"
        if not _traded(events):
            assert _holdings(self.bystander) == before, "who said nothing keeps what is his"
        check_state(venue.exchange.state, FINISHED_LOOKED_AT)


def _holdings(account: Account) -> list[object]:
    """Return what an account has and is owed: its money, and what its open orders still may do."""
    holdings = [(name, each.available, each.reserved) for name, each in account.holdings.items()]
    return [*holdings, *((order.order_id, order.price, order.leaves_qty) for order in account.orders.values())]


def _traded(events: list[AnyEvent]) -> bool:
    """Tell whether the bystander's orders traded."""
    return any(isinstance(event, Trade) and event.maker_account == BYSTANDER for event in events)
