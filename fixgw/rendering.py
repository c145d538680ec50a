"""Reports in other versions of FIX: what is made for FIX 4.4 (`fixgw.reports`), said as another version says it.

A `Rendering` is a table of what differs: values that are others, fields that come on top or take the place of others,
messages that the version does not have. All else is said alike, and a field that the version lacks and that nothing of
its own stands for is sent as an extension. A rendering is a function of the message alone, so that a resend gives the
same bytes.

FIX 4.2 has ExecTransType(20): a fill is ExecType 1 or 2, as the order's status is; a bust, a correction and the answer
to a question are told by 20. It has Commission(12) where FIX 4.4 has a group of fees, and fewer reasons: the nearest
stands, or none, and Text(58) tells. FIX 5.0SP2 tells that an order was triggered by an ExecType of its own.
"""

from collections.abc import Callable, Mapping
from typing import Final

from fixgw.codec import SOH

Report = tuple[str, str]
"""MsgType and body, the body's fields each ended by SOH."""
Pairs = list[tuple[str, str]]
Values = Mapping[str, str]
"""Value → what stands for it; all other values stay. Nothing: the field is left out."""


class Rendering:
    """How one version says what FIX 4.4 says. `added` and `dropped` have the tags that come or go, by MsgType."""

    __slots__ = ("_retell", "_values", "added", "dropped")

    def __init__(
        self,
        values: Mapping[str, Values],
        retell: Mapping[str, Callable[[Pairs], Report]],
        *,
        added: Mapping[str, tuple[str, ...]],
        dropped: Mapping[str, tuple[str, ...]],
    ) -> None:
        """`values` apply to all messages, by tag; `retell` then makes what needs more than that, by MsgType."""
        self._values = values
        self._retell = retell
        self.added = added
        self.dropped = dropped

    def render(self, msg_type: str, body: str) -> Report:
        """Return a report that FIX 4.4 has as `msg_type` and `body`."""
        pairs: Pairs = []
        tables = self._values
        for piece in body.split(SOH):
            tag, equals, value = piece.partition("=")
            if not equals:
                continue  # behind the last SOH
            table = tables.get(tag)
            if table is not None:
                value = table.get(value, value)
                if not value:
                    continue
            pairs.append((tag, value))
        retell = self._retell.get(msg_type)
        return (msg_type, _text(pairs)) if retell is None else retell(pairs)

    def tags(self, msg_type: str, tags: tuple[str, ...]) -> tuple[str, ...]:
        """Return those that a message can have which has `tags` in FIX 4.4."""
        gone = self.dropped.get(msg_type, ())
        return (*(tag for tag in tags if tag not in gone), *self.added.get(msg_type, ()))


def _text(pairs: Pairs) -> str:
    return "".join([f"{tag}={value}\x01" for tag, value in pairs])


# ------------------------------------------------------------------------------------------------------ FIX 4.2

_NEW, _CANCEL, _CORRECT, _STATUS = "0", "1", "2", "3"
_EXEC_TRANS_TYPE: Final = {"H": _CANCEL, "G": _CORRECT, "I": _STATUS}
"""ExecTransType(20) by the ExecType(150) that FIX 4.4 has for it; all else is new."""
_AS_STATUS: Final = frozenset("FGHI")
"""ExecTypes that FIX 4.2 does not have: OrdStatus(39) stands there too."""
_ABSOLUTE: Final = "3"

_VALUES_42: Final[dict[str, Values]] = {
    "102": {"6": "2", "99": "2"},
    "103": dict.fromkeys(("11", "13", "15", "99"), "0"),
    "281": {"8": ""},
    "326": {"21": "18", "22": "5"},
    "373": dict.fromkeys(("12", "13", "14", "15", "16", "17", "18", "99"), ""),
    "378": dict.fromkeys(("6", "7", "8", "99"), "4"),
    "380": dict.fromkeys(("6", "7"), "0"),
}
"""CxlRejReason: 2 broker option. OrdRejReason: 0 broker option. SecurityTradingStatus: 18 not available for trading, 5
price indication. MDReqRejReason: no others than 0 to 7.
SessionRejectReason: no others than 0 to 11. ExecRestatementReason: 4 broker option.
BusinessRejectReason: 0 other."""


