"""The same venue as for `fondaco venue`."""

from tests.backoffice.cli.venue.conftest import venue

__all__ = ["venue"]
