"""What a session that is set up for it gets after each Logon without asking: what it missed, its open orders, a News.

First comes what it would get by NextExpectedMsgSeqNum(789), if its Logon has none from the first report on that was
never transmitted; then the state of each open order, some at a time, so that neither others nor memory suffer; then a
News "recovery complete". All of it is numbered and on record. A session that goes in the middle begins anew.
"""

from engine.commands import RecoverSession
from engine.sequencer import Sequencer
from engine.session_events import SessionRecovered
from fixgw.outbound import Outbound


async def catch_up(comp_id: str, sequencer: Sequencer, outbound: Outbound) -> None:
    """Bring a session up to date that has just logged on. To be cancelled when it is gone."""
    missed = outbound.behind or await outbound.resend_owed()
    after = told = 0
    while True:
        await outbound.caught_up()
        if not outbound.is_connected:
            return
        sequencer.begin_batch()
        events = sequencer.submit(RecoverSession(comp_id, missed, after, told))
        page = next((event for event in events if isinstance(event, SessionRecovered)), None)
        if page is None or not page.after:
            return
        after, told = page.after, page.orders
        await sequencer.flushed()
