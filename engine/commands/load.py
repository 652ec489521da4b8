"""Loads what moves need to know: ``load_one`` for a lone command by one question, ``load_many`` for cases together.

Both return ``Loaded`` values; ``case_context.context_of`` makes the case context of one. Columns are read by name.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import orjson

from engine.actors import acting_of, system_actor
from engine.commands import load_sql
from engine.commands.carry_over import is_current
from engine.commands.case_context import Done, Honoured, Loaded, Surroundings, Wanted
from engine.commands.load_history import by_case, read_history, read_later_moves, read_names, timers_by_case
from engine.ledger.record import CaseRow, case_of
from engine.rules.in_force import rules_in, rules_up_to
from engine.transaction import Tx
from statemachines.kinds import lifecycles


def lock_cases(tx: Tx, numbers: Sequence[str]) -> None:
    """Wait for whoever holds one of the cases, all in one order; SQLite has one writer, who has waited already."""
    if tx.postgres:
        tx.rows(load_sql.LOCK, numbers=list(numbers))


def load_one(tx: Tx, wanted: Wanted, at: int, *, complete: bool = False) -> Loaded:
    """Read a case, its open timers, the actor and the honoured key by one question. Nothing is locked.

    ``complete`` reads the case's history and the occurrences of its timers, too, which few moves need.
    """
    tables = lifecycles()
    sql = load_sql.one(tx.postgres, wanted.move in tables.separated, wanted.move in tables.speaking)
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
    addressed = None if first.addressed is None else bool(first.addressed)
    loaded = Loaded(around, case, timers, actor, honoured, done, addressed=addressed)
    if complete and case is not None:
        read_history(tx, [loaded])
    _read_retired_names(tx, [loaded])
    return loaded


def load_many(tx: Tx, wanted: Sequence[Wanted], at: int) -> list[Loaded]:
    """Lock the cases of a group of commands and read what each needs; one ``Loaded`` for each, in their order."""
    around = surroundings(tx, at)
    around.holders = {}
    locked = load_sql.CASES_BY_NUMBER + (load_sql.WAIT if tx.postgres else "")
    rows = tx.rows_among(locked, numbers=list({request.number for request in wanted}))
    cases = {row.number: case_of(row) for row in rows}
    addressed = {row.number: bool(row.addressed) for row in rows}
    timers = timers_by_case(tx, [case.id for case in cases.values()])
    actor_rows = tx.rows_among(load_sql.ACTORS, handles=list({request.actor for request in wanted}))
    actors = {row.actor_handle: acting_of(row, "actor_") for row in actor_rows}
    keys = [request.key for request in wanted if request.key]
    key_rows = tx.rows_among(load_sql.HONOURED_MANY, keys=keys) if keys else ()
    keys_honoured = {row.honoured_key: _honoured(row) for row in key_rows}
    separated_moves = lifecycles().separated
    separated = [request.number for request in wanted if request.move in separated_moves]
    done = _done(tx, [cases[number].id for number in separated if number in cases])
    later = _later_moves(tx, [(cases[r.number], r.since) for r in wanted if r.since is not None and r.number in cases])
    loaded: list[Loaded] = []
    for request in wanted:
        case = cases.get(request.number)
        case_id = 0 if case is None else case.id
        honoured = keys_honoured.get(request.key) if request.key else None
        entry = Loaded(around, case, timers.get(case_id, ()), actors.get(request.actor), honoured)
        entry.done = done.get(case_id, ())
        entry.addressed = addressed.get(request.number)
        entry.later_moves = None if request.since is None else later.get(case_id, ())
        loaded.append(entry)
    _read_retired_names(tx, loaded)
    return loaded


def load_cases(
    tx: Tx, ids: Sequence[int], at: int, *, skip_locked: bool = False, complete: bool = False, due_only: bool = False,
    locked: bool = True,
) -> list[Loaded]:  # fmt: skip
    """Lock cases by their keys and read them and their open timers, in the order of the keys.

    Without ``locked`` they are only read, for nothing will be written. ``skip_locked`` leaves out those that others
    hold; else whoever holds one is waited for. ``due_only`` reads only the timers that usual escalation steps touch.
    """
    lock = "" if not (tx.postgres and locked) else load_sql.SKIP if skip_locked else load_sql.WAIT
    around = surroundings(tx, at)
    cases = [case_of(row) for row in tx.rows_among(load_sql.CASES_BY_ID + lock, ids=list(ids))]
    case_ids = [case.id for case in cases]
    timers = _due_timers(tx, case_ids, at) if due_only else timers_by_case(tx, case_ids)
    loaded = [Loaded(around, case, timers.get(case.id, ()), whole=not due_only) for case in cases]
    if complete:
        read_history(tx, loaded)
    _read_retired_names(tx, loaded)
    return loaded


def honoured_key(tx: Tx, key: str) -> Honoured | None:
    """Return how a key was honoured, if it was."""
    row = tx.row(load_sql.HONOURED_ONE, key=key)
    return None if row is None else _honoured(row)


def surroundings(tx: Tx, at: int) -> Surroundings:
    """Return what is the same for all cases that are loaded at ``at``, in microseconds."""
    mark = tx.cache.low_water_mark
    if mark is None:
        return _surroundings(tx, tx.row(load_sql.NEWEST), at)
    return Surroundings(rules_in(tx), system_actor(tx), at, max(at, mark))


def _surroundings(tx: Tx, row: Any, at: int) -> Surroundings:
    mark = tx.cache.low_water_mark = row.anchored or 0
    return Surroundings(rules_up_to(tx, row.newest), system_actor(tx), at, max(at, mark))


def _honoured(row: Any) -> Honoured:
    return Honoured(row.honoured_hash, row.honoured_number, row.honoured_seq, row.honoured_dest, row.honoured_level)


def _due_timers(tx: Tx, ids: list[int], at: int) -> dict[int, list[Any]]:
    rows = tx.rows_among(load_sql.DUE_TIMERS, ids=ids, at=at, settled=_all_settled()) if ids else ()
    return by_case(rows, attrgetter("timer_case_id"))


def _done(tx: Tx, ids: list[int]) -> Mapping[int, Done]:
    done: dict[int, list[tuple[str, str]]] = {}
    for row in tx.rows_among(load_sql.DONE, ids=ids) if ids else ():
        done.setdefault(row.case_id, []).append((row.move, row.handle))
    return done


def _later_moves(tx: Tx, since: list[tuple[CaseRow, int]]) -> dict[int, list[Any]]:
    """Return the moves of cases after a transition of each that an automatic step answers."""
    moved = {case.id: seq for case, seq in since if case.version > seq}
    return read_later_moves(tx, list(moved), min(moved.values())) if moved else {}


def _read_retired_names(tx: Tx, loaded: Sequence[Loaded]) -> None:
    """Read what the names of those cases meant that are to be carried over."""
    retired = {
        entry.case.id: entry
        for entry in loaded
        if entry.case is not None and not _bears_current_names(entry, entry.case)
    }
    if retired:
        read_names(tx, retired)


def _bears_current_names(loaded: Loaded, case: CaseRow) -> bool:
    """Return whether there is nothing to carry over; a kind that does not exist is refused when it is planned."""
    table = lifecycles().get(case.kind)
    return table is None or is_current(table, case, [row.timer_clause for row in loaded.timers])


def _all_settled() -> list[str]:
    """Return kind, state and clause of every timer that stays as it is while its case stays where it is."""
    return [
        f"{kind} {state} {clause}" for kind, table in lifecycles().items() for state, clause in table.settled_timers
    ]
