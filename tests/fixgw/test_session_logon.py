"""How a session begins: cases 1a and 1d of the FIX Session Layer Test Cases, and what else a Logon may say."""

import pytest

from tests.fixgw.session_script import LOGGED_ON, Script

pytestmark = pytest.mark.usefixtures("every_version")

LOGONS = {
    "1a a Logon with the expected number is answered": """
        -> A 34=1|98=0|108=30
        <- A 98=0|108=30
        is ACTIVE next 2
    """,
    "1a a Logon ahead of the expected number is answered, and the gap asked for": """
        -> A 34=5|98=0|108=30
        <- A 98=0|108=30
        <- 2 7=1|16=0
        is ACTIVE next 1
        -> 4 34=1|43=Y|122=20261118-10:00:00|123=Y|36=6
        is ACTIVE next 6
    """,
    "a Logon below the expected number is refused": """
        -> A
        <- A 98=0|108=30
        -> 5
        <- 5
        is CLOSED next 3
    """,
    "141=Y is answered by 141=Y": """
        -> A 34=1|98=0|108=30|141=Y
        <- A 98=0|108=30|141=Y
        is ACTIVE next 2
    """,
    "8013 is answered as it was asked": """
        -> A 34=1|98=0|108=30|8013=S
        <- A 98=0|108=30|8013=S
        is ACTIVE next 2
    """,
    "8013 that asks for something else is refused": """
        -> A 34=1|98=0|108=30|8013=Q
        <- 5 58=CancelOrdersOnDisconnect(8013) must be S (the session's orders), Y (its accounts' orders) or N (none)
        is CLOSED next 1
    """,
    "141=N goes on where the session stood": """
        -> A 34=1|98=0|108=30|141=N
        <- A 98=0|108=30
        is ACTIVE next 2
    """,
    "141=Y with another number than 1 is refused": """
        -> A 34=2|98=0|108=30|141=Y
        <- 5 58=MsgSeqNum(34) must be 1 when ResetSeqNumFlag(141) is Y
        is CLOSED next 1
    """,
    "141=Y that expects more than our Logon is refused": """
        -> A 34=1|98=0|108=30|141=Y|789=2
        <- 5 58=NextExpectedMsgSeqNum(789) must be 1 when ResetSeqNumFlag(141) is Y
        is CLOSED next 1
    """,
    "141=Y with 789=1 is answered by what we expect after it": """
        -> A 34=1|98=0|108=30|141=Y|789=1
        <- A 98=0|108=30|141=Y|789=2
        is ACTIVE next 2
    """,
    "1d a SendingTime that is not near our clock is refused": """
        -> A 52=20251118-10:00:00|98=0|108=30
        <- 5 58=SendingTime(52) must be within 120 seconds of the venue's clock
        is CLOSED next 1
    """,
    "1d a BeginString that is not the session's is refused": """
        -> A 8=FIX.4.3|98=0|108=30
        <- 5 58=Incorrect BeginString: FIX.4.3, expected OWN_BEGIN_STRING
        is CLOSED next 1
    """,
    "a Logon without HeartBtInt is refused": """
        -> A 98=0
        <- 5 58=Required tag missing: tag 108
        is CLOSED next 1
    """,
    "a Logon with encryption is refused": """
        -> A 98=1|108=30
        <- 5 58=EncryptMethod(98) must be 0 (none)
        is CLOSED next 1
    """,
    "a Logon without heartbeats is refused": """
        -> A 98=0|108=0
        <- 5 58=HeartBtInt(108) must be 1 to 3600 seconds
        is CLOSED next 1
    """,
    "a Logon with the longest heartbeat interval is answered": """
        -> A 98=0|108=3600
        <- A 98=0|108=3600
        is ACTIVE next 2
    """,
    "a Logon with a longer heartbeat interval is refused": """
        -> A 98=0|108=3601
        <- 5 58=HeartBtInt(108) must be 1 to 3600 seconds
        is CLOSED next 1
    """,
    "a Logon with the number 0 is refused": """
        -> A 34=0|98=0|108=30
        <- 5 58=MsgSeqNum(34) must be 1 to 2147483647
        is CLOSED next 1
    """,
    "a Logon with an absurd number is refused": """
        -> A 34=2147483648|98=0|108=30
        <- 5 58=MsgSeqNum(34) must be 1 to 2147483647
        is CLOSED next 1
    """,
    "789=0 is refused": """
        -> A 98=0|108=30|789=0
        <- 5 58=NextExpectedMsgSeqNum(789) must be 1 to 2147483647
        is CLOSED next 1
    """,
    "a field that the venue does not take on a Logon is named": """
        -> A 98=0|108=30|383=9000
        <- 5 58=MaxMessageSize(383): the venue does not take this field
        is CLOSED next 1
    """,
    "a field that the venue does not take is named": """
        -> A 98=0|108=30|383=4096
        <- 5 58=MaxMessageSize(383): the venue does not take this field
        is CLOSED next 1
    """,
    "credentials are for others to judge": """
        -> A 98=0|108=30|553=BROKER1|554=secret
        <- A 98=0|108=30
        is ACTIVE next 2
    """,
}


