"""Reports that a session asks for once more. The gateway knows what there is and sends it; here it is put on record.

So the answers have their place among all that the session is told, and are numbered and sent again like the others.
"""

from engine.answer_events import ReplayAnswered, ReplayEnded
from engine.commands import EndReplay, QueryReplay
from engine.events import AnyEvent
from engine.reject import unknown_session
from engine.state import State


def query_replay(state: State, command: QueryReplay) -> list[AnyEvent]:
    """Answer a request as the gateway has judged it."""
    session = state.sessions.get(command.session)
    if session is None:
        return unknown_session(command.session)
    session.last_in = command.msg_seq_num
    return [
        ReplayAnswered(
            command.session,
            command.request_id,
            command.appl_id,
            command.begin,
            command.end,
            command.response,
            command.text,
        )
    ]


def end_replay(state: State, command: EndReplay) -> list[AnyEvent]:
    """Say that all that was asked for, or as much as one request is given, has been sent."""
    if command.session not in state.sessions:
        return unknown_session(command.session)
    return [ReplayEnded(command.session, command.request_id, command.begin, command.next_sequence, command.is_complete)]
