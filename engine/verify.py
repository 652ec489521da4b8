"""Checks that the record is whole: chains, histories, statements, rungs and clocks agree."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.anchoring import doubts
from engine.chain import GENESIS, chain_hash, digest
from engine.record import COLUMNS, Head, record_of
from engine.store import Store, Tx
from models.columns import EPOCH, to_micros
from statemachines.kinds import lifecycle_of

CASES = f"SELECT {COLUMNS} FROM cases WHERE id > :after AND changed_at >= :since ORDER BY id LIMIT 500"
HISTORY = """
SELECT case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at, inferred, lifecycle,
       form, hash FROM transition WHERE case_id = :case_id ORDER BY seq
"""
STATEMENTS = "SELECT seq, field, salt, content FROM statement WHERE case_id = :case_id AND erased_at IS NULL"
RUNGS = """
SELECT r.clause, r.cycle, r.rung, r.seq, r.due_at, r.recorded_at, r.clock_id FROM rung r
 WHERE r.case_id = :case_id ORDER BY r.clock_id, r.rung
"""
CLOCKS = "SELECT id, clause, cycle, rungs_fired, closed_at, outcome FROM clock WHERE case_id = :case_id"
STRAYS = """
SELECT 'transition' AS name, count(*) AS n FROM transition t LEFT JOIN cases c ON c.id = t.case_id WHERE c.id IS NULL
UNION ALL SELECT 'statement', count(*) FROM statement s LEFT JOIN transition t ON t.case_id = s.case_id
   AND t.seq = s.seq WHERE t.case_id IS NULL
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not agree: in which case, at which transition, and what."""

    number: str
    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much was checked and what was wrong."""

    cases: int
    transitions: int
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.faults


def verify(store: Store, since: datetime = EPOCH) -> Verdict:
    """Check every case that changed since then, a few hundred at a time."""
    faults: list[Fault] = []
    cases = transitions = after = 0
    with store.looking() as tx:
        for row in tx.rows(STRAYS):
            faults += [Fault("", 0, f"stray_{row.name}")] if row.n else []
        faults += [Fault("", 0, doubt) for doubt in doubts(tx, store)]
    while True:
        with store.looking() as tx:
            heads = [Head(*row) for row in tx.rows(CASES, after=after, since=to_micros(since))]
            for head in heads:
                history = [row._asdict() for row in tx.rows(HISTORY, case_id=head.id)]
                faults += _case(tx, head, history)
                transitions += len(history)
        if not heads:
            return Verdict(cases, transitions, tuple(faults))
        cases, after = cases + len(heads), heads[-1].id


def _case(tx: Tx, head: Head, history: list[dict[str, Any]]) -> list[Fault]:
    statements = tx.rows(STATEMENTS, case_id=head.id)
    found = [*chain_faults(head.number, head.head, history)]
    found += [Fault(head.number, seq, what) for seq, what in _story(head, history)]
    found += [Fault(head.number, seq, what) for seq, what in _words(history, statements)]
    rungs = tx.rows(RUNGS, case_id=head.id)
    clocks = tx.rows(CLOCKS, case_id=head.id)
    found += [Fault(head.number, seq, what) for seq, what in _ladders(head, rungs, clocks)]
    return found


def chain_faults(number: str, head: str, history: list[dict[str, Any]]) -> Iterator[Fault]:
    """Every transition whose hash does not follow from the one before it and its own row."""
    before = GENESIS
    for at, row in enumerate(history, start=1):
        columns = {name: value for name, value in row.items() if name != "hash"}
        if row["seq"] != at:
            yield Fault(number, row["seq"], "gap")
        if chain_hash(before, record_of(number, columns)) != row["hash"]:
            yield Fault(number, row["seq"], "hash")
        before = row["hash"]
    if before != head:
        yield Fault(number, len(history), "head")


def _story(head: Head, history: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    """The history, told again, must end where the row stands."""
    state, recorded = "", 0
    for row in history:
        if row["source"] != state:
            yield row["seq"], "skipped_state"
        if row["recorded_at"] < recorded:
            yield row["seq"], "recorded_earlier"
        if row["occurred_at"] > row["recorded_at"]:
            yield row["seq"], "occurred_later"
        state, recorded = row["dest"], row["recorded_at"]
    last = history[-1] if history else {"seq": 0, "cycle": 0, "level": 0}
    told = (state, last["seq"], last["cycle"], last["level"])
    if told != (head.state, head.version, head.cycle, head.level):
        yield head.version, "row"
    if head.state not in lifecycle_of(head.kind).state:
        yield head.version, "unknown_state"


def _words(history: list[dict[str, Any]], statements: Iterable[Any]) -> Iterator[tuple[int, str]]:
    kept = {(row.seq, row.field): digest(bytes(row.salt), row.content) for row in statements}
    for row in history:
        for name, value in json.loads(row["form"]).items():
            if not isinstance(value, dict) or (row["seq"], name) not in kept:
                continue
            if kept.pop((row["seq"], name)) != value["sha256"]:
                yield row["seq"], f"statement_{name}"
    yield from ((seq, f"statement_{name}_unknown") for seq, name in kept)


def _ladders(head: Head, rungs: list[Any], clocks: list[Any]) -> Iterator[tuple[int, str]]:
    """Rungs never early, none left out, in order; a closed case runs no clock."""
    fired: dict[int, list[Any]] = {}
    for rung in rungs:
        fired.setdefault(rung.clock_id, []).append(rung)
        if rung.recorded_at < rung.due_at:
            yield rung.seq, "rung_early"
    for clock in clocks:
        mine = fired.get(clock.id, [])
        if [rung.rung for rung in mine] != list(range(clock.rungs_fired)):
            yield 0, f"rungs_{clock.clause}"
        if [rung.due_at for rung in mine] != sorted(rung.due_at for rung in mine):
            yield 0, f"rung_order_{clock.clause}"
        if head.closed and clock.closed_at is None:
            yield 0, f"clock_runs_{clock.clause}"
