"""What other versions of FIX say in the place of FIX 4.4."""

import pytest

from engine import commands
from engine.values import Phase
from fixgw.codec import SOH
from fixgw.version import version_named
from tests.fixgw.venue import NOW, Told, Venue

T = f"60={NOW}|"


def said(told: Told, version: str) -> str:
    """Return a report as another version has it: `MsgType 37=1|…`."""
    msg_type, body = version_named(version).render(told.msg_type, told.body)
    return f"{msg_type} {body.replace(SOH, '|')}"


def in_42(told: Told) -> str:
    return said(told, "FIX.4.2")


def in_50(told: Told) -> str:
    return said(told, "FIX.5.0SP2")


def crossed() -> tuple[Venue, Told, Told]:
    """Return a venue on which an order was filled in part by another, and the reports on the fill, maker first."""
    venue = Venue()
    venue.order("M", "1", "2", "100")
    _, maker, taker = venue.order("T", "2", "1", "100", by="BROKER2")
    return venue, maker, taker


def test_fix_44_is_said_as_it_is() -> None:
    _, maker, _ = crossed()
    assert version_named("FIX.4.4").render(maker.msg_type, maker.body) == (maker.msg_type, maker.body)


def test_a_new_order_has_a_transaction_type_in_fix_42() -> None:
    (accepted,) = Venue().order("O", "1", "1", "100")
    assert in_42(accepted) == f"8 {accepted.text}".replace("|150=0|", "|20=0|150=0|")
    assert in_50(accepted) == f"8 {accepted.text}"


def test_a_fill_is_of_the_type_that_the_orders_status_is_in_fix_42() -> None:
    _, maker, taker = crossed()
    assert "|20=0|150=1|39=1|" in in_42(maker)
    assert "|20=0|150=2|39=2|" in in_42(taker)
    assert "|150=F|39=1|" in in_50(maker)


def test_a_fee_is_a_commission_in_fix_42() -> None:
    _, _, taker = crossed()
    assert taker.has("136=1|137=0.02000000|138=USD|139=4|")
    assert "|12=0.02000000|13=3|" in in_42(taker)
    assert "|13" not in in_42(taker).replace("|13=3|", "|")


def test_a_bust_and_a_correction_are_told_by_the_transaction_type_in_fix_42() -> None:
    venue, _, _ = crossed()
    corrected, _ = venue.tell(venue.apply(commands.CorrectTrade(1, 1_000_000, 9_900, "mira", "")))
    assert "|20=2|19=T1-0|150=1|39=1|" in in_42(corrected)
    busted, of_taker = venue.tell(venue.apply(commands.BustTrade(1, "mira", "")))
    assert "|20=1|19=T1-0|150=0|39=0|" in in_42(busted)
    assert "|20=1|19=T1-1|150=4|39=4|" in in_42(of_taker)
    assert "|19=T1-0|150=H|39=0|" in in_50(busted)


def test_the_answer_to_a_question_is_told_by_the_transaction_type_in_fix_42() -> None:
    venue, _, _ = crossed()
    (status,) = venue.say("H", "11=M|55=BTC/USD|54=1|")
    assert "|20=3|150=1|39=1|" in in_42(status)
    (unknown,) = venue.say("H", "11=X|55=BTC/USD|54=1|")
    assert "|20=3|150=8|39=8|103=5|" in in_42(unknown)


def test_a_replaced_order_is_in_that_status_in_fix_42_unless_it_has_been_filled() -> None:
    venue, _, _ = crossed()
    (filled,) = venue.say("G", f"11=R1|41=M|55=BTC/USD|54=1|{T}38=3|40=2|44=100|")
    assert "|20=0|150=5|39=1|" in in_42(filled)
    venue.order("O", "1", "1", "90")
    (replaced,) = venue.say("G", f"11=R2|41=O|55=BTC/USD|54=1|{T}38=3|40=2|44=90|")
    assert "|20=0|150=5|39=5|" in in_42(replaced)
    assert "|150=5|39=0|" in in_50(replaced)


@pytest.mark.parametrize(
    ("text", "reason_42"),
    (
        ("38=1|40=2|44=100.001|", "103=0"),
        ("38=1|40=2|44=100|55=X|", "103=1"),
        ("38=0|40=2|44=100|", "103=0"),
    ),
)
def test_a_reason_that_fix_42_lacks_is_the_nearest_that_it_has(text: str, reason_42: str) -> None:
    (rejected,) = Venue().say("D", f"11=O|{'' if '55=' in text else '55=BTC/USD|'}54=1|{T}{text}")
    assert f"|{reason_42}|" in in_42(rejected)
    assert rejected["58"] in in_42(rejected)


def test_a_session_reject_has_no_reason_in_fix_42_where_that_has_none() -> None:
    (repeated,) = Venue().say("D", f"11=O|55=BTC/USD|54=1|{T}38=1|40=2|44=100|44=100|")
    assert repeated["373"] == "13"
    assert in_42(repeated) == "3 45=1|371=44|372=D|58=Tag appears more than once: Price|"
    (missing,) = Venue().say("D", f"11=O|55=BTC/USD|{T}38=1|40=2|44=100|")
    assert "|373=1|" in in_42(missing)


def test_a_triggered_order_is_told_by_a_type_of_its_own_in_fix_50() -> None:
    venue = Venue()
    venue.order("M1", "2", "1", "100", by="BROKER2")
    venue.order("T1", "1", "1", "100")
    venue.say("D", f"11=S|55=BTC/USD|54=1|{T}38=1|40=4|44=105|99=102|")
    venue.order("M2", "2", "1", "102", by="BROKER2")
    triggered = next(told for told in venue.order("T2", "1", "1", "102") if told["11"] == "S")
    assert triggered.has("150=D|378=99|636=Y|")
    assert "|150=L|39=0|" in in_50(triggered)
    assert "|378=" not in in_50(triggered)
    assert "|20=0|150=D|39=0|" in in_42(triggered)
    assert "|378=4|" in in_42(triggered)


def test_a_mass_cancel_report_has_an_id_of_its_own_in_fix_50() -> None:
    venue = Venue()
    venue.order("O", "1", "1", "90")
    *_, report = venue.say("q", f"11=Q|530=7|{T}")
    assert report.msg_type == "r"
    assert in_50(report).startswith(
        f"r 1369={report['37']}|11=Q|37={report['37']}|530=7|531=7|533=1|534=1|1824=O|535=1|"
    )


def test_a_halt_is_told_with_the_versions_own_values() -> None:
    venue = Venue()
    venue.say("e", "324=R|55=BTC/USD|263=1|")
    (halted,) = venue.tell(venue.apply(commands.SetPhase("BTC/USD", Phase.HALT, "staff", "news")))
    assert "|326=2|327=M|" in in_42(halted)
    assert "|326=2|327=3|" in in_50(halted)
    (pre_open,) = venue.tell(venue.apply(commands.SetPhase("BTC/USD", Phase.PRE_OPEN, "staff", "")))
    assert pre_open["326"] == "21"
    assert "|326=18|" in in_42(pre_open)
    assert "|326=21|" in in_50(pre_open)


def test_a_request_for_an_unknown_trading_session_is_refused_otherwise_in_fix_42() -> None:
    (answer,) = Venue().say("g", "335=R|336=X|263=0|")
    assert answer.msg_type == "h"
    assert in_42(answer) == f"j 372=g|379=R|380=2|58={answer['58']}|"
