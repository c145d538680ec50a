"""Cancel on disconnect: the line breaks, nobody is there, and the next Logon brings the reports."""

from typing import Final

import pytest

from tests.e2e.venue import Venue, wait_until
from tests.e2e.wire import Client, now

pytestmark = pytest.mark.e2e

SCOPE: Final = "8013=S|"


def enter(client: Client, cl_ord_id: str, more: str = "") -> None:
    client.say("D", f"11={cl_ord_id}|55=BTC/USD|54=1|60={now()}|38=1|40=2|44=100|59=1|{more}")
    assert client.hear("8")["150"] == "0"


def test_orders_go_with_a_broken_line_and_the_next_logon_tells(venue: Venue) -> None:
    client = Client(venue.port)
    client.log_on(f"141=Y|{SCOPE}")
    enter(client, "goes")
    enter(client, "stays", "18=H|")
    client.close()
    wait_until(lambda: bool(venue.events("session ended")), "the venue notices")
    with Client(venue.port, next_out=client.next_out) as again:
        again.log_on(f"789={int(client.received[-1]['34']) + 1}|{SCOPE}")
        missed = [message for message in again.synchronize() if message["35"] == "8"]
    assert [(message["11"], message["150"], message["378"]) for message in missed] == [("goes", "4", "7")]
    assert missed[0]["58"] == "cancelled on disconnect"


def test_orders_go_with_a_venue_that_is_killed(venue: Venue) -> None:
    client = Client(venue.port)
    client.log_on(f"141=Y|{SCOPE}")
    enter(client, "goes")
    venue.kill()
    client.close()
    venue.start()
    with Client(venue.port, next_out=client.next_out) as again:
        again.log_on(SCOPE)
        again.say("2", f"7={int(client.received[-1]['34']) + 1}|16=0|")
        canceled = again.hear("8")
        assert (canceled["11"], canceled["150"], canceled["58"]) == ("goes", "4", "cancelled on disconnect")
