"""Read a CSV file of the scores that customers gave to another system's orders, packed or not."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from gateways.orders import OrderFile, instant_in, order_records
from gateways.problems import AddNote
from models.completed_order import OrderScore

SCORE_COLUMNS: Mapping[str, str] = {name: name for name in ("order_id", "score", "scored_at")}
"""The columns that are read, by what each holds; a file may call them otherwise. ``scored_at`` may be missing."""
SCALE = range(1, 6)


def scores_in(path: Path, layout: OrderFile, note: AddNote) -> Iterator[OrderScore]:
    """Yield the scores of a file, one at a time. Raises ``Unreadable``."""
    for values in order_records(path, layout, ("order_id", "score"), note):
        yield OrderScore(values["order_id"], _score(values["score"]), instant_in(values["scored_at"], layout.zone))


def _score(text: str) -> int | None:
    """Return the score, 1 to 5; None for what is none of these."""
    whole = text.removesuffix(".0")
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) == 1 and int(whole) in SCALE else None
