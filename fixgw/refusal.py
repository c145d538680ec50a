"""A refusal: how the reading of an application message ends when the venue cannot take it."""

from engine.decimals import DIGITS_MAX
from engine.errors import DecimalError
from engine.reject import RejectReason
from fixgw.instruments import Steps
from fixgw.reject import GatewayReject
from fixgw.support import ECHO_CHARS_MAX


class Refusal(Exception):
    """Ends the translation of a message: the reason, and the field that is at fault, 0 if none is."""

    def __init__(self, reason: GatewayReject | RejectReason, tag: int | str = 0, detail: str = "") -> None:
        super().__init__()
        self.reason = reason
        self.tag = int(tag)
        self.detail = detail


def unsupported_value(fields: dict[str, str], tag: str) -> Refusal:
    """Return the refusal of a value that the venue does not offer."""
    return Refusal(GatewayReject.UNSUPPORTED_VALUE, tag, fields[tag][:ECHO_CHARS_MAX])


def bad_number(tag: int, text: str, kind: Steps, error: DecimalError) -> Refusal:
    """Return the refusal of a number that is too large, or between two increments."""
    whole_digits = len(text.removeprefix("-").partition(".")[0].lstrip("0"))
    is_too_large = whole_digits + kind.decimals > DIGITS_MAX
    reason = GatewayReject.NUMBER_OUT_OF_RANGE if is_too_large else GatewayReject.OFF_INCREMENT
    return Refusal(reason, tag, str(error))
