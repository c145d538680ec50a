"""The market-data process without sockets: it follows a house's journal, and serves on wires of memory."""

from config.network import Fix
from config.network import MarketData as MarketDataSettings
from config.settings import Settings
from engine.commands import ProvisionSession
from engine.feed import Arrived
from engine.journal import JournalReader
from engine.profile import SessionProfile, SessionRole
from engine.recovery import JOURNAL
from fixgw.acceptor import Acceptor
from fixgw.market_data import MarketData
from tests.fixgw.house import QUICK_HASH, House, OpenDoor


class MarketHouse(House):
    """Market data of a house, for the session MD1."""

    def __init__(self, house: House) -> None:
        super().__init__(house.data, version=house.version.name)
        self.house = house
        self.sequencer = house.sequencer
        settings = Settings(Fix("FONDACO"), market_data=MarketDataSettings())
        self.process = MarketData(settings, house.data, clock=lambda: self.now_ns)
        self.reader = JournalReader(house.data / JOURNAL)

    @classmethod
    async def beside(cls, house: House) -> "MarketHouse":
        """Return market data that follows a house from now on."""
        profile = SessionProfile(SessionRole.MARKET_DATA, house.version.name)
        house.sequencer.submit(ProvisionSession("MD1", (), QUICK_HASH, profile=profile))
        market = cls(house)
        await market.settle()
        market.acceptor = market.process.acceptor = Acceptor(Fix("FONDACO"), market.process.gateway, OpenDoor())
        return market

    async def settle(self) -> None:
        """Let the house have done all that it was asked for, and follow it that far."""
        await self.house.settle()
        frames = list(self.reader.frames(self.process.sequence + 1))
        self.process.take_in(Arrived(frames, self.sequencer.committed))
