"""What all tables have in common, and the types of their columns.

Money is an integer, in the asset's smallest unit: the engine's amounts are below 2^62, so 64 bits hold each of them.
What may be larger, a chain's own amounts (wei), is a `Wide`. Sums of many amounts may be larger as well: `total` adds
exactly in either database. Times are integers, nanoseconds since the epoch (UTC), as everywhere in the venue.
"""

from decimal import Decimal
from typing import Annotated, Any, Final

from sqlalchemy import JSON, BigInteger, Dialect, ForeignKey, Integer, MetaData, Numeric, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator, TypeEngine

WIDE_DIGITS: Final = 78
"""As many as 2^256 has."""


class Wide(TypeDecorator[int]):
    """An integer beyond 64 bits: NUMERIC in PostgreSQL, text in SQLite, which has no such numbers."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(WIDE_DIGITS, 0))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | str | None:
        if value is None or dialect.name == "postgresql":
            return value
        return str(value)

    def process_result_value(self, value: Decimal | str | None, _dialect: Dialect) -> int | None:
        return None if value is None else int(value)


class total(GenericFunction[int]):  # noqa: N801 - it is called as SQL's functions are, in lower case
    """The exact sum of integers, None if there are none."""

    type = Wide()
    inherit_cache = True


@compiles(total, "postgresql")
def _total_in_postgresql(element: total, compiler: SQLCompiler, **kw: object) -> str:
    return f"CAST(SUM({compiler.process(element.clauses, **kw)}) AS NUMERIC)"


@compiles(total, "sqlite")
def _total_in_sqlite(element: total, compiler: SQLCompiler, **kw: object) -> str:
    return f"exact_total({compiler.process(element.clauses, **kw)})"


class ExactTotal:
    """SQLite's own SUM fails beyond 64 bits; this adds as Python does, and answers in text."""

    def __init__(self) -> None:
        self._sum = 0
        self._is_empty = True

    def step(self, value: int | str | None) -> None:
        if value is not None:
            self._sum += int(value)
            self._is_empty = False

    def finalize(self) -> str | None:
        return None if self._is_empty else str(self._sum)


Id = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)]
"""A number that the database gives out."""

Int64 = Annotated[int, mapped_column(BigInteger)]
Amount = Annotated[int, mapped_column(BigInteger)]
"""In the asset's smallest unit."""

TimeNs = Annotated[int, mapped_column(BigInteger)]
"""Nanoseconds since the epoch, UTC."""

Name = Annotated[str, mapped_column(String(64))]
"""What the venue or staff call something: account, asset, instrument, session, user."""

Prose = Annotated[str, mapped_column(Text)]
"""What people write."""

Hash = Annotated[str, mapped_column(String(64))]
"""SHA-256, hexadecimal."""

Json = Annotated[dict[str, Any], mapped_column(JSON)]


def reference(column: str) -> ForeignKey:
    """Return a foreign key that never takes what it refers to along."""
    return ForeignKey(column, ondelete="RESTRICT")


class Base(DeclarativeBase):
    """A table. Constraints are named by one rule, so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Versioned:
    """What people decide on: who changes it must have seen its newest version, else a `Conflict` is raised."""

    version: Mapped[int] = mapped_column(BigInteger)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, object]:  # noqa: N805 - SQLAlchemy gives it the class
        return {"version_id_col": cls.version}
