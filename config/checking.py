"""What must hold between the tables of the settings: names that are there once, and that mean something elsewhere."""

import ipaddress
from decimal import Decimal

from config.errors import SettingsError
from config.network import PORT_MAX, Fix
from config.sessions import Session
from config.settings import Settings
from config.surveillance import Surveillance
from config.texts import host_and_port


def check(settings: Settings, origin: str) -> None:
    """Raise `SettingsError` unless all that the tables say fits together; `origin` names them in errors."""
    _check_names(settings, origin)
    _check_limits(settings, origin)
    _check_payments(settings, origin)
    _check_surveillance(settings.back_office.surveillance, origin)
    _check_network(settings.fix, "fix", settings.fix.host, origin)
    if settings.market_data is not None:
        _check_network(settings.fix, "market_data", settings.market_data.host, origin)
    _check_tls(settings, origin)
    for table, served in (("feed", settings.feed), ("control", settings.control)):
        if served is not None:
            _check_address(served.host, served.networks, table, origin)
    if settings.remote is not None:
        for name, address in (("feed", settings.remote.feed), ("control", settings.remote.control)):
            if address is not None and not 0 < host_and_port(address)[1] <= PORT_MAX:
                raise SettingsError(f"{origin}: remote.{name}: {address!r} has no port from 1 to {PORT_MAX}")


def _check_names(settings: Settings, origin: str) -> None:
    assets = _unique(origin, "asset", [asset.asset for asset in settings.assets])
    accounts = _unique(origin, "account", [account.account for account in settings.accounts])
    _unique(origin, "instrument", [instrument.symbol for instrument in settings.instruments])
    sessions = _unique(origin, "session", [session.comp_id for session in settings.sessions])
    for instrument in settings.instruments:
        for asset in (instrument.base, instrument.quote):
            if asset not in assets:
                raise SettingsError(f"{origin}: instrument {instrument.symbol}: unknown asset {asset}")
    for account in settings.accounts:
        for asset in account.deposits:
            if asset not in assets:
                raise SettingsError(f"{origin}: account {account.account}: deposit of unknown asset {asset}")
    for session in settings.sessions:
        flaw = _flaw_of_session(session, accounts)
        if flaw:
            raise SettingsError(f"{origin}: session {session.comp_id}: {flaw}")
    if settings.fix.comp_id in sessions:
        raise SettingsError(f"{origin}: session {settings.fix.comp_id} has the venue's own CompID")


def _flaw_of_session(session: Session, accounts: set[str]) -> str:
    for name in (*session.accounts, *session.on_behalf_of.values(), *session.copies.accounts):
        if name not in accounts:
            return f"unknown account {name}"
    if not session.accounts and session.role in ("order-entry", "read-only"):
        return f"missing: accounts, at least one for the role {session.role}"
    if session.password_hash is None and not session.public_keys:
        return "missing: password_hash, or public_keys"
    return ""


def _check_limits(settings: Settings, origin: str) -> None:
    firms = {account.firm or account.account for account in settings.accounts}
    for name in _unique(origin, "firm", [firm.firm for firm in settings.firms]):
        if name not in firms:
            raise SettingsError(f"{origin}: firm {name}: no account is of this firm")
    limited = [(f"firm {firm.firm}", firm.limits) for firm in settings.firms]
    limited += [(f"account {each.account}", each.limits) for each in settings.accounts if each.limits is not None]
    assets = {asset.asset for asset in settings.assets}
    for who, limits in limited:
        for asset in (*limits.order_quantity_max, *limits.order_notional_max):
            if asset not in assets:
                raise SettingsError(f"{origin}: {who}: limit in unknown asset {asset}")


def _check_payments(settings: Settings, origin: str) -> None:
    payments = settings.back_office.payments
    _unique(origin, "payment", [f"{payment.asset} over {payment.rail}" for payment in payments])
    assets = {asset.asset: asset.decimals for asset in settings.assets}
    for payment in payments:
        who = f"{origin}: payment of {payment.asset} over {payment.rail}"
        if payment.asset not in assets:
            raise SettingsError(f"{who}: unknown asset")
        tiers = {"confirmations": payment.confirmations, "approvals": payment.approvals}
        amounts = [payment.looked_at_above, payment.withdrawn_a_day_max]
        for what, steps in tiers.items():
            bounds = [Decimal(tier.up_to) for tier in steps]
            if not bounds or bounds[-1] != 0 or 0 in bounds[:-1] or bounds[:-1] != sorted(set(bounds[:-1])):
                raise SettingsError(f"{who}: {what} must rise in up_to, and end with one that has none")
            amounts += [tier.up_to for tier in steps]
        for amount in amounts:
            if len(amount.partition(".")[2]) > assets[payment.asset]:
                raise SettingsError(f"{who}: {amount} has more decimals than the asset ({assets[payment.asset]})")


def _check_surveillance(surveillance: Surveillance, origin: str) -> None:
    hours, needed = surveillance.volume_history_hours, surveillance.volume_history_min
    if needed > hours:
        raise SettingsError(
            f"{origin}: back_office.surveillance.volume_history_min: {needed} hours with trades are never found in "
            f"{hours} (volume_history_hours)"
        )


def _unique(origin: str, kind: str, names: list[str]) -> set[str]:
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{origin}: {kind} {name} is there twice")
    return set(names)


def _check_network(fix: Fix, table: str, host: str, origin: str) -> None:
    address = _check_address(host, fix.networks, table, origin)
    if not address.is_loopback and fix.tls is None and not fix.plain_tcp_outside_loopback:
        raise SettingsError(
            f"{origin}: {table}.host {host} is outside loopback, where plain TCP shows passwords and orders to the "
            "network; set up [fix.tls], serve loopback, or set fix.plain_tcp_outside_loopback = true"
        )


def _check_address(
    host: str, networks: tuple[str, ...], table: str, origin: str
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return an address to listen on. Raise `SettingsError` if it is none, or the networks are none."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as error:
        raise SettingsError(f"{origin}: {table}.host: {host!r} is not an IP address") from error
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise SettingsError(f"{origin}: {table}.networks: {network!r} is not a network in CIDR notation") from error
    return address


def _check_tls(settings: Settings, origin: str) -> None:
    tls = settings.fix.tls
    asks = tls is not None and tls.client_certificates != "none"
    if tls is not None and asks != (tls.client_ca is not None):
        raise SettingsError(f"{origin}: fix.tls: client_ca goes with client_certificates, optional or required")
    for session in settings.sessions:
        if session.certificates and not asks:
            raise SettingsError(
                f"{origin}: session {session.comp_id}: certificates, but clients are not asked for any; set "
                "fix.tls.client_certificates to optional or required"
            )
