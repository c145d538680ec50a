"""All kinds of proposals that need a second person: importing this registers them. An owner is listed here."""

from backoffice.access import charging, hierarchy, limiting, sessions
from backoffice.crm import rating, suspending
from backoffice.crm.screening import deciding
from backoffice.invoices import collecting
from backoffice.ledger import house_transfers
from backoffice.payments import deposits, destinations, holders, withdrawals
from backoffice.staff import changes
from backoffice.surveillance import cases

__all__ = [
    "cases",
    "changes",
    "charging",
    "collecting",
    "deciding",
    "deposits",
    "destinations",
    "hierarchy",
    "holders",
    "house_transfers",
    "limiting",
    "rating",
    "sessions",
    "suspending",
    "withdrawals",
]
