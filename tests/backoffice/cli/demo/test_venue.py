from pathlib import Path

from backoffice.cli.demo.venue import demo_text
from config.reading import parse
from tests.backoffice.cli.demo.stage import SETTINGS


def test_demo_has_the_market_of_the_sandbox_and_none_of_its_brokers() -> None:
    settings = parse(demo_text(20_001, 20_002, Path('/srv/a "demo"')), "venue.toml")
    assert settings.data == '/srv/a "demo"'
    assert settings.market_data is not None
    assert (settings.fix.port, settings.market_data.port) == (20_001, 20_002)
    assert (settings.assets, settings.instruments) == (SETTINGS.assets, SETTINGS.instruments)
    assert settings.accounts == ()
    assert {session.role for session in settings.sessions} == {"market-data"}
    assert {payment.asset for payment in settings.back_office.payments} == {asset.asset for asset in settings.assets}
