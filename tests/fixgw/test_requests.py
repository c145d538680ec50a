"""Cancels, replaces and status requests, as brokers name the order they are for."""

import pytest

from engine.reject import RejectReason
from tests.engine.builders import SYMBOL
from tests.fixgw.over_fix import TIME, FixVenue
from tests.fixgw.test_terms import code


@pytest.fixture
def venue() -> FixVenue:
    return FixVenue()


def test_order_id_alone_names_the_order_where_41_says_none(venue: FixVenue) -> None:
    (accepted,) = venue.enter("38=1 40=2 44=1.00", cl_ord_id="x")
    ids = f"37={accepted['37']} 41=NONE 1=A 55={SYMBOL} 54=1 60={TIME}"
    (status,) = venue.send("H", f"11=NONE 37={accepted['37']} 1=A 55={SYMBOL} 54=1")
    assert (status["150"], status["11"], status["37"]) == ("I", "x", accepted["37"])
    (replaced,) = venue.send("G", f"11=y {ids} 38=0.5 40=2 44=1.01")
    assert (replaced["150"], replaced["37"], replaced["41"], replaced["38"]) == ("5", accepted["37"], "x", "0.500")
    (refused,) = venue.send("G", f"11=z {ids} 38=0.5 40=9 44=1.01")
    assert (refused["35"], refused["37"], refused["39"], refused["41"]) == ("9", accepted["37"], "0", "NONE")
    (canceled,) = venue.send("F", f"11=z {ids}")
    assert (canceled["150"], canceled["41"]) == ("4", "y")
    (late,) = venue.send("F", f"11=zz {ids}")
    assert (late["35"], late["102"], late["37"], late["39"], late["41"]) == ("9", "0", accepted["37"], "4", "NONE")


def test_none_without_an_order_id_is_an_id_like_any_other(venue: FixVenue) -> None:
    request = f"41=NONE 1=A 55={SYMBOL} 54=1 60={TIME}"
    (refused,) = venue.send("F", f"11=c1 {request}")
    assert (refused["35"], refused["102"], code(refused)) == ("9", "1", RejectReason.UNKNOWN_ORDER)
    venue.enter("38=1 40=2 44=1.00", cl_ord_id="NONE")
    (canceled,) = venue.send("F", f"11=c2 {request}")
    assert (canceled["150"], canceled["41"]) == ("4", "NONE")


def test_replace_of_a_waiting_order_is_reported_as_pending(venue: FixVenue) -> None:
    venue.enter("38=1 40=2 44=1.00 168=20361123-04:00:00", cl_ord_id="x")
    ids = f"41=x 1=A 55={SYMBOL} 54=1 60={TIME}"
    (report,) = venue.send("G", f"11=y {ids} 38=0.5 40=2 44=1.00 168=20361123-05:00:00")
    assert (report["150"], report["39"], report["168"][:17]) == ("5", "A", "20361123-05:00:00")
    replaced, started = venue.send("G", f"11=z {ids.replace('41=x', '41=y')} 38=0.5 40=2 44=1.00")
    assert (replaced["150"], replaced["39"], started["150"], started["39"]) == ("5", "A", "0", "0")
