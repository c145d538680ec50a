import pytest

from backoffice.cli.demo.statement import Line


def line(closing: int = 1_240) -> Line:
    return Line("USD", deposits=1_000, bought=500, sold=200, fees=10, withdrawals=50, closing=closing, held=0)


def test_statement_that_ties_to_the_ledger_has_no_flaw() -> None:
    assert line().flaw == ""


@pytest.mark.parametrize("closing", (1_239, 1_241))
def test_unit_that_the_ledger_has_otherwise_is_told(closing: int) -> None:
    assert line(closing).flaw == f"its payments and trades come to 1240 USD, the ledger says {closing}"
