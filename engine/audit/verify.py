"""Checks that the record is whole: chains, histories, statements, rungs and clocks agree."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

import orjson

from engine.ledger.anchoring import doubts
from engine.ledger.chain import GENESIS, canonical, chain_hash, digest
from engine.ledger.record import COLUMNS, Head, record_of
from engine.moves.opening import OPEN, Opened
from engine.store import Store, Tx
from models.columns import EPOCH, to_micros
from statemachines.asks import KNOWN, ON_CASE, Asks, Nothing, marked
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle

CASES = f"SELECT {COLUMNS} FROM cases WHERE id > :after AND changed_at >= :since ORDER BY id LIMIT 500"
HISTORY = """
SELECT case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at, inferred, lifecycle,
       form, hash FROM transition WHERE case_id = :case_id ORDER BY seq
"""
STATEMENTS = "SELECT seq, field, salt, content, erased_at FROM statement WHERE case_id = :case_id"
RUNGS = """
SELECT r.clause, r.cycle, r.rung, r.seq, r.due_at, r.recorded_at, r.clock_id FROM rung r
 WHERE r.case_id = :case_id ORDER BY r.clock_id, r.rung
"""
CLOCKS = "SELECT id, clause, cycle, rungs_fired, rungs_before, closed_at, outcome FROM clock WHERE case_id = :case_id"
STRAYS = """
SELECT 'transition' AS name, count(*) AS n FROM transition t LEFT JOIN cases c ON c.id = t.case_id WHERE c.id IS NULL
UNION ALL SELECT 'statement', count(*) FROM statement s LEFT JOIN transition t ON t.case_id = s.case_id
   AND t.seq = s.seq WHERE t.case_id IS NULL
"""

_Told = Mapping[str, Any]


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
            heads = tx.rows(CASES, after=after, since=to_micros(since))
            for head in heads:
                history = [row._asdict() for row in tx.rows(HISTORY, case_id=head.id)]
                faults += _case(tx, Head(*head), history)
                transitions += len(history)
        if not heads:
            return Verdict(cases, transitions, tuple(faults))
        cases, after = cases + len(heads), heads[-1].id


def _case(tx: Tx, head: Head, history: list[dict[str, Any]]) -> list[Fault]:
    statements = tx.rows(STATEMENTS, case_id=head.id)
    found = [*chain_faults(head.number, head.head, history)]
    found += [Fault(head.number, seq, what) for seq, what in _story(head, history)]
    found += [Fault(head.number, head.version, what) for what in _row(head, history)]
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


def _row(head: Head, history: list[dict[str, Any]]) -> Iterator[str]:
    """What else the case's row says must be what its history tells."""
    table = lifecycles().get(head.kind)
    if table is None:
        yield "unknown_kind"
    elif head.state not in table.state:
        yield "unknown_state"
    elif history:
        has = asdict(head)
        told = _retold(table, history) | {"closed": table.state[head.state].final}
        yield from (f"row_{name}" for name, value in told.items() if has[name] != value)


def _retold(table: Lifecycle, history: list[dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {"came_from": "", "attempts": 0, "opened_at": history[0]["occurred_at"]}
    told |= dict.fromkeys(("category", "severity", "department", "owner", "customer_type")) | {"known": "{}"}
    cycle = history[0]["cycle"]
    for row in history:
        form = _form(row)
        made = table.rows.get(row["move"], ())
        asks = Opened if row["move"] == OPEN else made[0].asks if made else Nothing
        told |= {name: form[name] for name in marked(asks, ON_CASE) if name in form and name in told}
        told["known"] = _known(told["known"], form, asks, made[0].counts if made else None)
        if row["dest"] != row["source"]:
            told["came_from"] = row["source"]
        if row["cycle"] != cycle:
            cycle, told["attempts"] = row["cycle"], 0
        told |= {"changed_at": row["recorded_at"], "channel": form.get("channel", told.get("channel"))}
    return told


def _known(known: str, form: _Told, asks: type[Asks], counts: str | None) -> str:
    facts = orjson.loads(known) | {name: form[name] for name in marked(asks, KNOWN) if name in form}
    if counts is not None:
        facts[counts] = facts.get(counts, 0) + 1
    return canonical(facts)


def _words(history: list[dict[str, Any]], statements: Iterable[Any]) -> Iterator[tuple[int, str]]:
    kept = {(row.seq, row.field): row for row in statements}
    for row in history:
        for name, value in _form(row).items():
            if isinstance(value, dict) and not _said(kept.pop((row["seq"], name), None), cast("_Told", value)):
                yield row["seq"], f"statement_{name}"
    yield from ((seq, f"statement_{name}_unknown") for seq, name in kept)


def _form(row: _Told) -> _Told:
    """The form of a transition; of one that was tampered with into no form at all, the hash tells."""
    try:
        form = json.loads(row["form"])
    except ValueError:
        return {}
    return cast("_Told", form) if isinstance(form, dict) else {}


def _said(row: Any, told: _Told) -> bool:
    """Whether a statement is what the record kept the digest of, or was erased and says when."""
    if row is None or row.content is None or row.salt is None:
        return row is not None and row.content is None and row.erased_at is not None
    return digest(bytes(row.salt), row.content) == told.get("sha256")


def _ladders(head: Head, rungs: list[Any], clocks: list[Any]) -> Iterator[tuple[int, str]]:
    """Rungs never early, none left out, in order; a closed case runs no clock."""
    fired: dict[int, list[Any]] = {}
    for rung in rungs:
        fired.setdefault(rung.clock_id, []).append(rung)
        if rung.recorded_at < rung.due_at:
            yield rung.seq, "rung_early"
    for clock in clocks:
        mine = fired.get(clock.id, [])
        if [rung.rung for rung in mine] != list(range(clock.rungs_before, clock.rungs_fired)):
            yield 0, f"rungs_{clock.clause}"
        if [rung.due_at for rung in mine] != sorted(rung.due_at for rung in mine):
            yield 0, f"rung_order_{clock.clause}"
        if head.closed and clock.closed_at is None:
            yield 0, f"clock_runs_{clock.clause}"
