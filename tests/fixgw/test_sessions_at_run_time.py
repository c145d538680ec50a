"""Staff make, suspend, resume and remove sessions, and set their sequences, while others trade."""

from pathlib import Path

from engine import commands
from engine.commands import AnyCommand
from fixgw.codec import Message
from tests.fixgw.house import QUICK_HASH, Broker, House, numbers


async def staff(house: House, command: AnyCommand) -> None:
    house.sequencer.submit(command)
    await house.settle()


async def provision(house: House, comp_id: str = "DESK") -> None:
    await staff(house, commands.ProvisionSession(comp_id, ("BROKER1-A",), QUICK_HASH, by="mira"))


async def refused(house: House, comp_id: str) -> Message:
    """Return the Logout that a Logon gets."""
    broker = Broker(house, comp_id)
    broker.say("A", "98=0|108=30|")
    await house.settle()
    (logout,) = await broker.heard_now()
    assert logout.msg_type == "5"
    return logout


async def test_new_session_logs_on_at_once(house: House) -> None:
    other = await Broker(house, "BROKER2").log_on()
    await provision(house)
    desk = await Broker(house, "DESK").log_on()
    desk.say("1", "112=X|")
    assert numbers(await desk.heard_now()) == [2]
    assert await other.heard_now() == []


async def test_suspended_session_is_logged_out_and_stays_out_until_it_is_resumed(house: House) -> None:
    broker, other = await Broker(house).log_on(), await Broker(house, "BROKER2").log_on()
    await staff(house, commands.SuspendSession("BROKER1", "mira", "late"))
    (logout,) = await broker.heard_now()
    assert (logout.msg_type, logout.fields["58"]) == ("5", "the session is suspended")
    await house.settle()
    assert "BROKER1" not in house.acceptor.bound
    assert (await refused(house, "BROKER1")).fields["58"] == "the session is suspended"
    assert await other.heard_now() == []
    await staff(house, commands.ResumeSession("BROKER1", "mira", "paid"))
    await broker.log_on()
    assert "BROKER1" in house.acceptor.bound


async def test_session_is_logged_out_when_staff_say_so_and_may_come_back(house: House) -> None:
    broker = await Broker(house).log_on()
    await staff(house, commands.LogOutSession("BROKER1", "mira", "noisy"))
    (logout,) = await broker.heard_now()
    assert (logout.msg_type, logout.fields["58"]) == ("5", "logged out by the venue")
    broker.say("5", "")
    await house.settle()
    await broker.log_on()
    assert "BROKER1" in house.acceptor.bound


async def test_removed_session_is_cut_off_and_a_new_one_of_its_name_begins_at_one(house: House) -> None:
    await provision(house)
    desk = await Broker(house, "DESK").log_on()
    desk.say("1", "112=X|")
    await house.settle()
    await staff(house, commands.RemoveSession("DESK", "mira", "left"))
    assert desk.wire.is_lost
    assert not (house.data / "outbound" / "DESK.index").exists()
    again = Broker(house, "DESK")
    again.say("A", "98=0|108=30|")
    await house.settle()
    assert again.wire.is_lost
    await provision(house)
    again = await Broker(house, "DESK").log_on()
    again.say("1", "112=X|")
    assert numbers(await again.heard_now()) == [2]


async def test_removed_session_stays_removed_after_a_restart(tmp_path: Path) -> None:
    house = await House(tmp_path / "venue").start()
    await provision(house)
    await (await Broker(house, "DESK").log_on()).heard_now()
    await staff(house, commands.RemoveSession("DESK", "mira", "left"))
    await house.kill()
    house = await house.restarted()
    assert "DESK" not in house.acceptor.sessions
    await provision(house)
    await Broker(house, "DESK").log_on()
    assert "DESK" in house.acceptor.bound
    await house.stop()


async def test_incoming_number_is_the_one_that_staff_set(house: House) -> None:
    broker = await Broker(house).log_on()
    await staff(house, commands.SetSequence("BROKER1", 100, 0, "mira", "lost count"))
    broker.say("1", "112=X|", number=100)
    assert [message.msg_type for message in await broker.heard_now()] == ["0"]


async def test_skipped_outgoing_numbers_become_a_gap_that_a_resend_fills(house: House) -> None:
    broker = await Broker(house).log_on()
    await staff(house, commands.SetSequence("BROKER1", 0, 50, "mira", ""))
    broker.say("1", "112=X|")
    assert numbers(await broker.heard_now()) == [50]
    broker.say("2", "7=2|16=0|")
    (gap_fill,) = await broker.heard_now()
    assert (gap_fill.msg_type, gap_fill.fields["34"], gap_fill.fields["36"]) == ("4", "2", "51")


async def test_sequences_that_staff_reset_begin_at_one(house: House) -> None:
    broker = await Broker(house).log_on()
    broker.say("1", "112=X|")
    await house.settle()
    await staff(house, commands.ResetSequence("BROKER1", "mira", "agreed by telephone"))
    assert broker.wire.is_lost
    again = await Broker(house).log_on()
    again.say("1", "112=X|")
    assert numbers(await again.heard_now()) == [2]
