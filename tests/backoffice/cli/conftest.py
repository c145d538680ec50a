"""A data directory with a small journal, made without a venue."""

from pathlib import Path

import msgspec
import pytest

from engine.commands import AddAsset, AddInstrument, AnyCommand, Credit, NewOrder, OpenAccount, ProvisionSession
from engine.exchange import Exchange
from engine.frames import encode_frame, encode_value
from engine.journal import Journal
from engine.recovery import JOURNAL
from engine.values import OrderType, Side, TimeInForce
from tests.backoffice.cli.desk import Desk

SECRET_HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
TIME_NS = 1_800_000_000_000_000_000


def order(session: str, side: Side, qty: int, price: int) -> NewOrder:
    number = 1 if side is Side.SELL else 2
    account = f"{session}-A"
    return NewOrder(
        session, number, account, f"{session}-1", "BTC/USD", side, OrderType.LIMIT, TimeInForce.DAY, qty, price
    )


COMMANDS: tuple[AnyCommand, ...] = (
    AddAsset("BTC", 3),
    AddAsset("USD", 5),
    AddInstrument("BTC/USD", "BTC", "USD", 1, 2, 1, 3, 0, 2, 1_000_000),
    OpenAccount("ALPHA-A"),
    OpenAccount("BETA-A"),
    ProvisionSession("ALPHA", ("ALPHA-A",), SECRET_HASH),
    ProvisionSession("BETA", ("BETA-A",), SECRET_HASH),
    Credit("ALPHA-A", "BTC", 5_000, "first"),
    Credit("BETA-A", "USD", 900_000_000, "second"),
    order("ALPHA", Side.SELL, 100, 4_200),
    order("BETA", Side.BUY, 40, 4_300),
)
"""Eleven records, one trade: 0.040 BTC at 42.00."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    exchange = Exchange()
    journal = Journal(directory / JOURNAL)
    for sequence, command in enumerate(COMMANDS, 1):
        time_ns = TIME_NS + sequence
        events = exchange.apply(command, time_ns)
        payload = encode_value((sequence, time_ns, msgspec.Raw(encode_value(command)), events))
        journal.append(encode_frame(sequence, sequence - 1, payload), sequence, sequence)
    journal.close()
    return directory


@pytest.fixture
def segment(data: Path) -> Path:
    """The journal's only file."""
    (path,) = (data / JOURNAL).glob("*.journal")
    return path


@pytest.fixture
def empty_desk(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk in a back office with a database and nobody in it yet."""
    return Desk(tmp_path, database_url, monkeypatch)


@pytest.fixture
def desk(empty_desk: Desk) -> Desk:
    """The same with two administrators: ann and ben, whom the operating system knows as annabel and benjamin."""
    empty_desk.done("staff", "init", "ann=annabel", "ben=benjamin")
    return empty_desk
