from typing import Any

import msgspec
import pytest

from engine import commands
from engine.commands import AnyCommand
from engine.events import (
    AccountOpened,
    AssetAdded,
    CommandRejected,
    Credited,
    InstrumentAdded,
    OrderCanceled,
    Refused,
    TradingDayEnded,
)
from engine.session_events import SequenceReset, SessionProvisioned
from engine.snapshot import capture
from engine.values import AMOUNT_MAX, CancelReason, OrderStatus
from tests.engine.builders import DAY, GTC, Venue, add_asset, add_instrument, only
from tests.engine.invariants import check_state


def test_venue_is_built_from_nothing_by_commands() -> None:
    venue = Venue(accounts=())
    assert venue.apply(add_asset("EUR")) == [AssetAdded("EUR")]
    assert venue.apply(add_instrument(symbol="BTC/EUR", quote="EUR", price_decimals=0, qty_decimals=2)) == [
        InstrumentAdded("BTC/EUR", "BTC", "EUR", 10)
    ]
    assert venue.apply(commands.OpenAccount("A")) == [AccountOpened("A")]
    assert venue.apply(commands.Credit("A", "EUR", 7, "ref")) == [Credited("A", "EUR", 7, 7, "ref")]
    assert venue.apply(commands.ProvisionSession("S", ("A",), "hash")) == [SessionProvisioned("S")]


def test_what_staff_add_says_who_and_why() -> None:
    venue = Venue(accounts=())
    signed = "mira", "a new market"
    assert venue.apply(commands.AddAsset("EUR", 2, *signed)) == [AssetAdded("EUR", *signed)]
    added = msgspec.structs.replace(add_instrument(symbol="BTC/EUR", quote="EUR", qty_decimals=0), by="mira")
    assert only(InstrumentAdded, venue.apply(added)).by == "mira"
    assert venue.apply(commands.OpenAccount("A", "FIRM", *signed)) == [AccountOpened("A", *signed)]
    assert venue.state.accounts["A"].firm == "FIRM"


@pytest.mark.parametrize(
    ("command", "says"),
    (
        (add_asset("USD"), "asset USD exists"),
        (add_asset("EUR", -1), "asset EUR: decimals must be 0 to 18, not -1"),
        (add_asset("EUR", 19), "asset EUR: decimals must be 0 to 18, not 19"),
        (add_instrument(), "instrument BTC/USD exists"),
        (add_instrument(symbol="X", base="XRP"), "X: unknown asset XRP"),
        (add_instrument(symbol="X", quote="EUR"), "X: unknown asset EUR"),
        (add_instrument(symbol="X", quote="BTC"), "X: base and quote must differ"),
        (add_instrument(symbol="X", qty_decimals=4), "X: quantity increment is finer than"),
        (add_instrument(symbol="X", order_qty_max=2**54), "X: order_qty_max must be 1 to"),
        (commands.OpenAccount("A"), "account A exists"),
        (commands.AddAsset("", 2, "mira"), "an asset needs a name"),
        (msgspec.structs.replace(add_instrument(symbol=""), by="mira"), "an instrument needs a name"),
        (commands.OpenAccount("", by="mira"), "an account needs a name"),
        (commands.Credit("nobody", "USD", 1, "r"), "credit r: unknown account nobody"),
        (commands.Credit("A", "EUR", 1, "r"), "credit r: unknown asset EUR"),
        (commands.Credit("A", "USD", 0, "r"), "credit r: amount 0 is out of range"),
        (commands.Credit("A", "USD", -1, "r"), "credit r: amount -1 is out of range"),
        (commands.Credit("A", "USD", AMOUNT_MAX, "r"), "is out of range"),
        (commands.ProvisionSession("S", (), ""), "session S: needs at least one account"),
        (commands.ProvisionSession("S", ("A", "nobody"), ""), "session S: unknown account nobody"),
        (commands.ProvisionSession("S", ("A", "B", "A"), ""), "session S: an account is named twice"),
        (commands.ResetSequence("S"), "unknown session S"),
        (commands.ReserveOutbound("S", 1), "unknown session S"),
        (commands.ReleaseOutbound("S", 1, 1), "unknown session S"),
        (commands.ReleaseOutbound("A", 0, 1), "session A: sequence numbers begin at 1"),
        (commands.ReleaseOutbound("A", 1, -(2**63)), "session A: sequence numbers begin at 1"),
        (commands.EndTradingDay(0), "trading day 0 is over already"),
    ),
)
def test_command_that_cannot_be_carried_out_says_why_and_changes_nothing(command: AnyCommand, says: str) -> None:
    venue = Venue()
    before = _image(venue)
    assert says in only(CommandRejected, venue.apply(command)).text
    assert _image(venue) == before


def _image(venue: Venue) -> dict[str, Any]:

    image = capture(venue.state, 0)
    return {name: getattr(image, name) for name in image.__struct_fields__ if name != "time_ns"}


