"""What compiled and interpreted modules must do alike, byte for byte, as a program: the same seed, the same files.

python -m tests.both_ways SEED DIRECTORY

It writes a journal of all kinds of commands, right and wrong; a transcript of FIX sessions in which most messages are
right and the others bent; and a list of what conversions make of odd values. The last line printed is the state hash.
"""

import asyncio
import random
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, Final

from engine import commands
from engine.commands import AnyCommand
from engine.decimals import divide_rounded, format_decimal, parse_decimal
from engine.exchange import Exchange
from engine.frames import encode_value
from engine.instrument import Instrument
from engine.journal import Journal
from engine.sequencer import Sequencer
from engine.snapshot import state_hash
from fixgw.codec import Framer, Message, checksum, encode, readable
from fixgw.delivery import recipients
from fixgw.order_entry import OrderEntry, refuse_flaw
from fixgw.reports import Reports
from fixgw.session import Session, SessionState
from fixgw.timestamps import format_utc, parse_utc
from tests.engine.tape import ACCOUNTS, START_NS, SYMBOLS, Tape, opening

COMMANDS: Final = 25_000
MESSAGES: Final = 8_000


# ------------------------------------------------------------------------------------------------- the journal


async def write_journal(seed: int, directory: Path) -> list[str]:
    """Put a tape through a sequencer with a clock of its own; return what went wrong, and the state hash last."""
    tape = Tape(seed)
    journal = Journal(directory / "journal", segment_bytes=128 * 1024)
    sequencer = Sequencer(Exchange(), journal, clock=lambda: tape.now_ns)
    sequencer.start()
    said: list[str] = []
    for command in opening():
        sequencer.submit(command)
    for number, command in enumerate(islice(tape, COMMANDS)):
        if number % 20 == 0:
            await sequencer.flushed()
        sequencer.begin_batch()
        try:
            sequencer.submit(command)
        except (OverflowError, UnicodeEncodeError) as error:
            said.append(f"{number}: {error!r}")
    await sequencer.stop()
    journal.close()
    return [*said, state_hash(sequencer.exchange.state, sequencer.sequence)]


# ---------------------------------------------------------------------------------------------- the FIX sessions

TIMES: Final = ("20261118-07:33:20", "20261118-07:33:20.000", "20261118-25:00:00", "19700101-00:00:00", "now", "")
ODD_VALUES: Final = (
    *TIMES,
    *("", "0", "1", "2", "-1", "+1", "00", "1.", ".5", "1e3", "0.0001", "1000.999", "9" * 18, "9" * 19, "9" * 400),
    *("Y", "N", "X", "=", "a=b", " ", "\xe9", "\x00", "x" * 65, "BTC/USD", "ETH/USD", "BTC", "A", "B", "NONE"),
)
ODD_TAGS: Final = ("1", "11", "15", "34", "41", "43", "52", "58", "95", "96", "97", "100", "122", "453", "0", "-1", "x")

APPLICATION: Final = {
    "D": "11={id}|1={account}|55={symbol}|54={side}|38={qty}|40=2|44={price}|59={tif}|60={time}|21=1",
    "F": "11={id}|41={old}|1={account}|55={symbol}|54={side}|38={qty}|60={time}",
    "G": "11={id}|41={old}|1={account}|55={symbol}|54={side}|38={qty}|40=2|44={price}|59=1|60={time}|21=1",
    "q": "11={id}|530=7|60={time}",
    "H": "11={old}|790=r{id}|1={account}|55={symbol}|54={side}",
    "AF": "584=m{id}|585=7|54={side}",
    "B": "148=news|33=1|58=text",
    "ZZ": "58=no such message",
}
ADMINISTRATIVE: Final = {
    "0": "",
    "1": "112=ping",
    "2": "7=1|16=0",
    "3": "45=1|58=what you sent",
    "4": "36={next}|123=Y",
    "5": "58=goodbye",
    "A": "98=0|108=30|553=A|554=secret",
    "j": "45=1|372=8|380=0",
}


