"""Reason codes: numbered once, and with a value of FIX 4.4 in each field that can carry one."""

import pytest

from engine.reject import RejectReason
from fixgw.reject import (
    GatewayReject,
    business_reject_reason,
    cxl_rej_reason,
    mass_cancel_reject_reason,
    ord_rej_reason,
)
from fixgw.version import FIX44

REASONS = (*RejectReason, *GatewayReject)


def test_codes_are_in_their_bands_and_never_twice() -> None:
    assert all(1_000 <= reason < 2_000 for reason in RejectReason)
    assert all(2_000 <= reason < 3_000 for reason in GatewayReject)
    assert len({reason.text for reason in REASONS}) == len(REASONS)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_reason_has_a_value_of_the_standard_in_every_field(reason: RejectReason | GatewayReject) -> None:
    assert str(ord_rej_reason(reason)) in FIX44.dictionary.fields["103"].values
    assert str(cxl_rej_reason(reason)) in FIX44.dictionary.fields["102"].values
    assert str(mass_cancel_reject_reason(reason)) in FIX44.dictionary.fields["532"].values
    assert str(business_reject_reason(reason)) in FIX44.dictionary.fields["380"].values


def test_code_that_nobody_knows_is_other() -> None:
    assert (ord_rej_reason(1), cxl_rej_reason(1), mass_cancel_reject_reason(1), business_reject_reason(1)) == (
        99,
        99,
        99,
        0,
    )


def test_reason_has_a_sentence() -> None:
    for reason in REASONS:
        assert reason.text
        assert not reason.text.endswith(".")
        assert reason.text.isascii()
