import gc
import sys
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from engine import commands
from engine.commands import AnyCommand
from engine.events import CommandRejected, OrderAccepted
from engine.exchange import _APPLIERS, Exchange
from engine.snapshot import state_hash
from engine.values import BUY, LIMIT, Contingency, MassCancelScope
from tests.engine.builders import DAY, SYMBOL, Venue, only
from tests.engine.workload import tape

if TYPE_CHECKING:
    from _typeshed import TraceFunction

MESSAGES: tuple[AnyCommand, ...] = (
    commands.NewOrder("S", 7, "A", "x", SYMBOL, BUY, LIMIT, DAY, 1, 1),
    commands.CancelOrder("S", 7, "A", "c", "x", 0, SYMBOL, BUY),
    commands.ReplaceOrder("S", 7, "A", "r", "x", 0, SYMBOL, BUY, LIMIT, DAY, 1, 1),
    commands.MassCancel("S", 7, "m", MassCancelScope.ALL, "", 0),
    commands.QueryOrder("S", 7, "A", "x", 0, SYMBOL, BUY, "q"),
    commands.QueryOrders("S", 7, "", "", 0, "q"),
    commands.Refuse("S", 7, 7, "3", 2001, "text"),
    commands.NewOrderList("S", 7, "L", Contingency.ONE_TRIGGERS_OTHER, ()),
    commands.CancelOrderList("S", 7, "L"),
    commands.QueryOrderList("S", 7, "L"),
    commands.QueryUser("S", 7, "r", "S"),
)


@pytest.mark.parametrize("command", MESSAGES, ids=lambda command: type(command).__name__)
def test_message_of_a_session_moves_its_place_in_the_sequence(command: AnyCommand) -> None:
    venue = Venue(accounts=("A",))
    venue.apply(commands.ProvisionSession("S", ("A",), ""))
    venue.apply(command)
    assert venue.state.sessions["S"].last_in == 7


@pytest.mark.parametrize("command", MESSAGES, ids=lambda command: type(command).__name__)
def test_message_of_an_unknown_session_is_refused(command: AnyCommand) -> None:
    assert only(CommandRejected, Venue().apply(command)).text == "unknown session S"


def test_every_command_is_known_to_the_exchange() -> None:
    assert _APPLIERS.keys() == set(AnyCommand.__args__)


def test_time_of_the_last_command_is_kept() -> None:
    exchange = Exchange()
    exchange.apply(commands.AddAsset("USD", 2), 17)
    assert exchange.state.time_ns == 17


def test_same_commands_give_the_same_state() -> None:
    hashes = set()
    for _ in range(2):
        exchange = Exchange()
        for sequence, command in enumerate(tape(seed=4, length=2_000), start=1):
            exchange.apply(command, sequence)
        hashes.add(state_hash(exchange.state, 2_000))
    assert len(hashes) == 1


def test_different_time_gives_a_different_state() -> None:
    states = [Exchange(), Exchange()]
    for time_ns, exchange in enumerate(states):
        exchange.apply(commands.AddAsset("USD", 2), time_ns)
    assert state_hash(states[0].state, 1) != state_hash(states[1].state, 1)


def test_trading_makes_no_garbage_that_only_a_collector_finds() -> None:
    """So the process may turn the garbage collector off without growing."""
    exchange = Exchange()
    gc.collect()
    gc.disable()
    try:
        for sequence, command in enumerate(tape(seed=5, length=5_000), start=1):
            exchange.apply(command, sequence)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_cost_of_a_cancel_does_not_depend_on_the_queue_it_leaves() -> None:
    """Counted in steps of the interpreter, not in time."""
    venue = Venue()
    for number in range(2_000):
        venue.buy(1, 100, cl_ord_id=f"o{number}")
    few = Venue()
    few.buy(1, 100, cl_ord_id="o0")
    few.buy(1, 100, cl_ord_id="o1000")
    few.buy(1, 100, cl_ord_id="o1")
    assert _steps(venue, "o1000") == _steps(few, "o1000")


def _steps(venue: Venue, cl_ord_id: str) -> int:
    steps = 0

    def count(frame: FrameType, _event: str, _arg: object) -> "TraceFunction":
        nonlocal steps
        steps += "/engine/" in frame.f_code.co_filename
        return count

    sys.settrace(count)
    try:
        venue.exchange.apply(commands.CancelOrder("A", 1, "A", "c", cl_ord_id, 0, SYMBOL, BUY), venue.now_ns)
    finally:
        sys.settrace(None)
    return steps


def test_accepted_orders_are_numbered_across_instruments_and_accounts() -> None:
    venue = Venue()
    ids = [only(OrderAccepted, venue.buy(1, 100, account)).order_id for account in ("A", "B", "A")]
    assert ids == [1, 2, 3]
