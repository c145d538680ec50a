"""Writes `examples.md`: conversations with the venue, word for word. `python -m spec.examples`, from the repository.

A venue on files of its own and brokers on wires of memory (`tests/fixgw/house.py`) say what stands here; the clock
stands still unless it is moved. A test holds the page to what they say today.
"""

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from engine.commands import ClockTick, EndTradingDay, ProvisionSession, SetPhase
from engine.profile import CopyScope, OnBehalf, SessionProfile, SessionRole
from engine.values import Phase
from fixgw.codec import Message, readable
from fixgw.version import version_named
from tests.fixgw.house import QUICK_HASH, Broker, House
from tests.fixgw.market_house import MarketHouse

SPEC: Final = Path(__file__).parent
FIX42: Final = version_named("FIX.4.2")


class Chapter:
    """One conversation: who said what, in order."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.lines: list[str] = []

    async def broker(self, comp_id: str = "BROKER1", fields: str = "", *, quietly: bool = True) -> "Speaker":
        """Return a broker that has logged on."""
        speaker = Speaker(self.house, comp_id)
        if not quietly:
            speaker.lines = self.lines
        await speaker.log_on(f"{fields}553={comp_id}|554=secret|")
        speaker.lines = self.lines
        return speaker

    def note(self, text: str) -> None:
        """Say what happens between two messages."""
        self.lines.append(f"        {text}")


class Speaker(Broker):
    """A broker whose conversation is written down."""

    lines: list[str] | None = None

    def write(self, sign: str, raw: bytes) -> None:
        if self.lines is not None:
            self.lines.append(f"{self.comp_id} {sign} {readable(raw)}")

    def put(self, raw: bytes) -> None:
        self.write(">", raw)
        super().put(raw)

    def hear(self) -> list[Message]:
        messages = super().hear()
        for message in messages:
            self.write("<", message.raw)
        return messages

    def say(self, msg_type: str, fields: str = "", number: int = 0, header: str = "") -> int:
        if self.version is FIX42 and "21=" not in fields:
            fields = _handled(msg_type, fields)
        return super().say(msg_type, fields, number, header)

    async def ask(self, msg_type: str, fields: str, header: str = "") -> None:
        """Say something, and hear all that comes of it."""
        self.say(msg_type, fields, header=header)
        await self.heard_now()


def _handled(msg_type: str, fields: str) -> str:
    """Return an order's fields with HandlInst, which FIX 4.2 wants to have."""
    if msg_type in {"D", "G"}:
        return f"{fields}21=1|"
    return re.sub(r"(?<=\|)(67=[0-9]+\|)", r"\g<1>21=1|", fields) if msg_type == "E" else fields


T: Final = "60=20261118-11:06:40|"
OF_BTC: Final = f"55=BTC/USD|54=1|{T}"


def order(name: str, qty: str = "1", price: str = "50000", side: str = "1", force: str = "1") -> str:
    return f"11={name}|55=BTC/USD|54={side}|{T}38={qty}|40=2|44={price}|59={force}|"


async def logon(chapter: Chapter) -> None:
    broker = await chapter.broker(fields="141=Y|", quietly=False)
    await broker.ask("1", "112=ARE-YOU-THERE|")
    await broker.ask("5", "58=good night|")


async def refused_logon(chapter: Chapter) -> None:
    await chapter.broker(fields="789=9|", quietly=False)


async def rest_and_fill(chapter: Chapter) -> None:
    maker, taker = await chapter.broker(), await chapter.broker("BROKER2")
    await maker.ask("D", order("M1", "0.5"))
    await taker.ask("D", order("T1", "0.75", "49999.99", "2", "0"))
    maker.hear()


async def market(chapter: Chapter) -> None:
    maker, taker = await chapter.broker(), await chapter.broker("BROKER2")
    maker.lines = None
    await maker.ask("D", order("M1", "0.5"))
    await maker.ask("D", order("M2", "1", "49999.99"))
    await taker.ask("D", f"11=T1|55=BTC/USD|54=2|{T}38=0.8|40=1|")


