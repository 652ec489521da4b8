"""Column types that mean the same on SQLite and on Postgres."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from models.columns import from_micros, to_micros


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as whole microseconds since 1970 UTC.

    An integer orders, subtracts and hashes alike in both databases, where SQLite has no time type
    and would drop the zone.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


BigId = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key; SQLite counts by itself only in a column of the type INTEGER."""
