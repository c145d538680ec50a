"""A world to pay in and out of, as payments' tests have it, and books, as the ledger's have them."""

from tests.backoffice.ledger.conftest import books, journaled
from tests.backoffice.payments.conftest import world

__all__ = ["books", "journaled", "world"]
