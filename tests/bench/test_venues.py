import tomllib

import pytest

from bench.venues import SANDBOX, replace_value, venue_settings


@pytest.mark.parametrize(
    "text",
    (
        "[fix]\nport = 1\nhost = 'x'\n[journal]\nsync = 'always'\n",
        "[fix]\nhost = 'x'\nport=1 # the port\n[[sessions]]\nport = 3\n",
        "[fix]\nhost = 'x'\n\n[[sessions]]\nport = 3",
    ),
)
def test_a_value_is_replaced_in_its_table_only(text: str) -> None:
    before, after = tomllib.loads(text), tomllib.loads(replace_value(text, "fix", "port", "9"))
    assert after == {**before, "fix": {"host": "x", "port": 9}}


def test_a_table_that_is_not_there_is_added() -> None:
    assert tomllib.loads(replace_value("a = 1\n", "fix", "port", "9")) == {"a": 1, "fix": {"port": 9}}


def test_the_venue_gets_the_sandbox_on_another_port_and_with_order_entry_alone() -> None:
    sandbox = SANDBOX.read_text(encoding="utf-8")
    before, after = tomllib.loads(sandbox), tomllib.loads(venue_settings(sandbox, 12_345, "relaxed", "quickfix"))
    assert after["fix"] == {**before["fix"], "port": 12_345, "lane": "quickfix"}
    assert after["journal"] == {**before["journal"], "sync": "relaxed"}
    del before["market_data"], before["back_office"]
    before["sessions"] = [session for session in before["sessions"] if "role" not in session]
    assert {**after, "fix": 0, "journal": 0} == {**before, "fix": 0, "journal": 0}