class Conversation:
    """One counterparty's session, and all that the gateway does with what it says, written down."""

    def __init__(self, account: str, exchange: Exchange, seed: int) -> None:
        self.said: list[str] = []
        self._account = account
        self._exchange = exchange
        self._random = random.Random(f"{account}{seed}")
        self._session = Session("VENUE", account)
        self._framer = Framer()
        self._entry = OrderEntry(exchange.state)
        self._reports = Reports(self._entry.instruments)
        self._now_ns = START_NS
        self._next_out = 1
        self._ids = 0

    def go_on(self) -> None:
        """Say one thing, and let a little time pass."""
        chance = self._random
        self._now_ns += chance.choice((1_000, 1_000_000, 1_500_000_000)) if chance.random() < 0.98 else 40_000_000_000
        if self._session.state is SessionState.AWAITING_LOGON:
            terms = chance.choice(("", "", "|141=Y", "|789=1"))
            message = self._bent(self._message("A", ADMINISTRATIVE["A"] + terms), 6)
        else:
            kinds = APPLICATION if chance.random() < 0.96 else ADMINISTRATIVE
            kind = "D" if kinds is APPLICATION and chance.random() < 0.6 else chance.choice(tuple(kinds))
            message = self._bent(self._message(kind, kinds[kind]), 3)
        cut = chance.randrange(len(message)) if chance.random() < 0.1 else 0
        try:
            for piece in (message[:cut], message[cut:]):
                for found in self._framer.receive(piece):
                    self._take(found)
            self._session.tick(self._now_ns)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
            self._write("raised", type(error).__name__, str(error))
        self._write_what_the_session_wants()

    def _message(self, kind: str, body: str) -> list[str]:
        chance = self._random
        self._ids += 1
        number = self._session.next_in + chance.choice((0,) * 100 + (-1, 1, 5)) if "141=Y" not in body else 1
        time = format_utc(self._now_ns)[: chance.choice((17, 21, 24))]
        fields = {
            "id": f"{self._account}{self._ids}",
            "old": f"{self._account}{max(1, self._ids - chance.randint(1, 30))}",
            "account": self._account,
            "symbol": chance.choice(SYMBOLS),
            "side": chance.choice("12"),
            "qty": chance.choice(("0.001", "0.010", "1", ".5", "0.0005")),
            "price": chance.choice(("10.00", "9.9", "10.08", "9.99", "10.001")),
            "tif": chance.choice("0134"),
            "time": time,
            "next": number + 1,
        }
        head = f"35={kind}|49={self._account}|56=VENUE|34={number}|52={time}"
        repeats = chance.choice(("43=Y", "43=Y|122={time}", "43=Y|122=20991231-00:00:00", "43=N", "43=Y|122=never"))
        head += f"|{repeats}" if chance.random() < 0.03 else ""
        return "|".join(filter(None, (head, body))).format(**fields).split("|")

    def _bent(self, fields: list[str], one_in: int) -> bytes:
        """Return the message on the wire, in one of so many cases with something wrong about it."""
        chance = self._random
        if chance.randrange(one_in) == 0:
            for _ in range(chance.choice((1, 1, 2))):
                at = chance.randrange(1 if chance.random() < 0.1 else min(5, len(fields) - 1), len(fields))
                tag = fields[at].partition("=")[0]
                other = chance.randrange(1, len(fields))
                fields = chance.choice(
                    (
                        fields[:at] + fields[at + 1 :],
                        [*fields[:at], f"{tag}={chance.choice(ODD_VALUES)}", *fields[at + 1 :]],
                        [*fields[:at], f"{tag}={chance.choice(ODD_VALUES)}", *fields[at + 1 :]],
                        [*fields[:at], f"{chance.choice(ODD_TAGS)}={chance.choice(ODD_VALUES)}", *fields[at:]],
                        [*fields[:at], fields[other], *fields[at:]],
                        [
                            *fields[:at],
                            fields[at].replace("=", chance.choice(("", "==", "=\x01")), 1),
                            *fields[at + 1 :],
                        ],
                    )
                )
                if len(fields) < 2:
                    fields += ["34=1"]
        body = "".join(f"{field}\x01" for field in fields)
        data = bytearray(encode(body, "FIX.4.2" if chance.randrange(200) == 0 else "FIX.4.4"))
        if chance.random() < 0.02:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        return bytes(data)

    def _take(self, message: Message) -> None:
        session = self._session
        self._write(repr(message), str(message.irregular), str(message.known), repr(message.pairs()))
        if session.state is SessionState.AWAITING_LOGON:
            problem = session.check_logon(message, self._now_ns)
            if not problem and message.fields.get("141") == "Y":
                session.next_in = 1
                self._next_out = 1
            problem = problem or session.begin(message, self._now_ns, self._next_out)
            self._write("logon", problem)
            if problem:
                session.refuse(problem)
        elif session.state is SessionState.CLOSED:
            pass
        elif session.accept(message, self._now_ns):
            number = session.next_in - 1
            if session.flaw is not None:
                self._submit(refuse_flaw(self._account, number, message, session.flaw))
            else:
                command = self._entry.translate(self._account, number, message)
                self._submit(command)
                if not message.known and not isinstance(command, commands.Refuse):
                    self._framer.learn(message)

    def _submit(self, command: AnyCommand) -> None:
        self._write(encode_value(command).hex())
        for number, event in enumerate(self._exchange.apply(command, self._now_ns)):
            self._write(encode_value(event).hex())
            for session, low_bit in recipients(event):
                kind, body = self._reports.report(
                    event, self._next_out, number << 1 | low_bit, format_utc(self._now_ns)
                )
                head = f"35={kind}\x0149=VENUE\x0156={session}\x0134={self._next_out}\x01"
                self._write(repr(encode(head + body)))
                self._next_out += 1

    def _write_what_the_session_wants(self) -> None:
        session = self._session
        flaw = session.flaw
        self._write(
            session.state.name,
            str(session.next_in),
            repr(session.answers),
            repr(session.resend_requests),
            repr(flaw),
            "" if flaw is None else flaw.text,
            session.close_reason,
            str(self._framer.garbled_count),
            self._framer.garbled_reason,
        )
        for kind, body in session.answers:
            self._write(repr(encode(f"35={kind}\x01{body}")))
        self._next_out += len(session.answers)
        session.answers.clear()
        session.resend_requests.clear()
        if session.state is SessionState.CLOSED or self._random.random() < 0.002:
            session.disconnected()
            self._framer = Framer()

    def _write(self, *words: str) -> None:
        self.said.append(" ; ".join(words))


