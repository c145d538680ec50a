"""Thresholds: those that each venue has of its own stand in the settings, and alerts say by which they were found."""

import pytest

from backoffice.surveillance.parameters import PARAMETERS, parameters_of
from backoffice.times import SECOND_NS
from config.errors import SettingsError
from config.reading import parse
from config.surveillance import Surveillance


def settings(lines: str) -> Surveillance:
    """Return the thresholds of settings with these lines."""
    text = f'[fix]\ncomp_id = "FONDACO"\n[back_office.surveillance]\n{lines}'
    return parse(text, "test").back_office.surveillance


def test_what_the_settings_name_is_a_version_of_its_own() -> None:
    assert parameters_of(Surveillance()) == PARAMETERS
    parameters = parameters_of(settings("order_to_trade_max = 200\nclose_period_s = 60"))
    assert (parameters.order_to_trade_max, parameters.order_to_trade_orders_min) == (200, 1_000)
    assert parameters.close_period_ns == 60 * SECOND_NS
    assert parameters.version.startswith(f"{PARAMETERS.version}/")
    assert parameters_of(settings("order_to_trade_max = 200\nclose_period_s = 60")) == parameters
    assert parameters_of(settings("order_to_trade_max = 201\nclose_period_s = 60")).version != parameters.version
    assert parameters_of(settings("order_to_trade_max = 500")) == PARAMETERS, "what is set as it is by default"


@pytest.mark.parametrize("name", Surveillance.__struct_fields__)
@pytest.mark.parametrize("value", ("-1", '"many"', "1.5", "10_000_000_000"))
def test_a_threshold_that_is_none_is_told_with_its_place(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"test: back_office.surveillance.{name}: must be"):
        settings(f"{name} = {value}")


def test_more_hours_of_history_than_are_looked_at_are_refused() -> None:
    with pytest.raises(SettingsError, match="20 hours with trades are never found in 10"):
        settings("volume_history_hours = 10")
