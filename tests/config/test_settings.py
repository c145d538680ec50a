"""The settings: what the sandbox promises its users, and an error line for whatever can be wrong with a file."""

from importlib import resources
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from config.errors import SettingsError
from config.network import MarketData
from config.reading import load, parse
from config.sessions import Copies
from config.settings import Settings
from config.texts import host_and_port

SANDBOX = resources.files("config").joinpath("sandbox.toml").read_text(encoding="utf-8")
BROKERS = [f"BROKER{number}" for number in range(1, 9)]


@pytest.fixture(scope="module")
def sandbox() -> Settings:
    return parse(SANDBOX, "sandbox.toml")


def error_of(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(text, "venue.toml")
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("venue.toml: ")
    return line.removeprefix("venue.toml: ")


def changed(old: str, new: str) -> str:
    assert old in SANDBOX
    return SANDBOX.replace(old, new, 1)


# The sandbox: names, accounts and instruments that brokers' own scripts rely on


def test_sandbox_serves_as_fondaco_on_loopback_port_9878(sandbox: Settings) -> None:
    assert (sandbox.fix.comp_id, sandbox.fix.host, sandbox.fix.port) == ("FONDACO", "127.0.0.1", 9878)
    assert not sandbox.fix.plain_tcp_outside_loopback


def test_sandbox_syncs_before_it_speaks(sandbox: Settings) -> None:
    assert sandbox.journal.sync == "always"


def test_sandbox_has_eight_sessions_each_with_its_account(sandbox: Settings) -> None:
    trading = [session for session in sandbox.sessions if session.role == "order-entry"]
    assert [(session.comp_id, session.accounts) for session in trading] == [
        (broker, (f"{broker}-A",)) for broker in BROKERS
    ]


def test_sandbox_has_a_drop_copy_of_the_first_brokers_firm(sandbox: Settings) -> None:
    (copy,) = [session for session in sandbox.sessions if session.role == "drop-copy"]
    assert (copy.comp_id, copy.copies) == ("COPY1", Copies(firms=("BROKER1-A",)))


def test_sandbox_has_two_sessions_for_market_data_on_port_9879(sandbox: Settings) -> None:
    assert sandbox.market_data == MarketData("127.0.0.1", 9879)
    assert [session.comp_id for session in sandbox.sessions if session.role == "market-data"] == ["MD1", "MD2"]


def test_sandbox_password_opens_every_session(sandbox: Settings) -> None:
    hasher = PasswordHasher()
    assert all(hasher.verify(session.password_hash or "", "sandbox-only") for session in sandbox.sessions)
    assert len({session.password_hash for session in sandbox.sessions}) == len(sandbox.sessions)


def test_sandbox_funds_every_account_alike(sandbox: Settings) -> None:
    funds = {
        "BTC": "1000",
        "ETH": "20000",
        "LTC": "50000",
        "USD": "100000000",
        "EUR": "100000000",
        "USDC": "100000000",
    }
    assert {account.account: account.deposits for account in sandbox.accounts} == {
        f"{broker}-A": funds for broker in BROKERS
    }


def test_sandbox_trades_six_instruments_in_known_steps(sandbox: Settings) -> None:
    assert {
        instrument.symbol: (instrument.price_increment, instrument.quantity_increment)
        for instrument in sandbox.instruments
    } == {
        "BTC/USD": ("0.01", "0.000001"),
        "ETH/USD": ("0.01", "0.00001"),
        "BTC/EUR": ("0.01", "0.000001"),
        "ETH/BTC": ("0.00001", "0.0001"),
        "LTC/USD": ("0.01", "0.0001"),
        "USDC/USD": ("0.0001", "0.01"),
    }
    assert all(f"{instrument.base}/{instrument.quote}" == instrument.symbol for instrument in sandbox.instruments)


def test_sandbox_charges_takers_two_basis_points(sandbox: Settings) -> None:
    assert {(instrument.maker_fee_bps, instrument.taker_fee_bps) for instrument in sandbox.instruments} == {(0, 2)}


# The file itself


def test_market_data_is_served_in_plain_on_loopback_alone() -> None:
    text = changed('[market_data]\nhost = "127.0.0.1"', '[market_data]\nhost = "192.0.2.1"')
    with pytest.raises(SettingsError, match=r"market_data.host 192.0.2.1 is outside loopback"):
        parse(text, "venue.toml")


def test_settings_are_loaded_from_a_file(tmp_path: Path, sandbox: Settings) -> None:
    path = tmp_path / "venue.toml"
    path.write_text(SANDBOX, encoding="utf-8")
    assert load(path) == sandbox


def load_error(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load(path)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    assert load_error(path) == f"{path}: no such file; name the venue's settings, a TOML file"


def test_directory_is_no_settings_file(tmp_path: Path) -> None:
    assert load_error(tmp_path) == f"{tmp_path}: is a directory; name the TOML file in it"


def test_file_below_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert load_error(tmp_path / "file" / "venue.toml").endswith(": cannot be read: Not a directory")


def test_binary_file_is_not_toml(tmp_path: Path) -> None:
    path = tmp_path / "venue.toml"
    path.write_bytes(b"\x89PNG\r\n")
    assert load_error(path) == f"{path}: not TOML: not UTF-8 text (byte 0)"


@pytest.mark.parametrize(
    ("text", "error"),
    (
        ("", "missing: `fix`"),
        ("[fix]\n", "fix: missing: `comp_id`"),
        ("fix = 3", "fix: must be a table, not a whole number"),
        ("fix = []", "fix: must be a table, not a list"),
    ),
)
def test_file_that_is_no_settings_is_refused(text: str, error: str) -> None:
    assert error_of(text) == error


@pytest.mark.parametrize(
    "text",
    ("port = = 1", "a = 1\na = 2", "[fix", "a = " + "1" * 10_000, "a = " + "[" * 20_000, "a = 2026-13-01"),
)
def test_file_that_is_not_toml_is_refused(text: str) -> None:
    assert error_of(text).startswith("not TOML: ")


NAME = "must be a name of 1 to 32 letters, digits and . _ / -, no sign first"


@pytest.mark.parametrize(
    ("old", "new", "error"),
    (
        ('comp_id = "FONDACO"', "comp_id = 3", "fix.comp_id: must be text in quotes, not a whole number"),
        ('comp_id = "FONDACO"', 'comp_id = "A B"', f"fix.comp_id: {NAME.replace(' /', '')}"),
        ('comp_id = "FONDACO"', 'comp_id = "A/B"', f"fix.comp_id: {NAME.replace(' /', '')}"),
        ("port = 9878", 'port = "9878"', "fix.port: must be a whole number, not text in quotes"),
        ("port = 9878", "port = 9878.0", "fix.port: must be a whole number, not a number with a point"),
        ("port = 9878", "port = true", "fix.port: must be a whole number, not true or false"),
        ("port = 9878", "port = 0", "fix.port: must be a whole number >= 1"),
        ("port = 9878", "port = 65536", "fix.port: must be a whole number <= 65535"),
        ("port = 9878", "prot = 9878", "fix: unknown setting `prot`"),
        ("[journal]", "[journall]", "unknown setting `journall`"),
        (
            'sync = "always"',
            'sync = "never"',
            "journal.sync: unknown value 'never' (choose from: always, relaxed)",
        ),
        ("decimals = 9", "decimals = 19", "assets[0].decimals: must be a whole number <= 18"),
        ('symbol = "BTC/USD"', 'symbol = "BTC USD"', f"instruments[0].symbol: {NAME}"),
        (
            'price_increment = "0.01"',
            "price_increment = 0.01",
            "instruments[0].price_increment: must be text in quotes, not a number with a point",
        ),
        (
            'price_increment = "0.01"',
            'price_increment = "-0.01"',
            'instruments[0].price_increment: must be a decimal text such as "0.01", without a sign',
        ),
        ("taker_fee_bps = 2", "taker_fee_bps = 2000", "instruments[0].taker_fee_bps: must be a whole number <= 1000"),
        ('base = "BTC"', 'base = "XRP"', "instrument BTC/USD: unknown asset XRP"),
        ('BTC = "1000"', 'XRP = "1000"', "account BROKER1-A: deposit of unknown asset XRP"),
        ('BTC = "1000"', '"B T" = "1000"', f"accounts[0].deposits: {NAME}"),
        ('BTC = "1000"', "BTC = 1000", "accounts[0].deposits[...]: must be text in quotes, not a whole number"),
        ('accounts = ["BROKER1-A"]', 'accounts = ["NOBODY"]', "session BROKER1: unknown account NOBODY"),
        (
            'accounts = ["BROKER1-A"]',
            "accounts = []",
            "session BROKER1: missing: accounts, at least one for the role order-entry",
        ),
        (
            'accounts = ["BROKER1-A"]',
            'accounts = ["BROKER1-A"]\nrole = "onlooker"',
            "sessions[0].role: unknown value 'onlooker' (choose from: order-entry, drop-copy, market-data, read-only)",
        ),
        (
            'accounts = ["BROKER1-A"]',
            'accounts = ["BROKER1-A"]\ncopies = { accounts = ["NOBODY"] }',
            "session BROKER1: unknown account NOBODY",
        ),
        (
            'comp_id = "BROKER1"\npassword_hash',
            'comp_id = "BROKER1"\n#',
            "session BROKER1: missing: password_hash, or public_keys",
        ),
        ('accounts = ["BROKER1-A"]', 'accounts = "A"', "sessions[0].accounts: must be a list, not text in quotes"),
        ('asset = "ETH"\ndecimals', 'asset = "BTC"\ndecimals', "asset BTC is there twice"),
        ('symbol = "ETH/USD"', 'symbol = "BTC/USD"', "instrument BTC/USD is there twice"),
        ('account = "BROKER2-A"', 'account = "BROKER1-A"', "account BROKER1-A is there twice"),
        ('comp_id = "BROKER2"', 'comp_id = "BROKER1"', "session BROKER1 is there twice"),
        ('comp_id = "BROKER2"', 'comp_id = "FONDACO"', "session FONDACO has the venue's own CompID"),
        ("[fix]", '[venue]\ntrading_day_ends = "24:00"\n[fix]', "venue.trading_day_ends: must be a time of day, HH:MM"),
    ),
)
def test_setting_that_cannot_be_used_is_told_with_its_place(old: str, new: str, error: str) -> None:
    assert error_of(changed(old, new)) == error


@pytest.mark.parametrize("secret", ("open-sesame", "$argon2id$open-sesame", "$argon2i$v=19$m=1,t=1,p=1$c2FsdA$aGFzaA"))
def test_password_that_is_no_argon2id_hash_is_refused_and_not_shown(secret: str) -> None:
    text = changed('password_hash = "$argon2id$', f'password_hash = "{secret}"\nrest = "')
    line = error_of(text)
    assert line == "sessions[0].password_hash: must be an argon2id hash ($argon2id$...), never the password itself"
    assert "sesame" not in line


# Plain TCP


@pytest.mark.parametrize("host", ("127.0.0.1", "127.8.8.8", "::1", "localhost"))
def test_plain_tcp_is_served_on_loopback(host: str) -> None:
    assert parse(changed('host = "127.0.0.1"', f'host = "{host}"'), "venue.toml").fix.host == host


@pytest.mark.parametrize("host", ("0.0.0.0", "::", "192.0.2.1", "2001:db8::1"))
def test_plain_tcp_outside_loopback_must_be_asked_for(host: str) -> None:
    outside = changed('host = "127.0.0.1"', f'host = "{host}"')
    line = error_of(outside)
    assert line.startswith(f"fix.host {host} is outside loopback")
    assert line.endswith("set fix.plain_tcp_outside_loopback = true")
    allowed = outside.replace("port = 9878", "port = 9878\nplain_tcp_outside_loopback = true")
    assert parse(allowed, "venue.toml").fix.host == host


TLS = """
[fix.tls]
certificate = "venue.pem"
key = "venue.key"
"""


def with_tls(more: str = "", sessions: str = "") -> str:
    return (
        changed('host = "127.0.0.1"', 'host = "0.0.0.0"').replace("\n[journal]", f"{TLS}{more}\n[journal]", 1)
        + sessions
    )


def test_tls_is_served_anywhere() -> None:
    tls = parse(with_tls('minimum_version = "1.3"\n'), "venue.toml").fix.tls
    assert tls is not None
    assert (tls.certificate, tls.minimum_version, tls.client_certificates) == ("venue.pem", "1.3", "none")


@pytest.mark.parametrize(
    ("more", "error"),
    (
        ('minimum_version = "1.1"', "(choose from: 1.2, 1.3)"),
        ('client_certificates = "yes"', "(choose from: none, optional, required)"),
        ('client_certificates = "optional"', "client_ca goes with client_certificates"),
        ('client_ca = "ca.pem"', "client_ca goes with client_certificates"),
    ),
)
def test_tls_that_cannot_be_is_refused(more: str, error: str) -> None:
    assert error in error_of(with_tls(more + "\n"))


def test_certificates_are_pinned_only_where_clients_are_asked_for_them() -> None:
    pinned = with_tls().replace(
        'accounts = ["BROKER1-A"]', f'accounts = ["BROKER1-A"]\ncertificates = ["{"a" * 64}"]', 1
    )
    assert "session BROKER1: certificates, but clients are not asked for any" in error_of(pinned)
    asked = pinned.replace(TLS, TLS + 'client_certificates = "optional"\nclient_ca = "ca.pem"\n')
    assert parse(asked, "venue.toml").sessions[0].certificates == ("a" * 64,)


def test_networks_are_in_cidr_notation() -> None:
    assert error_of(changed("port = 9878", 'port = 9878\nnetworks = ["192.0.2.1/24"]')) == (
        "fix.networks: '192.0.2.1/24' is not a network in CIDR notation"
    )


def test_host_must_be_an_address() -> None:
    assert error_of(changed('host = "127.0.0.1"', 'host = "venue.example"')) == (
        "fix.host: 'venue.example' is not an IP address"
    )


@pytest.mark.parametrize(
    ("new", "error"),
    (
        ('cancel_on_disconnect = "yes"', "(choose from: none, session, accounts)"),
        ("disconnect_grace_ms = -1", "sessions[0].disconnect_grace_ms: must be `int` >= 0"),
        ("disconnect_grace_ms = 3600001", "sessions[0].disconnect_grace_ms: must be `int` <= 3600000"),
    ),
)
def test_what_a_disconnect_means_is_checked(new: str, error: str) -> None:
    text = error_of(changed('accounts = ["BROKER1-A"]', f'accounts = ["BROKER1-A"]\n{new}'))
    assert error.replace("`int`", "a whole number") in text


@pytest.mark.parametrize(
    ("firm", "error"),
    (
        ('firm = "X"\nlimits = {}', "firm X: no account is of this firm"),
        (
            'firm = "BROKER1-A"\nlimits = { order_notional_max = { XRP = "1" } }',
            "firm BROKER1-A: limit in unknown asset XRP",
        ),
        ('firm = "BROKER1-A"\nlimits = { open_orders_max = -1 }', "firms[0].limits.open_orders_max: must be"),
        ('firm = "BROKER1-A"', "firms[0]: missing: `limits`"),
    ),
)
def test_limits_are_checked(firm: str, error: str) -> None:
    assert error_of(f"{SANDBOX}\n[[firms]]\n{firm}\n").startswith(error)


PAYMENTS = """
[fix]
comp_id = "VENUE"

[[assets]]
asset = "USD"
decimals = 2

[[back_office.payments]]
asset = "USD"
rail = "sandbox"
"""


@pytest.mark.parametrize(
    ("more", "what"),
    (
        ('approvals = [{ needed = 1, up_to = "10" }]', "approvals must rise in up_to, and end with one that has none"),
        ('approvals = [{ needed = 2 }, { needed = 1, up_to = "10" }]', "approvals must rise in up_to"),
        ("confirmations = []", "confirmations must rise in up_to"),
        ('looked_at_above = "0.001"', r"0.001 has more decimals than the asset \(2\)"),
        ("approvals = [{ needed = 0 }]", "needed"),
        ('[[back_office.payments]]\nasset = "EUR"\nrail = "sandbox"', "payment of EUR over sandbox: unknown asset"),
        ('[[back_office.payments]]\nasset = "USD"\nrail = "sandbox"', "USD over sandbox"),
        ('[[back_office.payments]]\nasset = "USD"\nrail = "sepa"', "choose from: sandbox"),
    ),
)
def test_payments_that_cannot_be_as_they_are_set_up(more: str, what: str) -> None:
    with pytest.raises(SettingsError, match=what):
        parse(f"{PAYMENTS}{more}\n", "venue.toml")


def test_payments_are_set_up_by_asset_and_rail() -> None:
    more = 'approvals = [{ needed = 1, up_to = "10.5" }, { needed = 3 }]\ncooling_minutes = 5\n'
    (payment,) = parse(PAYMENTS + more, "venue.toml").back_office.payments
    assert [(tier.up_to, tier.needed) for tier in payment.approvals] == [("10.5", 1), ("0", 3)]
    assert payment.cooling_minutes == 5


# Other hosts

SERVED = '\n[feed]\nhost = "192.0.2.1"\nport = 9880\ncertificate = "a"\nkey = "b"\nclient_ca = "c"\n'
REMOTE = '\n[remote]\ncertificate = "a"\nkey = "b"\nca = "c"\nfeed = "venue.example:9880"\n'


def test_feed_and_control_are_for_this_host_only_unless_there_is_a_table(sandbox: Settings) -> None:
    assert (sandbox.feed, sandbox.control, sandbox.remote) == (None, None, None)
    served = parse(SANDBOX + SERVED, "venue.toml").feed
    assert served is not None
    assert (served.host, served.port, served.certificates) == ("192.0.2.1", 9880, ())


@pytest.mark.parametrize(
    ("text", "error"),
    (
        (SERVED.replace("[feed]", "[control]").replace('client_ca = "c"\n', ""), "control: missing: `client_ca`"),
        (SERVED.replace("192.0.2.1", "venue"), "feed.host: 'venue' is not an IP address"),
        (SERVED + 'networks = ["here"]\n', "feed.networks: 'here' is not a network in CIDR notation"),
        (REMOTE.replace("venue.example:9880", "venue"), "remote.feed: must be a host and a port, such as"),
        (REMOTE.replace("venue.example:9880", "2001:db8::1:9880"), "remote.feed: must be a host and a port, such as"),
        (REMOTE.replace("9880", "65536"), "remote.feed: 'venue.example:65536' has no port from 1 to 65535"),
    ),
)
def test_what_is_wrong_with_other_hosts_is_told(text: str, error: str) -> None:
    assert error_of(SANDBOX + text).startswith(error)


@pytest.mark.parametrize(
    ("address", "parts"),
    (("venue.example:9880", ("venue.example", 9880)), ("[2001:db8::1]:1", ("2001:db8::1", 1))),
)
def test_an_address_has_a_host_and_a_port(address: str, parts: tuple[str, int]) -> None:
    assert host_and_port(address) == parts
