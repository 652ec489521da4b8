"""Loads of a case what few moves need: its history or its last moves, the occurrences of its timers, retired names."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from engine.commands import load_sql
from engine.commands.case_context import Loaded, RecordedNames
from engine.ledger.lifecycle_versions import recorded_versions
from engine.transaction import Tx


def read_history(tx: Tx, loaded: Sequence[Loaded]) -> None:
    """Read the history of each case, the last occurrence of each of its clauses, and what departments gave away."""
    by_id = {entry.case.id: entry for entry in loaded if entry.case is not None}
    for entry in by_id.values():
        entry.history, entry.occurrences, entry.spent_parts = [], {}, {}
    for row in tx.rows_among(load_sql.HISTORY, ids=list(by_id)):
        history = by_id[row.case_id].history
        assert history is not None
        history.append((row.dest, row.occurred_at))
    for row in tx.rows_among(load_sql.OCCURRENCES, ids=list(by_id)):
        occurrences = by_id[row.case_id].occurrences
        assert occurrences is not None
        occurrences.setdefault(row.clause, {})[row.cycle] = row.last
    for row in tx.rows_among(load_sql.SPENT_PARTS, ids=list(by_id)):
        spent_parts = by_id[row.case_id].spent_parts
        assert spent_parts is not None
        spent_parts[row.clause, row.cycle, row.part] = row


def read_later_moves(tx: Tx, ids: list[int], since: int) -> dict[int, list[Any]]:
    """Return the moves of cases after the transition ``since`` and who made them, by case id, in their order."""
    return by_case(tx.rows_among(load_sql.LATER_MOVES, ids=ids, since=since), attrgetter("case_id")) if ids else {}


def read_names(tx: Tx, retired: Mapping[int, Loaded]) -> None:
    """Read what the names of those cases meant that are to be carried over, and all of their timers."""
    ids = list(retired)
    timers, versions = timers_by_case(tx, ids), recorded_versions(tx)
    last = {row.id: (row.kind, row.lifecycle) for row in tx.rows_among(load_sql.LAST_VERSIONS, ids=ids)}
    for case_id, entry in retired.items():
        kind, version = last.get(case_id, ("", ""))
        entry.names = RecordedNames(version, versions.get((kind, version)))
        entry.timers, entry.whole = timers.get(case_id, ()), True
    for row in tx.rows_among(load_sql.NUMBERS, ids=ids):
        names = retired[row.case_id].names
        assert names is not None
        names.numbers.setdefault((row.clause, row.cycle), set()).add(row.occurrence)
    read_history(tx, list(retired.values()))


def timers_by_case(tx: Tx, ids: list[int]) -> dict[int, list[Any]]:
    """Return the open timers of cases, by case id, oldest first."""
    return by_case(tx.rows_among(load_sql.TIMERS, ids=ids), attrgetter("timer_case_id")) if ids else {}


def by_case(rows: Iterable[Any], case_id: Any) -> dict[int, list[Any]]:
    """Return rows by the case id that ``case_id`` reads of each, in their order."""
    rows_by_case: dict[int, list[Any]] = {}
    for row in rows:
        rows_by_case.setdefault(case_id(row), []).append(row)
    return rows_by_case
