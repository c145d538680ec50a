"""Many clients as one table."""

import pytest

from backoffice.crm.client_table import HEAD, read_table, table_of
from backoffice.errors import Refused
from tests.backoffice.crm.house import client_file

LINE = b"name,entity_type,jurisdiction\nAlpha AG,company,CH\n"


def test_what_is_written_is_read_again() -> None:
    text = table_of([client_file(), client_file(name='Beta, "the" Ltd', lei="", addresses={})])
    first, second = read_table(text.encode())
    assert (first.lei, first.tax_ids, first.addresses) == (
        client_file().lei,
        client_file().tax_ids,
        client_file().addresses,
    )
    assert (second.name, second.addresses) == ('Beta, "the" Ltd', {})


def test_columns_that_are_not_needed_may_be_left_out() -> None:
    (only,) = read_table(b"\xef\xbb\xbf" + LINE)
    assert (only.name, only.entity_type, only.jurisdiction) == ("Alpha AG", "company", "CH")


@pytest.mark.parametrize(
    ("content", "what"),
    (
        (b"", "line 1: has no column name, entity_type, jurisdiction"),
        (b"name,entity_type\n", "line 1: has no column jurisdiction"),
        (LINE.replace(b"name", b"name,colour"), f"'colour' is no column, or stands twice; those are {', '.join(HEAD)}"),
        (LINE.replace(b"name", b"name,name"), "'name' is no column, or stands twice"),
        (LINE.partition(b"\n")[0] + b"\n", "has no clients"),
        (LINE.replace(b",CH", b""), "line 2: has more, or fewer, cells than the head"),
        (LINE.replace(b",CH", b",CH,DE"), "line 2: has more, or fewer, cells than the head"),
        (LINE.replace(b"CH", b"XX"), "line 2: country 'XX'"),
        (LINE.replace(b"company", b"bank"), "line 2: Invalid enum value 'bank'"),
        (LINE.replace(b"Alpha AG", b""), "line 2: Object missing required field `name`"),
        (LINE.replace(b"Alpha", b"\xff"), "is not UTF-8"),
        (LINE.replace(b"Alpha AG", b'"Alpha" AG'), "after line 1: ',' expected"),
        (
            b"name,entity_type,jurisdiction,tax_ids\nAlpha AG,company,CH,123\n",
            "line 2: tax id '123': write COUNTRY:NUMBER",
        ),
        (
            b"name,entity_type,jurisdiction,town\nAlpha AG,company,CH,Zug\n",
            "line 2: .* missing required field",
        ),
    ),
)
def test_a_table_that_is_wrong_is_refused_with_its_line(content: bytes, what: str) -> None:
    with pytest.raises(Refused, match=what):
        read_table(content)
