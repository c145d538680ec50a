"""An endless tape of random commands over all that the engine can do, the same for the same seed on every machine.

Most commands are right, some bent. What an order is about follows from its number, so that whatever comes later can
name it without knowing what became of it.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any, Final

from engine import commands
from engine.commands import AnyCommand
from engine.profile import NOT_SET_UP
from engine.rules import Bands, Limits, Rules, ScheduledPhase, SelfTradeRule
from engine.terms import Terms
from engine.triggers import LIMITED_TYPES, TRIGGERED_TYPES
from engine.values import (
    FILL_OR_KILL,
    GOOD_TILL_DATE,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    MARKET_TO_LIMIT,
    PEGGED,
    CancelOnDisconnect,
    Contingency,
    MassCancelScope,
    OffsetUnit,
    OnDisconnect,
    OrderType,
    PegReference,
    Phase,
    PostOnly,
    Scope,
    SelfTrade,
    SelfTradeScope,
    Side,
    Subscription,
    TimeInForce,
    TriggerSource,
)

START_NS: Final = 1_795_000_000_000_000_000
SECOND_NS: Final = 1_000_000_000
SYMBOLS: Final = ("BTC/USD", "ETH/USD")
ACCOUNTS: Final = ("A", "B", "C")


def opening() -> Iterator[AnyCommand]:
    """Yield what opens the venue: three instruments, three accounts of two firms, a session for each and for all."""
    for asset, decimals in (("BTC", 3), ("ETH", 3), ("USD", 6)):
        yield commands.AddAsset(asset, decimals)
    yield commands.AddInstrument("BTC/USD", "BTC", "USD", 1, 2, 1, 3, -2, 7, 1_000)
    yield commands.AddInstrument("ETH/USD", "ETH", "USD", 9, 2, 1, 3, 30, 12, 1_000)
    yield commands.AddInstrument("ETH/BTC", "ETH", "BTC", 1, 0, 1, 3, 0, 0, 1_000)
    for account in ACCOUNTS:
        yield commands.OpenAccount(account, "" if account == "C" else "FIRM")
        for asset, amount in (("BTC", 4_000), ("ETH", 4_000), ("USD", 40_000_000)):
            yield commands.Credit(account, asset, amount, f"{account}-{asset}")
        yield commands.ProvisionSession(account, (account,), "hash")
    yield commands.ProvisionSession("ALL", ACCOUNTS, "hash")


class Tape:
    """An endless tape of commands. What an order is about follows from its number, so that a cancel can name it."""

    def __init__(self, seed: int) -> None:
        self.now_ns = START_NS
        """The time of the command that was given out last."""
        self._random = random.Random(seed)
        self._number = 0
        self._blocked: tuple[Scope, str] | None = None
        self._continuous_again: dict[int, str] = {}
        """After which command which instrument trades continuously again."""
        makers: dict[Callable[[], AnyCommand], float] = {
            self._new_order: 50,
            self._cancel: 20,
            self._replace: 15,
            self._mass_cancel: 0.3,
            self._query: 4,
            self._query_all: 2,
            self._refuse: 2,
            self._house: 4,
            self._tick: 2,
            self._rules: 1,
            self._amend: 1,
            self._guard: 2,
            self._come_or_go: 0.6,
            self._phase: 1,
            self._self_trade: 0.3,
            self._new_pair: 2,
            self._new_list: 5,
            self._cancel_list: 1,
            self._query_list: 2,
            self._instruments: 0.5,
            self._index_price: 2,
            self._balances: 0.3,
            self._trades: 0.3,
            self._replay: 0.3,
            self._money: 2,
        }
        self._makers, self._weights = list(makers), list(makers.values())

    def __iter__(self) -> Iterator[AnyCommand]:
        while True:
            self._number += 1
            self.now_ns += self._random.choice((1_000, 1_000_000, 20_000_000, SECOND_NS))
            symbol = self._continuous_again.pop(self._number, "")
            if symbol:
                yield commands.SetPhase(symbol, Phase.CONTINUOUS, "staff", "a test")
                continue
            (maker,) = self._random.choices(self._makers, self._weights)
            yield maker()

    def _seldom(self, what: Any, otherwise: Any, one_in: int = 25) -> Any:
        return what if self._random.randrange(one_in) == 0 else otherwise

    def _of(self, number: int) -> tuple[str, str, str, Side]:
        """Return session, account, symbol and side of the order `number`, each now and then a wrong one."""
        account = ACCOUNTS[number % 3]
        side = Side(1 + number % 2)
        return (
            self._seldom(self._random.choice((*ACCOUNTS, "NOBODY")), account, 60),
            self._seldom(self._random.choice((*ACCOUNTS, "NOBODY")), account),
            self._seldom(self._random.choice((*SYMBOLS, "ETH/BTC", "ETH/BTC", "NOTHING")), SYMBOLS[number // 6 % 2]),
            self._seldom(Side(3 - side), side),
        )

    def _earlier(self) -> int:
        return max(0, self._number - int(self._random.expovariate(1 / 40)) - 1)

    def _id(self) -> str:
        return str(self._seldom(f"x{self._earlier()}", f"x{self._number}"))

    def _figures(self, side: Side) -> tuple[OrderType, TimeInForce, int, int]:
        """Return type, time in force, quantity and price of an order."""
        chance = self._random
        order_type = self._seldom(chance.choice((MARKET, MARKET, MARKET_TO_LIMIT, PEGGED, PEGGED)), LIMIT, 6)
        order_type = self._seldom(chance.choice(sorted(TRIGGERED_TYPES)), order_type, 8)
        price = chance.randint(985, 1004) if side is Side.BUY else chance.randint(996, 1015)
        price = self._seldom(chance.choice((0, 1, -1, 2**53, 2**53, 2**53, 2**53 + 1, 2**62, 2**70)), price, 60)
        qty = self._seldom(chance.choice((0, -1, 900, 1_000, 1_000, 1_001, 2**63, 2**80)), chance.randint(1, 30), 60)
        qty, price = self._seldom((1_000, 2**53), (qty, price), 200)
        time_in_force = chance.choice((*TimeInForce, *(TimeInForce.DAY, TimeInForce.GOOD_TILL_CANCEL) * 5))
        has_price = order_type in (LIMIT, *LIMITED_TYPES)
        has_price = has_price or (order_type is PEGGED and self._seldom(what=False, otherwise=True, one_in=4))
        return order_type, time_in_force, qty, price if has_price else self._seldom(1_000, 0)

    def _terms(  # noqa: C901 - one kind of terms after another
        self, order_type: OrderType, time_in_force: TimeInForce, qty: int
    ) -> Terms | None:
        """Return optional terms, mostly such as fit the order."""
        chance = self._random
        asked: dict[str, Any] = {}
        if self._seldom(time_in_force is not GOOD_TILL_DATE, time_in_force is GOOD_TILL_DATE, 40):
            asked |= {"expire_day": self._day()} if chance.randrange(3) == 0 else {"expire_ns": self._soon()}
        is_immediate = time_in_force in (IMMEDIATE_OR_CANCEL, FILL_OR_KILL)
        if self._seldom(chance.random() < 0.5, order_type in TRIGGERED_TYPES):
            asked |= self._trigger(order_type)
        kind = chance.randrange(12)
        if kind == 0 and self._seldom(True, order_type is LIMIT and not is_immediate, 8):
            asked["post_only"] = chance.choice(tuple(PostOnly))
        elif kind == 1 and self._seldom(True, time_in_force is not FILL_OR_KILL):
            asked["min_qty"] = self._seldom(qty + 1, max(1, qty // 2))
        elif kind == 2 and self._seldom(True, order_type is MARKET):
            asked["slippage_unit"] = chance.choice(tuple(OffsetUnit))
            asked["slippage_max"] = chance.choice((0, 2, 50, 10_001))
        elif kind == 3 and self._seldom(True, order_type is LIMIT):
            asked["effective_ns"] = self._soon() - SECOND_NS
        elif kind == 4:
            asked["valid_until_ns"] = self.now_ns + self._seldom(-1, 1, 4)
        elif kind in (5, 6) and self._seldom(True, order_type is LIMIT and not is_immediate):
            asked["display_qty"] = self._seldom(chance.choice((0, -1, qty + 1)), max(1, qty // 3), 8)
            if kind == 6:
                low = self._seldom(qty, max(1, qty // 4), 8)
                asked |= {"display_low_qty": low, "display_high_qty": max(1, qty // 2), "display_seed": self._number}
        elif kind == 7:
            asked["on_disconnect"] = chance.choice(tuple(OnDisconnect))
        if self._seldom(order_type is not PEGGED, order_type is PEGGED, 40):
            asked["peg"] = self._seldom(PegReference.NONE, chance.choice(tuple(PegReference)[1:]))
            asked["offset_unit"] = self._seldom(OffsetUnit.BASIS_POINTS, OffsetUnit.TICKS)
            asked["offset"] = self._seldom(2**53 + 1, chance.randint(-6, 6))
        if chance.randrange(8) == 0:
            asked["self_trade"] = chance.choice((SelfTrade.DECREMENT, *SelfTrade))
            asked["self_trade_group"] = chance.choice(("", "", "1", "2"))
        return Terms(**asked) if asked else None

    def _trigger(self, order_type: OrderType) -> dict[str, Any]:
        """Return what an order waits for."""
        chance = self._random
        asked = {"trigger": self._seldom(TriggerSource.NONE, chance.choice((TriggerSource.LAST, TriggerSource.INDEX)))}
        if self._seldom(chance.random() < 0.5, order_type is OrderType.TRAILING_STOP):
            unit = self._seldom(OffsetUnit.NONE, chance.choice((OffsetUnit.TICKS, OffsetUnit.BASIS_POINTS)))
            far = self._seldom(chance.choice((0, -1, *[5_000] * 6, 10_000, 2**53 + 1)), chance.randint(1, 20), 3)
            asked |= {"offset_unit": unit, "offset": far}
        else:
            asked["stop_price"] = self._seldom(chance.choice((0, -1, 2**53, 2**53 + 1)), chance.randint(980, 1_020))
        return asked

    def _soon(self) -> int:
        return self.now_ns + int(self._seldom(-5, self._random.randint(0, 60) * SECOND_NS))

    def _day(self) -> int:
        return 20_260_000 + self._number // 500 + int(self._seldom(-1, self._random.randint(0, 2)))

    def _new_order(self) -> AnyCommand:
        session, account, symbol, side = self._of(self._number)
        order_type, time_in_force, qty, price = self._figures(side)
        cl_ord_id = self._seldom("not Unicode: \ud800", self._id(), 500)
        if order_type is MARKET:
            time_in_force = self._seldom(TimeInForce.AT_THE_CLOSE, time_in_force, 5)
            symbol = self._seldom("ETH/BTC", symbol, 5)
        resent = self._seldom(what=True, otherwise=False, one_in=6)
        terms = self._terms(order_type, time_in_force, qty)
        if order_type is MARKET and terms is None and self._random.randrange(2):
            amount = self._seldom(-1, self._random.choice((1, 100, 5_000, 100_000, 2**62, 2**62 + 1)), 8)
            terms, qty = Terms(cash_amount=amount), self._seldom(qty, 0)
        return commands.NewOrder(
            session,
            self._number,
            account,
            cl_ord_id,
            symbol,
            side,
            order_type,
            time_in_force,
            qty,
            price,
            resent,
            terms,
        )

    def _target(self) -> tuple[str, str, str, str, int, str, Side]:
        number = self._earlier()
        session, account, symbol, side = self._of(number)
        order_id = self._seldom(self._random.randint(1, self._number), 0, 8)
        original = f"x{number}"
        if number % 12 == 0:  # what waits in a list that was entered then
            original, side = f"y{number}", Side(3 - side)
        return session, account, self._id(), self._seldom("", original), order_id, symbol, side

    def _cancel(self) -> AnyCommand:
        session, account, cl_ord_id, original, order_id, symbol, side = self._target()
        return commands.CancelOrder(session, self._number, account, cl_ord_id, original, order_id, symbol, side)

    def _replace(self) -> AnyCommand:
        session, account, cl_ord_id, original, order_id, symbol, side = self._target()
        _, time_in_force, qty, price = self._figures(side)
        order_type = self._seldom(self._random.choice(sorted(TRIGGERED_TYPES)), self._seldom(PEGGED, LIMIT, 6), 8)
        order_type = self._seldom(MARKET, order_type)
        qty = self._seldom(1, qty, 3)
        terms = self._terms(order_type, time_in_force, qty)
        if order_type is LIMIT and self._random.randrange(2):
            time_in_force, terms = TimeInForce.DAY, None
        return commands.ReplaceOrder(
            session,
            self._number,
            account,
            cl_ord_id,
            original,
            order_id,
            symbol,
            side,
            order_type,
            time_in_force,
            qty,
            price,
            terms,
        )

    def _new_list(self) -> AnyCommand:
        session, account, symbol, side = self._of(self._number)
        chance = self._random
        sides = (side, Side(3 - side), Side(3 - side))
        count = self._seldom(chance.randint(0, 3), 2, 5)
        orders = tuple(
            self._leg(session, self._seldom("NOBODY", account, 60), cl_ord_id, symbol, of_side)
            for cl_ord_id, of_side in zip((self._id(), f"y{self._number}", f"z{self._number}"), sides, strict=True)
        )[:count]
        contingency = self._seldom(Contingency.ONE_CANCELS_OTHER, Contingency.ONE_TRIGGERS_OTHER, 6)
        resent = self._seldom(what=True, otherwise=False)
        return commands.NewOrderList(session, self._number, self._list_id(), contingency, orders, resent)

    def _new_pair(self) -> AnyCommand:
        """Enter a limit order and a stop, mostly apart; with or without one to be filled first."""
        session, account, symbol, side = self._of(self._number)
        chance = self._random
        is_first = chance.randrange(2) == 0
        of_pair = Side(3 - side) if is_first else side
        away = 1 if of_pair is Side.SELL else -1
        limit_price, stop_price = 1_000 + away * chance.randint(1, 12), 1_000 - away * chance.randint(-1, 12)
        stop_type = chance.choice((OrderType.STOP, OrderType.STOP_LIMIT))
        price = stop_price if stop_type is OrderType.STOP_LIMIT else 0
        terms = Terms(trigger=TriggerSource.LAST, stop_price=stop_price)
        legs: list[tuple[str, Side, OrderType, int, Terms | None]] = [
            ("y", of_pair, LIMIT, limit_price, None),
            ("z", of_pair, stop_type, price, terms),
        ]
        if is_first:
            legs.insert(0, ("x", side, LIMIT, 1_015 if side is Side.BUY else 985, None))
        good_till_cancel = TimeInForce.GOOD_TILL_CANCEL
        orders = tuple(
            commands.NewOrder(
                *(session, self._number, account, f"{letter}{self._number}", symbol, of_side, order_type),
                *(good_till_cancel, chance.randint(1, 5), of_price),
                terms=asked,
            )
            for letter, of_side, order_type, of_price, asked in legs
        )
        contingency = Contingency.ONE_TRIGGERS_OTHER if is_first else Contingency.ONE_CANCELS_OTHER
        return commands.NewOrderList(session, self._number, f"pair {self._number}", contingency, orders)

    def _leg(self, session: str, account: str, cl_ord_id: str, symbol: str, side: Side) -> commands.NewOrder:
        order_type, time_in_force, qty, price = self._figures(side)
        terms = self._terms(order_type, time_in_force, qty)
        if self._number % 3 == 0:  # the first is filled at once, and what waits for it may be unable to enter
            order_type, time_in_force, qty = LIMIT, TimeInForce.GOOD_TILL_CANCEL, self._random.randint(1, 5)
            is_first = not cl_ord_id.startswith("y")
            price = 1_015 if side is Side.BUY else 985
            terms = None if is_first else Terms(post_only=PostOnly.REJECT)
        return commands.NewOrder(
            session, self._number, account, cl_ord_id, symbol, side, order_type, time_in_force, qty, price, terms=terms
        )

    def _list_id(self) -> str:
        """Return the name of a list; few enough are in use for each to come again, on one account or several."""
        return f"list {self._number // 60}"

    def _cancel_list(self) -> AnyCommand:
        return commands.CancelOrderList(self._of(self._number)[0], self._number, self._list_id())

    def _query_list(self) -> AnyCommand:
        session = self._seldom("ALL", self._of(self._number)[0], 2)
        return commands.QueryOrderList(session, self._number, self._list_id())

    def _mass_cancel(self) -> AnyCommand:
        session, account, symbol, side = self._of(self._number)
        scope = self._random.choice(tuple(MassCancelScope))
        symbol = symbol if scope is MassCancelScope.INSTRUMENT else ""
        side, account = self._seldom(side, 0, 2), self._seldom(account, "", 3)
        return commands.MassCancel(session, self._number, self._id(), scope, symbol, side, account)

    def _query(self) -> AnyCommand:
        session, account, _, original, order_id, symbol, side = self._target()
        return commands.QueryOrder(session, self._number, account, original, order_id, symbol, side, "q")

    def _query_all(self) -> AnyCommand:
        session, account, symbol, side = self._of(self._number)
        account, symbol = self._seldom("", account, 2), self._seldom("", symbol, 2)
        after, count = self._seldom(-1, self._random.choice((0, self._number // 2)), 40), self._random.choice((0, 3))
        return commands.QueryOrders(
            session,
            self._number,
            account,
            symbol,
            self._seldom(side, 0, 2),
            "qs",
            self._seldom(what=True, otherwise=False),
            after,
            count,
        )

    def _refuse(self) -> AnyCommand:
        session, account, symbol, _ = self._of(self._number)
        return commands.Refuse(
            session, self._number, self._number, "8", 2001, "no", "D", 100, self._id(), "", account, symbol, "1"
        )

    def _amend(self) -> AnyCommand:
        """Bust or correct one of the trades there may be: one for so many commands, as it comes."""
        trade_id = self._random.randint(0, self._number // self._random.choice((3, 30, 100)) + 1)
        if self._random.randrange(2):
            return commands.BustTrade(trade_id, "staff", "fuzz")
        price, qty = self._seldom(2**62, self._random.randint(980, 1020)), self._random.randint(1, 12)
        return commands.CorrectTrade(trade_id, price, qty, "staff", "fuzz")

    def _tick(self) -> AnyCommand:
        return commands.ClockTick()

    def _index_price(self) -> AnyCommand:
        chance = self._random
        symbol = self._seldom("NOTHING", chance.choice(SYMBOLS))
        price = self._seldom(0, chance.randint(980, 1_020))
        return commands.SetIndexPrice(symbol, price, "a feed", self.now_ns - int(self._seldom(60 * SECOND_NS, 0)))

    def _rules(self) -> AnyCommand:
        chance = self._random
        rules = Rules(
            stop_protection_bps=self._seldom(10_000, chance.choice((0, 50, 500))),
            display_min_bps=self._seldom(10_001, chance.choice((0, 1_000, 4_000))),
            reference_price=self._seldom(-1, chance.choice((0, 1_000))),
            order_qty_min=chance.choice((0, 0, 2)),
            order_qty_max=self._seldom(1, chance.choice((0, 0, 0, 25))),
            order_notional_min=chance.choice((0, 0, 100, 20_000)),
            order_notional_max=self._seldom(-1, chance.choice((0, 0, 0, 10**6))),
            fat_finger_bps=self._seldom(10_000, chance.choice((0, 0, 0, 50, 500))),
            auction_random_end_ms=self._seldom(-1, chance.choice((0, 30_000))),
            auction_seed=chance.randrange(1 << 63),
            bands=chance.choice((None, Bands(chance.choice((0, 60, 500)), chance.choice((0, 30, 300)), 5_000))),
            auction_protection_bps=self._seldom(10_000, chance.choice((0, 50, 500))),
        )
        return commands.SetRules(self._seldom("NOTHING", chance.choice(SYMBOLS)), rules, "staff", "a test")

    def _guard(self) -> AnyCommand:
        """Return a block, which the next call lifts, or limits; sessions bear their account's names."""
        chance = self._random
        if self._blocked is not None:
            (scope, name), self._blocked = self._blocked, None
            return commands.Unblock(scope, name, "staff", "a test")
        scope = chance.choice(tuple(Scope))
        name = self._seldom("NOBODY", chance.choice(("FIRM", "C") if scope is Scope.FIRM else ACCOUNTS))
        if chance.randrange(4) == 0:
            self._blocked = scope, name
            return commands.Block(scope, name, "staff", "a test")
        limits = Limits()
        if chance.randrange(2):
            limits = Limits(
                self._seldom(-1, chance.choice((0, 0, 3, 30))),
                chance.choice(({}, {"ETH": 20, "BTC": 25})),
                self._seldom({"NOTHING": 1}, chance.choice(({}, {"USD": 26 * 10**4}))),
            )
        return commands.SetLimits(self._seldom(Scope.SESSION, scope), name, limits, "staff", "a test")

    def _come_or_go(self) -> AnyCommand:
        session = self._seldom("NOBODY", self._random.choice(ACCOUNTS))
        if self._random.randrange(2):
            return commands.SessionConnected(session, self._random.choice(tuple(CancelOnDisconnect)))
        return commands.SessionDisconnected(session)

    def _phase(self) -> AnyCommand:
        symbol = self._seldom("NOTHING", self._random.choice(SYMBOLS))
        phase = self._random.choice(tuple(Phase))
        if self._random.randrange(6):
            self._continuous_again[self._number + self._random.randint(2, 80)] = symbol
        kind = self._random.randrange(10)
        if kind == 0:
            session = self._of(self._number)[0]
            symbol, told = self._seldom("", symbol, 4), self._random.choice(tuple(Subscription))
            return commands.QueryPhase(session, self._number, "p", symbol, bool(self._random.randrange(2)), told)
        if kind in {1, 2}:
            second = self.now_ns // SECOND_NS % 86_400
            times = [(second + self._random.randint(1, 90)) % self._seldom(90_000, 86_400) for _ in range(3)]
            schedule = tuple(ScheduledPhase(at_s, self._random.choice(tuple(Phase))) for at_s in times)
            return commands.SetSchedule(symbol, self._seldom((), schedule, 3), "staff", "a test")
        return commands.SetPhase(symbol, phase, "staff", "a test", self._seldom(20_000, 0, 4))

    def _self_trade(self) -> AnyCommand:
        account = self._seldom("NOBODY", self._random.choice(ACCOUNTS))
        session = self._random.choice((account, "", ""))
        mode = self._random.choice((*[SelfTrade.DEFAULT] * 5, *SelfTrade))
        rule = SelfTradeRule(mode, self._random.choice(tuple(SelfTradeScope)))
        return commands.SetSelfTrade(self._seldom(account, "") if session else account, session, rule)

    def _balances(self) -> AnyCommand:
        session, account, _, _ = self._of(self._number)
        kind = self._random.randrange(6)
        if kind == 0:
            return commands.QueryUser(session, self._number, "u", self._seldom("NOBODY", session), 5, 5)
        if kind == 1:
            return commands.RecoverSession(session, 3, self._random.randrange(self._number + 1))
        is_collateral = bool(self._random.randrange(2))
        return commands.QueryBalances(session, self._number, "b", self._seldom("", account, 3), is_collateral)

    def _trades(self) -> AnyCommand:
        session, _, symbol, _ = self._of(self._number)
        chance = self._random
        return commands.QueryTrades(
            session,
            self._number,
            "t",
            bool(chance.randrange(2)),
            int(self._seldom(self._number // 9, 0, 3)),
            int(self._seldom(self.now_ns - 60 * SECOND_NS, 0, 3)),
            int(self._seldom(self.now_ns - SECOND_NS, 0, 3)),
            self._seldom(symbol, "", 3),
            int(self._seldom(self._earlier(), 0, 3)),
        )

    def _instruments(self) -> AnyCommand:
        session, _, symbol, _ = self._of(self._number)
        return commands.QueryInstruments(
            session, self._number, "i", self._seldom("", symbol, 3), bool(self._random.randrange(2))
        )

    def _replay(self) -> AnyCommand:
        session, _, _, _ = self._of(self._number)
        begin = self._earlier()
        if self._random.randrange(2):
            return commands.EndReplay(session, "r", begin, self._number, bool(self._random.randrange(2)))
        response = self._random.randrange(3)
        return commands.QueryReplay(
            session, self._number, "r", "REPORTS", begin, self._number, response, "no" if response else ""
        )

    def _money(self) -> AnyCommand:
        """Move funds in, out or between accounts; few enough references are in use for each to come again."""
        chance = self._random
        name = f"{self._number // 600}-{chance.randrange(6)}"
        account, other = (self._seldom("NOBODY", chance.choice(ACCOUNTS)) for _ in range(2))
        asset = self._seldom("EUR", chance.choice(("BTC", "ETH", "USD")))
        amount = self._seldom(chance.choice((0, -1, 2**62, 2**62 + 1)), chance.choice((20, 30)), 12)
        name = self._seldom("", name)
        signed = "staff", "a test"
        kind = chance.randrange(9)
        if kind == 0:
            return commands.Credit(account, asset, amount, name, *signed)
        if kind == 1:
            make = commands.ChargeFee if chance.randrange(3) == 0 else commands.Debit
            return make(account, asset, amount, name, *signed)
        if kind == 2:
            return commands.Transfer(account, other, asset, amount, name, *signed)
        if kind in {3, 4, 5}:
            return commands.HoldWithdrawal(account, asset, amount, name, *signed)
        if kind == 6:
            return commands.ReleaseWithdrawal(name, *signed)
        if kind == 7:
            return commands.SettleWithdrawal(name, amount, *signed)
        scope = self._seldom(Scope.SESSION, chance.choice((Scope.FIRM, Scope.ACCOUNT)))
        name = self._seldom("NOBODY", chance.choice(("FIRM", "C") if scope is Scope.FIRM else ACCOUNTS))
        if chance.randrange(2):
            maker, taker = chance.choice((-150, -1, 0, 333, 9_000)), chance.choice((0, 150, 777, 12_345))
            symbol = chance.choice(("", *SYMBOLS))
            if chance.randrange(4) == 0:
                return commands.SetFees(scope, name, symbol, None, None, *signed)
            return commands.SetFees(scope, name, symbol, self._seldom(10**6, maker), self._seldom(None, taker), *signed)
        if chance.randrange(3) == 0:
            return commands.BlockWithdrawals(scope, name, *signed)
        return commands.UnblockWithdrawals(scope, name, *signed)

    def _house(self) -> AnyCommand:
        chance = self._random
        session, account, symbol, _ = self._of(self._number)
        own = self._seldom(account, session if session in ACCOUNTS else "A")
        asset = chance.choice(("BTC", "ETH", "USD", "EUR"))
        steps = [chance.choice((0, 1, 7, 10**6, 10**30)) for _ in range(2)]
        decimals = [chance.choice((0, 1, 2, 18, 19)) for _ in range(2)]
        fees = [chance.choice((-3, 0, 5, 9_999, 10_000)) for _ in range(2)]
        one: AnyCommand = chance.choice(
            (
                commands.AddAsset(chance.choice(("BTC", f"Z{self._number % 5}")), chance.randint(-1, 19)),
                commands.AddInstrument(
                    chance.choice((symbol, f"Z{self._number % 5}")),
                    asset,
                    chance.choice(("USD", "EUR")),
                    steps[0],
                    decimals[0],
                    steps[1],
                    decimals[1],
                    fees[0],
                    fees[1],
                    chance.choice((0, 5, 2**53, 2**53 + 1)),
                ),
                commands.OpenAccount(chance.choice((account, f"Z{self._number % 5}"))),
                commands.Credit(account, asset, chance.choice((0, -5, 1_000, 2**62, 2**66)), self._id()),
                commands.Credit(account, asset, 9_000, self._id()),
                commands.ProvisionSession(
                    session,
                    chance.choice(((), (own,), (account, account))),
                    "hash",
                    chance.choice(tuple(CancelOnDisconnect)),
                    chance.choice((0, 0, 500, 50_000, -1)),
                ),
                commands.ProvisionSession(
                    f"Z{self._number % 5}", ("A", "C"), "hash", based_on=NOT_SET_UP if self._number % 2 else None
                ),
                commands.ResetSequence(session),
                commands.SuspendSession(session, "staff", ""),
                commands.ResumeSession(session, "staff", ""),
                commands.RemoveSession(f"Z{self._number % 5}", "staff", ""),
                commands.SetSequence(
                    session, chance.choice((0, 7, -1)), chance.choice((0, 3, 9_999, 2**31)), "staff", ""
                ),
                commands.LogOutSession(session, "staff", ""),
                commands.SetCredentials(session, chance.choice(("", "$argon2id$", "plain"))),
                commands.ReserveOutbound(session, self._number),
                commands.ReleaseOutbound(session, chance.randint(0, 9), chance.randint(0, 9)),
                commands.EndTradingDay(self._day()),
                commands.EndTradingDay(self._day()),
            )
        )
        return one