async def immediate(chapter: Chapter) -> None:
    broker = await chapter.broker()
    await broker.ask("D", order("O1", force="3"))
    await broker.ask("D", order("O2", force="4"))


async def rejected(chapter: Chapter) -> None:
    broker = await chapter.broker()
    await broker.ask("D", order("O1", qty="10000", price="200000"))
    await broker.ask("D", order("O2", price="50000.001"))
    await broker.ask("D", f"{order('O3')}210=1|")
    await broker.ask("D", f"11=O4|{OF_BTC}38=1|40=2|")
    await broker.ask("D", order("O5").replace("54=1", "54=Z"))


async def cancel(chapter: Chapter) -> None:
    broker = await chapter.broker()
    broker.lines = None
    await broker.ask("D", order("O1"))
    broker.lines = chapter.lines
    await broker.ask("F", f"11=C1|41=O1|{OF_BTC}")
    await broker.ask("F", f"11=C2|41=O1|{OF_BTC}")
    await broker.ask("F", f"11=C3|41=O9|{OF_BTC}")


async def replace(chapter: Chapter) -> None:
    broker = await chapter.broker()
    broker.lines = None
    await broker.ask("D", order("O1"))
    broker.lines = chapter.lines
    await broker.ask("G", f"11=R1|41=O1|{OF_BTC}38=2|40=2|44=50000.5|59=1|")
    await broker.ask("G", f"11=R2|41=R1|{OF_BTC}38=2|40=2|44=50000.001|59=1|")


async def by_order_id(chapter: Chapter) -> None:
    broker = await chapter.broker()
    await broker.ask("D", order("O1"))
    await broker.ask("G", f"37=1|11=R1|41=NONE|{OF_BTC}38=0.5|40=2|44=50000|59=1|")
    await broker.ask("F", f"37=1|11=C1|41=NONE|{OF_BTC}")


async def iceberg(chapter: Chapter) -> None:
    maker, taker = await chapter.broker(), await chapter.broker("BROKER2")
    taker.lines = None
    await maker.ask("D", f"{order('M1', '10')}111=1|")
    for name, qty in (("T1", "0.4"), ("T2", "0.6")):
        await taker.ask("D", order(name, qty, side="2"))
        maker.hear()
    await maker.ask("G", f"11=R1|41=M1|{OF_BTC}38=10|40=2|44=50000|59=1|111=0.5|")


async def for_an_amount(chapter: Chapter) -> None:
    maker, taker = await chapter.broker(), await chapter.broker("BROKER2")
    maker.lines = None
    await maker.ask("D", order("M1", "0.5", side="2"))
    await taker.ask("D", f"11=T1|{OF_BTC}152=10000|40=1|")
    await taker.ask("D", f"11=T2|{OF_BTC}152=20000|40=1|")


async def pegged(chapter: Chapter) -> None:
    broker, taker = await chapter.broker(), await chapter.broker("BROKER2")
    broker.lines = None
    await broker.ask("D", order("M1", "1", "50000"))
    await broker.ask("D", order("M2", "1", "50010", "2"))
    broker.lines = chapter.lines
    await broker.ask("D", f"11=P1|55=BTC/USD|54=2|{T}38=0.5|40=P|18=M|211=0.05|44=50001|")
    await taker.ask("D", order("T1", "0.5", "50006"))
    broker.hear()


async def stop(chapter: Chapter) -> None:
    broker, other = await chapter.broker(), await chapter.broker("BROKER2")
    broker.lines = other.lines = None
    for name, price in (("M1", "50000"), ("M2", "50020")):
        await broker.ask("D", order(name, "0.1", price))
        await other.ask("D", order(f"T{name}", "0.1", price, "2"))
    await other.ask("D", order("M3", "0.5", "49990"))
    broker.hear()
    broker.lines = chapter.lines
    await broker.ask("D", f"11=S1|55=BTC/USD|54=2|{T}38=0.5|40=P|18=a|211=25|")
    await other.ask("D", order("M4", "0.1", "49995"))
    await other.ask("D", order("T4", "0.1", "49995", "2"))
    broker.hear()


