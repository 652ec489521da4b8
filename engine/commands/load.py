"""Loads what moves need to know: ``load_one`` for a lone command by one question, ``load_many`` for cases together.

Both return ``Loaded`` values; ``context_of`` makes the case context of one. Columns are read by name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from engine.actors import COLUMNS as ACTOR_COLUMNS
from engine.actors import acting_of, system_actor
from engine.caches import Acting
from engine.commands.carry_over import is_current
from engine.commands.case_context import CaseContext, Done, RecordedNames, Surroundings
from engine.ledger.lifecycle_versions import recorded_versions
from engine.ledger.record import COLUMNS, NAMES, CaseRow, case_of
from engine.rules.in_force import rules_in, rules_up_to
from engine.timers import timer as timing
from engine.timers.reschedule import History
from engine.timers.start import Occurrences
from engine.timers.timer import RunningTimer
from engine.transaction import Tx
from statemachines.kinds import lifecycle_of, lifecycles

LOCK = "SELECT id FROM cases WHERE number = ANY(:numbers) ORDER BY id FOR NO KEY UPDATE"
NEWEST = "SELECT max(id) AS newest, (SELECT at FROM anchor ORDER BY id DESC LIMIT 1) AS anchored FROM edition"
"""The newest edition, and the last anchor: an entry dated before it would look like one that was inserted later."""
HONOURED = """
SELECT k.key AS honoured_key, k.request_hash AS honoured_hash, c.number AS honoured_number, t.seq AS honoured_seq,
       t.dest AS honoured_dest, t.level AS honoured_level
  FROM idempotency_key k JOIN transition t ON t.case_id = k.case_id AND t.seq = k.seq JOIN cases c ON c.id = k.case_id
"""
HONOURED_ONE = f"{HONOURED} WHERE k.key = :key"
HONOURED_MANY = f"{HONOURED} WHERE k.key = ANY(:keys)"
_ACTOR = ", ".join(f"a.{name} AS actor_{name}" for name in ACTOR_COLUMNS.split(", "))
ACTORS = f"SELECT {_ACTOR} FROM actor a WHERE a.handle = ANY(:handles)"
CASES_BY_NUMBER = f"SELECT {COLUMNS} FROM cases WHERE number = ANY(:numbers) ORDER BY id"
CASES_BY_ID = f"SELECT {COLUMNS} FROM cases WHERE id = ANY(:ids) ORDER BY id"
WAIT, SKIP = " FOR NO KEY UPDATE", " FOR NO KEY UPDATE SKIP LOCKED"
_TIMER = ", ".join(f"o.{name} AS timer_{name}" for name in timing.COLUMNS)
TIMERS = f"SELECT {_TIMER} FROM timer o WHERE o.case_id = ANY(:ids) AND o.closed_at IS NULL ORDER BY o.id"
# The timers that are due, and those that the case's next move would end because its table has changed since.
DUE_TIMERS = f"""
SELECT {_TIMER} FROM timer o JOIN cases c ON c.id = o.case_id WHERE o.case_id = ANY(:ids) AND o.closed_at IS NULL
   AND (o.fires_at <= :at OR NOT c.kind || ' ' || c.state || ' ' || o.clause = ANY(:settled)) ORDER BY o.id
"""
DONE = """
SELECT DISTINCT t.case_id, t.move, a.handle FROM transition t JOIN actor a ON a.id = t.actor_id
 WHERE t.case_id = ANY(:ids)
"""
HISTORY = "SELECT case_id, dest, occurred_at FROM transition WHERE case_id = ANY(:ids) ORDER BY case_id, seq"
OCCURRENCES = """
SELECT case_id, clause, cycle, max(occurrence) AS last FROM timer WHERE case_id = ANY(:ids)
 GROUP BY case_id, clause, cycle
"""
LAST_VERSIONS = """
SELECT c.id, c.kind, t.lifecycle FROM cases c JOIN transition t ON t.case_id = c.id AND t.seq = c.version
 WHERE c.id = ANY(:ids)
"""
NUMBERS = "SELECT case_id, clause, cycle, occurrence FROM timer WHERE case_id = ANY(:ids)"

# One row for each open timer, or one if there is none; each of them repeats the case, the actor and the honoured key.
_ONE = f"""
SELECT e.newest, e.anchored, {", ".join(f"c.{name}" for name in NAMES)}, {_TIMER}, h.*,
       {_ACTOR}, {{done}} AS done
  FROM ({NEWEST}) e LEFT JOIN cases c ON c.number = :number LEFT JOIN actor a ON a.handle = :actor
  LEFT JOIN timer o ON o.case_id = c.id AND o.closed_at IS NULL LEFT JOIN ({HONOURED_ONE}) h ON TRUE
 ORDER BY o.id
"""
_DONE = """
(SELECT {listed}(DISTINCT t.move || ' ' || a.handle) FROM transition t JOIN actor a ON a.id = t.actor_id
  WHERE t.case_id = c.id)
