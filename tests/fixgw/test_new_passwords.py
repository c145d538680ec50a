"""A new password of a market-data session is on record when its Logon is answered; the next one is judged by it."""

import asyncio

import pytest

from engine.commands import ProvisionSession, RemoveSession
from engine.control import SOCKET, Answer, Done, StaffCommand
from engine.control_server import ControlServer
from engine.errors import ControlError
from engine.journal import JournalReader
from engine.recovery import JOURNAL
from engine.session_events import CredentialsSet
from fixgw import new_passwords
from fixgw.codec import Message
from fixgw.new_passwords import NOT_CONFIRMED, NewPasswords
from tests.fixgw.house import OTHER_HASH, QUICK_HASH, Broker, House, sleep
from tests.fixgw.market_house import MarketHouse

LOGON = "98=0|108=30|553=MD1|554=secret|925=another secret|"


async def answer_to_logon(market: MarketHouse) -> Message:
    """Return what MD1 is answered that asks for a new password."""
    subscriber = Broker(market, "MD1")
    subscriber.say("A", LOGON)
    while not subscriber.hear():
        await sleep()
        await market.settle()
    return subscriber.heard[0]


def password_hash(house: House | MarketHouse, comp_id: str = "MD1") -> str:
    state = house.process.exchange.state if isinstance(house, MarketHouse) else house.sequencer.exchange.state
    return state.sessions[comp_id].credentials.password_hash


async def test_logon_is_answered_when_the_new_password_is_on_record_and_known_here(house: House) -> None:
    market = await MarketHouse.beside(house)
    control = ControlServer(house.sequencer, house.data / SOCKET)
    await control.start()
    house.sequencer.on_commit = control.committed
    answer = await answer_to_logon(market)
    assert answer.msg_type == "A"
    assert password_hash(house) == password_hash(market) == OTHER_HASH
    events = [event for record in JournalReader(house.data / JOURNAL).records() for event in record.events]
    (changed,) = [event for event in events if isinstance(event, CredentialsSet)]
    assert (changed.session, changed.by, changed.why) == ("MD1", "MD1", "NewPassword(925) of its Logon")
    await control.stop()


async def test_logon_that_the_trading_process_is_not_there_for_is_refused_and_the_old_password_stays(
    house: House,
) -> None:
    answer = await answer_to_logon(await MarketHouse.beside(house))
    assert (answer.msg_type, answer.fields["58"]) == ("5", NOT_CONFIRMED)
    assert password_hash(house) == QUICK_HASH


async def test_what_the_venue_refuses_is_told(house: House) -> None:
    def ask(request: StaffCommand) -> Answer:
        return Done(1, 0, tuple(house.sequencer.exchange.apply(request, house.now_ns)))

    passwords = NewPasswords(ask)
    house.sequencer.submit(ProvisionSession("MD1", (), QUICK_HASH))
    house.sequencer.submit(RemoveSession("MD1", "mira", "left"))
    assert "MD1" in await passwords.put_on_record("MD1", OTHER_HASH)


async def test_record_that_does_not_arrive_here_in_time_is_not_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_passwords, "CONFIRMED_WITHIN_S", 0)
    passwords = NewPasswords(lambda _request: Done(7, 0, ()))
    passwords.followed(6)
    assert await passwords.put_on_record("MD1", OTHER_HASH) == NOT_CONFIRMED
    passwords.followed(7)
    assert await passwords.put_on_record("MD1", OTHER_HASH) == ""


async def test_several_wait_for_their_records_each() -> None:
    passwords = NewPasswords(lambda request: Done(int(request.session[2:]), 0, ()))  # type: ignore[union-attr]
    first, second = (asyncio.create_task(passwords.put_on_record(name, OTHER_HASH)) for name in ("MD1", "MD2"))
    while len(passwords._waiting) < 2:
        await sleep()
    passwords.followed(1)
    assert await first == ""
    assert not second.done()
    passwords.followed(2)
    assert await second == ""


async def test_venue_that_breaks_off_has_not_confirmed() -> None:
    def ask(_request: StaffCommand) -> Answer:
        raise ControlError("the venue broke off")

    assert await NewPasswords(ask).put_on_record("MD1", OTHER_HASH) == NOT_CONFIRMED