async def order_list(chapter: Chapter) -> None:
    broker, seller = await chapter.broker(), await chapter.broker("BROKER2")
    seller.lines = None
    first = f"11=A|67=1|55=BTC/USD|54=1|{T}38=1|40=2|44=50000|59=1|"
    second = f"11=B|67=2|55=BTC/USD|54=2|{T}38=1|40=2|44=51000|59=1|"
    await broker.ask("E", f"66=L1|394=3|68=2|1385=2|73=2|{first}{second}")
    await seller.ask("D", order("S1", side="2"))
    broker.hear()
    await broker.ask("G", f"11=R1|41=B|55=BTC/USD|54=2|{T}38=1|40=2|44=52000|59=1|")
    await broker.ask("M", "66=L1|")
    await broker.ask("K", f"66=L1|{T}")


async def self_trade(chapter: Chapter) -> None:
    broker = await chapter.broker()
    broker.lines = None
    await broker.ask("D", order("O1", "0.75", side="2"))
    broker.lines = chapter.lines
    await broker.ask("D", f"{order('O2', '0.25')}7928=D|")
    await broker.ask("D", f"{order('O3', '0.25')}7928=N|")


async def auction(chapter: Chapter) -> None:
    broker = await chapter.broker()
    await broker.ask("e", "324=S1|55=BTC/USD|263=1|")
    chapter.note("the instrument goes into its opening auction")
    chapter.house.sequencer.submit(SetPhase("BTC/USD", Phase.OPENING_AUCTION, "staff", ""))
    await broker.heard_now()
    await broker.ask("D", order("O1", "0.5", "50010", force="2"))
    await broker.ask("D", order("O2", "0.3", "49990", "2"))
    await broker.ask("D", order("O3", "0.1", force="3"))
    chapter.note("a second later")
    chapter.house.now_ns += 1_000_000_000
    chapter.house.sequencer.begin_batch()
    chapter.house.sequencer.submit(ClockTick())
    await broker.heard_now()
    chapter.note("the auction ends")
    chapter.house.sequencer.submit(SetPhase("BTC/USD", Phase.CONTINUOUS, "staff", ""))
    await broker.heard_now()


async def mass_cancel(chapter: Chapter) -> None:
    broker = await chapter.broker()
    broker.lines = None
    await broker.ask("D", order("O1"))
    await broker.ask("D", order("O2", price="49999"))
    broker.lines = chapter.lines
    await broker.ask("q", f"11=Q1|530=1|55=BTC/USD|{T}")


async def status(chapter: Chapter) -> None:
    broker = await chapter.broker()
    broker.lines = None
    await broker.ask("D", order("O1"))
    await broker.ask("D", order("O2", price="49999"))
    broker.lines = chapter.lines
    await broker.ask("H", "11=O1|55=BTC/USD|54=1|790=H1|")
    await broker.ask("H", "11=O9|55=BTC/USD|54=1|790=H2|")
    await broker.ask("AF", "584=S1|585=7|")


async def copies(chapter: Chapter) -> None:
    copied = CopyScope(firms=("BROKER1-A", "BROKER2-A"), fills_only=True)
    profile = SessionProfile(SessionRole.DROP_COPY, chapter.house.version.name, copies=copied)
    chapter.house.sequencer.submit(ProvisionSession("CLEARER", (), QUICK_HASH, profile=profile))
    await chapter.house.settle()
    clearer, maker, taker = [await chapter.broker(name) for name in ("CLEARER", "BROKER1", "BROKER2")]
    maker.lines = taker.lines = None
    await maker.ask("D", order("M1", "0.5"))
    await taker.ask("D", order("T1", "0.5", side="2"))
    await clearer.heard_now()
    await clearer.ask("AD", "568=R1|569=0|17=T1-1|")


