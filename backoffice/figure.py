"""A figure of a report: an amount, a price or a quantity, apart from texts that only look like one."""


class Figure(str):
    """A decimal text, as `engine.decimals.format_decimal` makes it. People get it with commas, programs as it is."""

    __slots__ = ()

    @property
    def with_commas(self) -> str:
        """Return it as people read it: 1,000.50."""
        whole, point, fraction = self.partition(".")
        sign = "-" if whole.startswith("-") else ""
        return f"{sign}{int(whole.lstrip('-')):,}{point}{fraction}"