def test_new_asset_is_held_by_accounts_that_were_there_before() -> None:
    venue = Venue()
    venue.apply(add_asset("EUR"))
    only(Credited, venue.credit("A", "EUR", 5))
    check_state(venue.state)


def test_deposit_is_booked_once_for_its_reference() -> None:
    venue = Venue()
    only(Credited, venue.credit("A", "USD", 5, "tx1"))
    for account, asset in (("A", "USD"), ("B", "BTC")):
        rejected = only(CommandRejected, venue.credit(account, asset, 5, "tx1"))
        assert rejected.text == "credit tx1: this reference has been booked"
    assert venue.holding("A", "USD").available == 10**9 + 5


def test_deposits_of_an_asset_never_add_up_to_more_than_the_journal_holds() -> None:
    venue = Venue(funds=0)
    only(Credited, venue.credit("A", "USD", AMOUNT_MAX - 1))
    only(CommandRejected, venue.credit("B", "USD", 2))
    only(Credited, venue.credit("B", "USD", 1))
    only(Credited, venue.credit("B", "BTC", AMOUNT_MAX))


def test_session_may_be_given_other_accounts_and_keeps_its_place() -> None:
    venue = Venue()
    venue.buy(1, 100)
    session = venue.state.sessions["A"]
    last_in = session.last_in
    venue.apply(commands.ProvisionSession("A", ("C", "B"), "other"))
    assert (session.accounts, session.credentials.password_hash, session.last_in) == (("C", "B"), "other", last_in)
    assert list(session.permitted.values()) == [venue.state.accounts["C"], venue.state.accounts["B"]]


def test_sequences_of_a_session_are_reserved_released_and_reset() -> None:
    venue = Venue()
    session = venue.state.sessions["A"]
    assert venue.apply(commands.ReserveOutbound("A", 500)) == []
    assert session.reserved_out == 500
    assert venue.apply(commands.ReleaseOutbound("A", 18, 42)) == []
    assert (session.last_in, session.reserved_out, session.resets) == (17, 41, 0)
    assert venue.apply(commands.ResetSequence("A")) == [SequenceReset("A")]
    assert (session.last_in, session.reserved_out, session.resets) == (0, 0, 1)


def test_refusal_of_the_gateway_is_on_record() -> None:
    venue = Venue()
    command = commands.Refuse("A", 12, 14, "j", 2007, "no such tag", "D", 9999, "x", "w", "A", "BTC/USD", "1", "7")
    refused = msgspec.structs.asdict(only(Refused, venue.apply(command)))
    assert refused.pop("is_own_account")
    assert {"msg_seq_num": 12, **refused} == msgspec.structs.asdict(command)
    assert venue.state.sessions["A"].last_in == 12


def test_refusal_with_anothers_account_says_that_it_is_a_mere_claim() -> None:
    command = commands.Refuse("A", 12, 12, "8", 2003, "not a multiple", "D", 44, "x", "", "B", "BTC/USD", "1")
    refused = only(Refused, Venue().apply(command))
    assert (refused.account, refused.is_own_account) == ("B", False)


# ------------------------------------------------------------------------------------------ the end of a day


def test_day_orders_expire_oldest_first_and_others_stay() -> None:
    venue = Venue()
    venue.sell(1, 200, "B", time_in_force=DAY, cl_ord_id="b1")
    venue.buy(5, 100, "A", time_in_force=DAY, cl_ord_id="a1")
    venue.buy(1, 100, "A", time_in_force=GTC, cl_ord_id="a2")
    venue.sell(1, 200, "B", time_in_force=DAY, cl_ord_id="b2")
    venue.sell(2, 100, "C", cl_ord_id="c1")
    events = venue.end_day(20260102)
    expired = [event for event in events if isinstance(event, OrderCanceled)]
    assert [(event.cl_ord_id, event.cum_qty) for event in expired] == [("b1", 0), ("a1", 2), ("b2", 0)]
    assert all(event.reason is CancelReason.END_OF_DAY and event.orig_cl_ord_id == "" for event in expired)
    assert events[-1] == TradingDayEnded(20260102)
    assert venue.bids() == [(100, ["a2"])]
    assert venue.state.finished[2].status is OrderStatus.EXPIRED
    check_state(venue.state)


def test_trading_day_ends_once() -> None:
    venue = Venue()
    only(TradingDayEnded, venue.end_day(20260102))
    for day in (20260102, 20260101):
        only(CommandRejected, venue.end_day(day))
    assert venue.state.trading_day_ended == 20260102


def test_order_replaced_to_good_till_cancel_outlives_the_day() -> None:
    venue = Venue()
    venue.buy(1, 100, time_in_force=DAY, cl_ord_id="x")
    venue.replace("x", 1, 100, time_in_force=GTC, cl_ord_id="y")
    venue.end_day(1)
    assert venue.bids() == [(100, ["y"])]
