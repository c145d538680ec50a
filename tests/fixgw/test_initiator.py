"""A broker's FIX client against a venue that is a script: every byte it gets was written by the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fixgw.codec import Framer, Message, encode
from fixgw.initiator import Initiator, LogonRefusedError

TIME = "20260101-12:00:00.000000"


class ScriptedVenue:
    """The other end of the connection; it expects and says what the test tells it to."""

    def __init__(self) -> None:
        self.port = 0
        self._framer = Framer()
        self._received: asyncio.Queue[Message | None] = asyncio.Queue()
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._framer = Framer()
        try:
            while data := await reader.read(65_536):
                for message in self._framer.receive(data):
                    self._received.put_nowait(message)
        except ConnectionError:
            pass
        finally:
            self._received.put_nowait(None)
            writer.close()

    async def expect(self, msg_type: str, **fields: str) -> dict[str, str]:
        """Return the fields of the next message, which must be of this type; of `t41="x"`, field 41 must be x."""
        async with asyncio.timeout(10):
            message = await self._received.get()
        assert message is not None, f"the client hung up instead of sending {msg_type}"
        assert message.msg_type == msg_type, message
        for tag, value in fields.items():
            assert message.fields.get(tag.removeprefix("t")) == value, message
        return message.fields

    async def expect_end(self) -> None:
        async with asyncio.timeout(10):
            assert await self._received.get() is None

    def say(self, msg_type: str, number: int, body: str = "", *, again: bool = False) -> None:
        assert self._writer is not None
        times = f"52={TIME}\x01" + (f"43=Y\x01122={TIME}\x01" if again else "")
        body = body.replace("|", "\x01")
        self._writer.write(encode(f"35={msg_type}\x0149=FONDACO\x0156=BROKER1\x0134={number}\x01{times}{body}"))

    def hang_up(self) -> None:
        assert self._writer is not None
        self._writer.transport.abort()


class Client(Initiator):
    """A client that keeps what it is handed."""

    def __init__(self, *, heartbeat_s: int = 30, sent_kept_max: int = 1_000) -> None:
        self.handed: list[str] = []
        self.arrived = asyncio.Event()
        super().__init__("BROKER1", "open-sesame", self._keep, heartbeat_s=heartbeat_s, sent_kept_max=sent_kept_max)

    def _keep(self, message: Message) -> None:
        self.handed.append(f"{message.msg_type}{message.fields['34']}")
        self.arrived.set()

    async def has(self, *handed: str) -> None:
        """Return when these messages have been handed over, and no others."""
        async with asyncio.timeout(10):
            while len(self.handed) < len(handed):
                self.arrived.clear()
                await self.arrived.wait()
        assert self.handed == list(handed)


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    venue = ScriptedVenue()
    server = await asyncio.start_server(venue.serve, "127.0.0.1", 0)
    venue.port = server.sockets[0].getsockname()[1]
    yield venue
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def logged_on(venue: ScriptedVenue, client: Client, answer: int = 1) -> AsyncIterator[None]:
    """Log on; the venue's Logon has the number `answer`."""
    logon = asyncio.create_task(client.log_on("127.0.0.1", venue.port))
    await venue.expect("A")
    venue.say("A", answer, "98=0|108=30|")
    await logon
    yield
    client.cut()
    await client.disconnected()
    await venue.expect_end()


async def test_logon_carries_credentials_and_numbers_begin_at_1(venue: ScriptedVenue) -> None:
    client = Client(heartbeat_s=7)
    logon = asyncio.create_task(client.log_on("127.0.0.1", venue.port))
    await venue.expect(
        "A", t34="1", t49="BROKER1", t56="FONDACO", t98="0", t108="7", t553="BROKER1", t554="open-sesame"
    )
    venue.say("A", 1, "98=0|108=7|")
    await logon
    assert client.is_connected
    assert (client.next_in, client.next_out) == (2, 2)
    client.cut()
    await client.disconnected()


async def test_refused_logon_says_why(venue: ScriptedVenue) -> None:
    client = Client()
    logon = asyncio.create_task(client.log_on("127.0.0.1", venue.port))
    await venue.expect("A")
    venue.say("5", 1, "58=not today|")
    with pytest.raises(LogonRefusedError, match="not today"):
        await logon


async def test_hung_up_logon_is_refused_too(venue: ScriptedVenue) -> None:
    client = Client()
    logon = asyncio.create_task(client.log_on("127.0.0.1", venue.port))
    await venue.expect("A")
    venue.hang_up()
    with pytest.raises(LogonRefusedError, match="the venue hung up"):
        await logon


