from pathlib import Path

import pytest

from backoffice.cli.demo import audit
from backoffice.cli.demo.audit import Audit
from backoffice.cli.demo.broker import Broker
from tests.backoffice.cli.demo.stage import make_brokers


@pytest.fixture
def found(data: Path) -> Audit:
    return audit.read(data, lambda _: None)


@pytest.fixture
def brokers(found: Audit) -> list[Broker]:
    """Two brokers whose own books are those of the journal."""
    _, _, (alpha, beta) = make_brokers(count=2)
    for broker, name in ((alpha, "ALPHA"), (beta, "BETA")):
        broker.comp_id, broker.account = name, f"{name}-A"
        broker.balances = {asset: found.balance(broker.account, asset) for asset in found.state.assets}
        broker.outcomes.update(accepted=1, filled=1)
    found.state.accounts["ALPHA-A"].orders.clear()
    return [alpha, beta]


def test_audit_reads_trades_deposits_and_balances(found: Audit) -> None:
    turnover = found.turnovers["BTC/USD"]
    assert (turnover.trades, turnover.volume, turnover.high, turnover.low, turnover.last) == (1, 40, 4200, 4200, 4200)
    assert turnover.notional == 168_000  # 0.040 BTC at 42.00 in units of 10^-5
    assert found.deposits == {("ALPHA-A", "BTC"): 5_000, ("BETA-A", "USD"): 900_000_000}
    assert found.balance("BETA-A", "BTC") == 40
    assert found.balance("BETA-A", "USD") == 900_000_000 - 168_000 - 34  # 2 bp of it, rounded up
    assert found.outcomes == {"ALPHA": {"accepted": 1, "filled": 1}, "BETA": {"accepted": 1, "filled": 1}}
    assert [trade.trade_id for _, trade in found.blotter] == [1]


def test_books_that_agree_show_no_difference(found: Audit, brokers: list[Broker]) -> None:
    assert audit.differences(found, brokers) == []


def test_unit_that_is_missing_is_found(found: Audit, brokers: list[Broker]) -> None:
    brokers[1].balances["USD"] -= 1
    (difference,) = audit.differences(found, brokers)
    assert difference == "BETA: its reports give 899831965 USD, the journal 899831966 (smallest units)"


def test_asset_that_does_not_add_up_is_found(found: Audit, brokers: list[Broker]) -> None:
    found.state.fees["USD"] += 1
    (difference,) = audit.differences(found, brokers)
    assert difference.startswith("USD: accounts hold 899999966, fees are 35, but 900000000 was deposited")


def test_report_too_many_and_too_few_are_found(found: Audit, brokers: list[Broker]) -> None:
    brokers[0].outcomes["filled"] += 1
    brokers[1].outcomes["accepted"] -= 1
    assert audit.differences(found, brokers) == [
        "ALPHA: 'filled' was reported 2 times, and is in the journal 1 times",
        "BETA: 'accepted' was reported 0 times, and is in the journal 1 times",
    ]


def test_order_left_open_is_found(data: Path, brokers: list[Broker]) -> None:
    (difference,) = audit.differences(audit.read(data, lambda _: None), brokers)
    assert difference == "ALPHA: it believes 0 orders to be open at the end, the journal has 1, and none should be"
