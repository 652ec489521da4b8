"""What was recorded after an instant and changed a figure as it was read then: each case, with its moves since (E2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from engine.access.condition import EVERY_CASE, Condition
from engine.rules.in_force import Rules
from engine.rules.indicator_definition import Indicator
from engine.rules.indicator_queries import QUERIES, Facts
from engine.transaction import Tx
from models.columns import from_micros
from reports.indicators.cells import Reader
from reports.indicators.figures import spans_of
from reports.indicators.periods import Period

MOVES = """
SELECT c.number, t.move, t.recorded_at FROM cases c
  LEFT JOIN transition t ON t.case_id = c.id AND t.recorded_at > :then AND t.recorded_at <= :now
 WHERE c.id = ANY(:ids) AND ({scope})
 ORDER BY c.number, t.seq
"""
IMPORTS = """
SELECT source, imported_at FROM order_import WHERE imported_at > :then AND imported_at <= :now ORDER BY id
"""
MOST = 50
"""The most cases whose moves are listed."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A case that counts otherwise since: what was recorded of it. An import of orders has its source for a number.

    A case has no moves where another one changed what it counts: whose determination it repeats, or no longer does.
    """

    number: str
    moves: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Corrections:
    """The cases that count otherwise, the first ones with their moves; ``cases`` counts all."""

    cases: int
    listed: tuple[Correction, ...]


def corrections(
    tx: Tx, rules: Rules, indicator: Indicator, period: Period, then: int, now: int, scope: Condition
) -> Corrections:
    """Return which cases count otherwise in a period as of ``now`` than as of ``then``; list those in the scope."""
    before, after = (_contributions(tx, rules, indicator, period, at, then) for at in (then, now))
    ids = sorted(case_id for case_id in {*before, *after} if before.get(case_id) != after.get(case_id))
    moves: dict[str, list[tuple[str, datetime]]] = {}
    sql = MOVES.format(scope=scope.sql)
    for row in tx.rows_among(sql, ids=ids[:MOST], then=then, now=now, **scope.values) if ids else ():
        since = moves.setdefault(row.number, [])
        if row.move is not None:
            since.append((row.move, from_micros(row.recorded_at)))
    listed = [Correction(number, tuple(since)) for number, since in moves.items()]
    return Corrections(len(ids), (*listed, *_imports(tx, indicator, then, now)))


def _contributions(
    tx: Tx, rules: Rules, indicator: Indicator, period: Period, at: int, then: int
) -> Mapping[int, tuple[int, ...]]:
    """Return what each case that may count otherwise since ``then`` counts in numerator and denominator, by its key."""
    reader = Reader.at(tx, rules, at, changed_since=then)
    [span] = spans_of(indicator, [period])
    sides = list(indicator.sides.values())
    counted: dict[int, list[int]] = {}
    for number, side in enumerate(sides):
        for row in reader.by_case(side.query, span, indicator.filters_of(side), EVERY_CASE.sql, {}):
            values = counted.setdefault(row.case_id, [0] * 2 * len(sides))
            values[2 * number : 2 * number + 2] = row.facts, row.total
    return {case_id: tuple(values) for case_id, values in counted.items()}


def _imports(tx: Tx, indicator: Indicator, then: int, now: int) -> Sequence[Correction]:
    if all(QUERIES[side.query].facts is not Facts.ORDERS for side in indicator.sides.values()):
        return ()
    rows = tx.rows(IMPORTS, then=then, now=now)
    return [Correction(row.source, (("import_orders", from_micros(row.imported_at)),)) for row in rows]
