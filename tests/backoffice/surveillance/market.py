"""A market for tests of surveillance: accounts that trade through the engine, and the database that follows it."""

from pathlib import Path

import msgspec

from backoffice.database import Database
from backoffice.projector.projector import Projector
from backoffice.projector.rows import decode_record
from backoffice.staff.actor import BACK_OFFICE
from backoffice.staff.sealing import Sealer
from backoffice.surveillance.looking import Looked, look_again
from backoffice.surveillance.parameters import PARAMETERS, Parameters
from backoffice.times import DAY_NS, HOUR_NS, SECOND_NS
from engine import commands
from engine.exchange import Exchange
from engine.frames import encode_value
from engine.rules import SelfTradeRule
from engine.values import BUY, LIMIT, SELL, Phase, SelfTrade, SelfTradeScope, Side, TimeInForce
from tests.backoffice.projector.journaled import take_in

SEALER = Sealer(Path("no.key"))
"""Where there are no clients it opens nothing."""
JOURNAL = "2" * 64
START_NS = 20_000 * DAY_NS + 9 * HOUR_NS
SYMBOL = "BTC/USD"
FIRMS = {"A": "A", "B": "B", "C": "C", "F1": "F", "F2": "F"}


class Market:
    """Five accounts, two of them of one firm; nothing prevents self-trades. Time passes as tests say."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self._exchange = Exchange()
        self._payloads: list[bytes] = []
        self._ids = 0
        self._apply(commands.AddAsset("BTC", 3))
        self._apply(commands.AddAsset("USD", 6))
        self._apply(commands.AddInstrument(SYMBOL, "BTC", "USD", 1, 2, 1, 3, 0, 0, 1_000_000))
        for account, firm in FIRMS.items():
            self._apply(commands.OpenAccount(account, firm))
            self._apply(commands.ProvisionSession(account, (account,), "hash"))
            for asset in ("BTC", "USD"):
                self._apply(commands.Credit(account, asset, 10**15, f"{account}-{asset}"))

    def _apply(self, command: commands.AnyCommand) -> None:
        encoded = msgspec.Raw(encode_value(command))
        events = self._exchange.apply(command, self.now_ns)
        self._payloads.append(encode_value((len(self._payloads) + 1, self.now_ns, encoded, events)))
        self.now_ns += 1

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now_ns += seconds * SECOND_NS

    def until(self, time_ns: int) -> None:
        """Let it be a later time."""
        assert time_ns >= self.now_ns, "time goes on"
        self.now_ns = time_ns

    def connect(self, session: str, *accounts: str) -> None:
        """Let a further session trade for these accounts."""
        self._apply(commands.ProvisionSession(session, accounts, "hash"))

    def order(self, account: str, side: Side, qty: int, price: int, session: str = "") -> str:
        """Enter an order, over the account's own session unless another one is named; return its ClOrdID."""
        self._ids += 1
        cl_ord_id = f"o{self._ids}"
        day = TimeInForce.GOOD_TILL_CANCEL
        self._apply(commands.NewOrder(session or account, 1, account, cl_ord_id, SYMBOL, side, LIMIT, day, qty, price))
        return cl_ord_id

    def cancel(self, account: str, cl_ord_id: str, side: Side, session: str = "") -> None:
        self._ids += 1
        requester = session or account
        self._apply(commands.CancelOrder(requester, 1, account, f"o{self._ids}", cl_ord_id, 0, SYMBOL, side))

    def trade(self, maker: str, taker: str, qty: int, price: int, taker_side: Side = BUY) -> None:
        """Let two accounts trade with each other."""
        self.order(maker, SELL if taker_side is BUY else BUY, qty, price)
        self.order(taker, taker_side, qty, price)

    def bust(self, trade_id: int) -> None:
        self._apply(commands.BustTrade(trade_id, "tom", "an error"))

    def correct(self, trade_id: int, price: int, qty: int) -> None:
        self._apply(commands.CorrectTrade(trade_id, price, qty, "tom", "an error"))

    def replace(self, account: str, cl_ord_id: str, side: Side, qty: int, price: int) -> str:
        """Change an order, and return its new ClOrdID."""
        self._ids += 1
        day = TimeInForce.GOOD_TILL_CANCEL
        asked = (f"o{self._ids}", cl_ord_id, 0, SYMBOL, side, LIMIT, day, qty, price)
        self._apply(commands.ReplaceOrder(account, 1, account, *asked))
        return f"o{self._ids}"

    def prevent_self_trades(self, account: str, scope: SelfTradeScope = SelfTradeScope.ACCOUNT) -> None:
        self._apply(commands.SetSelfTrade(account, "", SelfTradeRule(SelfTrade.CANCEL_NEWEST, scope)))

    def phase(self, phase: Phase) -> None:
        self._apply(commands.SetPhase(SYMBOL, phase, "tom", "time"))

    async def project(self, database: Database) -> None:
        """Let the database follow so far."""
        projector = await Projector.open(database, JOURNAL)
        if projector.sequence == len(self._payloads):
            return
        await take_in(projector, map(decode_record, self._payloads[projector.sequence :]))

    async def looked_at(
        self, database: Database, parameters: Parameters = PARAMETERS, sealer: Sealer = SEALER
    ) -> Looked:
        """Let it be two hours later, and look at all hours."""
        self.wait(7_200)
        self._apply(commands.AddAsset(f"X{len(self._payloads)}", 0))
        await self.project(database)
        hours = (0, self.now_ns // HOUR_NS)
        return await look_again(
            *(database, sealer, BACK_OFFICE, *hours, self.now_ns), day_ends="17:30", parameters=parameters
        )
