"""Commands of the house: what is traded, who may trade, the end of the day.

A command that cannot be carried out is answered by `CommandRejected` with the reason in words.
"""

from engine.account import Account
from engine.book import Book
from engine.commands import (
    AddAsset,
    AddInstrument,
    EndTradingDay,
    OpenAccount,
    Refuse,
)
from engine.errors import DefinitionError
from engine.events import (
    AccountOpened,
    AnyEvent,
    AssetAdded,
    CommandRejected,
    InstrumentAdded,
    Refused,
    TradingDayEnded,
)
from engine.fee_schedules import apply_schedules, pays_for_rebates
from engine.guard import Guard
from engine.holding import Holding
from engine.instrument import Instrument
from engine.order import Order
from engine.reject import unknown_session
from engine.settlement import cancel
from engine.state import State
from engine.values import DECIMALS_MAX, END_OF_DAY, TimeInForce


def add_asset(state: State, command: AddAsset) -> list[AnyEvent]:
    """Admit an asset once."""
    if command.by and not command.asset:
        return [CommandRejected("an asset needs a name")]
    if command.asset in state.assets:
        return [CommandRejected(f"asset {command.asset} exists")]
    if not 0 <= command.decimals <= DECIMALS_MAX:
        return [CommandRejected(f"asset {command.asset}: decimals must be 0 to {DECIMALS_MAX}, not {command.decimals}")]
    state.assets[command.asset] = command.decimals
    state.fees[command.asset] = state.credited[command.asset] = state.withdrawn[command.asset] = 0
    for account in state.accounts.values():
        account.holdings[command.asset] = Holding()
    return [AssetAdded(command.asset, command.by, command.why)]


def add_instrument(state: State, command: AddInstrument) -> list[AnyEvent]:
    """Admit an instrument on two known assets once."""
    symbol = command.symbol
    if command.by and not symbol:
        return [CommandRejected("an instrument needs a name")]
    if symbol in state.books:
        return [CommandRejected(f"instrument {symbol} exists")]
    for asset in (command.base, command.quote):
        if asset not in state.assets:
            return [CommandRejected(f"{symbol}: unknown asset {asset}")]
    if command.base == command.quote:
        return [CommandRejected(f"{symbol}: base and quote must differ")]
    try:
        instrument = Instrument(
            symbol=symbol,
            base=command.base,
            quote=command.quote,
            base_decimals=state.assets[command.base],
            quote_decimals=state.assets[command.quote],
            price_increment=command.price_increment,
            price_decimals=command.price_decimals,
            qty_increment=command.qty_increment,
            qty_decimals=command.qty_decimals,
            maker_fee_bps=command.maker_fee_bps,
            taker_fee_bps=command.taker_fee_bps,
            order_qty_max=command.order_qty_max,
        )
    except DefinitionError as error:
        return [CommandRejected(str(error))]
    if not pays_for_rebates(state, instrument):
        return [CommandRejected(f"{symbol}: the taker's fee would not pay for the rebate that some have on all")]
    state.books[symbol] = Book(instrument, state.time_ns)
    for account in state.accounts.values():
        apply_schedules(state, account, (symbol,))
    base_per_lot = instrument.base_per_lot
    return [InstrumentAdded(symbol, instrument.base, instrument.quote, base_per_lot, command.by, command.why)]


def open_account(state: State, command: OpenAccount) -> list[AnyEvent]:
    """Open a cash account once."""
    if command.by and not command.account:
        return [CommandRejected("an account needs a name")]
    if command.account in state.accounts:
        return [CommandRejected(f"account {command.account} exists")]
    firm = command.firm or command.account
    account = state.accounts[command.account] = Account(command.account, firm, state.firms.setdefault(firm, Guard()))
    account.holdings = {asset: Holding() for asset in state.assets}
    apply_schedules(state, account, state.books)
    return [AccountOpened(command.account, command.by, command.why)]


def refuse(state: State, command: Refuse) -> list[AnyEvent]:
    """Put a refusal of the gateway on record."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    return [
        Refused(
            command.session,
            command.ref_seq_num,
            command.form,
            command.reason,
            command.text,
            command.ref_msg_type,
            command.ref_tag,
            command.cl_ord_id,
            command.orig_cl_ord_id,
            command.account,
            command.symbol,
            command.side,
            command.request_type,
            command.order_id,
            command.status,
            command.terms,
            command.account in session.permitted,
        )
    ]


def end_trading_day(state: State, command: EndTradingDay) -> list[AnyEvent]:
    """Let DAY orders, and those good till that date, expire, oldest first, and begin the next day's ClOrdIDs."""
    if command.day <= state.trading_day_ended:
        return [CommandRejected(f"trading day {command.day} is over already")]
    state.trading_day_ended = command.day
    expiring = [order for order in state.open_orders(state.accounts) if _ends_with(order, command.day)]
    expiring.sort(key=lambda order: order.order_id)
    events: list[AnyEvent] = [cancel(state, order, END_OF_DAY) for order in expiring]
    for account in state.accounts.values():
        account.forget_old_ids()
    for book in state.books.values():
        book.day.day_ended()
    events.append(TradingDayEnded(command.day))
    return events


def _ends_with(order: Order, day: int) -> bool:
    """Tell whether an order expires with the end of a trading day."""
    terms = order.terms
    return order.time_in_force is TimeInForce.DAY or (terms is not None and 0 < terms.expire_day <= day)
