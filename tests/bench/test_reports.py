"""The rows that reports are measured over are those that the back office has."""

from collections.abc import Iterator
from typing import Any

import pytest

from backoffice.database import Base
from backoffice.projector.tables import Activity, Execution, OrderRow, TradeRow
from bench.reports import _activity, _executions, _orders, _trades


@pytest.mark.parametrize(
    ("table", "rows"),
    ((Activity, _activity()), (TradeRow, _trades(1)), (OrderRow, _orders(1)), (Execution, _executions(1))),
)
def test_a_row_has_a_value_for_each_column(table: type[Base], rows: Iterator[tuple[Any, ...]]) -> None:
    assert len(next(rows)) == len(table.__table__.columns)
