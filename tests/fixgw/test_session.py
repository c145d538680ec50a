"""What a running session makes of what comes in, by the FIX Session Layer Test Cases (their numbers are in the names).

Framing (2d, 2m, 2t, 3b, 3c) is the codec's part; connections (1b, 1c, 1e) are the acceptor's.
"""

import pytest

from tests.fixgw.session_script import LOGGED_ON, ORDER, Script, at

pytestmark = pytest.mark.usefixtures("every_version")

RUNNING = {
    "2a a message with the expected number is taken": """
        -> D
        app
        is ACTIVE next 3
    """,
    "2b a message ahead of the expected number is dropped, and the gap asked for once": f"""
        -> D 34=5|{ORDER}
        <- 2 7=2|16=0
        -> D
        -> D
        is ACTIVE next 2
    """,
    "2b what fills the gap is taken, and then what follows": f"""
        -> D 34=3|{ORDER}
        <- 2 7=2|16=0
        -> D 34=2|43=Y|122=20261118-10:00:00|{ORDER}
        app
        -> D 34=3|43=Y|122=20261118-10:00:00|{ORDER}
        app
        -> D
        app
        is ACTIVE next 5
    """,
    "a second gap after the first is filled is asked for too": f"""
        -> D 34=3|{ORDER}
        <- 2 7=2|16=0
        -> 4 34=2|43=Y|122=20261118-10:00:00|123=Y|36=4
        is ACTIVE next 4
        -> D 34=6|{ORDER}
        <- 2 7=4|16=0
    """,
    "a gap that is filled in part is asked for again where it goes on, after a heartbeat interval": f"""
        -> D 34=5|{ORDER}
        <- 2 7=2|16=0
        -> D 34=2|43=Y|122=20261118-10:00:00|{ORDER}
        app
        29s
        -> 0 34=6
        2s
        <- 0
        <- 2 7=3|16=0
        29s
        -> 0 34=7
        2s
        <- 0
        <- 2 7=3|16=0
    """,
    "a gap whose last message is rejected is closed all the same": f"""
        -> D 34=3|{ORDER}
        <- 2 7=2|16=0
        -> D 34=2|43=Y|122=20261118-10:00:00|{ORDER}
        app
        -> D 34=3|43=Y|{ORDER}
        reject 373=1|371=122
        29s
        -> 0
        2s
        <- 0
        is ACTIVE next 5
    """,
    "2c a message below the expected number ends the session": f"""
        -> D 34=1|{ORDER}
        <- 5 58=MsgSeqNum too low, expecting 2 but received 1
        is CLOSED next 2
    """,
    "a message without MsgSeqNum ends the session": f"""
        -> D !34|{ORDER}
        <- 5 58=MsgSeqNum(34) is missing or not a number up to 2147483647
        is CLOSED next 2
    """,
    "a MsgSeqNum in words ends the session": f"""
        -> D 34=two|{ORDER}
        <- 5 58=MsgSeqNum(34) is missing or not a number up to 2147483647
        is CLOSED next 2
    """,
    "a negative MsgSeqNum ends the session": f"""
        -> D 34=-2|{ORDER}
        <- 5 58=MsgSeqNum(34) is missing or not a number up to 2147483647
        is CLOSED next 2
    """,
    "a MsgSeqNum in superscript ends the session": f"""
        -> D 34=²|{ORDER}
        <- 5 58=MsgSeqNum(34) is missing or not a number up to 2147483647
        is CLOSED next 2
    """,
    "an absurd MsgSeqNum ends the session": f"""
        -> D 34=2147483648|{ORDER}
        <- 5 58=MsgSeqNum(34) is missing or not a number up to 2147483647
        is CLOSED next 2
    """,
    "a MsgSeqNum of more digits ends the session": f"""
        -> D 34=99999999999999999999|{ORDER}
        <- 5 58=MsgSeqNum(34) is missing or not a number up to 2147483647
        is CLOSED next 2
    """,
    "a MsgSeqNum far ahead is asked for once in an interval": f"""
        -> D 34=2147483647|{ORDER}
        <- 2 7=2|16=0
        -> 0 34=2
        29s
        -> 0
        2s
        <- 0
        <- 2 7=4|16=0
    """,
    "2e a repeated message that came before is ignored": f"""
        -> D
        app
        -> D 34=2|43=Y|122={at(-1)}|{ORDER}
        is ACTIVE next 3
    """,
    "2e a repeated message that did not come before is taken": f"""
        -> D 43=Y|122={at(-1)}|{ORDER}
        app
        is ACTIVE next 3
    """,
    "a message marked as not repeated is taken": f"""
        -> D 43=N|{ORDER}
        app
    """,
    "2f OrigSendingTime after SendingTime ends the session": f"""
        -> D 43=Y|122={at(60)}|{ORDER}
        <- 3 45=2|372=D|373=10|58=SendingTime accuracy problem
        <- 5 58=SendingTime accuracy problem
        is CLOSED next 3
    """,
    "2f OrigSendingTime after SendingTime ends the session, also on a message that came before": f"""
        -> D
        app
        -> D 34=2|43=Y|122={at(60)}|{ORDER}
        <- 3 45=2|372=D|373=10|58=SendingTime accuracy problem
        <- 5 58=SendingTime accuracy problem
        is CLOSED next 3
    """,
    "OrigSendingTime may equal SendingTime": f"""
        -> D 43=Y|122={at(0)}|{ORDER}
        app
    """,
    "2g a repeated message without OrigSendingTime is rejected": f"""
        -> D 43=Y|{ORDER}
        reject 373=1|371=122
        is ACTIVE next 3
    """,
    "2g a repeated message without OrigSendingTime that came before is rejected": f"""
        -> D
        app
        -> D 34=2|43=Y|{ORDER}
        reject 373=1|371=122
        is ACTIVE next 3
    """,
    "a malformed OrigSendingTime is rejected": f"""
        -> D 43=Y|122=yesterday|{ORDER}
        reject 373=6|371=122
        is ACTIVE next 3
    """,
    "2i another BeginString ends the session": f"""
        -> D 8=FIX.4.3|{ORDER}
        <- 5 58=Incorrect BeginString: FIX.4.3, expected OWN_BEGIN_STRING
        is CLOSED next 2
    """,
    "2k another SenderCompID ends the session": f"""
        -> D 49=BROKER2|{ORDER}
        <- 3 45=2|372=D|373=9|58=CompID problem
        <- 5 58=CompID problem
        is CLOSED next 3
    """,
    "2k another TargetCompID ends the session": f"""
        -> D 56=OTHER|{ORDER}
        <- 3 45=2|372=D|373=9|58=CompID problem
        <- 5 58=CompID problem
        is CLOSED next 3
    """,
    "a message without SenderCompID ends the session": f"""
        -> D !49|{ORDER}
        <- 3 45=2|372=D|373=9|58=CompID problem
        <- 5 58=CompID problem
        is CLOSED next 3
    """,
    "another CompID on a message without MsgType is rejected by a right message": """
        -> "" 49=BROKER2
        <- 3 45=2|373=9|58=CompID problem
        <- 5 58=CompID problem
        is CLOSED next 3
    """,
    "2o a SendingTime before the tolerance ends the session": f"""
        -> D 52={at(-121)}|{ORDER}
        <- 3 45=2|372=D|373=10|58=SendingTime accuracy problem
        <- 5 58=SendingTime accuracy problem
        is CLOSED next 3
    """,
    "2o a SendingTime after the tolerance ends the session": f"""
        -> D 52={at(121)}|{ORDER}
        <- 3 45=2|372=D|373=10|58=SendingTime accuracy problem
        <- 5 58=SendingTime accuracy problem
        is CLOSED next 3
    """,
    "2o a SendingTime within the tolerance is taken": f"""
        -> D 52={at(-119)}|{ORDER}
        app
        -> D 52={at(119)}|{ORDER}
        app
    """,
    "2o a malformed SendingTime ends the session": f"""
        -> D 52=2026-11-18 10:00|{ORDER}
        <- 3 45=2|372=D|373=10|58=SendingTime accuracy problem
        <- 5 58=SendingTime accuracy problem
        is CLOSED next 3
    """,
    "a message without SendingTime ends the session": f"""
        -> D !52|{ORDER}
        <- 3 45=2|372=D|373=10|58=SendingTime accuracy problem
        <- 5 58=SendingTime accuracy problem
        is CLOSED next 3
    """,
    "2q a MsgType that FIX does not have is rejected": """
        -> ZZ
        reject 373=11
        is ACTIVE next 3
    """,
    "2r a MsgType that the venue does not take is for the application to refuse": """
        -> B 148=News|33=1|58=text
        app
    """,
    "4b a TestRequest is answered by a Heartbeat with its id": """
        -> 1 112=HELLO
        <- 0 112=HELLO
        is ACTIVE next 3
    """,
    "a Heartbeat is not answered": """
        -> 0
        -> 0 112=HELLO
        is ACTIVE next 4
    """,
    "7 a Reject is not answered": """
        -> 3 45=1|58=why
        is ACTIVE next 3
    """,
    "7 a malformed Reject is not answered either": """
        -> 3 999=x
        is ACTIVE next 3
    """,
    "a BusinessMessageReject is not answered": """
        -> j 45=1|372=8|380=3
        is ACTIVE next 3
    """,
    "a BusinessMessageReject ahead of a gap is asked for again": """
        -> j 34=3|45=1|372=8|380=3
        <- 2 7=2|16=0
    """,
    "8 a ResendRequest is for the outgoing side": """
        -> 1 112=A
        <- 0 112=A
        -> 1 112=B
        <- 0 112=B
        -> 2 7=1|16=0
        resend 1 0
        -> 2 7=3|16=5
        resend 3 5
        is ACTIVE next 6
    """,
    "8 a ResendRequest from 0 is one from 1": """
        -> 2 7=0|16=0
        resend 1 0
    """,
    "a ResendRequest that ends before it begins is rejected": """
        -> 2 7=5|16=4
        reject 373=5|371=16
        is ACTIVE next 3
    """,
    "a ResendRequest that begins beyond what has been sent is rejected": """
        -> 2 7=2|16=0
        reject 373=5|371=7
        -> 2 7=1|16=0
        resend 1 0
        is ACTIVE next 4
    """,
    "20 a ResendRequest beyond what has been sent, ahead of a gap, is no more than a gap": """
        -> 2 34=4|7=2|16=0
        <- 2 7=2|16=0
        is ACTIVE next 2
    """,
    "a ResendRequest without EndSeqNo is rejected": """
        -> 2 7=1
        reject 373=1|371=16
    """,
    "20 a ResendRequest ahead of a gap is answered all the same": """
        -> 2 34=4|7=1|16=0
        <- 2 7=2|16=0
        resend 1 0
        is ACTIVE next 2
    """,
    "20 a malformed ResendRequest ahead of a gap is no more than a gap": """
        -> 2 34=4|7=²|16=0
        <- 2 7=2|16=0
    """,
    "10 a gap fill as expected moves the expected number on": """
        -> 4 123=Y|36=20
        is ACTIVE next 20
        -> 1 34=20|112=HELLO
        <- 0 112=HELLO
    """,
    "10 a gap fill ahead of the expected number is a gap": """
        -> 4 34=10|123=Y|36=20
        <- 2 7=2|16=0
        is ACTIVE next 2
    """,
    "10 a gap fill below the expected number ends the session": """
        -> 4 34=1|123=Y|36=20
        <- 5 58=MsgSeqNum too low, expecting 2 but received 1
        is CLOSED next 2
    """,
    "10 a repeated gap fill below the expected number is ignored": f"""
        -> D
        app
        -> 4 34=2|43=Y|122={at(-1)}|123=Y|36=20
        is ACTIVE next 3
    """,
    "a gap fill to itself is rejected": """
        -> 4 123=Y|36=2
        reject 373=5|371=36
        is ACTIVE next 3
    """,
    "a gap fill to an absurd number is rejected": """
        -> 4 123=Y|36=2147483648
        reject 373=5|371=36
        is ACTIVE next 3
    """,
    "11a a reset to a greater number is followed, whatever its own number": """
        -> 4 34=900|36=20
        is ACTIVE next 20
        -> 4 34=1|123=N|36=30
        is ACTIVE next 30
        -> 1 34=30|112=HELLO
        <- 0 112=HELLO
    """,
    "11b a reset to the expected number changes nothing": """
        -> 4 123=N|36=2
        is ACTIVE next 2
    """,
    "11c a reset to a lower number is rejected": """
        -> 0
        -> 4 123=N|36=2
        reject 373=5|371=36
        is ACTIVE next 4
    """,
    "11c a reset to a lower number by a message out of order is rejected, and its number does not count": """
        -> 0
        -> 4 34=7|36=2
        reject 373=5|371=36
        is ACTIVE next 3
    """,
    "a reset closes the gaps below it": f"""
        -> D 34=5|{ORDER}
        <- 2 7=2|16=0
        -> 4 34=6|36=7
        is ACTIVE next 7
        29s
        -> 0 34=7
        2s
        <- 0
    """,
    "a reset without NewSeqNo is rejected": """
        -> 4 123=N
        reject 373=1|371=36
        is ACTIVE next 3
    """,
    "a reset of an unknown kind is rejected": """
        -> 4 123=X|36=9
        reject 373=6|371=123
        is ACTIVE next 3
    """,
    "13b a Logout is answered by a Logout": """
        -> 5 58=bye
        <- 5
        is CLOSED next 3
    """,
    "a Logout ahead of a gap is answered too; what is missing is asked for after the next Logon": """
        -> 5 34=7
        <- 5
        is CLOSED next 2
    """,
    "a Logout that the standard finds fault with is a Logout": """
        -> 5 55=BTC/USD
        <- 5
        is CLOSED next 3
    """,
    "another Logon ends the session": """
        -> A 98=0|108=30
        <- 5 58=Logon received on an active session
        is CLOSED next 3
    """,
    "another Logon that would reset the session waits to be judged as the first one was": """
        -> A 34=1|98=0|108=30|141=Y
        is AWAITING_LOGON next 2
    """,
    "a Logon that is repeated where its number is missing is no more than a message": f"""
        -> 0 34=3
        <- 2 7=2|16=0
        -> A 34=2|43=Y|122={at(-1)}|98=0|108=30
        is ACTIVE next 3
    """,
    "14a a tag that FIX does not have is rejected": f"""
        -> D {ORDER}|9999=x
        reject 373=0|371=9999
        is ACTIVE next 3
    """,
    "14b a required field that is missing is rejected": """
        -> D 11=A1|21=1|55=BTC/USD|60=20261118-10:00:00|38=1|40=1
        reject 373=1|371=54
    """,
    "14b Symbol, which FIX leaves open, is required": """
        -> D 11=A1|21=1|54=1|60=20261118-10:00:00|38=1|40=1
        reject 373=1|371=55
    """,
    "14c a tag of another message is rejected": f"""
        -> D {ORDER}|7=1
        reject 373=2|371=7
    """,
    "14d a tag without a value is rejected": f"""
        -> D {ORDER}|58=
        reject 373=4|371=58
    """,
    "14e a value that FIX does not have is rejected": """
        -> 3 45=1
        -> 1 112=X|354=1|355=x
        reject 373=2|371=354
    """,
    "14f a malformed value is rejected": """
        -> 2 7=one|16=0
        reject 373=6|371=7
    """,
    "14g a header field in the body is rejected": f"""
        -> D {ORDER}|57=DESK
        reject 373=14|371=57
    """,
    "14h a tag that comes twice is rejected": f"""
        -> D {ORDER}|40=1
        reject 373=13|371=40
    """,
    "14i a group with another count than entries is rejected": f"""
        -> D {ORDER}|386=2|336=X
        reject 373=16|371=386
    """,
    "15 fields of the body may come in any order": """
        -> D 44=100|40=2|38=1|60=20261118-10:00:00|54=1|55=BTC/USD|11=A1|21=1
        app
    """,
    "19 a message that was possibly sent under another number is for the application": f"""
        -> D 97=Y|{ORDER}
        app
    """,
    "21 a group of no entries is right": f"""
        -> D {ORDER}|386=0
        app
    """,
    "a header field that the venue does not take is named": """
        -> 0 116=CLIENT
        reject 373=99|371=116
        -> 1 116=CLIENT|112=X
        reject 373=99|371=116
        -> 2 128=OTHER|7=1|16=0
        reject 373=99|371=128
        -> 4 116=SUB|36=9
        reject 373=99|371=116
        is ACTIVE next 6
    """,
    "header fields that inform only are taken on every message": f"""
        -> 0 50=DESK|57=MATCHING|369=1
        -> D 50=DESK|57=MATCHING|369=1|{ORDER}
        app
    """,
}


@pytest.mark.parametrize("script", RUNNING.values(), ids=list(RUNNING))
def test_running_session(script: str) -> None:
    Script().run(LOGGED_ON + script)
