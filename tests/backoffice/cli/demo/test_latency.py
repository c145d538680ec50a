import pytest

from backoffice.cli.demo.figures import exact, grouped, per_second, rounded, trimmed
from backoffice.cli.demo.latency import bar, histogram, milliseconds, percentile


def test_percentile_is_the_nearest_rank() -> None:
    values = range(1, 1001)
    assert [percentile(values, rank) for rank in (1, 500, 990, 999, 1000)] == [1, 500, 990, 999, 1000]
    assert percentile((7,), 999) == 7
    assert percentile((), 500) == 0


@pytest.mark.parametrize(
    ("time_ns", "text"),
    (
        (0, "0.00 ms"),
        (4_999, "0.00 ms"),
        (5_000, "0.01 ms"),
        (1_234_567, "1.23 ms"),
        (99_994_999, "99.99 ms"),
        (123_456_789, "123 ms"),
        (12_000_000_000, "12,000 ms"),
    ),
)
def test_milliseconds_are_shown_to_the_hundredth(time_ns: int, text: str) -> None:
    assert milliseconds(time_ns) == text


def test_histogram_begins_and_ends_where_values_are() -> None:
    values = [300_000] * 4 + [900_000] * 8 + [4_000_000]
    assert histogram(values, 8) == [
        ("≤ 0.5 ms", 4, "████"),
        ("≤ 1 ms", 8, "████████"),
        ("≤ 2 ms", 0, ""),
        ("≤ 5 ms", 1, "█"),
    ]
    assert histogram([], 8) == []
    assert histogram([10**10], 8) == [("> 500 ms", 1, "████████")]
    assert histogram([1], 8) == [("≤ 0.1 ms", 1, "████████")]


def test_bar_shows_what_is_there() -> None:
    assert bar(0, 100, 8) == ""
    assert bar(1, 1_000_000, 8) == "▏"
    assert bar(50, 100, 1) == "▌"


def test_figures_are_exact_and_grouped() -> None:
    assert grouped("1234567.890") == "1,234,567.890"
    assert grouped("-1234") == "-1,234"
    assert grouped("-0.5") == "-0.5"
    assert exact(100_000_000_000_001, 8) == "1,000,000.00000001"
    assert trimmed(100_000_000_000_000, 8) == "1,000,000"
    assert trimmed(150_000_000, 8) == "1.5"
    assert trimmed(1_000, 0) == "1,000"
    assert rounded(123_456_789, 5) == "1,234.57"
    assert rounded(1_234, 1) == "123.4"
    assert per_second(5, 2_000_000_000) == 2
