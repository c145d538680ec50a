"""The builders' venue, spoken to in FIX: a message in as text, the reports on what it caused out as fields."""

from engine.events import AnyEvent
from engine.values import BUY, Side
from fixgw.codec import SOH, Framer, encode
from fixgw.delivery import recipients
from fixgw.order_entry import OrderEntry
from fixgw.reports import Reports
from fixgw.timestamps import format_utc
from fixgw.validation import find_value_flaw
from fixgw.version import FIX44
from tests.engine.builders import SYMBOL, Venue

TIME = "20261123-03:12:25"

Fields = dict[str, str]
_OF_AN_AFFECTED_ORDER = ("41", "535")


class FixVenue(Venue):
    def __init__(self) -> None:
        super().__init__()
        self.order_entry = OrderEntry(self.state)
        self.reports = Reports(self.order_entry.instruments)

    def send(self, msg_type: str, text: str, session: str = "A") -> list[Fields]:
        """Send a message, its fields parted by spaces (`_` stands for one within a value); return what is reported."""
        body = SOH.join(field.replace("_", " ") for field in text.split())
        header = f"35={msg_type}|49={session}|56=V|34=1|52={TIME}|".replace("|", SOH)
        (message,) = Framer().receive(encode(f"{header}{body}{SOH}"))
        return self.told(self.apply(self.order_entry.translate(session, 1, message)))

    def enter(self, text: str, side: Side = BUY, account: str = "A", cl_ord_id: str = "") -> list[Fields]:
        """Enter an order for account and session `account`."""
        ids = f"11={cl_ord_id or self.next_id()} 1={account} 55={SYMBOL} 54={side:d} 60={TIME}"
        return self.send("D", f"{ids} {text}", account)

    def told(self, events: list[AnyEvent]) -> list[Fields]:
        """Return the reports on events, having held each value to FIX 4.4."""
        reports = []
        for number, event in enumerate(events):
            for _, low_bit in recipients(event):
                time = format_utc(self.applied[-1][1])
                msg_type, body = self.reports.report(event, len(self.applied), number << 1 | low_bit, time)
                pairs = [field.partition("=")[::2] for field in body.rstrip(SOH).split(SOH)]
                once = [tag for tag, _ in pairs if msg_type != "r" or tag not in _OF_AN_AFFECTED_ORDER]
                assert len(set(once)) == len(once), "a field comes twice"
                for tag, value in pairs:
                    assert find_value_flaw(tag, value, FIX44.dictionary) is None, (tag, value)
                reports.append({"35": msg_type, **dict(pairs)})
        return reports
