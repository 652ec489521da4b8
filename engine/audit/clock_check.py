"""Name where the record shows that a clock was set back: a move is recorded much later than its own clock said.

Whatever occurred by a clock is recorded at that instant, unless an earlier record, or an anchor, bears a later one.
Then one of the two clocks was wrong: the earlier one was ahead, or the later one behind. An administrator who begins
the anchors anew accepts what occurred until then. See ADR 45.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from engine.clock import APART
from engine.commands.arrivals import VIA as IMPORTED
from engine.commands.case_context import BY_TIMER
from engine.transaction import Tx
from models.columns import MICROSECOND

SET_BACK = "clock_set_back"
DATED = frozenset({IMPORTED, "replay", BY_TIMER})
"""The ``via`` of moves that occurred at another instant than the clock's."""
ANCHORS = "SELECT line, at, begun_by FROM anchor WHERE line IS NOT NULL ORDER BY line"


class AnchorTimes(NamedTuple):
    """The line of each anchor by its instant, and the instant until which an administrator accepted what occurred."""

    lines: Mapping[int, int]
    accepted: int

    @classmethod
    def read(cls, tx: Tx) -> "AnchorTimes":
        """Read them from the rows of the anchors."""
        rows: list[Any] = tx.rows(ANCHORS)
        accepted = max((row.at for row in rows if row.begun_by), default=0)
        return cls({row.at: row.line for row in rows}, accepted)


def set_back(history: Iterable[Any], anchors: AnchorTimes) -> Iterator[tuple[int, int]]:
    """Yield the ``seq`` of each first move of a case whose clock was behind the record, and the line of the anchor.

    The line is 0 where an earlier record of the case was ahead.
    """
    first: dict[int, int] = {}
    named: set[int] = set()
    for row in history:
        recorded_at, occurred_at = row.recorded_at, row.occurred_at
        earlier = first.setdefault(recorded_at, row.seq)
        if row.via in DATED or recorded_at - occurred_at <= APART // MICROSECOND:
            continue
        if occurred_at <= anchors.accepted or recorded_at in named:
            continue
        named.add(recorded_at)
        yield row.seq, 0 if earlier < row.seq else anchors.lines.get(recorded_at, 0)
