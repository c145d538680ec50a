"""A world to pay in and out of, as payments' tests have it."""

from tests.backoffice.payments.conftest import world

__all__ = ["world"]
