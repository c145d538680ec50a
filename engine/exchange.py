"""The exchange: one state, changed by commands alone.

`Exchange.apply` is pure: what it returns and what it leaves behind depend on the commands so far and on nothing else.
It knows no clock, no I/O, no randomness and no float. A command is either refused with a reason, leaving everything
as it was, or carried out whole.
"""

from collections.abc import Callable
from typing import Any, Final

from engine import (
    aftermath,
    amending,
    canceling,
    clock,
    commands,
    disconnecting,
    entry,
    fee_schedules,
    funds,
    guarding,
    house,
    index_price,
    instrument_queries,
    lists,
    queries,
    replacing,
    replays,
    self_trade,
    sessions,
    trade_queries,
    transitions,
    withdrawals,
)
from engine.commands import AnyCommand
from engine.events import AnyEvent
from engine.state import State

_APPLIERS: Final[dict[type, Callable[[State, Any], list[AnyEvent]]]] = {
    commands.NewOrder: entry.new_order,
    commands.CancelOrder: canceling.cancel_order,
    commands.ReplaceOrder: replacing.replace_order,
    commands.MassCancel: canceling.mass_cancel,
    commands.QueryOrder: queries.query_order,
    commands.QueryOrders: queries.query_orders,
    commands.Refuse: house.refuse,
    commands.ReserveOutbound: sessions.reserve_outbound,
    commands.ReleaseOutbound: sessions.release_outbound,
    commands.ResetSequence: sessions.reset_sequence,
    commands.AddAsset: house.add_asset,
    commands.AddInstrument: house.add_instrument,
    commands.OpenAccount: house.open_account,
    commands.Credit: funds.credit,
    commands.Debit: funds.debit,
    commands.Transfer: funds.transfer,
    commands.ChargeFee: funds.charge_fee,
    commands.HoldWithdrawal: withdrawals.hold_withdrawal,
    commands.ReleaseWithdrawal: withdrawals.release_withdrawal,
    commands.SettleWithdrawal: withdrawals.settle_withdrawal,
    commands.BlockWithdrawals: withdrawals.block_withdrawals,
    commands.UnblockWithdrawals: withdrawals.unblock_withdrawals,
    commands.ProvisionSession: sessions.provision_session,
    commands.SetCredentials: sessions.set_credentials,
    commands.SuspendSession: sessions.suspend_session,
    commands.ResumeSession: sessions.resume_session,
    commands.RemoveSession: sessions.remove_session,
    commands.SetSequence: sessions.set_sequence,
    commands.LogOutSession: sessions.log_out_session,
    commands.EndTradingDay: house.end_trading_day,
    commands.ClockTick: clock.clock_tick,
    commands.BustTrade: amending.bust_trade,
    commands.CorrectTrade: amending.correct_trade,
    commands.SetRules: guarding.set_rules,
    commands.SetLimits: guarding.set_limits,
    commands.SetFees: fee_schedules.set_fees,
    commands.SetSelfTrade: self_trade.set_self_trade,
    commands.Block: guarding.block,
    commands.Unblock: guarding.unblock,
    commands.SessionConnected: disconnecting.session_connected,
    commands.SessionDisconnected: disconnecting.session_disconnected,
    commands.SetPhase: transitions.set_phase,
    commands.NewOrderList: lists.new_order_list,
    commands.CancelOrderList: lists.cancel_order_list,
    commands.QueryOrderList: lists.query_order_list,
    commands.SetSchedule: transitions.set_schedule,
    commands.QueryPhase: queries.query_phase,
    commands.QueryBalances: queries.query_balances,
    commands.QueryTrades: trade_queries.query_trades,
    commands.QueryUser: queries.query_user,
    commands.RecoverSession: queries.recover_session,
    commands.QueryInstruments: instrument_queries.query_instruments,
    commands.QueryReplay: replays.query_replay,
    commands.EndReplay: replays.end_replay,
    commands.SetIndexPrice: index_price.set_index_price,
}
"""Each of the first seven notes where its session's sequence stands. Done here, for all of them, that would cost more:
the interpreter is quick with an attribute where it finds it on objects of one class only."""


class Exchange:
    """The venue's state and the rules that change it."""

    __slots__ = ("state",)

    def __init__(self, state: State | None = None) -> None:
        """Begin with `state`, or with an empty venue."""
        self.state = state or State()

    def apply(self, command: AnyCommand, time_ns: int) -> list[AnyEvent]:
        """Carry out a command stamped `time_ns` (nanoseconds since the epoch) and return what happened, in order.

        What was due by then happens first.
        """
        state = self.state
        state.time_ns = time_ns
        if state.due.next_ns <= time_ns:
            events = clock.act_on_due(state)
            events += _APPLIERS[type(command)](state, command)
        else:
            events = _APPLIERS[type(command)](state, command)
        if state.restless:
            aftermath.settle(state, events)
        return events
