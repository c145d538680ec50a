"""What a session may do, by its profile: which messages its role allows, which instruments it may trade, in whose name.

A session may act for clients that its profile names: OnBehalfOfCompID(115) in the header, or a Parties group of one
party with PartyRole(452) 3 (client) or 24 (customer account), says for whom. The client's account is then the order's.
"""

from typing import Final

from engine.profile import SessionRole
from engine.state import Session
from fixgw.refusal import Refusal, unsupported_value
from fixgw.reject import GatewayReject

QUERIES: Final = frozenset(("x", "c", "H", "AF", "M", "e", "g", "AN", "BB", "AD", "BW"))
"""Requests that change nothing."""
_OF_ANY_ROLE: Final = frozenset(("BE",))
"""What concerns the session itself."""
_ORDER_ENTRY: Final = SessionRole.ORDER_ENTRY
_READ_ONLY: Final = SessionRole.READ_ONLY
_DROP_COPY: Final = SessionRole.DROP_COPY
_FOR_DROP_COPY: Final = frozenset(("AD", "BW"))
_CLIENT_ROLES: Final = ("3", "24")


def check_role(known: Session, msg_type: str) -> None:
    """Raise `Refusal` if the session's role does not allow a message of this type."""
    role = known.profile.role
    if role is _ORDER_ENTRY or msg_type in _OF_ANY_ROLE:
        return
    is_allowed = (role is _READ_ONLY and msg_type in QUERIES) or (role is _DROP_COPY and msg_type in _FOR_DROP_COPY)
    if not is_allowed:
        raise Refusal(GatewayReject.NOT_FOR_ROLE)


def check_instrument(known: Session, symbol: str) -> None:
    """Raise `Refusal` if the session may not trade this instrument."""
    permitted = known.profile.instruments
    if permitted and symbol not in permitted:
        raise Refusal(GatewayReject.INSTRUMENT_NOT_PERMITTED, 55)


def account_of(known: Session, fields: dict[str, str]) -> str:
    """Return the account that a message is for: its client's, the one that it names, or the session's default.

    Raise `Refusal` if the session may not act for that client, or the client's account is another one.
    """
    named = account_named(known, fields)
    return named or known.accounts[0]


def account_named(known: Session, fields: dict[str, str]) -> str:
    """Return the account that a message names itself, or by its client; empty if it names none. Raise `Refusal`."""
    if "115" in fields:
        return _clients_account(known, fields, "115")
    if "453" in fields:
        if fields["453"] != "1":
            raise Refusal(GatewayReject.UNSUPPORTED_VALUE, 453, "one party: the client")
        if fields.get("452") not in _CLIENT_ROLES:
            raise unsupported_value(fields, "452") if "452" in fields else Refusal(GatewayReject.FIELD_MISSING, 452)
        return _clients_account(known, fields, "448")
    return fields.get("1", "")


def account_told(known: Session, fields: dict[str, str]) -> str:
    """Return the account that the refusal of a message names: what the message says, true or not, or as `account_of`.

    It is empty if the message is for a client that the session may not act for.
    """
    if "1" in fields:
        return fields["1"]
    try:
        return account_named(known, fields) or next(iter(known.accounts), "")
    except Refusal:
        return ""


def client_of(known: Session, body: str) -> str:
    """Return the CompID of the client whose account the report `body` is on, or an empty text."""
    for client in known.profile.on_behalf_of:
        if f"\x011={client.account}\x01" in body:
            return client.comp_id
    return ""


def _clients_account(known: Session, fields: dict[str, str], tag: str) -> str:
    for client in known.profile.on_behalf_of:
        if client.comp_id == fields.get(tag):
            if fields.get("1", client.account) != client.account:
                raise Refusal(GatewayReject.NOT_THE_CLIENTS_ACCOUNT, 1)
            return client.account
    raise Refusal(GatewayReject.UNKNOWN_CLIENT, tag)
