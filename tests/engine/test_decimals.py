from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.decimals import divide_rounded, format_decimal, parse_decimal
from engine.errors import DecimalError


@given(value=st.integers(-(10**18) + 1, 10**18 - 1), decimals=st.integers(0, 18))
def test_what_is_formatted_is_parsed_back(value: int, decimals: int) -> None:
    assert parse_decimal(format_decimal(value, decimals), decimals) == value


@given(value=st.integers(-(2**63), 2**63), decimals=st.integers(0, 18))
def test_format_is_what_decimal_writes(value: int, decimals: int) -> None:
    assert format_decimal(value, decimals) == f"{Decimal(value).scaleb(-decimals):.{decimals}f}"


@given(
    whole=st.integers(0, 10**9 - 1),
    fraction=st.text("0123456789", max_size=9),
    zeros=st.text("0", max_size=30),
    sign=st.sampled_from(("", "-")),
)
def test_parse_agrees_with_decimal_and_takes_zeros_in_front_and_behind(
    whole: int, fraction: str, zeros: str, sign: str
) -> None:
    text = f"{sign}{zeros}{whole}.{fraction}{zeros}"
    with localcontext(prec=60):
        assert parse_decimal(text, 9) == int(Decimal(text).scaleb(9))


@given(st.text(max_size=30), st.integers(0, 18))
def test_parse_gives_a_number_or_a_decimal_error(text: str, decimals: int) -> None:
    try:
        value = parse_decimal(text, decimals)
    except DecimalError:
        return
    with localcontext(prec=60):
        assert Decimal(text).scaleb(decimals) == value


@pytest.mark.parametrize(
    "text",
    (
        "",
        "-",
        ".",
        "-.",
        "+1",
        "1e3",
        "1E3",
        "1,5",
        "1.2.3",
        "--1",
        " 1",
        "1 ",
        "0x1",
        "nan",
        "inf",
        "1_0",
        "\u0661",
        "\u00b2",
        "1\n",
    ),
)
def test_text_that_is_no_fix_float_is_refused(text: str) -> None:
    with pytest.raises(DecimalError, match="not a decimal number"):
        parse_decimal(text, 2)


def test_digits_beyond_the_increment_are_refused_and_never_rounded() -> None:
    with pytest.raises(DecimalError, match="more than 2 decimals"):
        parse_decimal("1.005", 2)


def test_number_beyond_eighteen_digits_is_refused() -> None:
    assert parse_decimal("9999999999.99999999", 8) == 10**18 - 1
    with pytest.raises(DecimalError, match="too large"):
        parse_decimal("10000000000", 8)


def test_error_shows_only_the_beginning_of_a_long_text() -> None:
    with pytest.raises(DecimalError) as raised:
        parse_decimal("x" * 10_000, 2)
    assert len(str(raised.value)) < 100


@given(numerator=st.integers(0, 2**63), denominator=st.integers(1, 2**53))
def test_quotient_is_rounded_half_up(numerator: int, denominator: int) -> None:
    with localcontext(prec=60):
        expected = (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1), ROUND_HALF_UP)
    assert divide_rounded(numerator, denominator) == expected
