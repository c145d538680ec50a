"""Seeding: what the settings define and the journal does not have yet becomes commands.

The journal is the truth. Settings only add to it; a definition that differs from the journal's is an error, because
what has been traded under one definition cannot be read under another.
"""

from config.settings import Instrument, Settings
from engine.commands import (
    AddAsset,
    AddInstrument,
    AnyCommand,
    Credit,
    OpenAccount,
    ProvisionSession,
)
from engine.decimals import parse_decimal
from engine.errors import DecimalError
from engine.events import CommandRejected
from engine.sequencer import Sequencer
from fixgw.errors import SeedError


def seed(settings: Settings, sequencer: Sequencer) -> None:
    """Submit what is missing. Raise `SeedError` if a definition cannot be had, or contradicts the journal."""
    state = sequencer.exchange.state
    for asset in settings.assets:
        if asset.asset not in state.assets:
            _submit(sequencer, AddAsset(asset.asset, asset.decimals))
        elif state.assets[asset.asset] != asset.decimals:
            raise SeedError(
                f"asset {asset.asset}: the journal has {state.assets[asset.asset]} decimals, the settings "
                f"{asset.decimals}; keep the journal's, or start with an empty data directory"
            )
    for instrument in settings.instruments:
        command = _add_instrument(instrument)
        if instrument.symbol not in state.books:
            _submit(sequencer, command)
        else:
            _check_same(command, sequencer)
    for account in settings.accounts:
        if account.account not in state.accounts:
            _submit(sequencer, OpenAccount(account.account))
        for asset_name, text in account.deposits.items():
            amount = _decimal(text, state.assets[asset_name], f"account {account.account}: deposit of {asset_name}")
            reference = f"opening deposit {account.account} {asset_name}"
            if amount and reference not in state.credit_references:  # a crash may have come between the two
                _submit(sequencer, Credit(account.account, asset_name, amount, reference))
    for session in settings.sessions:
        known = state.sessions.get(session.comp_id)
        if known is None or (known.accounts, known.password_hash) != (session.accounts, session.password_hash):
            _submit(sequencer, ProvisionSession(session.comp_id, session.accounts, session.password_hash))


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


def _check_same(command: AddInstrument, sequencer: Sequencer) -> None:
    instrument = sequencer.exchange.state.books[command.symbol].instrument
    for field in command.__struct_fields__:
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
