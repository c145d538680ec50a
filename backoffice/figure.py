"""A figure of a report: an amount, a price or a quantity, apart from texts that only look like one."""


class Figure(str):
    """A decimal text, as `engine.decimals.format_decimal` makes it. People get it with commas, programs as it is."""

    __slots__ = ()
