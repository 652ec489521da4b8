"""Read the record of cases in the order of their ids, some hundred at a time: moves, timers and fired steps."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from engine.access.condition import EVERY_CASE, Condition
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.lifecycle import Lifecycle

BATCH: Final = 500
EVER: Final = 2**62
SHARED: Final = 20_000
"""So many cases are worth another process."""
# The filters are of cases; which of their timers count is decided when they are compared.
CASES = """
SELECT c.id, c.number, c.kind, c.pack, c.channel, c.opened_at FROM cases c
 WHERE c.id > :after AND c.id <= :last AND c.opened_at < :until AND c.changed_at >= :since AND ({scope}){kind}{pack}
 ORDER BY c.id LIMIT :batch
"""
OF_KIND, OF_PACK = " AND c.kind = :kind", " AND c.pack = :pack"
IDS = "SELECT coalesce(min(id), 0) AS first, coalesce(max(id), 0) AS last FROM cases"
HAS_PACK = "SELECT 1 AS one FROM cases WHERE pack = :pack LIMIT 1"
MOVES = """
SELECT case_id, seq, move, source, dest, cycle, via, occurred_at, lifecycle, form FROM transition
 WHERE case_id = ANY(:ids) ORDER BY case_id, seq
"""
TIMERS = """
SELECT id, case_id, clause, cycle, occurrence, policy, calendar, amount, unit, allowance, consumed, extended, opened_at,
       closed_at, outcome, part
  FROM timer WHERE case_id = ANY(:ids) ORDER BY case_id, id
"""
STEPS = """
SELECT case_id, timer_id, seq, clause, percent, level, due_at FROM escalation_step
 WHERE case_id = ANY(:ids) ORDER BY case_id, seq
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which cases and timers are reckoned: of a kind, of a pack, timers opened ``since`` and before ``until``.

    ``ids`` are the cases of a share of them: those after the first id, up to the last.
    """

    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    pack: str | None = None
    scope: Condition = EVERY_CASE
    ids: tuple[int, int] = (0, EVER)

    @property
    def window(self) -> tuple[int, int]:
        """Return the first instant and the one after the last, in microseconds."""
        since = -EVER if self.since is None else to_micros(self.since)
        return since, EVER if self.until is None else to_micros(self.until)


class RecordedCase(NamedTuple):
    """The record of a case: rows of ``CASES``, ``MOVES``, ``TIMERS`` and ``STEPS``."""

    row: Any
    moves: list[Any]
    timers: list[Any]
    steps: list[Any]


def recorded_cases(tx: Tx, chosen: Filter) -> Iterator[RecordedCase]:
    """Yield the cases of the filter, in the order of their ids; the memory needed is that of one batch."""
    since, until = chosen.window
    values: dict[str, Any] = {"since": since, "until": until, "batch": BATCH, **chosen.scope.values}
    values |= {name: value for name, value in (("kind", chosen.kind), ("pack", chosen.pack)) if value is not None}
    sql = CASES.format(
        scope=chosen.scope.sql,
        kind="" if chosen.kind is None else OF_KIND,
        pack="" if chosen.pack is None else OF_PACK,
    )
    after, values["last"] = chosen.ids
    while rows := tx.rows(sql, after=after, **values):
        after = rows[-1].id
        ids = [row.id for row in rows]
        moves, timers, steps = (_by_case(tx.rows_among(each, ids=ids)) for each in (MOVES, TIMERS, STEPS))
        for row in rows:
            yield RecordedCase(row, moves[row.id], timers[row.id], steps[row.id])


def shares(tx: Tx, count: int) -> list[tuple[int, int]]:
    """Return the ``ids`` of that many shares of all cases, in order; of few cases there is one share."""
    first, last = tx.row(IDS)
    if last - first < SHARED:
        return [(0, EVER)]
    edges = [first + (last - first) * part // count for part in range(1, count)]
    return list(zip([0, *edges], [*edges, EVER], strict=True))


def _by_case(rows: Iterable[Any]) -> defaultdict[int, list[Any]]:
    by_case: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_case[row.case_id].append(row)
    return by_case


def has_pack(tx: Tx, name: str) -> bool:
    """Return whether a case lives under the pack of that name."""
    return tx.row(HAS_PACK, pack=name) is not None


def under_current_names(table: Lifecycle, move: Any) -> Any:
    """Return a row of ``MOVES`` under the names that its lifecycle has today."""
    if not table.retired:
        return move
    resolver = table.resolver
    return move._replace(
        move=resolver.move(move.move),
        source=resolver.state(move.source) if move.source else move.source,
        dest=resolver.state(move.dest),
    )


def form_of(table: Lifecycle, move: Any) -> dict[str, Any]:
    """Return the form of a row of ``MOVES``, with digests in place of personal values."""
    form = orjson.loads(move.form)
    return table.resolved_form(move.move, form) if table.retired else form
