"""The life cycle of a client."""

import pytest

from backoffice.crm.workflow import STEPS, TRANSITIONS, State, Suspension, Verb, after, may_trade, may_withdraw
from backoffice.errors import Refused


def test_the_way_to_trading() -> None:
    state = State.DRAFT
    for verb in (
        Verb.SUBMIT,
        Verb.SCREEN,
        Verb.CLEAR,
        Verb.RATE,
        Verb.REQUEST_INFORMATION,
        Verb.ANSWER,
        Verb.APPROVE,
        Verb.ACTIVATE,
        Verb.SUSPEND,
        Verb.RESUME,
        Verb.OFFBOARD,
        Verb.CLOSE,
    ):
        state = after("C-1", state, verb)
    assert state is State.CLOSED


def test_what_stands_not_in_the_table_is_refused_with_what_is_possible() -> None:
    with pytest.raises(Refused, match="C-1 is draft: approve is not possible now; possible is submit, reject"):
        after("C-1", State.DRAFT, Verb.APPROVE)
    with pytest.raises(Refused, match="C-1 is screening: risk is not possible now; possible is screen, request-inf"):
        after("C-1", State.SCREENING, Verb.RATE)
    with pytest.raises(Refused, match="nothing: the file is closed"):
        after("C-1", State.CLOSED, Verb.REOPEN)


def test_what_was_entered_by_mistake_need_not_stay_a_draft() -> None:
    assert after("C-1", State.DRAFT, Verb.REJECT) is State.REJECTED


def test_every_state_and_step_is_described() -> None:
    assert set(TRANSITIONS) == set(State)
    assert set(STEPS) == set(Verb) == {verb for allowed in TRANSITIONS.values() for verb in allowed}


def test_nobody_trades_who_was_not_approved_by_a_second_person() -> None:
    """All ways from a draft to trading lead through an approval."""
    reached, waiting = {State.DRAFT}, [State.DRAFT]
    while waiting:
        for verb, state in TRANSITIONS[waiting.pop()].items():
            if not STEPS[verb].is_second_person and state not in reached:
                reached.add(state)
                waiting.append(state)
    assert not any(may_trade(state, None) for state in reached)
    assert State.APPROVED not in reached


@pytest.mark.parametrize(
    ("state", "suspension", "trades", "withdraws"),
    (
        (State.APPROVED, None, False, False),
        (State.ACTIVE, None, True, True),
        (State.SUSPENDED, Suspension.TRADING, False, True),
        (State.SUSPENDED, Suspension.WITHDRAWALS, True, False),
        (State.SUSPENDED, Suspension.ALL, False, False),
        (State.OFFBOARDING, None, False, True),
        (State.OFFBOARDING, Suspension.ALL, False, False),
        (State.CLOSED, None, False, False),
    ),
)
def test_what_a_client_may_do(state: State, suspension: Suspension | None, trades: bool, withdraws: bool) -> None:
    assert (may_trade(state, suspension), may_withdraw(state, suspension)) == (trades, withdraws)
