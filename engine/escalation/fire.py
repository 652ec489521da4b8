"""Finds the timers that have fallen due and fires their escalation steps, each once and in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from engine.commands.case_context import Loaded, context_of
from engine.commands.load import load_cases
from engine.commands.plan import Fired, Plan, TimersUnread, begin, fired_of, plan_until
from engine.commands.write import write
from engine.contention import retrying
from engine.databases import Conflict, overtaken
from engine.ledger.record import CaseRow
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.timers import parking
from engine.timers.timer import breaks_next
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Refused

BATCH = 200
"""Cases fired in one transaction of a small pass."""

TIMERS_OF_A_CASE = 64
"""More open timers than any case has."""

LAST = 2**63 - 1
"""No case has a higher id."""

# A parked case waits for its next try; see engine/timers/parking.py.
FREE = f"""
FROM timer k JOIN cases c ON c.id = k.case_id
  LEFT JOIN parked p ON p.case_id = c.id AND p.version = c.version AND p.work = '{parking.TIMER}'
 WHERE k.fires_at <= :at AND (p.case_id IS NULL OR p.next_at <= :at)
"""
# The plus keeps SQLite to the index on fires_at: by the range it would scan all cases.
WITHIN = "AND +k.case_id BETWEEN :low AND :high"
DUE = f"""
SELECT k.case_id, c.number, c.kind, c.pack, k.clause, k.steps_fired, k.fires_at {FREE} {WITHIN}
 ORDER BY k.fires_at, k.id LIMIT :limit
"""
PARKED = f"""
SELECT p.case_id, p.next_at FROM parked p JOIN cases c ON c.id = p.case_id AND c.version = p.version
 WHERE p.work = '{parking.TIMER}' AND p.case_id = ANY(:ids)
"""

# A reply from a file that is due and not processed yet may meet a promise before its next step; another process may be
# processing it.
AWAITING_REPLY = """
SELECT c.case_id FROM arrival r JOIN arrival c ON c.source = r.source AND c.row_id = r.row_id AND c.part = 'contact'
 WHERE r.part = 'reply' AND r.processed_at IS NULL AND r.at <= :at AND c.case_id = ANY(:ids)
"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one pass did; ``failed`` names cases that could not be fired, with the reason's code.

    ``untold`` is how many steps fired besides those in ``fired``.
    """

    fired: tuple[Fired, ...]
    failed: tuple[tuple[str, str], ...]
    untold: int = 0


NOTHING = Sweep((), ())


def fire_due(
    store: Store,
    at: datetime,
    limit: int = BATCH,
    skip: frozenset[str] = frozenset(),
    *,
    low: int = 0,
    high: int = LAST,
) -> Sweep:
    """Fire what is due at ``at``, at most ``limit`` cases. Each case succeeds or fails alone; what fails is parked.

    ``skip`` names cases that failed in this sweep before, so that they never starve those behind them. ``low`` and
    ``high``, both included, bound the ids of the cases: sweepers that share the work take disjoint ranges.
    """
    return fire_cases(store, due_cases(store, at, limit, skip, low=low, high=high), at)


def due_cases(
    store: Store,
    at: datetime,
    limit: int = BATCH,
    skip: frozenset[str] = frozenset(),
    *,
    low: int = 0,
    high: int = LAST,
    strict: bool = False,
) -> dict[int, str]:
    """Return the cases with something due, the longest due first: id and number. See ``fire_due``.

    A ``strict`` search leaves out those of which only a promise would be broken whose limit ends exactly at ``at``.
    """
    now = to_micros(at)
    with store.looking() as tx:
        rows = tx.rows(DUE, at=now, limit=limit + TIMERS_OF_A_CASE * len(skip), low=low, high=high)
        if strict:
            rules = rules_in(tx)
            rows = [row for row in rows if row.fires_at < now or not _breaks(rules, row)]
    due = {row.case_id: row.number for row in rows if row.number not in skip}
    return dict(islice(due.items(), limit))


def _breaks(rules: Rules, row: Any) -> bool:
    """Return whether the timer's next step breaks its promise; one of a retired name is left to whoever fires it."""
    clause = lifecycle_of(row.kind).clause.get(row.clause)
    try:
        return clause is not None and breaks_next(clause, rules.pack(row.pack, row.fires_at), row.steps_fired)
    except Refused:  # firing it names the fault
        return False


def fire_cases(store: Store, ids: Iterable[int], at: datetime, strict: bool = False) -> Sweep:
    """Fire what these cases owe at ``at``, in one transaction. Each case succeeds or fails alone.

    ``strict`` breaks no promise whose limit ends exactly then; see ``plan_until``.
    """
    chosen = list(ids)
    return retrying(lambda: fire_ids(store, chosen, to_micros(at), strict=strict)) if chosen else NOTHING