async def test_messages_are_handed_over_once_and_in_order(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        venue.say("8", 2)
        venue.say("8", 2, again=True)
        venue.say("9", 3)
        await client.has("82", "93")
        assert client.next_in == 4


async def test_gap_is_asked_for_once_and_filled_in_order(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        venue.say("8", 5)
        venue.say("8", 6)
        await venue.expect("2", t7="2", t16="0")
        venue.say("8", 2, again=True)
        venue.say("4", 3, "123=Y|36=5|", again=True)
        venue.say("8", 5, again=True)
        venue.say("8", 6, again=True)
        await client.has("82", "85", "86")


async def test_gap_before_the_logon_answer_is_asked_for(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client, answer=4):
        await venue.expect("2", t7="1", t16="0")
        venue.say("4", 1, "123=Y|36=3|", again=True)
        venue.say("8", 3, again=True)
        venue.say("4", 4, "123=Y|36=5|", again=True)
        venue.say("8", 5)
        await client.has("83", "85")


async def test_sequence_reset_moves_on_without_a_gap(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        venue.say("4", 99, "36=50|")
        venue.say("8", 50)
        await client.has("850")


async def test_number_too_low_without_possdup_ends_the_session(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        venue.say("8", 1)
        await client.disconnected()
    assert client.logout_text == "MsgSeqNum too low: 1 instead of 2"


async def test_what_the_venue_lacks_is_sent_again_and_the_rest_is_filled(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        assert [client.send("D", "11=a\x01"), client.send("F", "11=b\x01")] == [2, 3]
        first, second = await venue.expect("D", t34="2"), await venue.expect("F", t34="3")
        venue.say("2", 2, "7=1|16=0|")
        await venue.expect("4", t34="1", t43="Y", t123="Y", t36="2")
        await venue.expect("D", t34="2", t43="Y", t11="a", t122=first["52"])
        await venue.expect("F", t34="3", t43="Y", t11="b", t122=second["52"])
        venue.say("2", 3, "7=2|16=2|")
        await venue.expect("D", t34="2", t43="Y")
        client.send("D", "11=c\x01")
        await venue.expect("D", t34="4", t11="c")


async def test_messages_sent_long_ago_are_forgotten_and_filled(venue: ScriptedVenue) -> None:
    client = Client(sent_kept_max=2)
    async with logged_on(venue, client):
        for text in "abcd":
            client.send("D", f"11={text}\x01")
            await venue.expect("D")
        venue.say("2", 2, "7=2|16=0|")
        await venue.expect("4", t34="2", t36="4")
        await venue.expect("D", t34="4", t11="c")
        await venue.expect("D", t34="5", t11="d")


async def test_what_is_sent_while_disconnected_goes_out_when_asked_for(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        pass
    assert client.send("D", "11=a\x01") == 2
    logon = asyncio.create_task(client.log_on("127.0.0.1", venue.port))
    await venue.expect("A", t34="3")
    venue.say("A", 2, "98=0|108=30|")
    await logon
    venue.say("2", 3, "7=2|16=0|")
    await venue.expect("D", t34="2", t43="Y", t11="a")
    await venue.expect("4", t34="3", t36="4")
    client.cut()
    await client.disconnected()


async def test_reset_begins_both_sequences_again(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        client.send("D", "11=a\x01")
        await venue.expect("D")
        venue.say("8", 2)
        await client.has("82")
    logon = asyncio.create_task(client.log_on("127.0.0.1", venue.port, reset=True))
    await venue.expect("A", t34="1", t141="Y")
    venue.say("A", 1, "98=0|108=30|141=Y|")
    await logon
    assert (client.next_in, client.next_out, client.sent) == (2, 2, {})
    client.cut()
    await client.disconnected()


async def test_next_expected_number_is_told(venue: ScriptedVenue) -> None:
    client = Client()
    logon = asyncio.create_task(client.log_on("127.0.0.1", venue.port, next_expected=True))
    await venue.expect("A", t789="1")
    venue.say("A", 1, "98=0|108=30|789=2|")
    await logon
    client.cut()
    await client.disconnected()


async def test_what_the_venues_next_expected_number_shows_to_be_missing_is_sent_again(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        pass
    client.send("D", "11=lost\x01")
    lost = client.next_out - 1
    logon = asyncio.create_task(client.log_on("127.0.0.1", venue.port, next_expected=True))
    await venue.expect("A")
    venue.say("A", client.next_in, f"98=0|108=30|789={lost}|")
    await logon
    await venue.expect("D", t11="lost", t43="Y", t34=str(lost))
    await venue.expect("4", t123="Y", t36=str(client.next_out))
    client.cut()
    await client.disconnected()


async def test_test_request_is_answered(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        venue.say("1", 2, "112=are you there|")
        await venue.expect("0", t112="are you there")
        assert client.handed == []


async def test_logout_is_answered_and_its_text_kept(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        venue.say("5", 2, "58=the venue is closing|")
        await venue.expect("5")
        await client.disconnected()
    assert client.logout_text == "the venue is closing"
    assert not client.is_connected


async def test_logging_out_waits_for_the_answer(venue: ScriptedVenue) -> None:
    client = Client()
    async with logged_on(venue, client):
        leaving = asyncio.create_task(client.log_out())
        await venue.expect("5", t34="2")
        assert not leaving.done()
        venue.say("5", 2)
        await leaving
    assert client.handed == []
