"""What an account has, over FIX: positions (AN, AO, AP) and collateral (BB, BG, BA), one report for each asset.

An asset's code stands in Currency(15). A position report has the total as LongQty(704), as the cash amount (707=CASH),
and what of it is free to trade as the cash residual (707=CRES); a collateral report has the total in TotalNetValue(900)
and what is free in MarginExcess(899). The accounts are cash accounts: what is not free is reserved by open
orders, or held for a withdrawal.
"""

from typing import Final

from engine.answer_events import BalanceReported, BalancesAnswered
from engine.commands import QueryBalances
from engine.decimals import format_decimal
from engine.state import Session
from fixgw.codec import Message
from fixgw.permissions import account_named
from fixgw.refusal import unsupported_value

POSITIONS: Final = "AN"
COLLATERAL: Final = "BB"
_PRESENT: Final = {"724": "0", "263": "0"}
"""PosReqType(724) positions, SubscriptionRequestType(263) once: all that there is to ask for."""


def read_positions_request(known: Session, number: int, message: Message) -> QueryBalances:
    """Return the question that a RequestForPositions is. Raise `Refusal`."""
    fields = message.fields
    for tag, value in _PRESENT.items():
        if fields.get(tag, value) != value:
            raise unsupported_value(fields, tag)
    return QueryBalances(known.session, number, fields["710"], account_named(known, fields), is_collateral=False)


def read_collateral_inquiry(known: Session, number: int, message: Message) -> QueryBalances:
    """Return the question that a CollateralInquiry is. Raise `Refusal`."""
    fields = message.fields
    if fields.get("263", "0") != "0":
        raise unsupported_value(fields, "263")
    request_id = fields.get("909", "NONE")
    return QueryBalances(known.session, number, request_id, account_named(known, fields), is_collateral=True)


def balances_answered(event: BalancesAnswered, exec_id: str, _time: str, _part: int) -> tuple[str, str]:
    """Return RequestForPositionsAck (AO), or CollateralInquiryAck (BG)."""
    text = f"58=[{event.reason:d}] {event.text}\x01" if event.reason else ""
    if event.is_collateral:
        status, result = (4, 99) if event.reason else (2, 0)
        account = f"1={event.account}\x01" if event.account else ""
        return "BG", (
            f"909={event.request_id}\x01945={status}\x01946={result}\x01911={event.reports}\x01{account}{text}"
        )
    result, status = (3, 2) if event.reason else (0, 0)
    return "AO", (
        f"721={exec_id}\x01710={event.request_id}\x01727={event.reports}\x01728={result}\x01729={status}\x01"
        f"1={event.account or 'NONE'}\x01581=1\x01{text}"
    )


def balance_reported(event: BalanceReported, exec_id: str, time: str, _part: int) -> tuple[str, str]:
    """Return PositionReport (AP), or CollateralReport (BA)."""
    total = format_decimal(event.available + event.reserved + event.held, event.decimals)
    available = format_decimal(event.available, event.decimals)
    if event.is_collateral:
        last = "Y" if event.is_last else "N"
        return "BA", (
            f"908={exec_id}\x01909={event.request_id}\x01910=3\x01911={event.reports}\x01912={last}\x01"
            f"1={event.account}\x0115={event.asset}\x01899={available}\x01900={total}\x01"
        )
    return "AP", (
        f"721={exec_id}\x01710={event.request_id}\x01724=0\x01727={event.reports}\x01728=0\x01715={time[:8]}\x01"
        f"1={event.account}\x01581=1\x0115={event.asset}\x01730=0\x01731=1\x01734=0\x01"
        f"702=1\x01703=TOT\x01704={total}\x01753=2\x01707=CASH\x01708={total}\x01707=CRES\x01708={available}\x01"
    )
