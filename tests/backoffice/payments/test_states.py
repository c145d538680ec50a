"""The life cycles: tables without holes."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from backoffice.errors import Refused
from backoffice.payments.states import (
    ACTIVE_DEPOSITS,
    ACTIVE_WITHDRAWALS,
    DEPOSITS,
    WITHDRAWALS,
    DepositState,
    WithdrawalState,
    WithdrawalVerb,
)
from backoffice.transitions import after

TABLES = pytest.mark.parametrize(
    ("table", "states", "first"),
    (
        (DEPOSITS, DepositState, DepositState.CONFIRMING),
        (WITHDRAWALS, WithdrawalState, WithdrawalState.HOLDING),
    ),
)


@TABLES
def test_every_state_stands_in_its_table_and_can_be_reached(
    table: Mapping[Any, Mapping[Any, Any]], states: type[StrEnum], first: StrEnum
) -> None:
    assert set(table) == set(states)
    reached, fresh = {first}, [first]
    while fresh:
        for state in table[fresh.pop()].values():
            if state not in reached:
                reached.add(state)
                fresh.append(state)
    assert reached == set(states)


def test_nothing_ends_in_a_state_that_asks_for_something_to_be_done() -> None:
    for state in ACTIVE_DEPOSITS:
        assert DEPOSITS[state]
    for waiting in ACTIVE_WITHDRAWALS:
        assert WITHDRAWALS[waiting]


def test_what_is_not_in_the_table_is_refused_with_what_is() -> None:
    with pytest.raises(Refused, match=r"W-1 is sending; cancel is not possible then \(possible: send, lose, fail\)"):
        after(WITHDRAWALS, WithdrawalState.SENDING, WithdrawalVerb.CANCEL, "W-1")
    with pytest.raises(Refused, match="nothing: it is at its end"):
        after(WITHDRAWALS, WithdrawalState.FAILED, WithdrawalVerb.SEND, "W-1")


def test_what_may_have_been_sent_cannot_be_called_off_or_sent_again() -> None:
    sent, fresh = {WithdrawalState.SENDING}, [WithdrawalState.SENDING]
    while fresh:
        for state in WITHDRAWALS[fresh.pop()].values():
            if state not in sent:
                sent.add(state)
                fresh.append(state)
    for state in sent:
        assert WithdrawalVerb.CANCEL not in WITHDRAWALS[state]
        assert WithdrawalVerb.BEGIN not in WITHDRAWALS[state]
