"""Reads cases, moves and what belongs to them in pages, by key: no log needs more memory than a page."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.transaction import Tx

CASES_AT_ONCE, MOVES_AT_ONCE = 500, 2_000
DEFAULT_PACK = "logistics"

CASES = """
SELECT c.id, c.number, c.kind, c.pack, c.channel, c.customer_type, c.party_id, c.shipment, c.category, c.severity,
       c.department, c.owner, c.state, c.level, c.cycle, c.closed, c.opened_at, c.changed_at FROM cases c
 WHERE c.id > :after AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since ORDER BY c.id LIMIT :limit
"""
MOVES = """
SELECT t.case_id, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.actor_id, t.via, t.occurred_at, t.recorded_at,
       t.inferred, t.lifecycle, t.form FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE (t.case_id, t.seq) > (:case_id, :seq) AND t.case_id <= :last AND (:kind = '' OR c.kind = :kind)
   AND c.changed_at >= :since ORDER BY t.case_id, t.seq LIMIT :limit
"""
SAID = """
SELECT case_id, seq, field, content FROM statement
 WHERE (case_id, seq) >= (:case_id, :seq) AND (case_id, seq) <= (:last, :last_seq) AND content IS NOT NULL
"""
CLOCKS = """
SELECT case_id, clause, cycle, occurrence, policy, calendar, amount, unit, allowance, consumed, extended, opened_at,
       closed_at,       outcome, level FROM timer WHERE case_id >= :first AND case_id <= :last ORDER BY case_id, id
"""
RUNGS = """
SELECT r.case_id, r.seq, k.clause, k.cycle, k.occurrence FROM escalation_step r JOIN timer k ON k.id = r.timer_id
 WHERE r.case_id >= :first AND r.case_id <= :last
"""
PARENTS = """
SELECT l.child_id AS case_id, c.number, l.relation FROM link l JOIN cases c ON c.id = l.parent_id
 WHERE l.child_id >= :first AND l.child_id <= :last AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since
 ORDER BY l.child_id, c.id, l.relation
"""
PARTIES = """
SELECT DISTINCT c.party_id AS key FROM cases c
 WHERE c.party_id > :after AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since ORDER BY key LIMIT :limit
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
KNOWN = """
SELECT 1 AS one FROM cases c WHERE c.number = :number AND (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since
"""
PACKS = """
SELECT c.pack, count(*) AS n FROM cases c
 WHERE (:kind = '' OR c.kind = :kind) AND c.changed_at >= :since GROUP BY c.pack ORDER BY n DESC, c.pack LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases: of one kind or of all, those that moved at ``since`` (microseconds) or later."""

    kind: str = ""
    since: int = 0

    @property
    def asked(self) -> dict[str, Any]:
        """As the queries ask it."""
        return {"kind": self.kind, "since": self.since}


@dataclass(frozen=True, slots=True)
class Page:
    """Some cases, by id, and what was said of them by others' tables, by the case's id."""

    tx: Tx
    wanted: Wanted
    cases: list[Any]

    @property
    def bounds(self) -> dict[str, int]:
        """The first and the last of the cases."""
        return {"first": self.cases[0].id, "last": self.cases[-1].id}

    def by_case(self, sql: str, **asked: Any) -> dict[int, list[Any]]:
        """The rows of a query between the page's bounds, by the case they belong to."""
        found: dict[int, list[Any]] = {}
        for row in self.tx.rows(sql, **self.bounds, **asked):
            found.setdefault(row.case_id, []).append(row)
        return found

    def moves(self) -> Iterator[list[Any]]:
        """The moves of all the page's cases, in order, a bounded number at a time."""
        case_id, seq = self.cases[0].id, 0
        last = self.cases[-1].id
        while found := self.tx.rows(
            MOVES, case_id=case_id, seq=seq, last=last, limit=MOVES_AT_ONCE, **self.wanted.asked
        ):
            yield found
            case_id, seq = found[-1].case_id, found[-1].seq


def pages(tx: Tx, wanted: Wanted) -> Iterator[Page]:
    """All cases that are wanted, by id."""
    after = 0
    while found := tx.rows(CASES, after=after, limit=CASES_AT_ONCE, **wanted.asked):
        yield Page(tx, wanted, found)
        after = found[-1].id


def usual_pack(tx: Tx, wanted: Wanted) -> str:
    """The pack of most of the cases; that of an opening which names none, where there is no case."""
    row = tx.row(PACKS, **wanted.asked)
    return DEFAULT_PACK if row is None else row.pack


def said(tx: Tx, moves: list[Any]) -> dict[tuple[int, int], dict[str, str]]:
    """What was said with these moves, by case and sequence, then by field."""
    first, last = moves[0], moves[-1]
    bounds = {"case_id": first.case_id, "seq": first.seq, "last": last.case_id, "last_seq": last.seq}
    found: dict[tuple[int, int], dict[str, str]] = {}
    for row in tx.rows(SAID, **bounds):
        found.setdefault((row.case_id, row.seq), {})[row.field] = row.content
    return found


def keys(tx: Tx, sql: str, wanted: Wanted, first: Any) -> Iterator[Any]:
    """The distinct keys that a query finds, in order, from after ``first``."""
    after = first
    while found := tx.rows(sql, after=after, limit=CASES_AT_ONCE, **wanted.asked):
        yield from (row.key for row in found)
        after = found[-1].key
