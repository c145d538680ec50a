"""Seeding: what the settings define and the journal does not have yet becomes commands.

The journal is the truth. Settings only add to it; a definition that differs from the journal's is an error, because
what has been traded under one definition cannot be read under another.
"""

import secrets
from hashlib import sha256
from typing import Final

import msgspec

from config.market import WEEKDAYS, Instrument, PhaseChange
from config.market import Rules as RulesSettings
from config.owners import Limits as LimitsSettings
from config.owners import SelfTrade as SelfTradeSetting
from config.owners import SelfTradeScope as SelfTradeScopeSetting
from config.sessions import Session
from config.settings import Settings
from engine.book import Book
from engine.commands import (
    AddAsset,
    AddInstrument,
    AnyCommand,
    Credit,
    OpenAccount,
    ProvisionSession,
    SetLimits,
    SetRules,
    SetSchedule,
    SetSelfTrade,
)
from engine.decimals import parse_decimal
from engine.errors import DecimalError
from engine.events import CommandRejected
from engine.profile import CopyScope, Credentials, OnBehalf, SessionProfile, SessionRole, Throttle
from engine.rules import Bands, Limits, Rules, ScheduledPhase, SelfTradeRule
from engine.sequencer import Sequencer
from engine.values import CancelOnDisconnect, Phase, Scope, SelfTrade, SelfTradeScope
from fixgw.errors import SeedError

_ON_DISCONNECT: Final = {
    "none": CancelOnDisconnect.NONE,
    "session": CancelOnDisconnect.SESSION,
    "accounts": CancelOnDisconnect.ACCOUNTS,
}


def seed(settings: Settings, sequencer: Sequencer) -> None:
    """Submit what is missing. Raise `SeedError` if a definition cannot be had, or contradicts the journal."""
    _seed_assets(settings, sequencer)
    _seed_instruments(settings, sequencer)
    _seed_accounts(settings, sequencer)
    _seed_limits(settings, sequencer)
    _seed_sessions(settings, sequencer)
    _seed_self_trade(settings, sequencer)


def _seed_assets(settings: Settings, sequencer: Sequencer) -> None:
    assets = sequencer.exchange.state.assets
    for asset in settings.assets:
        if asset.asset not in assets:
            _submit(sequencer, AddAsset(asset.asset, asset.decimals))
        elif assets[asset.asset] != asset.decimals:
            raise SeedError(
                f"asset {asset.asset}: the journal has {assets[asset.asset]} decimals, the settings "
                f"{asset.decimals}; keep the journal's, or start with an empty data directory"
            )


def _seed_instruments(settings: Settings, sequencer: Sequencer) -> None:
    books = sequencer.exchange.state.books
    for instrument in settings.instruments:
        command = _add_instrument(instrument)
        if instrument.symbol not in books:
            _submit(sequencer, command)
        else:
            _check_same(command, sequencer)
        if instrument.rules is not None:
            quote_decimals = sequencer.exchange.state.assets[instrument.quote]
            rules = _rules(instrument.rules, books[instrument.symbol], quote_decimals)
            if books[instrument.symbol].rules != rules:
                _submit(sequencer, SetRules(instrument.symbol, rules))
        if instrument.schedule is not None:
            schedule = tuple(_scheduled(change) for change in instrument.schedule)
            if books[instrument.symbol].timetable.schedule != schedule:
                _submit(sequencer, SetSchedule(instrument.symbol, schedule))


def _seed_accounts(settings: Settings, sequencer: Sequencer) -> None:
    state = sequencer.exchange.state
    for account in settings.accounts:
        known = state.accounts.get(account.account)
        if known is None:
            _submit(sequencer, OpenAccount(account.account, account.firm or ""))
        elif account.firm and known.firm != account.firm:
            raise SeedError(
                f"account {account.account}: the journal has firm {known.firm}, the settings {account.firm}; "
                "keep the journal's, or start with an empty data directory"
            )
        for asset_name, text in account.deposits.items():
            amount = _decimal(text, state.assets[asset_name], f"account {account.account}: deposit of {asset_name}")
            reference = account.opening_reference(asset_name)
            if amount and reference not in state.references.booked:  # a crash may have come between the two
                _submit(sequencer, Credit(account.account, asset_name, amount, reference))


