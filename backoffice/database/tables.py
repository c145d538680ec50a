"""All tables of the back office: importing this fills `metadata`. A module with tables of its own is listed here."""

from backoffice import house_rules, outbox
from backoffice.access import tables as access
from backoffice.crm import tables as crm
from backoffice.database.base import Base
from backoffice.invoices import tables as invoices
from backoffice.ledger import tables as ledger
from backoffice.payments import tables as payments
from backoffice.projector import tables as projector
from backoffice.reconciliation import tables as reconciliation
from backoffice.reports import tables as reports
from backoffice.staff import tables as staff
from backoffice.surveillance import tables as surveillance

__all__ = [
    "access",
    "crm",
    "house_rules",
    "invoices",
    "ledger",
    "metadata",
    "outbox",
    "payments",
    "projector",
    "reconciliation",
    "reports",
    "staff",
    "surveillance",
]

metadata = Base.metadata
