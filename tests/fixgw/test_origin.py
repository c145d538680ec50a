"""Addresses, in all the ways that systems write them."""

import pytest

from fixgw.origin import Origin


@pytest.mark.parametrize(
    ("address", "networks", "is_in"),
    (
        ("192.0.2.7", ("192.0.2.0/24",), True),
        ("192.0.3.7", ("192.0.2.0/24",), False),
        ("192.0.3.7", ("192.0.2.0/24", "192.0.3.7/32"), True),
        ("192.0.2.7", (), False),
        ("::ffff:192.0.2.7", ("192.0.2.0/24",), True),
        ("192.0.2.7", ("::/0",), False),
        ("2001:db8::1", ("2001:db8::/32",), True),
        ("2001:db9::1", ("2001:db8::/32", "0.0.0.0/0"), False),
        ("fe80::1%eth0", ("fe80::/10",), True),
        ("", ("0.0.0.0/0", "::/0"), False),
        ("/run/some.sock", ("0.0.0.0/0",), False),
    ),
)
def test_address_is_in_a_network_or_not(address: str, networks: tuple[str, ...], is_in: bool) -> None:
    assert Origin(address).is_in(networks) == is_in


@pytest.mark.parametrize(
    ("address", "place"),
    (
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ),
)
def test_place_is_what_one_host_cannot_have_many_of(address: str, place: str) -> None:
    assert Origin(address).place == place
