"""Settings become commands once; what contradicts the journal stops the start."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.reading import parse
from config.settings import Settings
from engine.commands import AnyCommand
from engine.exchange import Exchange
from engine.journal import Journal
from engine.rules import Bands, Limits, ScheduledPhase, SelfTradeRule
from engine.sequencer import Sequencer
from engine.values import CancelOnDisconnect, Phase, SelfTrade, SelfTradeScope
from fixgw.errors import SeedError
from fixgw.seed import seed

TOML = """
[fix]
comp_id = "VENUE"

[[assets]]
asset = "BTC"
decimals = 9

[[assets]]
asset = "USD"
decimals = 8

[[instruments]]
symbol = "BTC/USD"
base = "BTC"
quote = "USD"
price_increment = "0.50"
quantity_increment = "0.001"
maker_fee_bps = -1
taker_fee_bps = 2
order_quantity_max = "100"

[[accounts]]
account = "ACC"
deposits = { BTC = "1.5", USD = "0" }

[[sessions]]
comp_id = "BROKER"
password_hash = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAA$ONE"
accounts = ["ACC"]
"""


@pytest.fixture
async def sequencer(tmp_path: Path) -> AsyncIterator[Sequencer]:
    journal = Journal(tmp_path / "journal")
    sequencer = Sequencer(Exchange(), journal)
    sequencer.start()
    yield sequencer
    await sequencer.stop()
    journal.close()


def settings(*changes: tuple[str, str]) -> Settings:
    text = TOML
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse(text, "test")


def submitted(sequencer: Sequencer, *changes: tuple[str, str]) -> list[str]:
    """Return which commands the settings lead to."""
    names: list[str] = []
    submit = sequencer.submit

    def noted(command: AnyCommand) -> list[object]:
        names.append(type(command).__name__)
        return submit(command)  # type: ignore[return-value]

    sequencer.submit = noted  # type: ignore[method-assign, assignment]
    try:
        seed(settings(*changes), sequencer)
    finally:
        sequencer.submit = submit  # type: ignore[method-assign]
    return names


ALL = ["AddAsset", "AddAsset", "AddInstrument", "OpenAccount", "Credit", "ProvisionSession"]


async def test_empty_journal_gets_everything_and_the_next_start_nothing(sequencer: Sequencer) -> None:
    assert submitted(sequencer) == ALL
    assert submitted(sequencer) == []


async def test_values_arrive_exactly(sequencer: Sequencer) -> None:
    seed(settings(), sequencer)
    state = sequencer.exchange.state
    instrument = state.books["BTC/USD"].instrument
    assert (instrument.price_increment, instrument.price_decimals) == (50, 2)
    assert (instrument.qty_increment, instrument.qty_decimals, instrument.order_qty_max) == (1, 3, 100_000)
    assert (instrument.maker_fee_bps, instrument.taker_fee_bps) == (-1, 2)
    assert state.accounts["ACC"].holdings["BTC"].available == 1_500_000_000
    assert state.sessions["BROKER"].accounts == ("ACC",)


async def test_later_settings_only_add(sequencer: Sequencer) -> None:
    seed(settings(), sequencer)
    more = ('asset = "USD"', 'asset = "ETH"\ndecimals = 9\n\n[[assets]]\nasset = "USD"')
    assert submitted(sequencer, more) == ["AddAsset"]


async def test_session_whose_password_changed_is_provisioned_anew(sequencer: Sequencer) -> None:
    seed(settings(), sequencer)
    assert submitted(sequencer, ("$ONE", "$TWO")) == ["ProvisionSession"]
    assert sequencer.exchange.state.sessions["BROKER"].credentials.password_hash.endswith("$TWO")


async def test_opening_deposit_that_a_crash_cut_off_is_made_up_for(sequencer: Sequencer) -> None:
    seed(settings(("deposits = { BTC", 'deposits = { USD = "7", BTC'), (', USD = "0"', "")), sequencer)
    assert submitted(sequencer, ("deposits = { BTC", 'deposits = { USD = "7", BTC'), (', USD = "0"', "")) == []
    state = sequencer.exchange.state
    del state.references.booked["opening deposit ACC BTC"]  # as if the journal had ended before it
    assert submitted(sequencer) == ["Credit"]


CONTRADICTIONS = {
    "decimals of an asset": (("decimals = 8", "decimals = 7"), "asset USD: the journal has 8 decimals"),
    "price increment": (('"0.50"', '"0.25"'), "instrument BTC/USD: the journal has price_increment 50"),
    "decimals of an increment": (('"0.50"', '"0.5"'), "instrument BTC/USD: the journal has price_increment 50"),
    "fee": (("taker_fee_bps = 2", "taker_fee_bps = 3"), "the journal has taker_fee_bps 2"),
    "maximum": (('"100"', '"200"'), "the journal has order_qty_max 100000"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS.values(), ids=list(CONTRADICTIONS))
async def test_definition_that_contradicts_the_journal_stops_the_start(
    sequencer: Sequencer, case: tuple[tuple[str, str], str]
) -> None:
    change, message = case
    seed(settings(), sequencer)
    with pytest.raises(SeedError, match=message):
        seed(settings(change), sequencer)


IMPOSSIBLE = {
    "an increment of zero": (('"0.001"', '"0.000"'), "must be a multiple of the quantity increment"),
    "a maximum off the increment": (('"100"', '"0.0005"'), "order_quantity_max: '0.0005' has more than 3 decimals"),
    "a maximum between increments": (
        ('quantity_increment = "0.001"', 'quantity_increment = "0.003"'),
        "must be a multiple of the quantity increment",
    ),
    "a tick finer than the asset": (('"0.50"', '"0.0000001"'), "finer than the smallest unit of USD"),
    "a deposit finer than the asset": (('BTC = "1.5"', 'BTC = "0.0000000001"'), "deposit of BTC"),
    "fees that nobody could pay": (("maker_fee_bps = -1", "maker_fee_bps = -10"), "the taker's must pay"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE.values(), ids=list(IMPOSSIBLE))
async def test_definition_that_cannot_be_had_says_why(sequencer: Sequencer, case: tuple[tuple[str, str], str]) -> None:
    change, message = case
    with pytest.raises(SeedError, match=message):
        seed(settings(change), sequencer)


async def test_self_trade_rules_are_set_and_follow_the_settings(sequencer: Sequencer) -> None:
    state = sequencer.exchange.state
    account, session = 'account = "ACC"\n', 'comp_id = "BROKER"\n'
    seed(settings((account, account + 'self_trade = "newest"\n')), sequencer)
    assert state.self_trade_accounts == {"ACC": SelfTradeRule(SelfTrade.CANCEL_NEWEST)}
    firm = 'self_trade = "decrement"\nself_trade_scope = "firm"\n'
    seed(settings((session, session + firm)), sequencer)
    assert state.self_trade_sessions == {"BROKER": SelfTradeRule(SelfTrade.DECREMENT, SelfTradeScope.FIRM)}
    assert state.self_trade_accounts == {"ACC": SelfTradeRule(SelfTrade.CANCEL_NEWEST)}, (
        "it stays as the journal has it"
    )
    seed(settings((account, account + 'self_trade = "none"\n')), sequencer)
    assert state.self_trade_accounts == {"ACC": SelfTradeRule(SelfTrade.NONE)}


AUCTIONS = """
order_quantity_max = "100"

