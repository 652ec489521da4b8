"""Read a CSV file of another system's orders, packed or not: when each was completed, and by when it was promised."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gateways.charset import encoding_of
from gateways.delimited import delimited_rows
from gateways.headers import TableLayout, table_rows
from gateways.logs.log_files import unpacked
from gateways.problems import AddNote
from gateways.written_times import written_time
from models.completed_order import OrderRow

COLUMNS: Mapping[str, str] = {
    name: name
    for name in (
        "order_id", "customer_id", "placed_at", "completed_at", "promised_at",
        "pack", "channel", "customer_type", "department",
    )
}  # fmt: skip
"""The columns that are read, by what each holds; a file may call them otherwise. Only the first and ``completed_at``
are needed."""
NEEDED = ("order_id", "completed_at")
TIMES = ("placed_at", "completed_at", "promised_at")
ATTRIBUTES = ("pack", "channel", "customer_type", "department")


@dataclass(frozen=True, slots=True)
class OrderFile:
    """How a file is read: its columns, the zone of times without an offset, and its encoding where it is known."""

    columns: Mapping[str, str]
    zone: ZoneInfo
    encoding: str | None = None


def orders_in(path: Path, layout: OrderFile, note: AddNote) -> Iterator[OrderRow]:
    """Yield the orders of a file, one at a time. Raises ``Unreadable``."""
    for values in order_records(path, layout, NEEDED, note):
        yield _order(values, layout.zone)


def order_records(path: Path, layout: OrderFile, wanted: Iterable[str], note: AddNote) -> Iterator[dict[str, str]]:
    """Yield the rows of a file by what its columns hold, '' where it has no such column; the wanted ones it must have.

    Raises ``Unreadable``.
    """
    needed = frozenset(layout.columns[name] for name in wanted)
    with unpacked(path) as file, file.open(encoding=encoding_of(file, layout.encoding).codec, newline="") as handle:
        rows = table_rows(delimited_rows(handle, None, needed, note), TableLayout(needed), note)
        _, header = next(rows, (0, ()))
        names = list(map(str, header))
        for _, record in rows:
            cells = dict(zip(names, map(str, record), strict=False))
            yield {name: cells.get(column, "").strip() for name, column in layout.columns.items()}


def _order(values: Mapping[str, str], zone: ZoneInfo) -> OrderRow:
    times = {name: instant_in(values[name], zone) for name in TIMES}
    return OrderRow(
        order=values["order_id"],
        customer=values["customer_id"],
        placed_at=times["placed_at"],
        completed_at=times["completed_at"],
        promised_at=times["promised_at"],
        attributes={name: values[name] for name in ATTRIBUTES if values[name]},
        unreadable=any(values[name] and times[name] is None for name in TIMES),
    )


def instant_in(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the instant that a text means; None where it is blank, or means none."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        written = written_time(text)
        if written is None:
            return None
        read = written
    try:
        return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None
