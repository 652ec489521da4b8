"""Queries cases, moves and related rows in batches by key, so that a log of any size needs the memory of one batch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.transaction import Tx

CASES_AT_ONCE, MOVES_AT_ONCE = 500, 2_000
DEFAULT_PACK = "logistics"

CASES = """
SELECT c.id, c.number, c.kind, c.pack, c.channel, c.customer_type, c.party_id, coalesce(p.person_id, p.id) AS person,
       c.shipment, c.category, c.severity, c.department, c.owner, c.state, c.level, c.cycle, c.closed, c.opened_at,
       c.changed_at FROM cases c LEFT JOIN party p ON p.id = c.party_id
 WHERE c.id > :after AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since ORDER BY c.id LIMIT :limit
"""
MOVES = """
SELECT t.case_id, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.actor_id, t.via, t.occurred_at, t.recorded_at,
       t.inferred, t.lifecycle, t.form FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE (t.case_id, t.seq) > (:case_id, :seq) AND t.case_id <= :last AND (:kind = '' OR c.kind = :kind)
   AND c.changed_at >= :since ORDER BY t.case_id, t.seq LIMIT :limit
"""
STATEMENTS = """
SELECT case_id, seq, field, content FROM statement
 WHERE (case_id, seq) >= (:case_id, :seq) AND (case_id, seq) <= (:last, :last_seq) AND content IS NOT NULL
"""
TIMERS = """
SELECT case_id, clause, cycle, occurrence, policy, calendar, amount, unit, allowance, consumed, extended, opened_at,
       closed_at,       outcome, level FROM timer WHERE case_id >= :first AND case_id <= :last ORDER BY case_id, id
"""
STEPS = """
SELECT r.case_id, r.seq, k.clause, k.cycle, k.occurrence FROM escalation_step r JOIN timer k ON k.id = r.timer_id
 WHERE r.case_id >= :first AND r.case_id <= :last
"""
PARENTS = """
SELECT l.child_id AS case_id, c.number, l.relation FROM link l JOIN cases c ON c.id = l.parent_id
 WHERE l.child_id >= :first AND l.child_id <= :last AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since
 ORDER BY l.child_id, c.id, l.relation
"""
PARTIES = """
SELECT DISTINCT coalesce(p.person_id, p.id) AS key FROM cases c JOIN party p ON p.id = c.party_id
 WHERE coalesce(p.person_id, p.id) > :after AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since
 ORDER BY key LIMIT :limit
"""
SHIPMENTS = """
SELECT DISTINCT c.shipment AS key FROM cases c
 WHERE c.shipment > :after AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since ORDER BY key LIMIT :limit
"""
DEPARTMENTS = """
SELECT c.department FROM cases c
 WHERE c.department IS NOT NULL AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since
UNION SELECT department FROM actor WHERE department IS NOT NULL ORDER BY 1
"""
MADE = """
SELECT case_id, form FROM transition
 WHERE case_id >= :first AND case_id <= :last AND move = :move ORDER BY case_id, seq
"""
IN_LOG = """
SELECT 1 AS present FROM cases c WHERE c.number = :number AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since
"""
PACKS = """
SELECT c.pack, count(*) AS n FROM cases c
 WHERE (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since GROUP BY c.pack ORDER BY n DESC, c.pack LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Selects cases: of one kind or of all, changed at ``since`` (microseconds) or later."""

    kind: str = ""
    since: int = 0

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the queries."""
        return {"kind": self.kind, "since": self.since}


@dataclass(frozen=True, slots=True)
class CaseBatch:
    """Some cases in the order of their ids, and queries for the rows that belong to them."""

    tx: Tx
    case_filter: CaseFilter
    cases: list[Any]

    @property
    def bounds(self) -> dict[str, int]:
        """The ids of the first and the last case."""
        return {"first": self.cases[0].id, "last": self.cases[-1].id}

    def by_case(self, sql: str, **params: Any) -> dict[int, list[Any]]:
        """Return the rows of a query between the bounds, by case."""
        rows: dict[int, list[Any]] = {}
        for row in self.tx.rows(sql, **self.bounds, **params):
            rows.setdefault(row.case_id, []).append(row)
        return rows

    def moves(self) -> Iterator[list[Any]]:
        """Yield the moves of all cases in order, at most ``MOVES_AT_ONCE`` at a time."""
        case_id, seq = self.cases[0].id, 0
        last = self.cases[-1].id
        while rows := self.tx.rows(
            MOVES, case_id=case_id, seq=seq, last=last, limit=MOVES_AT_ONCE, **self.case_filter.params
        ):
            yield rows
            case_id, seq = rows[-1].case_id, rows[-1].seq


def case_batches(tx: Tx, case_filter: CaseFilter) -> Iterator[CaseBatch]:
    """Yield all selected cases in batches, by id."""
    after = 0
    while cases := tx.rows(CASES, after=after, limit=CASES_AT_ONCE, **case_filter.params):
        yield CaseBatch(tx, case_filter, cases)
        after = cases[-1].id


def usual_pack(tx: Tx, case_filter: CaseFilter) -> str:
    """Return the pack of most of the cases, or the default pack if there is no case."""
    row = tx.row(PACKS, **case_filter.params)
    return DEFAULT_PACK if row is None else row.pack


def statements_of(tx: Tx, moves: list[Any]) -> dict[tuple[int, int], dict[str, str]]:
    """Return the statements of these moves, by case and sequence, then by field."""
    first, last = moves[0], moves[-1]
    bounds = {"case_id": first.case_id, "seq": first.seq, "last": last.case_id, "last_seq": last.seq}
    texts: dict[tuple[int, int], dict[str, str]] = {}
    for row in tx.rows(STATEMENTS, **bounds):
        texts.setdefault((row.case_id, row.seq), {})[row.field] = row.content
    return texts


def distinct_keys(tx: Tx, sql: str, case_filter: CaseFilter, first: Any) -> Iterator[Any]:
    """Yield the distinct keys that a query returns, in order, from after ``first``."""
    after = first
    while rows := tx.rows(sql, after=after, limit=CASES_AT_ONCE, **case_filter.params):
        yield from (row.key for row in rows)
        after = rows[-1].key
