"""Circular trades: who passes the same quantity round is found, who merely trades a lot is not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.database import Database
from backoffice.surveillance.circular_trades import CircularTrades
from backoffice.surveillance.parameters import PARAMETERS
from backoffice.surveillance.rows import Finding, TradeSeen, Window
from backoffice.times import HOUR_NS, SECOND_NS
from engine.values import BUY
from tests.backoffice.surveillance.market import FIRMS, START_NS, Market

WINDOW = Window(START_NS, START_NS + HOUR_NS)


class Tape:
    """Trades, a second apart unless a test says otherwise."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self.trades: list[TradeSeen] = []

    def trade(self, seller: str, buyer: str, qty: int = 10, price: int = 100) -> None:
        self.now_ns += SECOND_NS
        number = len(self.trades) + 1
        sides = (seller, 10 * number, buyer, 10 * number + 1, int(BUY))
        self.trades.append(TradeSeen(number, 100 + number, self.now_ns, "BTC/USD", price, qty, *sides))

    def round(self, accounts: str, qty: int = 10) -> None:
        """Let a quantity go round once."""
        for seller, buyer in zip(accounts, accounts[1:] + accounts[0], strict=True):
            self.trade(seller, buyer, qty)

    def findings(self, window: Window = WINDOW) -> list[Finding]:
        detector = CircularTrades(PARAMETERS, window, FIRMS)
        for trade in self.trades:
            detector.add(trade)
        return detector.findings()


@pytest.fixture
def tape() -> Tape:
    return Tape()


@pytest.mark.parametrize("accounts", ("AB", "ABC", "BAC", "ABCDE"))
def test_a_quantity_that_goes_round_is_found(tape: Tape, accounts: str) -> None:
    tape.round(accounts)
    tape.round(accounts)
    (finding,) = tape.findings()
    assert (finding.subject, finding.evidence["circles"]) == (
        "A",
        [list(accounts[accounts.index("A") :] + accounts[: accounts.index("A")])],
    )
    assert finding.evidence["figures"]["trades"] == 2 * len(accounts)


def test_a_circle_over_the_end_of_a_stretch_is_found_once(tape: Tape) -> None:
    tape.now_ns += 598 * SECOND_NS
    tape.round("AB")
    tape.round("AB")
    (finding,) = tape.findings()
    assert finding.evidence["figures"]["trades"] == 4


def test_a_circle_over_the_end_of_a_window_is_found_in_one_of_them(tape: Tape) -> None:
    tape.now_ns = WINDOW.until_ns - 2 * SECOND_NS
    tape.round("AB")
    tape.round("AB")
    assert tape.findings() == []
    (finding,) = tape.findings(Window(WINDOW.until_ns, WINDOW.until_ns + HOUR_NS))
    assert finding.evidence["figures"]["trades"] == 4


def test_circles_of_one_account_with_several_in_turn_are_one_finding(tape: Tape) -> None:
    for other in "BC":
        tape.round(f"A{other}")
        tape.round(f"A{other}")
        tape.now_ns += 1_200 * SECOND_NS
    (finding,) = tape.findings()
    assert finding.evidence["circles"] == [["A", "B"], ["A", "C"]]
    assert finding.evidence["figures"]["trades"] == 8


def test_who_ends_up_with_another_position_is_in_no_circle(tape: Tape) -> None:
    for _ in range(3):
        tape.trade("A", "B", 10)
        tape.trade("B", "A", 5)
    assert tape.findings() == []


def test_market_makers_who_trade_with_all_are_in_no_circle(tape: Tape) -> None:
    for _ in range(10):
        for accounts in ("AB", "AC", "BC"):
            tape.round(accounts)
    assert tape.findings() == []


def test_what_went_round_once_between_two_is_nothing(tape: Tape) -> None:
    tape.round("AB")
    assert tape.findings() == []


def test_what_goes_round_among_more_than_a_few_is_nothing(tape: Tape) -> None:
    tape.round("ABCDEG")
    assert tape.findings() == []


def test_what_goes_round_slowly_is_nothing(tape: Tape) -> None:
    for _ in range(4):
        tape.round("AB")
        tape.now_ns += 700 * SECOND_NS
    assert tape.findings() == []


def test_what_goes_round_within_a_firm_is_left_to_wash_trades(tape: Tape) -> None:
    for _ in range(3):
        for seller, buyer in (("F1", "F2"), ("F2", "F1")):
            tape.trade(seller, buyer)
    assert tape.findings() == []


ACCOUNTS = st.sampled_from(sorted(FIRMS))


@given(st.lists(st.tuples(ACCOUNTS, ACCOUNTS, st.integers(1, 3), st.integers(0, 200)), max_size=60))
def test_whatever_is_found_was_there_and_left_no_position_changed(
    happened: list[tuple[str, str, int, int]],
) -> None:
    tape = Tape()
    for seller, buyer, qty, seconds in happened:
        tape.now_ns += seconds * SECOND_NS
        tape.trade(seller, buyer, qty)
    there = {(trade.trade_id, trade.sequence, trade.time_ns): trade for trade in tape.trades}
    for finding in tape.findings():
        circles = finding.evidence["circles"]
        steps = {(seller, buyer) for circle in circles for seller, buyer in pairwise((*circle, circle[0]))}
        for circle in circles:
            assert finding.subject == circle[0] == min(circle)
            assert len(set(circle)) == len(circle) <= PARAMETERS.circular_accounts_max
        assert len(finding.evidence["trades"]) >= PARAMETERS.circular_trades_min
        for step in finding.evidence["trades"]:
            trade = there[step["trade"], step["record"], step["time_ns"]]
            assert (trade.maker_account, trade.taker_account) == (step["seller"], step["buyer"])
            assert (step["seller"], step["buyer"]) in steps


async def test_a_circle_on_the_venue_becomes_an_alert(database: Database) -> None:
    market = Market()
    for _ in range(2):
        for seller, buyer in ("AB", "BC", "CA"):
            market.trade(seller, buyer, 5, 100)
    (alert,) = (await market.looked_at(database)).alerts
    assert (alert.detector, alert.subject) == ("circular trades", "A")
    assert alert.summary == "A, B, C passed the same quantity round in BTC/USD, in 6 trades"
    assert alert.evidence["figures"] == {"accounts": 3, "trades": 6, "qty": 30, "price_low": 100, "price_high": 100}
