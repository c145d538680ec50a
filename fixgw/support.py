"""What the venue takes and sends of each FIX message: the fields it understands, those it requires, and the others.

The same in all versions of FIX, as far as a version has the message; `fixgw.version` has what that comes to in each. A
field that the version does not define for a message gets the standard's session-level Reject (`fixgw.validation`); one
that FIX defines and the venue does not understand gets the message's own kind of refusal, naming it; never silence.
`spec/fields.md` and the dictionaries beside it show these tables to brokers.
"""

from typing import Final

from fixgw.dictionary import Field

UNSUPPORTED: Final = "the venue does not take this field"

ECHO_CHARS_MAX: Final = 64
"""Longer values are cut where an answer repeats them."""

HEADER: Final = frozenset(("35", "49", "56", "34", "52", "43", "97", "115", "122", "50", "57", "369"))
"""Header fields understood. 50, 57 and 369 inform only: the venue does not act on them."""

SPLIT_HEADER: Final = ("1128",)
SPLIT_LOGON: Final = ("1137",)
"""What comes on top where session and application have versions of their own: ApplVerID, and its default in a Logon."""

SESSION_BODY: Final = {
    "A": ("98", "108", "95", "96", "141", "553", "554", "789", "925", "8013"),
    "0": ("112",),
    "1": ("112",),
    "2": ("7", "16"),
    "4": ("36", "123"),
}
"""Body tags understood in the messages of the session. A Reject or a Logout is taken whatever it carries."""

TERM_TAGS: Final = (
    *("18", "62", "99", "110", "111", "126", "152", "168", "211", "388", "389", "432", "836", "842"),
    *("1084", "1085", "1086", "1138", "2362", "5127", "7928"),
)
"""The optional terms of an order: see `fixgw.terms`."""

LIST: Final = "E"
LIST_COUNT_TAG: Final = "73"
MARKET_DATA_REQUEST: Final = "V"
GROUPED: Final = frozenset((LIST, "AD", "BW", MARKET_DATA_REQUEST))
"""Messages that are taken with a repeating group."""

ID_CHARS_MAX: Final = 64
"""Names and ids longer than this are refused."""

PARTY_TAGS: Final = ("453", "448", "447", "452")
"""The client in whose name an order comes: see `fixgw.permissions`."""

_ORDER_TAGS: Final = ("11", "1", "55", "54", "38", "40", "44", "59", "60", "21", "15", "58", *TERM_TAGS)
LIST_TAGS: Final = ("66", "394", "68", "893", LIST_COUNT_TAG, "1385")
ENTRY_TAGS: Final = ("67", *_ORDER_TAGS)
"""What the venue takes of a list of orders, and of each order in it."""

BODY: Final = {
    "D": (*_ORDER_TAGS, *PARTY_TAGS),
    LIST: (*LIST_TAGS, *ENTRY_TAGS),
    "F": ("11", "41", "37", "1", "55", "54", "38", "60", "58", *PARTY_TAGS),
    "G": ("11", "41", "37", "1", "55", "54", "38", "40", "44", "59", "60", "21", "15", "58", *TERM_TAGS, *PARTY_TAGS),
    "q": ("11", "530", "1", "55", "54", "60", "58"),
    "H": ("11", "37", "790", "1", "55", "54", *PARTY_TAGS),
    "K": ("66", "60", "58"),
    "M": ("66", "58"),
    "AF": ("584", "585", "1", "55", "54", "37", "911"),
    "e": ("324", "55", "263"),
    "g": ("335", "336", "263"),
    "AN": ("710", "724", "263", "1", "581", "715", "60", "58", *PARTY_TAGS),
    "BB": ("909", "263", "1", "581", "58", *PARTY_TAGS),
    "AD": ("568", "569", "263", "17", "37", "55", "580", "75", "60", "58"),
    "BW": ("1346", "1347", "1351", "1355", "1182", "1183", "58"),
    MARKET_DATA_REQUEST: ("262", "263", "264", "265", "266", "267", "269", "146", "55", "5129"),
    "BE": ("923", "924", "553"),
    "x": ("320", "559", "55"),
    "c": ("320", "321", "55"),
}
"""Body tags understood in the messages of the application."""

NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "D": ("11", "40", "54", "55"),
    "F": ("11", "54", "55"),
    "G": ("11", "40", "54", "55"),
    "q": ("11", "530"),
    "H": ("54", "55"),
    "K": ("66",),
    "M": ("66",),
    "AF": ("584", "585"),
    "e": ("55", "263", "324"),
    "g": ("263", "335"),
    "AN": ("710",),
    "BE": ("923", "924", "553"),
    "x": ("320", "559"),
    "c": ("320", "321"),
}
"""Body tags without which the venue cannot make out what is asked for. A version may leave them open."""

VALUES_ON_TOP_OF_42: Final = {"18": "HQa", "40": "JK", "59": "7", "269": "ABQ", "277": "PQ"}
"""Values of later versions that the venue has in FIX 4.2 too: as others do: of ExecInst, OrdType, TimeInForce,
MDEntryType and TradeCondition."""

LATER_FIELDS: Final = {
    "83": Field("83", "RptSeq", "INT", frozenset(), None),
    "1003": Field("1003", "TradeID", "STRING", frozenset(), None),
    "1057": Field("1057", "AggressorIndicator", "BOOLEAN", frozenset(), None),
    "1084": Field("1084", "DisplayMethod", "CHAR", frozenset(), None),
    "1085": Field("1085", "DisplayLowQty", "QTY", frozenset(), None),
    "1086": Field("1086", "DisplayHighQty", "QTY", frozenset(), None),
    "1138": Field("1138", "DisplayQty", "QTY", frozenset(), None),
    "969": Field("969", "MinPriceIncrement", "FLOAT", frozenset(), None),
    "1140": Field("1140", "MaxTradeVol", "QTY", frozenset(), None),
    "1148": Field("1148", "LowLimitPrice", "PRICE", frozenset(), None),
    "1149": Field("1149", "HighLimitPrice", "PRICE", frozenset(), None),
    "1150": Field("1150", "TradingReferencePrice", "PRICE", frozenset(), None),
    "5130": Field("5130", "MakerFeeBps", "INT", frozenset(), None),
    "5131": Field("5131", "TakerFeeBps", "INT", frozenset(), None),
    "5132": Field("5132", "MinOrderAmt", "AMT", frozenset(), None),
    "5133": Field("5133", "MaxOrderAmt", "AMT", frozenset(), None),
    "2446": Field("2446", "AggressorSide", "CHAR", frozenset("12"), None),
    "5128": Field("5128", "TradeCount", "INT", frozenset(), None),
    "5129": Field("5129", "ConflationInterval", "INT", frozenset(), None),
    "25043": Field("25043", "FirstBookUpdateID", "INT", frozenset(), None),
    "25044": Field("25044", "LastBookUpdateID", "INT", frozenset(), None),
    "2362": Field("2362", "SelfMatchPreventionID", "STRING", frozenset(), None),
    "5127": Field("5127", "TriggerSource", "INT", frozenset(), None),
    "7928": Field("7928", "SelfTradeType", "CHAR", frozenset(), None),
    "1385": Field("1385", "ContingencyType", "INT", frozenset(), None),
    "25029": Field("25029", "CounterOrderID", "STRING", frozenset(), None),
    "25031": Field("25031", "LastPreventedQty", "QTY", frozenset(), None),
    "8013": Field("8013", "CancelOrdersOnDisconnect", "CHAR", frozenset("SYN"), None),
}
"""Fields of FIX 5.0, of other venues and our own, that we take or send in earlier versions all the same: of FIX 5.0 the
DisplayInstruction of an iceberg, ContingencyType of a list of orders, and what an order says of trades with oneself;
the venue's own TriggerSource; CancelOrdersOnDisconnect, as other venues have it too. Whoever reads strictly takes them
for user-defined ones, except RptSeq, which the standard has in other messages."""

