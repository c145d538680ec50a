"""Two ends of a session over a link that breaks at any moment, and a venue that is killed: everything that one side's
application says reaches the other's exactly once and in order.
"""

from collections import deque
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fixgw.codec import Framer, Message, encode
from fixgw.session import SECOND_NS, Session, SessionState
from fixgw.timestamps import format_utc

NEWS = "148=news\x0133=1\x0158={}\x01"


class Side:
    """One end: the session under test for what comes in, and for what goes out the simplest thing that is right."""

    def __init__(self, own: str, other: str) -> None:
        self.session = Session(own, other)
        self.header = f"49={own}\x0156={other}\x01"
        self.next_out = 1
        self.said: dict[int, tuple[str, str]] = {}
        """Texts of application messages, with their SendingTime, by number."""
        self.heard: list[str] = []
        self.last_heard = 0
        """MsgSeqNum of the last application message heard: what is left of `next_in` if the side is killed."""
        self.wire: deque[Message] = deque()
        """On the way to the other side."""

    @property
    def is_logged_on(self) -> bool:
        return self.session.state is SessionState.ACTIVE

    def put(self, msg_type: str, number: int, body: str, now: str, repeats: str = "") -> None:
        extra = f"43=Y\x01122={repeats}\x01" if repeats else ""
        raw = encode(f"35={msg_type}\x01{self.header}34={number}\x0152={now}\x01{extra}{body}")
        self.wire += Framer().receive(raw)

    def say(self, text: str, now: str) -> None:
        self.said[self.next_out] = (text, now)
        if self.is_logged_on:
            self.put("B", self.next_out, NEWS.format(text), now)
        self.next_out += 1

    def administer(self, msg_type: str, body: str, now: str) -> None:
        self.put(msg_type, self.next_out, body, now)
        self.next_out += 1

    def send_again(self, begin: int, end: int, now: str) -> None:
        end = min(end or self.next_out - 1, self.next_out - 1)
        gap_from = 0
        for number in range(begin, end + 2):
            if number <= end and number not in self.said:
                gap_from = gap_from or number
                continue
            if gap_from:
                self.put("4", gap_from, f"123=Y\x0136={number}\x01", now, repeats=now)
                gap_from = 0
            if number <= end:
                text, said_at = self.said[number]
                self.put("B", number, NEWS.format(text), now, repeats=said_at)

    def hear(self, message: Message, now_ns: int) -> None:
        session, now = self.session, format_utc(now_ns)
        if message.msg_type == "A":
            assert session.check_logon(message, now_ns) == ""
            problem = session.begin(message, now_ns, self.next_out)
            assert problem == ""
            if self.header.startswith("49=CLIENT"):
                session.answers.pop(0)  # it was the client who began
        elif session.state is SessionState.AWAITING_LOGON:
            assert self.header.startswith("49=CLIENT"), "the venue hears a Logon first"
            return
        elif session.accept(message, now_ns):
            assert session.flaw is None
            self.heard.append(message.fields["58"])
            self.last_heard = session.next_in - 1
        assert session.state is not SessionState.CLOSED, session.close_reason
        self.follow_up(now)

    def follow_up(self, now: str) -> None:
        for msg_type, body in self.session.answers:
            self.administer(msg_type, body, now)
        self.session.answers.clear()
        for begin, end in self.session.resend_requests:
            self.send_again(begin, end, now)
        self.session.resend_requests.clear()


class LossyLink(RuleBasedStateMachine):
    """What can happen between a client and the venue, and on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = 1_795_000_000 * SECOND_NS
        self.client, self.venue = Side("CLIENT", "VENUE"), Side("VENUE", "CLIENT")
        self.is_connected = False
        self.delivered_ns = 0
        """When the link last delivered all there was and each side had something to say."""
        self.texts = count()
        self.intended: dict[str, list[str]] = {"client": [], "venue": []}

    @property
    def now(self) -> str:
        return format_utc(self.now_ns)

    @rule(by=st.sampled_from(("client", "venue")), how_many=st.integers(1, 4))
    def say(self, by: str, how_many: int) -> None:
        for _ in range(how_many):
            text = str(next(self.texts))
            self.intended[by].append(text)
            (self.client if by == "client" else self.venue).say(text, self.now)

    @precondition(lambda self: not self.is_connected)
    @rule(next_expected=st.booleans())
    def connect(self, next_expected: bool) -> None:
        self.is_connected = True
        expects = f"789={self.client.session.next_in}\x01" if next_expected else ""
        self.client.administer("A", f"98=0\x01108=10\x01{expects}", self.now)

    @precondition(lambda self: self.is_connected)
    @rule()
    def disconnect(self) -> None:
        self.is_connected = False
        for side in (self.client, self.venue):
            side.wire.clear()
            side.session.disconnected()

    @rule(burned=st.integers(0, 5))
    def kill_venue(self, burned: int) -> None:
        """Only the journal's numbers are left: the last command's coming in, the reserved block going out."""
        if self.is_connected:
            self.disconnect()
        self.venue.session = Session("VENUE", "CLIENT", self.venue.last_heard + 1)
        self.venue.next_out += burned

    @precondition(lambda self: self.client.wire)
    @rule(how_many=st.integers(1, 6))
    def deliver_to_venue(self, how_many: int) -> None:
        for _ in range(min(how_many, len(self.client.wire))):
            self.venue.hear(self.client.wire.popleft(), self.now_ns)

    @precondition(lambda self: self.venue.wire)
    @rule(how_many=st.integers(1, 6))
    def deliver_to_client(self, how_many: int) -> None:
        for _ in range(min(how_many, len(self.venue.wire))):
            self.client.hear(self.venue.wire.popleft(), self.now_ns)

    @rule(seconds=st.sampled_from((1, 5, 11)), link_is_slow=st.booleans())
    def let_time_pass(self, seconds: int, link_is_slow: bool) -> None:
        """A link that is up delivers before silence counts as death; whoever is logged on notices the time."""
        if not link_is_slow or self.now_ns + seconds * SECOND_NS - self.delivered_ns > 20 * SECOND_NS:
            self.deliver_all()
        self.now_ns += seconds * SECOND_NS
        for side in (self.client, self.venue):
            if side.is_logged_on:
                side.session.tick(self.now_ns)
                side.follow_up(self.now)

    def deliver_all(self) -> None:
        if self.client.wire and self.venue.wire:
            self.delivered_ns = self.now_ns
        for _ in range(10_000):
            if not self.client.wire and not self.venue.wire:
                return
            self.deliver_to_venue(6)
            self.deliver_to_client(6)
        raise AssertionError("the two never stop talking")

    @invariant()
    def nothing_is_heard_twice_or_out_of_order(self) -> None:
        for by, side in (("client", self.venue), ("venue", self.client)):
            assert side.heard == self.intended[by][: len(side.heard)]

    def teardown(self) -> None:
        """Once the link stays up, everything arrives."""
        if not self.is_connected:
            self.connect(next_expected=False)
        self.deliver_all()
        for _ in range(3):
            self.let_time_pass(11, link_is_slow=False)
        self.deliver_all()
        assert self.client.is_logged_on
        assert self.venue.heard == self.intended["client"]
        assert self.client.heard == self.intended["venue"]


TestLossyLink = LossyLink.TestCase
TestLossyLink.settings = settings(max_examples=150, stateful_step_count=40)