def converse(seed: int) -> list[str]:
    """Let three counterparties say odd things in turn; return all that was said, and the state hash last."""
    exchange = Exchange()
    commands_applied = [exchange.apply(command, START_NS) for command in opening()]
    conversations = [Conversation(account, exchange, seed) for account in ACCOUNTS]
    for number in range(MESSAGES):
        conversations[number % len(conversations)].go_on()
    said = [line for conversation in conversations for line in conversation.said]
    return [*said, state_hash(exchange.state, len(commands_applied))]


# -------------------------------------------------------------------------------------------------- conversions


def convert(seed: int) -> list[str]:
    """Return what becomes of odd values, or what is said of them."""
    chance = random.Random(seed)
    texts = [*ODD_VALUES, *(f"{chance.choice(('', '-', '+'))}{chance.random() * 10**6:.{n}f}" for n in range(20))]
    numbers = [
        0,
        1,
        -1,
        9,
        10,
        2**62,
        2**63,
        2**64 + 1,
        -(2**70),
        *(chance.randint(-(10**20), 10**20) for _ in "12345"),
    ]
    raws = [text.encode("latin-1") for text in texts] + [
        chance.randbytes(size) for size in (1, 255, 256, 257, 513, 1025)
    ]
    attempts: list[tuple[Callable[..., object], tuple[Any, ...]]] = [
        *((parse_decimal, (text, decimals)) for text in texts for decimals in (0, 2, 18)),
        *((format_decimal, (number, decimals)) for number in numbers for decimals in (0, 1, 18)),
        *((divide_rounded, (number, divisor)) for number in numbers for divisor in (1, 2, 7, 10**12)),
        *((parse_utc, (text,)) for text in texts),
        *((format_utc, (number,)) for number in (*numbers, START_NS, START_NS + 999)),
        *((checksum, (raw,)) for raw in raws),
        *((readable, (raw,)) for raw in raws),
        *((encode, (f"35=0\x0158={text}\x01",)) for text in (*texts, "\u20ac", "\ud800")),
        *((_define, tuple(chance.choice((0, 1, 10, -1, 19)) for _ in range(9))) for _ in range(300)),
        *((_define, (2, 18, price, 2, qty, 3, -2, 7, 2**53)) for price in numbers for qty in numbers),
    ]
    return [f"{attempt.__name__}{arguments!r}: {_outcome(attempt, arguments)}" for attempt, arguments in attempts]


def _outcome(attempt: Callable[..., object], arguments: tuple[Any, ...]) -> str:
    try:
        return repr(attempt(*arguments))
    except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
        return f"{type(error).__name__}: {error}"


def _define(*numbers: int) -> tuple[int, int, int]:
    base, quote, price, price_decimals, qty, qty_decimals, maker, taker, most = numbers
    defined = Instrument(
        symbol="X/Y",
        base="X",
        quote="Y",
        base_decimals=base,
        quote_decimals=quote,
        price_increment=price,
        price_decimals=price_decimals,
        qty_increment=qty,
        qty_decimals=qty_decimals,
        maker_fee_bps=maker,
        taker_fee_bps=taker,
        order_qty_max=most,
    )
    return defined.base_per_lot, defined.notional_per_tick_lot, defined.fees.reserve_ppm


def main() -> None:
    seed, directory = int(sys.argv[1]), Path(sys.argv[2])
    said = asyncio.run(write_journal(seed, directory))
    for name, lines in (("refused", said), ("fix", converse(seed)), ("conversions", convert(seed))):
        text = "\n".join(lines).encode("utf-8", "backslashreplace")
        (directory / f"{name}.txt").write_bytes(text)
    sys.stdout.write(f"{said[-1]}\n")


if __name__ == "__main__":
    main()