VALUES_ON_TOP_OF_44: Final = {"269": "Q"}
"""Values, of one character each, that fields have on top of FIX 4.4: of FIX 5.0, the price an auction would have."""

SENT_HEADER: Final = ("35", "49", "56", "115", "128", "34", "52", "43", "122", "97")

_SECURITY: Final = (
    *("55", "460", "15", "561", "562", "336", "625", "58"),
    *("969", "1140", "1148", "1149", "1150", "5130", "5131", "5132", "5133"),
)
"""What is told of an instrument."""

_ENTRY_EXTENSIONS: Final = frozenset(("1003", "2446", "5128"))
ENTRY_EXTENSIONS: Final = {
    "W": {"268": _ENTRY_EXTENSIONS},
    "X": {"268": _ENTRY_EXTENSIONS | {"83"}},
    "y": {"146": frozenset(_SECURITY)},
}
"""Fields that the venue sends in the entries of repeating groups on top of FIX, by message and tag of the count."""

SENT: Final[dict[str, tuple[str, ...]]] = {
    "A": ("98", "108", "141", "789", "8013"),
    "0": ("112",),
    "1": ("112",),
    "2": ("7", "16"),
    "3": ("45", "371", "372", "373", "58"),
    "4": ("123", "36"),
    "5": ("58",),
    "8": (
        *("37", "11", "41", "790", "584", "911", "912", "17", "19", "150", "39", "103", "1", "55", "54", "38", "40"),
        *("44", "59", "32", "31", "151", "14", "6", "60", "136", "137", "138", "139", "58", "378", "636", "851"),
        *("66", "83", "336", "625", "797", "1057", "1003", "25029", "25031"),
        *TERM_TAGS,
    ),
    "9": ("37", "11", "41", "39", "1", "60", "434", "102", "58"),
    "r": ("11", "37", "530", "531", "532", "533", "534", "41", "535", "55", "54", "60", "58"),
    "N": (
        *("66", "429", "82", "431", "83", "444", "60", "1385", "68", "73"),
        *("11", "14", "39", "151", "84", "6", "103", "58"),
    ),
    "j": ("45", "372", "379", "380", "58"),
    "f": ("324", "325", "55", "336", "625", "326", "327", "330", "331", "31", "60", "58", "83"),
    "B": ("148", "33", "58"),
    "BF": ("923", "553", "926", "927"),
    "h": ("335", "325", "336", "625", "340", "567", "345", "58"),
    "AQ": ("568", "569", "748", "749", "750", "55", "58"),
    "AE": (
        *("571", "487", "568", "748", "912", "17", "570", "55", "32", "31", "75", "60", "552", "54", "37", "11", "1"),
        *("336", "625", "136", "137", "138", "139", "1003"),
    ),
    "BX": ("1353", "1346", "1347", "1348", "1351", "1355", "1182", "1183", "1354", "58"),
    "BY": ("1356", "1346", "1426", "1351", "1355", "1399", "58"),
    "AO": ("721", "710", "727", "728", "729", "1", "581", "58"),
    "AP": (
        *("721", "710", "724", "727", "728", "715", "1", "581", "15", "730", "731", "734"),
        *("702", "703", "704", "753", "707", "708"),
    ),
    "BG": ("909", "945", "946", "911", "1", "58"),
    "BA": ("908", "909", "910", "911", "912", "1", "15", "899", "900"),
    "W": (
        *(
            "262",
            "814",
            "55",
            "83",
            "779",
            "893",
            "268",
            "269",
            "270",
            "271",
            "272",
            "273",
            "336",
            "625",
            "277",
            "37",
            "346",
        ),
        *("1003", "2446", "5128"),
    ),
    "X": (
        *("262", "25043", "25044", "893", "268", "279", "269", "55", "270", "271", "272", "273", "336", "625", "277"),
        *("37", "346", "83", "1003", "2446", "5128"),
    ),
    "Y": ("262", "281", "58"),
    "y": ("320", "322", "560", "393", "893", "146", *_SECURITY),
    "d": ("320", "322", "323", *_SECURITY),
}
"""Body tags that the venue sends by MsgType, those of repeating groups included."""