"""
ONE = _ONE.format(done="NULL")
ONE_WITH_DONE = {
    True: _ONE.format(done=_DONE.format(listed="json_agg")),
    False: _ONE.format(done=_DONE.format(listed="json_group_array")),
}
"""The same question, also for who made which moves, on Postgres and on SQLite."""
_TIMER_VALUES = attrgetter(*(f"timer_{name}" for name in timing.COLUMNS))


class Wanted(NamedTuple):
    """What is to be loaded for a command: which case and move, who makes it, and under which key."""

    number: str
    move: str
    actor: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Honoured:
    """A key that was honoured before: for which request, and the move that answered it."""

    request_hash: str
    number: str
    seq: int
    state: str
    level: int


@dataclass(slots=True)
class Loaded:
    """What was read of one case, and of the command that is to move it; None is what does not exist."""

    around: Surroundings
    case: CaseRow | None
    timers: Sequence[Any] = ()
    actor: Acting | None = None
    honoured: Honoured | None = None
    done: Done = ()
    history: History | None = None
    occurrences: Occurrences | None = None
    whole: bool = True
    names: RecordedNames | None = None


def lock_cases(tx: Tx, numbers: Sequence[str]) -> None:
    """Wait for whoever holds one of the cases, all in one order; SQLite has one writer, who has waited already."""
    if tx.postgres:
        tx.rows(LOCK, numbers=list(numbers))


def load_one(tx: Tx, wanted: Wanted, at: int, *, complete: bool = False) -> Loaded:
    """Read a case, its open timers, the actor and the honoured key by one question. Nothing is locked.

    ``complete`` reads the case's history and the occurrences of its timers, too, which few moves need.
    """
    sql = ONE_WITH_DONE[tx.postgres] if _separated(wanted.move) else ONE
    rows = tx.rows(sql, number=wanted.number, actor=wanted.actor, key=wanted.key)
    first = rows[0]
    around = _surroundings(tx, first, at)
    case = None if first.id is None else case_of(first)
    timers = rows if first.timer_id is not None else ()
    actor = None if first.actor_id is None else acting_of(first, "actor_")
    honoured = None if first.honoured_key is None else _honoured(first)
    done: Done = ()
    if first.done is not None:
        pairs: list[str] = first.done if tx.postgres else orjson.loads(first.done)
        done = [(move, handle) for move, _, handle in (pair.partition(" ") for pair in pairs)]
    loaded = Loaded(around, case, timers, actor, honoured, done)
    if complete and case is not None:
        _complete(tx, [loaded])
    _read_names(tx, [loaded])
    return loaded


def load_many(tx: Tx, wanted: Sequence[Wanted], at: int) -> list[Loaded]:
    """Lock the cases of a group of commands and read what each needs; one ``Loaded`` for each, in their order."""
    around = surroundings(tx, at)
    locked = CASES_BY_NUMBER + (WAIT if tx.postgres else "")
    rows = tx.rows_among(locked, numbers=list({one.number for one in wanted}))
    cases = {row.number: case_of(row) for row in rows}
    timers = _timers(tx, [case.id for case in cases.values()])
    actor_rows = tx.rows_among(ACTORS, handles=list({one.actor for one in wanted}))
    actors = {row.actor_handle: acting_of(row, "actor_") for row in actor_rows}
    keys = [one.key for one in wanted if one.key]
    honoured = {row.honoured_key: _honoured(row) for row in tx.rows_among(HONOURED_MANY, keys=keys)} if keys else {}
    done = _done(tx, [cases[one.number].id for one in wanted if _separated(one.move) and one.number in cases])
    found: list[Loaded] = []
    for one in wanted:
        case = cases.get(one.number)
        case_id = 0 if case is None else case.id
        actor = actors.get(one.actor)
        kept = honoured.get(one.key) if one.key else None
        found.append(Loaded(around, case, timers.get(case_id, ()), actor, kept, done.get(case_id, ())))
    _read_names(tx, found)
    return found


def load_cases(
    tx: Tx, ids: Sequence[int], at: int, *, skip_locked: bool = False, complete: bool = False, due_only: bool = False
) -> list[Loaded]:
    """Lock cases by their keys and read them and their open timers, in the order of the keys.

    ``skip_locked`` leaves out those that others hold; else whoever holds one is waited for. ``due_only`` reads only
    the timers that usual escalation steps touch.
    """
    lock = "" if not tx.postgres else SKIP if skip_locked else WAIT
    around = surroundings(tx, at)
    cases = [case_of(row) for row in tx.rows_among(CASES_BY_ID + lock, ids=list(ids))]
    read = [case.id for case in cases]
    timers = _due_timers(tx, read, at) if due_only else _timers(tx, read)
    found = [Loaded(around, case, timers.get(case.id, ()), whole=not due_only) for case in cases]
    if complete:
        _complete(tx, found)
    _read_names(tx, found)
    return found


def honoured_key(tx: Tx, key: str) -> Honoured | None:
    """Return how a key was honoured, if it was."""
    row = tx.row(HONOURED_ONE, key=key)
    return None if row is None else _honoured(row)


def surroundings(tx: Tx, at: int) -> Surroundings:
    """Return what is the same for all cases that are loaded at ``at``, in microseconds."""
    mark = tx.cache.low_water_mark
    if mark is None:
        return _surroundings(tx, tx.row(NEWEST), at)
    return Surroundings(rules_in(tx), system_actor(tx), max(at, mark))


def _surroundings(tx: Tx, row: Any, at: int) -> Surroundings:
    mark = tx.cache.low_water_mark = row.anchored or 0
    return Surroundings(rules_up_to(tx, row.newest), system_actor(tx), max(at, mark))


def context_of(loaded: Loaded) -> CaseContext:
    """Return the case context. Raises ``Refused('unknown_pack' | 'unknown_calendar' | 'unknown_kind')``."""
    case, around = loaded.case, loaded.around
    assert case is not None, "callers refuse a case that does not exist"
    table = lifecycle_of(case.kind)
    done, history = loaded.done, loaded.history
    if table.retired:
        done = [(table.resolver.move(move), handle) for move, handle in done]
        history = history and [(table.resolver.state(state), at) for state, at in history]
    now = max(around.now, case.changed_at)  # time never goes back for a case, even if a clock was set back
    return CaseContext(
        case=case,
        timers=[_running(around, row) for row in loaded.timers],
        table=table,
        pack=around.rules.pack(case.pack, now),
        now=now,
        around=around,
        done=done,
        history=history,
        occurrences=loaded.occurrences,
        whole=loaded.whole,
        names=loaded.names,
    )


def _running(around: Surroundings, row: Any) -> RunningTimer:
    return RunningTimer(*_TIMER_VALUES(row), place=around.calendar(row.timer_calendar))


def _honoured(row: Any) -> Honoured:
    return Honoured(row.honoured_hash, row.honoured_number, row.honoured_seq, row.honoured_dest, row.honoured_level)


def _timers(tx: Tx, ids: list[int]) -> dict[int, list[Any]]:
    return _by_case(tx.rows_among(TIMERS, ids=ids), attrgetter("timer_case_id")) if ids else {}


def _due_timers(tx: Tx, ids: list[int], at: int) -> dict[int, list[Any]]:
    rows = tx.rows_among(DUE_TIMERS, ids=ids, at=at, settled=_all_settled()) if ids else ()
    return _by_case(rows, attrgetter("timer_case_id"))


def _done(tx: Tx, ids: list[int]) -> dict[int, Done]:
    rows = tx.rows_among(DONE, ids=ids) if ids else ()
    by_case = _by_case(rows, attrgetter("case_id"))
    return {case_id: [(row.move, row.handle) for row in done] for case_id, done in by_case.items()}


def _by_case(rows: Iterable[Any], case_id: Any) -> dict[int, list[Any]]:
    by_case: dict[int, list[Any]] = {}
    for row in rows:
        by_case.setdefault(case_id(row), []).append(row)
    return by_case


def _complete(tx: Tx, loaded: Sequence[Loaded]) -> None:
    by_id = {one.case.id: one for one in loaded if one.case is not None}
    for one in by_id.values():
        one.history, one.occurrences = [], {}
    for row in tx.rows_among(HISTORY, ids=list(by_id)):
        history = by_id[row.case_id].history
        assert history is not None
        history.append((row.dest, row.occurred_at))
    for row in tx.rows_among(OCCURRENCES, ids=list(by_id)):
        occurrences = by_id[row.case_id].occurrences
        assert occurrences is not None
        occurrences.setdefault(row.clause, {})[row.cycle] = row.last


def _read_names(tx: Tx, loaded: Sequence[Loaded]) -> None:
    """Read what the names of those cases meant that are to be carried over, and all of their timers."""
    retired = {one.case.id: one for one in loaded if one.case is not None and not _bears_current_names(one, one.case)}
    if not retired:
        return
    ids = list(retired)
    timers, versions = _timers(tx, ids), recorded_versions(tx)
    last = {row.id: (row.kind, row.lifecycle) for row in tx.rows_among(LAST_VERSIONS, ids=ids)}
    for case_id, one in retired.items():
        kind, version = last.get(case_id, ("", ""))
        one.names = RecordedNames(version, versions.get((kind, version)))
        one.timers, one.whole = timers.get(case_id, ()), True
    for row in tx.rows_among(NUMBERS, ids=ids):
        names = retired[row.case_id].names
        assert names is not None
        names.numbers.setdefault((row.clause, row.cycle), set()).add(row.occurrence)
    _complete(tx, list(retired.values()))


def _bears_current_names(loaded: Loaded, case: CaseRow) -> bool:
    """Return whether there is nothing to carry over; a kind that does not exist is refused when it is planned."""
    table = lifecycles().get(case.kind)
    return table is None or is_current(table, case, [row.timer_clause for row in loaded.timers])


def _separated(move: str) -> bool:
    """Return whether it may matter for a move who made others (F3)."""
    return any(move in table.separated for table in lifecycles().values())


def _all_settled() -> list[str]:
    """Return kind, state and clause of every timer that stays as it is while its case stays where it is."""
    return [
        f"{kind} {state} {clause}" for kind, table in lifecycles().items() for state, clause in table.settled_timers
    ]
