"""How values are kept exactly in both databases."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

MICROS = 1_000_000

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A number the database gives; on SQLite only INTEGER is one."""


class Money(sa.types.TypeDecorator[Decimal]):
    """Dollars, kept exactly: whole millionths on SQLite, NUMERIC(18, 6) on PostgreSQL.

    SQLite's own NUMERIC is a float. `places` (2 or 6) is what frames show and the most that may be
    stored: a digit beyond it raises instead of being rounded.
    """

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, places: int = 2) -> None:
        super().__init__(18, 6)
        self.places = places

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return the column type of the database at hand."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.BigInteger())
        return dialect.type_descriptor(sa.Numeric(18, 6))

    def process_bind_param(self, value: Decimal | int | None, dialect: sa.Dialect) -> Any:
        """Return what the database is given for `value`."""
        if value is None:
            return None
        if not isinstance(value, (Decimal, int)):
            raise TypeError(f"money is Decimal, not {type(value).__name__}: {value!r}")
        exact = Decimal(value)
        try:
            scaled = exact.quantize(Decimal(1).scaleb(-self.places))
        except InvalidOperation as fault:
            raise ValueError(f"{value} does not fit into Decimal(18, {self.places})") from fault
        if scaled != exact:
            raise ValueError(f"{value} has more than {self.places} decimals")
        return int(scaled * MICROS) if dialect.name == "sqlite" else scaled

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """Return the exact amount for what the database kept."""
        if value is None:
            return None
        exact = Decimal(value).scaleb(-6) if dialect.name == "sqlite" else Decimal(value)
        return exact.quantize(Decimal(1).scaleb(-self.places))