def _seed_limits(settings: Settings, sequencer: Sequencer) -> None:
    state = sequencer.exchange.state
    for firm in settings.firms:
        limits = _limits(firm.limits, state.assets, f"firm {firm.firm}")
        if state.firms[firm.firm].limits != limits:
            _submit(sequencer, SetLimits(Scope.FIRM, firm.firm, limits))
    for account in settings.accounts:
        if account.limits is not None:
            limits = _limits(account.limits, state.assets, f"account {account.account}")
            if state.accounts[account.account].guard.limits != limits:
                _submit(sequencer, SetLimits(Scope.ACCOUNT, account.account, limits))


def _seed_sessions(settings: Settings, sequencer: Sequencer) -> None:
    """Provision what is new in the settings; what staff have changed since they were last seeded stays."""
    sessions = sequencer.exchange.state.sessions
    for session in settings.sessions:
        known = sessions.get(session.comp_id)
        command = _provision(session)
        if known is None or known.seed != command.seed:
            _submit(sequencer, command)


def _provision(session: Session) -> ProvisionSession:
    throttle, copies = session.throttle, session.copies
    profile = SessionProfile(
        SessionRole[session.role.upper().replace("-", "_")],
        session.version,
        session.validates,
        session.recovers_unasked,
        session.instruments,
        tuple(OnBehalf(comp_id, account) for comp_id, account in session.on_behalf_of.items()),
        session.networks,
        Throttle(throttle.orders_per_s, throttle.orders_burst, throttle.queries_per_s, throttle.queries_burst),
        CopyScope(copies.accounts, copies.firms, copies.fills_only),
    )
    password_hash = session.password_hash or ""
    return ProvisionSession(
        session.comp_id,
        session.accounts,
        password_hash,
        _ON_DISCONNECT[session.cancel_on_disconnect],
        session.disconnect_grace_ms,
        profile,
        Credentials(password_hash, session.public_keys, "", session.certificates),
        sha256(msgspec.json.encode(session)).hexdigest(),
    )


def _seed_self_trade(settings: Settings, sequencer: Sequencer) -> None:
    state = sequencer.exchange.state
    for account in settings.accounts:
        rule = _self_trade_rule(account.self_trade, account.self_trade_scope)
        if rule is not None and state.self_trade_accounts.get(account.account) != rule:
            _submit(sequencer, SetSelfTrade(account.account, "", rule))
    for session in settings.sessions:
        rule = _self_trade_rule(session.self_trade, session.self_trade_scope)
        if rule is not None and state.self_trade_sessions.get(session.comp_id) != rule:
            _submit(sequencer, SetSelfTrade("", session.comp_id, rule))


def _self_trade_rule(mode: SelfTradeSetting | None, scope: SelfTradeScopeSetting) -> SelfTradeRule | None:
    return None if mode is None else SelfTradeRule(_SELF_TRADES[mode], _SELF_TRADE_SCOPES[scope])


_SELF_TRADES: Final = {
    "none": SelfTrade.NONE,
    "newest": SelfTrade.CANCEL_NEWEST,
    "oldest": SelfTrade.CANCEL_OLDEST,
    "both": SelfTrade.CANCEL_BOTH,
    "decrement": SelfTrade.DECREMENT,
}
_SELF_TRADE_SCOPES: Final = {"account": SelfTradeScope.ACCOUNT, "firm": SelfTradeScope.FIRM}


def _submit(sequencer: Sequencer, command: AnyCommand) -> None:
    for event in sequencer.submit(command):
        if isinstance(event, CommandRejected):
            raise SeedError(f"settings: {event.text}")


