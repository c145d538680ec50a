"""What the page of rejects says does not go together is refused, each with the reason that it names."""

import re

import pytest

from engine.commands import OpenAccount, ProvisionSession, SetPhase
from engine.events import AnyEvent
from engine.reject import RejectReason
from engine.values import Phase
from fixgw.delivery import recipients
from fixgw.reject import GatewayReject
from fixgw.timestamps import parse_utc
from spec.combinations import AUCTION, AUCTION_FIRST, COMBINATIONS, EMPTY, HALTED, RESTING
from tests.engine.builders import SYMBOL
from tests.fixgw.over_fix import TIME, Fields, FixVenue

PHASES = {
    AUCTION: Phase.OPENING_AUCTION,
    AUCTION_FIRST: Phase.OPENING_AUCTION,
    RESTING: Phase.POST_ONLY,
    HALTED: Phase.HALT,
}


class Codes(FixVenue):
    """A venue of which only the codes of refusals are heard."""

    def told(self, events: list[AnyEvent]) -> list[Fields]:
        codes = []
        for number, event in enumerate(events):
            for _, low_bit in recipients(event):
                _, body = self.reports.report(event, len(self.applied), number << 1 | low_bit, TIME)
                codes += [{"code": code} for code in re.findall(r"=\[([0-9]{4})\]", body)]
        return codes


@pytest.mark.parametrize(
    ("where", "text", "reason"),
    [(where, text, reason) for _, where, text, reason in COMBINATIONS],
    ids=[what for what, *_ in COMBINATIONS],
)
def test_what_does_not_go_together_is_refused(where: str, text: str, reason: RejectReason | GatewayReject) -> None:
    venue = Codes()
    venue.apply(OpenAccount("A2"))
    venue.apply(ProvisionSession("A", ("A", "A2"), "hash"))
    venue.tick(parse_utc(TIME))
    if where not in {EMPTY, AUCTION_FIRST}:
        venue.sell(1, 100, "C")
        venue.buy(1, 100, "C")
        venue.buy(5000, 90, "B")
        venue.sell(5000, 110, "B")
    if where in PHASES:
        venue.apply(SetPhase(SYMBOL, PHASES[where], by="staff", why="a test"))
    is_list = text.startswith("66=")
    told = venue.send(*(("E", text) if is_list else ("D", f"11=x 1=A 55={SYMBOL} 60={TIME} {text}")))
    assert f"{reason:d}" in [each["code"] for each in told]
    if not is_list:
        assert len(told) == 1