async def full_book(chapter: Chapter) -> None:
    subscriber, maker, taker = await followed(chapter)
    maker.lines = taker.lines = None
    await maker.ask("D", order("M1", "0.5"))
    await subscriber.heard_now()
    maker.lines = taker.lines = chapter.lines
    await subscriber.ask("V", "262=R1|263=1|264=0|265=1|266=N|267=3|269=0|269=1|269=2|146=1|55=BTC/USD|")
    await maker.ask("D", order("M2", "1", "49999"))
    await subscriber.heard_now()
    await taker.ask("D", order("T1", "0.2", side="2"))
    await subscriber.heard_now()
    await subscriber.ask("V", "262=R1|263=2|264=0|267=1|269=0|146=1|55=BTC/USD|")


async def levels_and_statistics(chapter: Chapter) -> None:
    subscriber, maker, taker = await followed(chapter)
    maker.lines = taker.lines = None
    types = "267=6|269=0|269=1|269=4|269=7|269=8|269=B|"
    await subscriber.ask("V", f"262=R1|263=1|264=1|265=1|{types}146=1|55=BTC/USD|")
    await maker.ask("D", order("M1", "0.5"))
    await maker.ask("D", order("M2", "0.25"))
    await subscriber.heard_now()
    await taker.ask("D", order("T1", "0.75", side="2"))
    await subscriber.heard_now()
    await subscriber.ask("V", f"262=R2|263=0|264=500|{types}146=1|55=BTC/USD|")


async def followed(chapter: Chapter) -> list[Speaker]:
    """Return a subscriber to market data, and two brokers."""
    market = await MarketHouse.beside(chapter.house)
    subscriber = Speaker(market, "MD1")
    await subscriber.log_on("553=MD1|554=secret|")
    subscriber.lines = chapter.lines
    return [subscriber, await chapter.broker(), await chapter.broker("BROKER2")]


async def instruments(chapter: Chapter) -> None:
    broker = await chapter.broker()
    await broker.ask("c", "320=Q1|321=0|55=BTC/USD|")


async def for_a_client(chapter: Chapter) -> None:
    profile = SessionProfile(version=chapter.house.version.name, on_behalf_of=(OnBehalf("FUND1", "BROKER2-A"),))
    accounts = ("BROKER1-A", "BROKER2-A")
    chapter.house.sequencer.submit(ProvisionSession("BROKER1", accounts, QUICK_HASH, profile=profile))
    await chapter.house.settle()
    broker = await chapter.broker()
    await broker.ask("D", order("O1"), header="115=FUND1|")
    await broker.ask("D", f"{order('O2')}453=1|448=FUND1|447=D|452=3|")
    await broker.ask("D", order("O3"), header="115=FUND2|")


async def balances(chapter: Chapter) -> None:
    broker = await chapter.broker()
    broker.lines = None
    await broker.ask("D", order("O1"))
    broker.lines = chapter.lines
    await broker.ask("AN", f"710=P1|724=0|1=BROKER1-A|581=1|715=20261118|{T}")
    await broker.ask("BB", "909=C1|")


async def expiry(chapter: Chapter) -> None:
    broker = await chapter.broker()
    broker.lines = None
    await broker.ask("D", order("O1", force="0"))
    broker.lines = chapter.lines
    chapter.note("the trading day ends")
    chapter.house.sequencer.submit(EndTradingDay(20261118))
    await broker.heard_now()


async def resend(chapter: Chapter) -> None:
    broker = await chapter.broker()
    await broker.ask("D", order("O1"))
    await broker.ask("1", "112=X|")
    await broker.ask("D", order("O2", price="49999"))
    chapter.note("two seconds later")
    chapter.house.now_ns += 2_000_000_000
    await broker.ask("2", "7=1|16=0|")


async def missed(chapter: Chapter) -> None:
    maker, taker = await chapter.broker(), await chapter.broker("BROKER2")
    await maker.ask("D", order("M1"))
    chapter.note("the connection breaks; meanwhile the order is filled")
    maker.wire.break_off()
    taker.lines = None
    await taker.ask("D", order("T1", side="2"))
    chapter.note("the broker comes back, and asks for what it has missed")
    await maker.log_on("553=BROKER1|554=secret|")
    await maker.ask("2", "7=3|16=0|")
    chapter.note("or says at once which number it expects")
    maker.wire.break_off()
    await maker.log_on("789=3|553=BROKER1|554=secret|")
    await maker.heard_now()


