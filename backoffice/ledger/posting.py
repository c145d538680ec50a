"""What events do to the books: one posting for each account that a record changes.

It follows from the event alone, by `engine.balance_changes`. What is available, reserved or held is on the client's
three accounts; what comes in and goes out does so through the omnibus account; fees are income, and rebates an expense.
So the postings of each record add up to zero in every asset.
"""

from typing import Any, Final, TypeAlias

from backoffice.ledger.chart import CLIENT_KINDS, HOUSE_KINDS, Kind
from engine.balance_changes import RELEASING, RESERVING, Bucket, Pair, backing, balance_changes
from engine.events import AnyEvent, FeeCharged, Trade, TradeAmended
from engine.values import Amount, Side

_OUTSIDE: Final = Bucket.OUTSIDE
ACCOUNT_COLUMNS: Final = ("id", "kind", "asset", "account", "sequence")
POSTING_COLUMNS: Final = ("sequence", "ledger_account", "entry", "amount", "balance")

Posting: TypeAlias = tuple[int, int, int, Amount, Amount]
"""Record, account, entry (0), amount, balance: so they are sorted, and so the chain has them."""


class Account:
    """A ledger account as the books know it: its number, its balance, and what the record at hand does to it."""

    __slots__ = ("balance", "change", "id")

    def __init__(self, number: int, balance: Amount = 0) -> None:
        self.id = number
        self.balance = balance
        self.change: Amount = 0


class Books:
    """All ledger accounts with their balances, and the postings of the records that are being taken in."""

    def __init__(self) -> None:
        self.clients: dict[tuple[str, str], tuple[Account, ...]] = {}
        """The three of each client and asset that anything was ever booked on."""
        self.house: dict[str, dict[Kind, Account]] = {}
        """Those of the house, by asset."""
        self.instruments: dict[str, Pair] = {}
        self.accounts = 0
        """How many accounts there are."""
        self.sequence = 0
        """The record at hand."""
        self.opened: list[tuple[int, str, str, str, int]] = []
        """Accounts that are new: rows of `LedgerAccount`."""
        self.postings: list[Posting] = []
        self._touched: list[Account] = []

    def admit(self, asset: str) -> None:
        """Open the house's accounts of an asset."""
        self.house[asset] = {kind: self._open(kind, asset, "") for kind in HOUSE_KINDS}

    def book(self, event: Any) -> None:  # noqa: ANN401 - an `AnyEvent`; its class is looked up, for speed
        """Book what an event of the record at hand does."""
        kind = type(event)
        if kind in RESERVING:
            self._reserve(event.account, event.symbol, event.side, event.reserved)
        elif kind in RELEASING:
            self._reserve(event.account, event.symbol, event.side, -event.released)
        else:
            self._book_changes(event)

    def end_record(self) -> None:
        """Make postings of what the events of the record have done, one for each account."""
        sequence, postings = self.sequence, self.postings
        for account in self._touched:
            change = account.change
            if change:
                account.change = 0
                account.balance = balance = account.balance + change
                postings.append((sequence, account.id, 0, change, balance))
        self._touched.clear()

    def take(self) -> tuple[list[tuple[int, str, str, str, int]], list[Posting]]:
        """Return the accounts and the postings that are new since this was last asked, these in their order."""
        opened, postings = self.opened, self.postings
        self.opened, self.postings = [], []
        postings.sort()
        return opened, postings

    def house_balances(self) -> dict[int, Amount]:
        """Return what is on each of the house's accounts."""
        return {account.id: account.balance for of_kind in self.house.values() for account in of_kind.values()}

    def _open(self, kind: Kind, asset: str, account: str) -> Account:
        self.accounts += 1
        self.opened.append((self.accounts, kind, asset, account, self.sequence))
        return Account(self.accounts)

    def _open_client(self, account: str, asset: str) -> tuple[Account, ...]:
        found = self.clients[account, asset] = tuple(self._open(kind, asset, account) for kind in CLIENT_KINDS)
        return found

    def _reserve(self, account: str, symbol: str, side: Side, amount: Amount) -> None:
        """Book what an order has reserved, below zero what it has released: so nearly all records do, and no more."""
        if not amount:
            return
        asset = backing(self.instruments[symbol], side)
        available, reserved, _ = self.clients.get((account, asset)) or self._open_client(account, asset)
        if not available.change:
            self._touched.append(available)
        available.change -= amount
        if not reserved.change:
            self._touched.append(reserved)
        reserved.change += amount

    def _book_changes(self, event: AnyEvent) -> None:
        touched, clients = self._touched, self.clients
        for change in balance_changes(event, self.instruments):
            account, asset, bucket = change.account, change.asset, change.bucket
            if account:
                found = (clients.get((account, asset)) or self._open_client(account, asset))[bucket - 1]
            elif bucket is _OUTSIDE:
                found = self.house[asset][Kind.OMNIBUS]
            else:
                continue  # Fees and rebates are booked apart.
            if not found.change:
                touched.append(found)
            found.change += change.amount
        if isinstance(event, Trade):
            self._book_fee(event.symbol, event.maker_fee)
            self._book_fee(event.symbol, event.taker_fee)
        elif isinstance(event, TradeAmended):
            self._book_fee(event.symbol, event.maker_fee, event.maker_previous_fee)
            self._book_fee(event.symbol, event.taker_fee, event.taker_previous_fee)
        elif isinstance(event, FeeCharged):
            self._change(self.house[event.asset][Kind.FEES], event.amount)

    def _book_fee(self, symbol: str, fee: Amount, before: Amount = 0) -> None:
        """Book the fee of one side of a trade, or the difference to what it was before: rebates apart."""
        if fee == before:
            return
        house = self.house[self.instruments[symbol].quote]
        self._change(house[Kind.FEES], max(fee, 0) - max(before, 0))
        self._change(house[Kind.REBATES], min(fee, 0) - min(before, 0))

    def _change(self, account: Account, amount: Amount) -> None:
        if not account.change:
            self._touched.append(account)
        account.change += amount
