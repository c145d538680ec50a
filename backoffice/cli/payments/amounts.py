"""Amounts as people write and read them: decimal texts, by the asset's decimals."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backoffice.figure import Figure
    from config.settings import Settings


def decimals_of(settings: "Settings") -> dict[str, int]:
    """Return the decimals of each asset that the settings name."""
    return {asset.asset: asset.decimals for asset in settings.assets}


def check_asset(asset: str, decimals: Mapping[str, int]) -> None:
    """Raise `CommandFailed` if the venue has no such asset."""
    from backoffice.cli.failure import CommandFailed

    if asset not in decimals:
        raise CommandFailed(f"{asset}: no asset of this venue, which has {', '.join(sorted(decimals)) or 'none'}")


def amount_of(text: str, asset: str, decimals: Mapping[str, int]) -> int:
    """Return an amount in the asset's smallest unit. Raise `CommandFailed` if it is none."""
    from backoffice.cli.failure import CommandFailed
    from engine.decimals import parse_decimal
    from engine.errors import DecimalError

    check_asset(asset, decimals)
    try:
        amount = parse_decimal(text, decimals[asset])
    except DecimalError as error:
        raise CommandFailed(f"the amount {error}") from error
    if amount <= 0:
        raise CommandFailed(f"the amount {text!r} is not more than nothing")
    return amount


def shown(amount: int, asset: str, decimals: Mapping[str, int]) -> "Figure":
    """Return an amount as people read it."""
    from backoffice.figure import Figure
    from engine.decimals import format_decimal

    return Figure(format_decimal(amount, decimals.get(asset, 0)))
