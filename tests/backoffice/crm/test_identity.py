"""LEIs, addresses, countries."""

import msgspec
import pytest

from backoffice.crm.countries import check_country, country_named
from backoffice.crm.identity import Address, check_address, check_lei, check_text
from backoffice.errors import Refused


def address(**fields: str) -> Address:
    return msgspec.structs.replace(Address("CH", "Zug", street="Bahnhofstrasse", building="1"), **fields)


def test_an_lei_is_checked_and_written_in_capitals() -> None:
    assert check_lei(" 529900t8bm49aursdo55 ") == "529900T8BM49AURSDO55"


@pytest.mark.parametrize(
    ("text", "what"),
    (
        ("529900T8BM49AURSDO56", "check digits are wrong"),
        ("529900T8BM49AURSDO5", "has not 20 characters"),
        ("529900T8BM49AURSDÖ55", "LEI"),
        ("", "has not 20 characters"),
        ("5" * 5000, "LEI"),
    ),
)
def test_an_lei_that_is_none_is_refused(text: str, what: str) -> None:
    with pytest.raises(Refused, match=what):
        check_lei(text)


@pytest.mark.parametrize(
    ("fields", "what"),
    (
        ({"country": "XX"}, "not a code of ISO 3166-1"),
        ({"country": "ch"}, "not a code of ISO 3166-1"),
        ({"town": ""}, "has no town"),
        ({"street": ""}, "name a street, a building or a post box"),
        ({"post_code": "1" * 17}, "post_code is longer than the 16"),
    ),
)
def test_an_address_that_no_payment_could_carry_is_refused(fields: dict[str, str], what: str) -> None:
    with pytest.raises(Refused, match=what):
        check_address(address(**fields))


def test_an_address_reads_in_one_line() -> None:
    assert check_address(address(post_code="6300")).line() == "Bahnhofstrasse 1, 6300 Zug, CH"


def test_countries_go_by_their_names_on_lists() -> None:
    names = ("Iran", "Korea, North", "RUSSIAN FEDERATION", "Russia", "Burma", "CH", "undetermined")
    assert [country_named(name) for name in names] == ["IR", "KP", "RU", "RU", "MM", "CH", ""]
    with pytest.raises(Refused, match="not a code"):
        check_country("Switzerland")


@pytest.mark.parametrize(("text", "what"), (("  ", "empty"), ("a\nb", "printed"), ("x" * 141, "longer than 140")))
def test_texts_are_one_printable_line(text: str, what: str) -> None:
    with pytest.raises(Refused, match=what):
        check_text("name", text)
