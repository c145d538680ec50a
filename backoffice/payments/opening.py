"""Makes the rules and the rails that the settings name."""

from collections.abc import Mapping
from pathlib import Path

from backoffice.errors import NotFound
from backoffice.payments import sandbox
from backoffice.payments.rail import Booking, Rail
from backoffice.payments.rules import PaymentRules, Tier
from backoffice.times import HOUR_NS, MINUTE_NS
from config.back_office import Payment, PaymentTier
from config.settings import Settings
from engine.decimals import parse_decimal


def rules_of(settings: Settings) -> dict[tuple[str, str], PaymentRules]:
    """Return the rules by rail and asset."""
    decimals = {asset.asset: asset.decimals for asset in settings.assets}
    return {
        (payment.rail, payment.asset): _rules(payment, decimals[payment.asset])
        for payment in settings.back_office.payments
    }


def rails_of(settings: Settings, data: Path) -> dict[str, Rail]:
    """Return the rails by name. `data`: the venue's data directory."""
    names = {payment.rail for payment in settings.back_office.payments}
    return {sandbox.NAME: sandbox.SandboxRail(data, _opening(settings))} if sandbox.NAME in names else {}


def _opening(settings: Settings) -> list[Booking]:
    """Return what the settings open accounts with, of all that goes over the sandbox rail."""
    decimals = {asset.asset: asset.decimals for asset in settings.assets}
    over = {(payment.rail, payment.asset) for payment in settings.back_office.payments}
    opening = [
        Booking(account.opening_reference(asset), asset, parse_decimal(text, decimals[asset]))
        for account in settings.accounts
        for asset, text in account.deposits.items()
        if (sandbox.NAME, asset) in over
    ]
    return [booking for booking in opening if booking.amount]


def rule_for(rules: Mapping[tuple[str, str], PaymentRules], asset: str, rail: str | None) -> PaymentRules:
    """Return the rules for an asset, on the rail that is named or the only one there is. Raise `NotFound`."""
    found = [rule for (on, of), rule in rules.items() if of == asset and rail in (None, on)]
    if len(found) == 1:
        return found[0]
    what = f"{asset} goes over no rail" if rail is None else f"{asset} does not go over {rail}"
    if found:
        what = f"{asset} goes over {', '.join(rule.rail for rule in found)}; say which"
    raise NotFound(f"{what}; the settings say how, in [[back_office.payments]]")


def _rules(payment: Payment, decimals: int) -> PaymentRules:
    def tiers(given: tuple[PaymentTier, ...]) -> tuple[Tier, ...]:
        return tuple(Tier(parse_decimal(tier.up_to, decimals), tier.needed) for tier in given)

    return PaymentRules(
        payment.asset,
        payment.rail,
        tiers(payment.confirmations),
        tiers(payment.approvals),
        parse_decimal(payment.looked_at_above, decimals),
        parse_decimal(payment.withdrawn_a_day_max, decimals),
        payment.cooling_minutes * MINUTE_NS,
        payment.watched_hours * HOUR_NS,
    )