[instruments.rules]
reference_price = "100.50"
auction_random_end_ms = 30000

[instruments.rules.bands]
static_bps = 1000
dynamic_bps = 300

[[instruments.schedule]]
at = "08:30"
phase = "opening-auction"
days = ["mon", "fri"]

[[instruments.schedule]]
at = "09:00"
phase = "continuous"
"""


async def test_schedule_and_bands_are_set_once_with_a_seed_that_nobody_knows(sequencer: Sequencer) -> None:
    change = ('order_quantity_max = "100"\n', AUCTIONS)
    assert submitted(sequencer, change)[3:5] == ["SetRules", "SetSchedule"]
    book = sequencer.exchange.state.books["BTC/USD"]
    assert book.timetable.schedule == (
        ScheduledPhase(8 * 3600 + 30 * 60, Phase.OPENING_AUCTION, 0b0010001),
        ScheduledPhase(9 * 3600, Phase.CONTINUOUS),
    )
    assert book.rules.bands == Bands(1_000, 300, 300_000)
    assert book.rules.reference_price == 201
    assert book.rules.auction_seed
    assert submitted(sequencer, change) == []


RULES = (
    'order_quantity_max = "100"\n',
    """order_quantity_max = "100"

[instruments.rules]
order_quantity_min = "0.002"
order_quantity_max = "3"
order_notional_min = "0.5"
order_notional_max = "7"
fat_finger_bps = 300
""",
)
LIMITS = (
    'account = "ACC"\n',
    'account = "ACC"\nlimits = { open_orders_max = 9, order_quantity_max = { BTC = "2" } }\n',
)
FIRM = (
    "[[sessions]]",
    '[[firms]]\nfirm = "ACC"\nlimits = { order_notional_max = { USD = "1.5" } }\n\n[[sessions]]',
)
ON_DISCONNECT = (
    'accounts = ["ACC"]',
    'accounts = ["ACC"]\ncancel_on_disconnect = "session"\ndisconnect_grace_ms = 5000',
)


async def test_rules_and_limits_become_integers_and_are_set_once(sequencer: Sequencer) -> None:
    sequencer.begin_batch()
    seed(settings(RULES, LIMITS, FIRM), sequencer)
    state = sequencer.exchange.state
    rules = state.books["BTC/USD"].rules
    assert (rules.order_qty_min, rules.order_qty_max, rules.fat_finger_bps) == (2, 3_000, 300)
    assert (rules.order_notional_min, rules.order_notional_max) == (50_000_000, 700_000_000)
    assert state.accounts["ACC"].guard.limits == Limits(9, {"BTC": 2 * 10**9})
    assert state.firms["ACC"].limits == Limits(0, {}, {"USD": 150_000_000})
    sequence = sequencer.sequence
    seed(settings(RULES, LIMITS, FIRM), sequencer)
    assert sequencer.sequence == sequence
    seed(settings(), sequencer)
    assert sequencer.sequence == sequence, "without the tables they stay"


async def test_order_sizes_off_the_increment_are_refused(sequencer: Sequencer) -> None:
    sequencer.begin_batch()
    with pytest.raises(SeedError, match=r"rules: order_quantity_min: .* has more than 3 decimals"):
        seed(settings((RULES[0], RULES[1].replace("0.002", "0.0025"))), sequencer)


async def test_session_is_provisioned_with_what_its_disconnect_means(sequencer: Sequencer) -> None:
    sequencer.begin_batch()
    seed(settings(ON_DISCONNECT), sequencer)
    session = sequencer.exchange.state.sessions["BROKER"]
    assert (session.default_on_disconnect, session.grace_ms) == (CancelOnDisconnect.SESSION, 5_000)
    sequence = sequencer.sequence
    seed(settings(ON_DISCONNECT), sequencer)
    assert sequencer.sequence == sequence
    seed(settings(), sequencer)
    assert session.default_on_disconnect is CancelOnDisconnect.NONE
