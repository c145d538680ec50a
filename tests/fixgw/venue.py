"""The whole gateway without I/O: what a broker says in, the reports that each session gets out.

Every report is held against the standard before it is returned, so that no test can see a bad one.
"""

from typing import Final

from engine import commands
from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.exchange import Exchange
from engine.profile import FIX_VERSIONS, SessionProfile
from fixgw.codec import SOH, Framer, Message, encode
from fixgw.delivery import recipients
from fixgw.order_entry import OrderEntry, refuse_flaw
from fixgw.reports import Report, Reports
from fixgw.session import SECOND_NS, Session, SessionState
from fixgw.support import SENT_HEADER
from fixgw.timestamps import format_utc
from fixgw.validation import find_flaw
from fixgw.version import Version, version_named

NOW_NS: Final = 1_795_000_000 * SECOND_NS
NOW: Final = format_utc(NOW_NS)
_HEAD: Final = f"35={{}}|49=FONDACO|56=BROKER1|34=2|52={NOW}|"
HEADER: Final = "49=BROKER1|56=FONDACO|34=2|52=20261118-11:06:40.000000|"


class Venue:
    """BTC/USD and ETH/USD, and brokers with an account or two, rich enough for what they do."""

    def __init__(
        self, *, maker_fee_bps: int = 0, taker_fee_bps: int = 2, funds: int = 10**16, version: str = "FIX.4.4"
    ) -> None:
        """`version`: which all sessions speak."""
        self.version = version_named(version)
        self.exchange = Exchange()
        self.sequence = 0
        self.apply(commands.AddAsset("BTC", 9))
        self.apply(commands.AddAsset("ETH", 9))
        self.apply(commands.AddAsset("USD", 8))
        for base in ("BTC", "ETH"):
            symbol = f"{base}/USD"
            self.apply(
                commands.AddInstrument(symbol, base, "USD", 1, 2, 1, 6, maker_fee_bps, taker_fee_bps, 10_000_000_000)
            )
        for account in ("ACC1", "ACC1B", "ACC2", "ACC3"):
            self.apply(commands.OpenAccount(account))
            for asset in ("BTC", "ETH", "USD"):
                self.apply(commands.Credit(account, asset, funds, f"{account} {asset}"))
        for comp_id, accounts in (
            ("BROKER1", ("ACC1", "ACC1B")),
            ("BROKER2", ("ACC2",)),
            ("BROKER3", ("ACC3", "ACC1")),
        ):
            profile = SessionProfile(version=version)
            self.apply(commands.ProvisionSession(comp_id, accounts, "hash", profile=profile))
        self.order_entry = OrderEntry(self.exchange.state)
        self.reports = Reports(self.order_entry.instruments)
        self.sessions = {name: Session("FONDACO", name, version=self.version) for name in self.exchange.state.sessions}
        for session in self.sessions.values():
            session.state = SessionState.ACTIVE

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        self.sequence += 1
        return self.exchange.apply(command, NOW_NS)

    def command(self, msg_type: str, fields: str, by: str = "BROKER1") -> AnyCommand:
        """Return what a message of `fields`, written `11=A|55=BTC/USD|`, is translated to."""
        session = self.sessions[by]
        begin_string = self.version.begin_string
        message = client_message(msg_type, fields, by=by, number=session.next_in, begin_string=begin_string)
        assert session.accept(message, NOW_NS), "a message for the application"
        if session.flaw is not None:
            return refuse_flaw(by, session.next_in - 1, message, session.flaw)
        return self.order_entry.translate(by, session.next_in - 1, message)

    def say(self, msg_type: str, fields: str, by: str = "BROKER1") -> "list[Told]":
        """Return who is told what when a message comes in."""
        return self.tell(self.apply(self.command(msg_type, fields, by)))

    def tell(self, events: list[AnyEvent]) -> "list[Told]":
        told = []
        for number, event in enumerate(events):
            for session, low_bit in recipients(event):
                report = self.reports.report(event, self.sequence, number << 1 | low_bit, NOW)
                check_report(report)
                told.append(Told(session, report))
        return told

    def order(
        self, cl_ord_id: str, side: str, qty: str, price: str, by: str = "BROKER1", more: str = ""
    ) -> "list[Told]":
        """Say a limit order, good till cancelled unless `more` says otherwise."""
        force = "" if "59=" in more else "59=1|"
        return self.say("D", f"11={cl_ord_id}|55=BTC/USD|54={side}|60={NOW}|38={qty}|40=2|44={price}|{force}{more}", by)


class Told:
    """A report as its receiver sees it."""

    def __init__(self, session: str, report: Report) -> None:
        self.session = session
        self.msg_type, self.body = report
        body = self.body
        self.text = body.replace(SOH, "|")
        self.pairs = [(tag, value) for tag, _, value in (piece.partition("=") for piece in body.split(SOH)[:-1])]
        self.fields = dict(reversed(self.pairs))

    def __getitem__(self, tag: str) -> str:
        return self.fields[tag]

    def __contains__(self, tag: str) -> bool:
        return tag in self.fields

    def has(self, expected: str) -> bool:
        """Tell whether all fields of `150=F|39=2|` are there."""
        return all(piece in self.text.split("|") for piece in expected.split("|") if piece)

    def __repr__(self) -> str:
        return f"<{self.session} {self.msg_type} {self.text}>"


def client_message(
    msg_type: str,
    fields: str,
    by: str = "BROKER1",
    number: int = 2,
    header: str = "",
    begin_string: str = "FIX.4.4",
) -> Message:
    """Return a message as it arrives."""
    body = f"35={msg_type}|49={by}|56=FONDACO|34={number}|52={NOW}|{header}{fields}".replace("|", SOH)
    (message,) = Framer().receive(encode(body, begin_string))
    return message


def check_rendered(report: Report, version: Version) -> None:
    """Assert that a report is a message that its version finds no fault with, what is announced aside."""
    msg_type, body = report
    (message,) = Framer().receive(encode(_HEAD.format(msg_type).replace("|", SOH) + body, version.begin_string))
    flaw = find_flaw(message, version.dictionary, frozenset(version.sent[msg_type]))
    assert flaw is None, (version.name, flaw, message)
    unannounced = {tag for tag, _ in message.pairs()} - {*SENT_HEADER, *version.sent[msg_type]}
    assert not unannounced, (version.name, unannounced, message)


def check_report(report: Report) -> None:
    """Assert that each version finds no fault with a report, the extensions that it is announced with aside."""
    for name in FIX_VERSIONS:
        version = version_named(name)
        if report[0] in version.sent:
            check_rendered(version.render(*report), version)
    msg_type, body = report
    (message,) = Framer().receive(encode(_HEAD.format(msg_type).replace("|", SOH) + body))
    if msg_type == "8":
        missing = {"37", "17", "150", "39", "1", "55", "54", "151", "14", "6", "60"} - message.fields.keys()
        assert missing <= ({"1"} if message.fields["37"] == "NONE" else set()), (missing, message)
    if msg_type in {"9", "r"}:
        assert {"60", "58"} <= message.fields.keys() or msg_type == "r", message
