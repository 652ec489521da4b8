"""The cells of indicators that were counted in a night, so that reading them takes no pass over the record (E2)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import Instant


class IndicatorCount(SQLModel, table=True):
    """What had been recorded of one kind of facts by ``as_of``, counted by month and attributes.

    A question has a row of the last night, which the next one replaces, and one of the end of each month.
    ``question`` is the SHA-256 of the SQL that counts, with the zone of the months: a release, an edition or a
    definition that would count otherwise finds no row and reads the record. ``names`` and ``queries`` are canonical
    JSON: by which attributes it counts, and what it adds up. Facts before ``since``, the begin of a month, are left
    out. ``cells`` is JSON: begin of the month in microseconds, values of the attributes, number of facts, and sums;
    of durations all of them in place of the sums (``reports/indicators/packed_values.py``).
    ``seal`` is the SHA-256 of all of them: a row that it does not fit is not read.
    """

    __tablename__ = "indicator_count"  # pyright: ignore[reportAssignmentType]

    question: str = Field(primary_key=True)
    facts: str
    zone: str
    names: str
    queries: str
    since: datetime = Field(sa_type=Instant)
    as_of: datetime = Field(primary_key=True, sa_type=Instant)
    cells: str
    seal: str