@pytest.mark.parametrize("script", LOGONS.values(), ids=list(LOGONS))
def test_logon(script: str) -> None:
    Script().run(script)


def test_logon_below_the_expected_number_says_which_is_expected() -> None:
    Script(next_in=7).run("""
        -> A 34=6|98=0|108=30
        <- 5 58=MsgSeqNum too low, expecting 7 but received 6
        is CLOSED next 7
    """)


def test_logon_below_the_expected_number_is_not_saved_by_poss_dup() -> None:
    Script(next_in=7).run("""
        -> A 34=6|43=Y|122=20261118-10:00:00|98=0|108=30
        <- 5 58=MsgSeqNum too low, expecting 7 but received 6
        is CLOSED next 7
    """)


def test_session_goes_on_over_connections() -> None:
    script = Script().run(LOGGED_ON)
    script.run("""
        -> D
        app
        -> 5
        <- 5
        is CLOSED next 4
    """)
    script.session.disconnected()
    script.run("""
        is AWAITING_LOGON next 4
        -> A 34=4|98=0|108=10
        <- A 98=0|108=10
        is ACTIVE next 5
    """)


def test_gap_of_an_earlier_connection_is_asked_for_again() -> None:
    script = Script().run(LOGGED_ON)
    script.run("""
        -> D 34=4|11=A1|55=BTC/USD|54=1|60=20261118-10:00:00|38=1|40=1
        <- 2 7=2|16=0
    """)
    script.session.disconnected()
    script.run("""
        -> A 34=5|98=0|108=30
        <- A 98=0|108=30
        <- 2 7=2|16=0
        is ACTIVE next 2
    """)


NEXT_EXPECTED = {
    "that equals our next needs nothing": (
        8,
        "-> A 34=1|98=0|108=30|789=8",
        """
        <- A 98=0|108=30|789=2
        is ACTIVE next 2
        """,
    ),
    "below our next has the rest sent again up to our Logon": (
        8,
        "-> A 34=1|98=0|108=30|789=5",
        """
        <- A 98=0|108=30|789=2
        resend 5 7
        is ACTIVE next 2
        """,
    ),
    "above our next is refused": (
        8,
        "-> A 34=1|98=0|108=30|789=9",
        """
        <- 5 58=NextExpectedMsgSeqNum(789) too high, expecting at most 8 but received 9
        is CLOSED next 1
        """,
    ),
    "tells the client in return what we lack, and no ResendRequest does": (
        8,
        "-> A 34=3|98=0|108=30|789=8",
        """
        <- A 98=0|108=30|789=1
        is ACTIVE next 1
        -> 4 34=1|43=Y|122=20261118-10:00:00|123=Y|36=4
        is ACTIVE next 4
        """,
    ),
    "is followed by a ResendRequest if the client does not send what we lack": (
        8,
        "-> A 34=3|98=0|108=30|789=8",
        """
        <- A 98=0|108=30|789=1
        29s
        31s
        <- 0
        <- 1 112=ARE-YOU-THERE
        <- 2 7=1|16=0
        """,
    ),
}


@pytest.mark.parametrize("case", NEXT_EXPECTED.values(), ids=list(NEXT_EXPECTED))
def test_next_expected_msg_seq_num(case: tuple[int, str, str]) -> None:
    next_out, logon, then = case
    Script(next_out=next_out).run(f"{logon}\n{then}")
