"""Limits and the kill switch as brokers see them."""

from engine import commands
from engine.rules import Limits, Rules
from engine.values import Scope
from tests.engine.builders import SYMBOL
from tests.fixgw.over_fix import FixVenue

LIMIT = "38=0.005 40=2 44=1.00 59=1"


def test_blocked_orders_are_reported_as_cancelled_by_the_venue() -> None:
    venue = FixVenue()
    venue.enter(LIMIT, cl_ord_id="x")
    (report,) = venue.told(venue.apply(commands.Block(Scope.ACCOUNT, "A", "alice", "runaway algorithm")))
    assert (report["11"], report["150"], report["39"], report["378"]) == ("x", "4", "4", "8")
    assert report["58"] == "cancelled by the venue: its firm, account or session is blocked"


def test_refusals_say_who_is_blocked() -> None:
    venue = FixVenue()
    venue.enter(LIMIT, cl_ord_id="x")
    venue.apply(commands.ProvisionSession("B", ("A", "B"), "hash"))
    venue.apply(commands.Block(Scope.SESSION, "B", "alice", "why"))
    (report,) = venue.send("D", f"11=y 1=A 55={SYMBOL} 54=1 60=20261123-03:12:25 {LIMIT}", "B")
    assert (report["150"], report["103"]) == ("8", "0")
    assert report["58"] == "[1081] the session is blocked: it may cancel, and enter or replace nothing"
    (report,) = venue.send("G", f"11=z 41=x 1=A 55={SYMBOL} 54=1 60=20261123-03:12:25 {LIMIT}", "B")
    assert (report["35"], report["39"], report["434"], report["102"]) == ("9", "0", "2", "2")
    (report,) = venue.send("F", f"11=z 41=x 1=A 55={SYMBOL} 54=1 60=20261123-03:12:25", "B")[:1]
    assert report["150"] == "4"


def test_order_beyond_a_limit_exceeds_limit() -> None:
    venue = FixVenue()
    venue.apply(commands.SetLimits(Scope.FIRM, "A", Limits(order_base_max={"BTC": 4})))
    (report,) = venue.enter(LIMIT)
    assert (report["103"], report["58"]) == ("3", "[1079] the quantity is above the firm's limit")


def test_price_too_far_says_so() -> None:
    venue = FixVenue()
    venue.apply(commands.SetRules(SYMBOL, Rules(fat_finger_bps=500, reference_price=95)))
    (report,) = venue.enter(LIMIT)
    assert (report["103"], report["58"][:6]) == ("99", "[1074]")


def test_order_repeats_what_it_asked_for_and_cannot_ask_for_both() -> None:
    venue = FixVenue()
    (report,) = venue.enter(f"{LIMIT} 18=H_6")
    assert report["18"] == "6 H"
    (report,) = venue.enter(f"{LIMIT} 18=Q")
    assert report["18"] == "Q"
    (report,) = venue.enter(f"{LIMIT} 18=Q_H")
    assert report["58"].startswith("[2002] ExecInst(18): the venue does not offer this value")
