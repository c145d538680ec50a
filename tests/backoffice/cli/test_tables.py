"""Tables as people and programs get them."""

import json
import re

import pytest
import typer

from backoffice.cli.tables import Cell, Form, Moment, form_of, show_fields, show_table
from backoffice.figure import Figure

HEAD = ("account", "open orders", "amount", "blocked", "since")
ROWS: list[tuple[Cell, ...]] = [
    ("A-1", 1_234, Figure("-1000.50"), True, Moment(1_800_000_000_123_456_789)),
    ("B, the \x1b[31mother\n", 7, "-2", False, None),
]


def test_people_get_columns_with_numbers_flush_right(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(HEAD, ROWS, Form.PEOPLE, note="As of now.")
    assert capsys.readouterr().out == (
        "account             open orders     amount  blocked  since\n"
        "A-1                       1,234  -1,000.50  yes      2027-01-15 08:00:00.123\n"
        "B, the  [31mother             7         -2  no       –\n"
        "As of now.\n"
    )


def test_programs_get_bare_values_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(HEAD, iter(ROWS), Form.JSON, note="As of now.")
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "account": "A-1",
        "open_orders": 1_234,
        "amount": "-1000.50",
        "blocked": True,
        "since": "2027-01-15T08:00:00.123456789Z",
    }
    assert (second["account"], second["since"]) == ("B, the \x1b[31mother\n", None)


def test_programs_get_bare_values_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(HEAD, ROWS[:1], Form.CSV)
    assert capsys.readouterr().out == (
        "account,open_orders,amount,blocked,since\nA-1,1234,-1000.50,true,2027-01-15T08:00:00.123456789Z\n"
    )


@pytest.mark.parametrize(
    ("form", "text"),
    (
        (Form.PEOPLE, "account  amount\nThere is nothing to show.\n"),
        (Form.JSON, "[]\n"),
        (Form.CSV, "account,amount\n"),
    ),
)
def test_a_table_without_rows_is_one_too(form: Form, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("account", "amount"), [], form)
    assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    ("columns", "text"),
    (
        (40, "account           amount  why           \nA-1      -100,014,680.44  a price by"),
        (30, "account  A-1\namount   -100,014,680.44\nwhy      a price by mistake\n\naccount  B-1\n"),
    ),
)
def test_numbers_are_whole_on_a_narrow_terminal_too(
    columns: int, text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(columns))
    rows: list[tuple[Cell, ...]] = [
        ("A-1", Figure("-100014680.44"), "a price by mistake"),
        ("B-1", Figure("7.50"), None),
    ]
    show_table(("account", "amount", "why"), rows, Form.PEOPLE)
    printed = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert printed.startswith(text), printed


@pytest.mark.parametrize("form", Form)
def test_a_table_of_the_last_ones_says_that_there_may_be_more(form: Form, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("T1", 1), ("T2", 1), ("T2", 2)]
    for last, said in ((3, ""), (2, "The last 2; --count shows more.\n"), (None, "")):
        show_table(("trade", "step"), iter(rows), form, last=last)
        printed = capsys.readouterr()
        assert (printed.out if form is Form.PEOPLE else printed.err).endswith(said)
        assert ("--count" in printed.out + printed.err) is bool(said)


def test_what_there_is_to_one_thing_is_a_line_for_each_field(capsys: pytest.CaptureFixture[str]) -> None:
    fields: dict[str, Cell | list[str]] = {"name": "A-1", "open orders": 1_234, "may": ["see", "change"], "until": None}
    show_fields(fields, Form.PEOPLE)
    assert capsys.readouterr().out == (
        "name         A-1\nopen orders  1,234\nmay          see\n             change\nuntil        –\n"
    )
    show_fields(fields, Form.JSON)
    assert json.loads(capsys.readouterr().out) == {
        "name": "A-1",
        "open_orders": 1_234,
        "may": ["see", "change"],
        "until": None,
    }
    show_fields(fields, Form.CSV)
    assert capsys.readouterr().out == 'name,open_orders,may,until\nA-1,1234,"see, change",\n'


def test_one_form_at_a_time() -> None:
    assert [form_of(as_json=json, as_csv=csv) for json, csv in ((False, False), (True, False), (False, True))] == [
        Form.PEOPLE,
        Form.JSON,
        Form.CSV,
    ]
    with pytest.raises(typer.BadParameter, match="either --json or --csv"):
        form_of(as_json=True, as_csv=True)
