"""Reads which moves the event feed of the Prefect UI has not got yet, whoever made them.

The position is a move in the order of ``recorded_at``, and the moves after it that were posted already: a transaction
that waited for another one becomes visible after the instant that its moves bear.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from engine.commands.case_context import BY_TIMER
from engine.transaction import Tx
from models.columns import to_micros

FEED_RUN = "event-feed"
"""The name under which the position is kept among the runs."""
OVERLAP = 60_000_000
"""In microseconds: a move may become visible this long after the instant it bears."""
REMEMBERED = 1_000
"""The most posted moves that the position holds; with more of them the overlap is shorter."""

LAST = "SELECT note FROM run WHERE flow = :flow ORDER BY began_at DESC, id DESC LIMIT 1"
# A case never changes before its moves are recorded, so its own instant narrows the search.
MOVES = """
SELECT c.id AS case_id, c.number, c.kind, c.department, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.via,
       t.recorded_at, CASE WHEN t.via = :timer THEN t.form ELSE '{}' END AS form,
       (SELECT max(d.lease_owner) FROM delivery d
         WHERE d.case_id = t.case_id AND d.seq = t.seq AND d.status = 'done') AS delivered_by
  FROM cases c JOIN transition t ON t.case_id = c.id
 WHERE c.changed_at >= :at AND t.recorded_at >= :at AND t.recorded_at <= :until
   AND (t.recorded_at > :at OR t.case_id > :case_id OR (t.case_id = :case_id AND t.seq > :seq))
 ORDER BY t.recorded_at, t.case_id, t.seq LIMIT :limit
"""


class MovePosition(NamedTuple):
    """A move in the order in which the feed reads them; instants are in microseconds."""

    at: int
    case_id: int
    seq: int


@dataclass(frozen=True, slots=True)
class Position:
    """Every move up to ``settled`` was posted, and so were those of ``posted`` that come after it."""

    settled: MovePosition
    posted: tuple[MovePosition, ...] = ()

    @property
    def note(self) -> dict[str, Any]:
        """Return the position as the note of a run, by which it is kept."""
        return {"settled": list(self.settled), "posted": [list(move) for move in self.posted]}

    def after(self, moves: Sequence[MovePosition]) -> "Position":
        """Return the position after these moves were posted too: the next ones in order that were not."""
        posted = sorted({*self.posted, *moves})
        if not moves:
            return self
        horizon = posted[-1].at - OVERLAP
        settled = [move for move in posted[:-REMEMBERED] if move <= moves[-1]]
        settled += [move for move in posted if move.at < horizon and move <= moves[-1]]
        new = max([self.settled, *settled])
        return Position(new, tuple(move for move in posted if move > new))


@dataclass(frozen=True, slots=True)
class Unposted:
    """The next moves of the feed, oldest first, and the position once they are posted."""

    moves: tuple[Any, ...]
    position: Position


def unposted(tx: Tx, earliest: datetime, until: datetime, limit: int) -> Unposted:
    """Return the next moves, recorded between these instants, that were not posted; at most so many."""
    position = _kept(tx)
    begin = MovePosition(to_micros(earliest), 0, 0)
    settled = max(position.settled, begin) if position is not None else begin
    posted = tuple(move for move in position.posted if move > settled) if position is not None else ()
    rows = tx.rows(MOVES, timer=BY_TIMER, until=to_micros(until), limit=limit + len(posted), **settled._asdict())
    known = frozenset(posted)
    new = [row for row in rows if _place(row) not in known][:limit]
    return Unposted(tuple(new), Position(settled, posted).after([_place(row) for row in new]))


def _kept(tx: Tx) -> Position | None:
    last = tx.row(LAST, flow=FEED_RUN)
    if last is None:
        return None
    note = json.loads(last.note)
    return Position(MovePosition(*note["settled"]), tuple(MovePosition(*move) for move in note["posted"]))


def _place(row: Any) -> MovePosition:
    return MovePosition(row.recorded_at, row.case_id, row.seq)
