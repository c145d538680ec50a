"""The venue that end-to-end tests start is their own, whoever else is on the machine."""

import socket

import pytest

from tests.e2e.conftest import MakeVenue
from tests.e2e.venue import HOST
from tests.e2e.wire import Client

pytestmark = pytest.mark.e2e


def test_venue_whose_port_somebody_has_taken_serves_on_another_one(make_venue: MakeVenue) -> None:
    venue = make_venue()
    taken = venue.port
    with socket.create_server((HOST, taken)):
        venue.start()
        assert venue.port != taken
        with Client(venue.port) as client:
            client.log_on()
