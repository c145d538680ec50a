"""The statements that write the projector's rows, made once: the same SQL for SQLite and for PostgreSQL.

They are for rows of plain values, many at a time, in the order of the columns named here; nothing comes between them
and the driver, as that would cost more than the database does.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from backoffice.database.base import Base
from backoffice.projector.batch import DEFINITION, Seldom
from backoffice.projector.counters import ACTIVITY_COLUMNS
from backoffice.projector.tables import (
    Activity,
    FeeCharge,
    Moment,
    OrderRow,
    PaymentBooked,
    Position,
    RejectCount,
    SessionStep,
    TradeRow,
    VenueAccount,
    VenueAsset,
    VenueInstrument,
    VenueSession,
)

ENTERED: Final = ("session", "account", "symbol", "side", "entered_sequence", "entered_ns")
"""What never changes of an order,"""
CHANGED: Final = (
    "cl_ord_id",
    "order_type",
    "time_in_force",
    "qty",
    "price",
    "leaves_qty",
    "cum_qty",
    "cum_notional",
    "status",
    "terms",
    "closed_sequence",
    "sequence",
    "time_ns",
)
"""and what may."""
ORDER_COLUMNS: Final = (*ENTERED, *CHANGED, "order_id")
"""All of an order: what is true of it at the end of a batch is what changes it, too."""


OF_SESSIONS: Final = {
    Seldom.SESSION: 0,
    Seldom.SESSION_SUSPENDED: -1,
    Seldom.SESSION_REMOVED: -1,
    Seldom.SESSION_CONNECTED: -1,
}
"""What changes a session, and where in its row the session's name stands."""


class Statements:
    """All of them, for one of the two databases."""

    def __init__(self, *, is_sqlite: bool) -> None:
        self._is_sqlite = is_sqlite
        self.move = self._update(Position, ("sequence", "time_ns"), ("follower", "journal", "sequence"))
        """Fails to find its row if the position is not what it was."""
        self.moments = self._upsert(Moment, ("time_ns", "sequence"), ("sequence",))
        self.change_order = self._update(OrderRow, CHANGED, ("order_id",))
        amended = ("price", "qty", "notional", "maker_fee", "taker_fee", "amended_sequence")
        self.amend_trade = self._update(TradeRow, amended, ("trade_id",))
        self.activity = self._replace(Activity, ACTIVITY_COLUMNS)
        self.reject_counts = self._replace(RejectCount, columns_of(RejectCount))
        exact = ("base_per_lot", "notional_per_tick_lot", "sequence")
        set_up = ("role", "version", "accounts", "is_removed", "sequence")
        self.seldom = {
            Seldom.ASSET: self.insert(VenueAsset),
            Seldom.INSTRUMENT: self.insert(VenueInstrument, (*DEFINITION, *exact)),
            Seldom.ACCOUNT: self.insert(VenueAccount),
            Seldom.SESSION: self._upsert(VenueSession, columns_of(VenueSession), set_up),
            Seldom.SESSION_SUSPENDED: self._update(VenueSession, ("is_suspended", "sequence"), ("session",)),
            Seldom.SESSION_REMOVED: self._update(
                VenueSession, ("is_removed", "is_connected", "sequence"), ("session",)
            ),
            Seldom.SESSION_CONNECTED: self._update(
                VenueSession, ("is_connected", "connected_ns", "sequence"), ("session",)
            ),
            Seldom.FEE_CHARGED: self.insert(FeeCharge),
            Seldom.PAYMENT_BOOKED: self.insert(PaymentBooked),
        }

        self.keep_session = self._keep_session()
        """Keeps how a session is now, as of the record that changed it last."""

    def insert(self, table: type[Base], columns: Sequence[str] | None = None) -> str:
        """Return the statement that adds a row; of all columns unless some are named."""
        names = columns or columns_of(table)
        places = ", ".join(self._place(number) for number in range(len(names)))
        return f"INSERT INTO {table.__tablename__} ({_listed(names)}) VALUES ({places})"  # noqa: S608 - our own names

    def _replace(self, table: type[Base], columns: Sequence[str]) -> str:
        """Add a row, or overwrite the one with its key."""
        key = _key_of(table)
        return self._upsert(table, columns, [name for name in columns if name not in key])

    def _upsert(self, table: type[Base], columns: Sequence[str], changing: Iterable[str]) -> str:
        """Add a row, or let the one with its key have the changing columns."""
        settings = ", ".join(f'"{name}" = excluded."{name}"' for name in changing)
        return f"{self.insert(table, columns)} ON CONFLICT ({_listed(_key_of(table))}) DO UPDATE SET {settings}"

    def _keep_session(self) -> str:
        names = _listed(columns_of(SessionStep))
        settings = ", ".join(f'"{name}" = excluded."{name}"' for name in columns_of(SessionStep)[2:])
        return (
            f"INSERT INTO {SessionStep.__tablename__} ({names})"  # noqa: S608 - our own names
            f" SELECT {names} FROM {VenueSession.__tablename__} WHERE session = {self._place(0)}"
            f" ON CONFLICT ({_listed(_key_of(SessionStep))}) DO UPDATE SET {settings}"
        )

    def _update(self, table: type[Base], changing: Sequence[str], key: Sequence[str]) -> str:
        settings = (
            f'"{name}" = {self._value(table, name, self._place(number))}' for number, name in enumerate(changing)
        )
        found = (f'"{name}" = {self._place(len(changing) + number)}' for number, name in enumerate(key))
        return f"UPDATE {table.__tablename__} SET {', '.join(settings)} WHERE {' AND '.join(found)}"  # noqa: S608 - our own names

    @staticmethod
    def _value(table: type[Base], name: str, value: str) -> str:
        """An order that is closed was closed when it was closed first: staff may change its trades later."""
        if table is OrderRow and name == "closed_sequence":
            return f"COALESCE(closed_sequence, {value})"
        return value

    def _place(self, number: int) -> str:
        return "?" if self._is_sqlite else f"${number + 1}"


def columns_of(table: type[Base]) -> tuple[str, ...]:
    """Return the columns of a table, in their order."""
    return tuple(column.name for column in table.__table__.columns)


def _key_of(table: type[Base]) -> tuple[str, ...]:
    return tuple(column.name for column in table.__table__.primary_key)


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(f'"{name}"' for name in names)