def _execution_report_42(pairs: Pairs) -> Report:
    told: Pairs = []
    fields = dict(pairs)
    exec_type, status = fields["150"], fields["39"]
    for tag, value in pairs:
        match tag:
            case "17":
                told += (("17", value), ("20", _EXEC_TRANS_TYPE.get(exec_type, _NEW)))
            case "150":
                told.append(("150", status if exec_type in _AS_STATUS else exec_type))
            case "39" if exec_type == "5" and status == "0":
                told.append(("39", "5"))
            case "137":
                told += (("12", value), ("13", _ABSOLUTE))
            case "136" | "138" | "139":
                pass
            case _:
                told.append((tag, value))
    return "8", _text(told)


def _trading_session_status_42(pairs: Pairs) -> Report:
    """Refuse a request otherwise: FIX 4.2 has no TradSesStatus for that."""
    fields = dict(pairs)
    if fields["340"] != "6":
        return "h", _text(pairs)
    return "j", f"372=g\x01379={fields['335']}\x01380=2\x0158={fields['58']}\x01"


def _security_definition_42(pairs: Pairs) -> Report:
    """Tell how many there are: FIX 4.2 requires it."""
    return "d", f"{_text(pairs)}393={int(dict(pairs)['323'] == '1')}\x01"


FIX42: Final = Rendering(
    _VALUES_42,
    {"8": _execution_report_42, "h": _trading_session_status_42, "d": _security_definition_42},
    added={"8": ("20", "12", "13"), "d": ("393",)},
    dropped={"8": ("136", "137", "138", "139"), "h": ("567",)},
)

# --------------------------------------------------------------------------------------------------- FIX 5.0SP2


def _execution_report_50(pairs: Pairs) -> Report:
    """Tell that an order was triggered: ExecType L, which needs no ExecRestatementReason."""
    body = _text(pairs)
    if "\x01150=D\x01" in body and "\x01378=99\x01" in body:
        body = body.replace("\x01150=D\x01", "\x01150=L\x01").replace("\x01378=99\x01", "\x01")
    return "8", body


def _mass_cancel_report_50(pairs: Pairs) -> Report:
    """Give the report an id of its own field, and name the orders in the fields of their own that it has for them."""
    report_id = next(value for tag, value in pairs if tag == "37")
    told = [("1824", value) if tag == "41" else (tag, value) for tag, value in pairs]
    return "r", f"1369={report_id}\x01{_text(told)}"


def _trade_capture_report_50(pairs: Pairs) -> Report:
    """Name the order at the end of the trade's side, where its TradeReportOrderDetail has it; TradeID comes after."""
    of_order = [(tag, value) for tag, value in pairs if tag in ("37", "11")]
    others = [(tag, value) for tag, value in pairs if tag not in ("37", "11", "1003")]
    trade_id = [(tag, value) for tag, value in pairs if tag == "1003"]
    return "AE", _text([*others, *of_order, *trade_id])


_SECURITY_50: Final = ("55", "460", "969", "1148", "1149", "1150", "562", "1140", "561", "15", "58")
_RANK_50: Final = {tag: rank for rank, tag in enumerate(_SECURITY_50)}


def _security_list_50(pairs: Pairs) -> Report:
    """Tell of the instrument in the order that the entries of the list have."""
    fields = dict(pairs)
    outside = [pair for pair in pairs if pair[0] in _LIST_HEAD]
    if "146" not in fields:
        return "y", _text(outside)
    entry = [pair for pair in pairs if pair[0] not in _LIST_HEAD]
    return "y", _text([*outside, *sorted(entry, key=lambda pair: _RANK_50.get(pair[0], len(_RANK_50)))])


_LIST_HEAD: Final = ("320", "322", "560", "393", "893", "146")

FIX50SP2: Final = Rendering(
    {"327": {"I": "2", "M": "3"}, "378": {"7": "12"}},
    {"8": _execution_report_50, "r": _mass_cancel_report_50, "AE": _trade_capture_report_50, "y": _security_list_50},
    added={"A": ("1137", "1409"), "5": ("1409",), "8": ("1180", "1181", "1352"), "r": ("1369", "1824")},
    dropped={"r": ("41",)},
)
"""HaltReason is a number: 2 order imbalance, 3 additional information. ExecRestatementReason: 12 loss of connection."""