async def reset(chapter: Chapter) -> None:
    maker, taker = await chapter.broker(), await chapter.broker("BROKER2")
    await maker.ask("D", order("M1"))
    chapter.note("the connection breaks; meanwhile the order is filled")
    maker.wire.break_off()
    taker.lines = None
    await taker.ask("D", order("T1", side="2"))
    chapter.note("the broker comes back with new numbers")
    await maker.log_on("141=Y|553=BROKER1|554=secret|")
    await maker.heard_now()


async def killed(chapter: Chapter) -> None:
    broker = await chapter.broker()
    await broker.ask("D", order("O1"))
    chapter.note("the power fails before the index of what was sent is on disk; the order was")
    await chapter.house.kill()
    chapter.house = broker.house = await chapter.house.restarted(boot="another")
    await broker.log_on("553=BROKER1|554=secret|")
    await broker.ask("2", "7=3|16=0|")


async def possible_resend(chapter: Chapter) -> None:
    broker = await chapter.broker()
    await broker.ask("D", order("O1"))
    await broker.ask("D", order("O1"))
    await broker.ask("D", order("O1"), "97=Y|")


CHAPTERS: Final[tuple[tuple[str, str, Callable[[Chapter], Awaitable[None]]], ...]] = (
    ("Logon, TestRequest, Logout", "A Logon that resets both sequences.", logon),
    ("A Logon that is refused", "It expects a number that has never been used.", refused_logon),
    ("An order rests, and is filled", "The maker hears of the fill when it happens.", rest_and_fill),
    ("A market order", "It trades at two prices; AvgPx(6) is that of both.", market),
    ("Immediate or cancel, fill or kill", "There is nothing to trade against.", immediate),
    (
        "Orders that are refused",
        "Too little money; a price off the tick; a field that the venue does not take; no price; an unknown side.",
        rejected,
    ),
    ("Cancels", "In time, too late, and of an order that never was.", cancel),
    ("Replaces", "The second is refused, and the order lives on.", replace),
    ("By OrderID alone", "OrigClOrdID(41) says that there is none.", by_order_id),
    (
        "An iceberg",
        "It displays 1 of its 10; what is left of that keeps its place, and then the next part shows. Then less of it.",
        iceberg,
    ),
    (
        "Orders for an amount",
        "The first buys what 10000 dollars pay for, the fee included. The book has less than what the second asks for.",
        for_an_amount,
    ),
    (
        "A pegged order",
        "It sells five cents above the middle of 50000 and 50010, unseen, and is found by one who would pay more.",
        pegged,
    ),
    (
        "A trailing stop",
        "It sells 25 below the highest price since it came. Others trade as low as that, and it finds a bid at 49990.",
        stop,
    ),
    (
        "One triggers the other",
        "A sale waits until the purchase is filled, and then enters. It is replaced, the list asked for and cancelled.",
        order_list,
    ),
    (
        "Trades with yourself",
        "The first takes its quantity off the offer that it would have met, and is gone; the second is cancelled.",
        self_trade,
    ),
    (
        "An opening auction",
        "One order for it alone, one that may rest, one that it does not take. What is left of the first is cancelled.",
        auction,
    ),
    ("A mass cancel", "All orders in one instrument.", mass_cancel),
    ("Status", "Of one order, of one that never was, and of all that are open.", status),
    ("Balances", "As positions and as collateral; a bid has reserved what it and its fee can cost.", balances),
    (
        "For a client",
        "In the header, in the body, and for one that the session may not act for.",
        for_a_client,
    ),
    (
        "Drop copy",
        "A clearing member gets the fills of both sides as they happen, and asks for the trades from an ExecID on.",
        copies,
    ),
    ("A DAY order expires", "Nobody asked for it.", expiry),
    (
        "An order that may have been sent before",
        "Its ClOrdID is known: refused, unless PossResend(97) says so.",
        possible_resend,
    ),
    (
        "Market data: the full book",
        "Order by order, with trades: a snapshot, then each change with the number that reports on it have.",
        full_book,
    ),
    (
        "Market data: the top of the book, and statistics",
        "Levels are told as they stand; what cannot be had is rejected.",
        levels_and_statistics,
    ),
    ("What an instrument is", "Its increments, limits and fees.", instruments),
    ("Asking again", "Reports come again as they were; all else becomes gap fills.", resend),
    ("After a broken connection", "What happened meanwhile has its number already.", missed),
    ("After a broken connection, with a reset", "What was never sent is sent under the new numbers.", reset),
    (
        "After a power failure",
        "Numbers that may have been used are not used again; a report that may have arrived under one of them says so.",
        killed,
    ),
)


