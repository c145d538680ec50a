"""The trading process as a whole: what it does with files that are not as it left them."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import msgspec
import pytest

from config.reading import load
from config.settings import Settings
from engine.commands import SetPhase
from engine.control import SOCKET, Done, ask
from engine.errors import ControlError
from engine.events import PhaseChanged
from engine.overview import ShowVenue, VenueShown
from engine.values import Phase
from fixgw.errors import ListenError, OutboundError
from fixgw.trading import Trading, _give_way

SANDBOX = Path(__file__).resolve().parents[2] / "config" / "sandbox.toml"


def settings_on(port: int) -> Settings:
    settings = load(SANDBOX)
    return msgspec.structs.replace(settings, fix=msgspec.structs.replace(settings.fix, port=port))


@pytest.fixture
def settings() -> Settings:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return settings_on(probe.getsockname()[1])


async def run_once(settings: Settings, data: Path) -> int:
    async with Trading.open(settings, data) as trading:
        return trading.sequencer.sequence


async def test_a_venue_starts_again_where_it_stopped(settings: Settings, tmp_path: Path) -> None:
    sequence = await run_once(settings, tmp_path)
    assert sequence == await run_once(settings, tmp_path)


@pytest.mark.parametrize("place", (0.3, 0.6, 0.999))
async def test_damage_to_the_last_batch_is_no_torn_tail(settings: Settings, tmp_path: Path, place: float) -> None:
    await run_once(settings, tmp_path)
    (segment,) = (tmp_path / "journal").glob("*.journal")
    data = bytearray(segment.read_bytes())
    data[int(len(data) * place)] ^= 0xFF
    segment.write_bytes(data)
    with pytest.raises(OutboundError, match="were on disk"):
        await run_once(settings, tmp_path)
    assert segment.read_bytes() == data, "nothing was cut"


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"127.0.0.1:{port}: Address already in use; set another fix.port"):
            await run_once(settings_on(port), tmp_path)


async def test_staff_are_heard_while_the_venue_serves_and_not_after(settings: Settings, tmp_path: Path) -> None:
    async with Trading.open(settings, tmp_path):
        answer = await asyncio.to_thread(ask, tmp_path / SOCKET, SetPhase("BTC/USD", Phase.HALT, "mira", "news"))
        assert isinstance(answer, Done)
        assert isinstance(answer.events[-1], PhaseChanged)
    with pytest.raises(ControlError, match="no venue listens here"):
        ask(tmp_path / SOCKET, ShowVenue())
    async with Trading.open(settings, tmp_path):
        shown = await asyncio.to_thread(ask, tmp_path / SOCKET, ShowVenue())
        assert isinstance(shown, VenueShown)
        assert shown.instruments[0].phase is Phase.HALT


async def test_a_snapshot_is_written_when_nobody_else_wants_the_core() -> None:
    process = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
    _give_way(process.pid)
    if sys.platform == "linux":
        assert os.sched_getscheduler(process.pid) == os.SCHED_IDLE
    await process.communicate(b"")
    _give_way(process.pid)  # it may have ended before it is told
