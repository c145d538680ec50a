"""An invoice's life.

    state      approve    charge    refuse   waive
    open       charging                      waived
    charging              charged   due
    due        charging                      waived
    charged
    waived

Who approves is a second person. *Charging* is the one state in which the engine may have taken it already; it leads to
*charged*, or to *due* if the engine says that it has not. What is due is charged again only if staff ask for it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class InvoiceState(StrEnum):
    """How an invoice stands."""

    OPEN = "open"
    """Nobody has approved that it is charged."""
    CHARGING = "charging"
    """The engine is to take it, and may have done so."""
    DUE = "due"
    """The engine could not take it: the account had less available."""
    CHARGED = "charged"
    WAIVED = "waived"


class InvoiceVerb(StrEnum):
    """What happens to an invoice."""

    APPROVE = "approve"
    CHARGE = "charge"
    REFUSE = "refuse"
    WAIVE = "waive"


_S = InvoiceState
INVOICES: Final[Mapping[InvoiceState, Mapping[InvoiceVerb, InvoiceState]]] = {
    _S.OPEN: {InvoiceVerb.APPROVE: _S.CHARGING, InvoiceVerb.WAIVE: _S.WAIVED},
    _S.CHARGING: {InvoiceVerb.CHARGE: _S.CHARGED, InvoiceVerb.REFUSE: _S.DUE},
    _S.DUE: {InvoiceVerb.APPROVE: _S.CHARGING, InvoiceVerb.WAIVE: _S.WAIVED},
    _S.CHARGED: {},
    _S.WAIVED: {},
}
UNPAID: Final = (_S.OPEN, _S.CHARGING, _S.DUE)