def _add_instrument(instrument: Instrument) -> AddInstrument:
    price_decimals = len(instrument.price_increment.partition(".")[2])
    qty_decimals = len(instrument.quantity_increment.partition(".")[2])
    where = f"instrument {instrument.symbol}"
    qty_increment = _decimal(instrument.quantity_increment, qty_decimals, f"{where}: quantity_increment")
    qty_max = _decimal(instrument.order_quantity_max, qty_decimals, f"{where}: order_quantity_max")
    if not qty_increment or qty_max % qty_increment:
        raise SeedError(f"settings: {where}: order_quantity_max must be a multiple of the quantity increment")
    return AddInstrument(
        instrument.symbol,
        instrument.base,
        instrument.quote,
        _decimal(instrument.price_increment, price_decimals, f"{where}: price_increment"),
        price_decimals,
        qty_increment,
        qty_decimals,
        instrument.maker_fee_bps,
        instrument.taker_fee_bps,
        qty_max // qty_increment,
    )


def _scheduled(change: PhaseChange) -> ScheduledPhase:
    hour, minute = change.at.split(":")
    weekdays = sum(1 << WEEKDAYS.index(day) for day in dict.fromkeys(change.days))
    return ScheduledPhase(int(hour) * 3_600 + int(minute) * 60, Phase[change.phase.upper().replace("-", "_")], weekdays)


def _rules(rules: RulesSettings, book: Book, quote_decimals: int) -> Rules:
    instrument = book.instrument
    where = f"instrument {instrument.symbol}: rules"
    reference = _decimal(rules.reference_price, instrument.price_decimals, f"{where}: reference_price")
    if reference % instrument.price_increment:
        raise SeedError(f"settings: {where}: reference_price must be a multiple of the price increment")
    bands = rules.bands
    lots = []
    for name, text in (("min", rules.order_quantity_min), ("max", rules.order_quantity_max)):
        qty = _decimal(text, instrument.qty_decimals, f"{where}: order_quantity_{name}")
        if qty % instrument.qty_increment:
            raise SeedError(f"settings: {where}: order_quantity_{name} must be a multiple of the quantity increment")
        lots.append(qty // instrument.qty_increment)
    return Rules(
        stop_protection_bps=rules.stop_protection_bps,
        display_min_bps=rules.display_min_bps,
        auction_protection_bps=rules.auction_protection_bps,
        auction_random_end_ms=rules.auction_random_end_ms,
        auction_seed=(book.rules.auction_seed or secrets.randbits(63)) if rules.auction_random_end_ms else 0,
        indicative_every_ms=rules.indicative_every_ms,
        bands=None if bands is None else Bands(bands.static_bps, bands.dynamic_bps, bands.auction_ms),
        reference_price=reference // instrument.price_increment,
        order_qty_min=lots[0],
        order_qty_max=lots[1],
        order_notional_min=_decimal(rules.order_notional_min, quote_decimals, f"{where}: order_notional_min"),
        order_notional_max=_decimal(rules.order_notional_max, quote_decimals, f"{where}: order_notional_max"),
        fat_finger_bps=rules.fat_finger_bps,
    )


def _limits(limits: LimitsSettings, assets: dict[str, int], where: str) -> Limits:
    def amounts(name: str, texts: dict[str, str]) -> dict[str, int]:
        return {asset: _decimal(text, assets[asset], f"{where}: {name} of {asset}") for asset, text in texts.items()}

    return Limits(
        limits.open_orders_max,
        amounts("order_quantity_max", limits.order_quantity_max),
        amounts("order_notional_max", limits.order_notional_max),
    )


_WHO_ASKED: Final = ("by", "why")
"""Fields of a command that say nothing of what it makes."""


def _check_same(command: AddInstrument, sequencer: Sequencer) -> None:
    instrument = sequencer.exchange.state.books[command.symbol].instrument
    for field in command.__struct_fields__:
        if field in _WHO_ASKED:
            continue
        ours, asked = getattr(instrument, field), getattr(command, field)
        if ours != asked:
            raise SeedError(
                f"instrument {command.symbol}: the journal has {field} {ours}, the settings {asked}; "
                "keep the journal's, or start with an empty data directory"
            )


def _decimal(text: str, decimals: int, where: str) -> int:
    try:
        return parse_decimal(text, decimals)
    except DecimalError as error:
        raise SeedError(f"settings: {where}: {error}") from error
