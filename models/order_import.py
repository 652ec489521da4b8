"""The orders that other systems completed, as counted from an imported file: a denominator of indicators (E2)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.column_types import Instant


class OrderImport(SQLModel, table=True):
    """One import of completed orders. The row is never changed; a later one of the same source replaces its figures.

    ``digest`` is the SHA-256 of the file, or of the files. ``tallies`` is canonical JSON: the counts by day, pack,
    channel, type of customer, department and lateness; days are those of ``zone``. ``left_out`` is canonical JSON: how
    many of the ``rows``, and of the rows of a file of scores, were left out, by the code of the reason. No order and no
    customer is kept. ``imported_by`` is a handle.
    """

    __tablename__ = "order_import"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    digest: str
    zone: str
    rows: int
    left_out: str
    tallies: str
    imported_at: datetime = Field(sa_type=Instant)
    imported_by: str
