"""A world in which fees are charged, for each test that asks for it."""

from tests.backoffice.invoices.conftest import world

__all__ = ["world"]