def fire_ids(store: Store, ids: Sequence[int], at: int, tell: bool = True, strict: bool = False) -> Sweep:
    """Fire what these cases owe at ``at``, in microseconds; cases that others hold are left to the next pass.

    Unless ``tell``, the steps are counted and not named. For ``strict`` see ``plan_until``.
    """
    try:
        with store.writing() as tx:
            return fire_together(tx, ids, at, tell, strict)
    except Conflict:  # a row of one of the cases is not as it should be: that case fails alone
        with store.writing() as tx:
            return fire_each(tx, ids, at, strict)


def fire_together(tx: Tx, ids: Sequence[int], at: int, tell: bool = True, strict: bool = False) -> Sweep:
    """Fire cases within a transaction of the caller's, and write all of their rows at once.

    A case that cannot be planned is parked. Raises ``Conflict`` where the database refuses a row.
    """
    ready = _ready(tx, ids, at)
    planned, failed = dict[int, Plan](), list[tuple[CaseRow, str]]()
    unread = _plan_all(load_cases(tx, list(ready), at, skip_locked=True, due_only=True), at, strict, planned, failed)
    if unread:
        _plan_all(load_cases(tx, unread, at), at, strict, planned, failed)
    plans = [planned[case_id] for case_id in ready if case_id in planned]
    write(tx, plans)
    for plan in plans:
        if ready[plan.case.id]:
            parking.clear(tx, plan.case.id, parking.TIMER)
    names = tuple(_park(tx, case, code, at) for case, code in failed)
    if not tell:
        return Sweep((), names, sum(len(plan.steps) for plan in plans))
    return Sweep(tuple(fired for plan in plans for fired in fired_of(plan)), names)


def _plan_all(
    loaded: Iterable[Loaded], at: int, strict: bool, planned: dict[int, Plan], failed: list[tuple[CaseRow, str]]
) -> list[int]:
    """Plan each case, and return the ids of those of which all timers must be read."""
    unread: list[int] = []
    for entry in loaded:
        case = entry.case
        assert case is not None
        try:
            planned[case.id] = _planned(entry, at, strict)
        except TimersUnread:
            unread.append(case.id)
        except Exception as error:  # noqa: BLE001 (what cannot be planned is named and parked, and holds up no other)
            failed.append((case, _code(error)))
    return unread


def fire_each(tx: Tx, ids: Sequence[int], at: int, strict: bool = False) -> Sweep:
    """Fire cases within a transaction of the caller's, each in a savepoint of its own."""
    fired: list[Fired] = []
    failed: list[tuple[str, str]] = []
    ready = _ready(tx, ids, at)
    for loaded in load_cases(tx, list(ready), at, skip_locked=True):
        case = loaded.case
        assert case is not None
        try:
            with tx.savepoint():
                plan = _planned(loaded, at, strict)
                write(tx, [plan])
                if ready[case.id]:
                    parking.clear(tx, case.id, parking.TIMER)
            fired += fired_of(plan)
        except Exception as error:  # noqa: BLE001 (a case that fails never holds up the others)
            if overtaken(error):
                continue  # another transaction was faster: what is still due then is found again
            failed.append(_park(tx, case, _code(error), at))
    return Sweep(tuple(fired), tuple(failed))


def _planned(loaded: Loaded, at: int, strict: bool) -> Plan:
    context = context_of(loaded)
    plan = begin(context)
    plan_until(context, plan, at, strict)
    return plan


def _ready(tx: Tx, ids: Sequence[int], at: int) -> dict[int, bool]:
    """Return those of the cases that are neither parked until later nor await a reply; whether each failed before."""
    if not ids:
        return {}
    parked = {row.case_id: row.next_at for row in tx.rows_among(PARKED, ids=list(ids))}
    until = {case_id: (at + 1 if next_at is None else next_at) for case_id, next_at in parked.items()}
    awaiting = {row.case_id for row in tx.rows_among(AWAITING_REPLY, ids=list(ids), at=at)}
    return {case_id: case_id in parked for case_id in ids if until.get(case_id, at) <= at and case_id not in awaiting}


def _park(tx: Tx, case: CaseRow, code: str, at: int) -> tuple[str, str]:
    parking.note_failure(tx, case.id, parking.TIMER, code, at)
    return case.number, code


def _code(error: Exception) -> str:
    return error.code if isinstance(error, Refused) else type(error).__name__
