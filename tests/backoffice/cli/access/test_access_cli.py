"""`fondaco access` and `fees` from the desk."""

import json

import pytest

from tests.backoffice.cli.desk import Desk

WHY = ("--why", "because")


@pytest.fixture
def counter(desk: Desk) -> Desk:
    """A desk where eve and dee work, who set up access and fees."""
    desk.config.write_text(
        desk.config.read_text(encoding="utf-8") + '\n[[assets]]\nasset = "USD"\ndecimals = 2\n', encoding="utf-8"
    )
    for number, name in enumerate(("dee", "eve"), 1):
        roles = ("--role", "operations", "--role", "treasury", "--role", "risk", "--os-user", name)
        desk.done("staff", "add", name, *roles, *WHY, by="annabel")
        desk.done("approval", "approve", f"A-{number}", *WHY, by="benjamin")
    desk.sit_down("dee")
    return desk


def test_a_fee_schedule_is_proposed_and_approved(counter: Desk) -> None:
    tiers = ("--tier", "0:2:5", "--tier", "1000000:-0.25:4.5")
    proposed = counter.done("fees", "schedule", "standard", "--asset", "USD", *tiers, *WHY)
    assert proposed == "A-3: fees-schedule of fees/standard waits for somebody else to approve it\n"
    shown = json.loads(counter.done("approval", "show", "A-3", "--json"))
    assert shown["asks_for"]["fees"]["tiers"] == [
        {"volume": 0, "maker_ppm": 200, "taker_ppm": 500},
        {"volume": 100_000_000, "maker_ppm": -25, "taker_ppm": 450},
    ]
    assert "is approved" in counter.done("approval", "approve", "A-3", *WHY, by="eve")
    assert json.loads(counter.done("fees", "list", "--json")) == []


@pytest.mark.parametrize(
    ("command", "line"),
    (
        (("access", "desk", "X", "--firm", "NONE", *WHY), "NONE: no client has this firm"),
        (("access", "account", "X", "--firm", "NONE", *WHY), "NONE: no client has this firm"),
        (("access", "session", "X", "--firm", "NONE", "--password", *WHY), "NONE: no client has this firm"),
        (("access", "rekey", "X", "--password", *WHY), "X: no session of a client"),
        (("access", "suspend", "X", *WHY), "X: no session of a client"),
        (("access", "limits", "account", "X", "--open-orders", "5", *WHY), "X: no account"),
        (("access", "limits", "account", "X", "--order-notional", "USD", *WHY), "USD: write ASSET=AMOUNT"),
        (("access", "limits", "account", "X", "--beyond-rating", *WHY), "--beyond-rating is for firms"),
        (("access", "limits", "firm", "X", "--beyond-rating", *WHY), "X: no client has this firm"),
        (("access", "allowed", "X"), "X: no account, and no client's firm"),
        (("fees", "schedule", "s", "--asset", "USD", "--tier", "0:1", *WHY), "0:1: write VOLUME:MAKER:TAKER"),
        (("fees", "schedule", "s", "--asset", "USD", "--tier", "5:1:1", *WHY), "begins at a volume of 0"),
        (("fees", "schedule", "s", "--asset", "GBP", "--tier", "0:1:1", *WHY), "GBP: no asset of this venue"),
        (("fees", "assign", "s", "--firm", "NONE", *WHY), "NONE: no client has this firm"),
    ),
)
def test_what_cannot_be_is_told_in_one_line(counter: Desk, command: tuple[str, ...], line: str) -> None:
    assert line in counter.refused(*command)


def test_an_empty_house_has_an_empty_list(counter: Desk) -> None:
    assert json.loads(counter.done("access", "list", "--json")) == []
