"""Thresholds: those that each venue has of its own stand in the settings, and alerts say by which they were found."""

import pytest

from backoffice.surveillance.parameters import PARAMETERS, parameters_of
from config.back_office import Surveillance
from config.errors import SettingsError
from config.reading import parse

SETTINGS = '[fix]\ncomp_id = "FONDACO"\n[back_office.surveillance]\norder_to_trade_max = {}'


def test_what_the_settings_name_is_a_version_of_its_own() -> None:
    assert parameters_of(Surveillance()) is PARAMETERS
    parameters = parameters_of(parse(SETTINGS.format(200), "test").back_office.surveillance)
    assert (parameters.order_to_trade_max, parameters.order_to_trade_orders_min) == (200, 1_000)
    assert parameters.version == f"{PARAMETERS.version}/200/1000"


@pytest.mark.parametrize("value", ("0", '"many"', "1.5"))
def test_a_threshold_that_is_none_is_told_with_its_place(value: str) -> None:
    with pytest.raises(SettingsError, match=r"test: back_office.surveillance.order_to_trade_max: must be"):
        parse(SETTINGS.format(value), "test")
