"""Fee schedules: the rates that the house gives an account or a firm in the place of an instrument's own.

The first of these that is set applies: the account's for the instrument, the account's for all, the firm's for the
instrument, the firm's for all, the instrument's own. What applies is worked out when a schedule changes, so that an
order finds its rates at once. An order keeps those that it was entered with, or last replaced: its funds are reserved
by them.

The house never pays for a trade: the lowest taker's fee that anybody may have on an instrument, open orders included,
must pay for the highest rebate. A change that does not keep to this is refused.
"""

from collections.abc import Iterable

from engine.account import Account
from engine.commands import SetFees
from engine.events import AnyEvent, CommandRejected, FeesSet
from engine.fee_rates import FEE_SCALE, FeeRates
from engine.guarding import guard_of, unknown
from engine.instrument import Instrument
from engine.state import State
from engine.values import Scope


def set_fees(state: State, command: SetFees) -> list[AnyEvent]:
    """Give an account or a firm its own rates, on an instrument or on all; or take them away."""
    flaw = _flaw(state, command)
    if flaw:
        return [CommandRejected(f"fees: {flaw}")]
    key = (command.scope, command.name, command.symbol)
    before = state.fee_schedules.pop(key, None)
    if command.maker_ppm is not None:
        state.fee_schedules[key] = command
    symbols = (command.symbol,) if command.symbol else tuple(state.books)
    for symbol in symbols:
        if not pays_for_rebates(state, state.books[symbol].instrument):
            del state.fee_schedules[key]
            if before is not None:
                state.fee_schedules[key] = before
            return [CommandRejected(f"fees: on {symbol}, the lowest fee of a taker would not pay for a maker's rebate")]
    is_firm = command.scope is Scope.FIRM
    for account in state.accounts.values():
        if command.name == (account.firm if is_firm else account.account):
            apply_schedules(state, account, symbols)
    return [
        FeesSet(
            command.scope,
            command.name,
            command.symbol,
            command.maker_ppm,
            command.taker_ppm,
            command.by,
            command.why,
        )
    ]


def apply_schedules(state: State, account: Account, symbols: Iterable[str]) -> None:
    """Let an account have the rates on instruments that the schedules give it."""
    schedules = state.fee_schedules
    for symbol in symbols if schedules or account.fees else ():
        account.fees.pop(symbol, None)
        for key in (
            (Scope.ACCOUNT, account.account, symbol),
            (Scope.ACCOUNT, account.account, ""),
            (Scope.FIRM, account.firm, symbol),
            (Scope.FIRM, account.firm, ""),
        ):
            found = schedules.get(key)
            if found is not None:
                account.fees[symbol] = FeeRates(found.maker_ppm or 0, found.taker_ppm or 0)
                break


def pays_for_rebates(state: State, instrument: Instrument) -> bool:
    """Tell whether no two orders that there are or may be on an instrument would be paid more than they pay."""
    symbol = instrument.symbol
    makers, takers = [instrument.fees.maker_ppm], [instrument.fees.taker_ppm]
    for schedule in state.fee_schedules.values():
        if schedule.symbol in ("", symbol):
            makers.append(schedule.maker_ppm or 0)
            takers.append(schedule.taker_ppm or 0)
    for order in state.open_orders(state.accounts, symbol):
        makers.append(order.fees.maker_ppm)
        takers.append(order.fees.taker_ppm)
    return min(makers) + min(takers) >= 0


def _flaw(state: State, command: SetFees) -> str:
    """Return what is wrong with a schedule, empty if nothing is."""
    if command.scope is Scope.SESSION:
        return "a session has none; its accounts and firm have"
    if guard_of(state, command.scope, command.name) is None:
        return unknown(command.scope, command.name)
    if command.symbol and command.symbol not in state.books:
        return f"unknown instrument {command.symbol}"
    maker, taker = command.maker_ppm, command.taker_ppm
    if maker is None or taker is None:
        return "" if maker is taker else "maker's and taker's are set together"
    if not (-FEE_SCALE < maker < FEE_SCALE and 0 <= taker < FEE_SCALE):
        return f"a maker's must be within {FEE_SCALE} millionths, a taker's from 0 to below that"
    return ""