async def in_its_version(chapter: Chapter) -> None:
    maker, taker = await chapter.broker(quietly=False), await chapter.broker("BROKER2")
    await maker.ask("D", order("M1", "0.5"))
    await taker.ask("D", order("T1", "0.2", side="2", force="3"))
    maker.hear()
    await maker.ask("G", f"11=M2|41=M1|{OF_BTC}38=0.6|40=2|44=50000|59=1|")
    await maker.ask("H", "11=M2|55=BTC/USD|54=1|")
    await maker.ask("D", order("M3", price="50000.001"))
    await maker.ask("q", f"11=C1|530=7|{T}")


async def replayed(chapter: Chapter) -> None:
    maker, taker = await chapter.broker(), await chapter.broker("BROKER2")
    await maker.ask("D", order("M1"))
    taker.lines = None
    await taker.ask("D", order("T1", "0.2", side="2", force="3"))
    await maker.heard_now()
    await maker.ask("F", f"11=M2|41=M1|{OF_BTC}")
    first = next(message.fields["1181"] for message in maker.heard if message.fields.get("150") == "F")
    await maker.ask("BW", f"1346=R1|1347=0|1351=1|1355=REPORTS|1182={first}|1183=0|")
    await maker.ask("BW", "1346=R2|1347=0|1351=1|1355=REPORTS|1182=1000|1183=0|")


VERSIONS: Final[tuple[tuple[str, str, str, Callable[[Chapter], Awaitable[None]]], ...]] = (
    (
        "In FIX 4.2",
        "ExecTransType(20) tells a status from what happens; the fee is a commission; there is no mass cancel.",
        "FIX.4.2",
        in_its_version,
    ),
    (
        "In FIX 5.0SP2",
        "The session is FIXT 1.1's; the Logon names the application's version.",
        "FIX.5.0SP2",
        in_its_version,
    ),
    (
        "Reports once more, in FIX 5.0SP2",
        "From the record of the fill on, by ApplSeqNum(1181); then from a record that there is not.",
        "FIX.5.0SP2",
        replayed,
    ),
)


def examples() -> str:
    """Return `examples.md`."""
    lines = [
        "# Conversations",
        "",
        "Word for word what the venue says, written down by `spec/examples.py`. `>` is the broker's message, `<` the",
        "venue's; `|` stands for SOH, `***` for a password. The instrument's tick is 0.01 and its lot 0.000001; the",
        "taker pays 2 basis points.",
    ]
    for title, text, conversation in CHAPTERS:
        lines += ["", f"## {title}", "", text, "", *(f"    {line}" for line in asyncio.run(held(conversation)))]
    for title, text, version, conversation in VERSIONS:
        spoken = asyncio.run(held(conversation, version))
        lines += ["", f"## {title}", "", text, "", *(f"    {line}" for line in spoken)]
    return "\n".join(lines) + "\n"


async def held(conversation: Callable[[Chapter], Awaitable[None]], version: str = "FIX.4.4") -> list[str]:
    """Hold a conversation in a version of FIX, and return what was said."""
    with tempfile.TemporaryDirectory() as folder:
        chapter = Chapter(await House(Path(folder) / "venue", version=version).start())
        await conversation(chapter)
        await chapter.house.stop()
        return chapter.lines


PAGES: Final = {"examples.md": examples}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (SPEC / name).write_text(page(), encoding="utf-8")
