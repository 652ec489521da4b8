"""Keeps who tried which move on which case and why it was refused, beside the record; an auditor searches it (F3).

An attempt is written after its refusal, in a transaction of its own: a move that is accepted costs nothing more. What
is kept is bounded, and holds codes only: no text that anybody typed.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.actors import NOBODY, acting
from engine.contention import in_transaction
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused
from statemachines.roles import Role

KEPT_FOR = timedelta(days=3 * 365)
KEPT_PER_CASE = 200
"""Of more attempts on one case the oldest are dropped."""
READERS = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
REASONS = ("guards", "moves", "wanted", "bound")
"""The parameters of a refusal that are names from our own tables."""
NOT_KEPT = frozenset({"contended", "busy", "disk_full", "disk_failed", "database_away", "no_store"})
"""Refusals of the database, which say nothing of whoever tried."""

CASES = "SELECT id, number, kind, state FROM cases WHERE number = ANY(:numbers)"
ACTORS = "SELECT id, handle, roles FROM actor WHERE handle = ANY(:handles)"
ADD = """
INSERT INTO refused_attempt (at, case_id, actor_id, via, move, state, code, why)
VALUES (:at, :case_id, :actor_id, :via, :move, :state, :code, :why)
"""
DROP_MORE = """
DELETE FROM refused_attempt WHERE case_id = :case_id AND id <= (
    SELECT id FROM refused_attempt WHERE case_id = :case_id ORDER BY id DESC LIMIT 1 OFFSET :kept)
"""
DROP_OLD = "DELETE FROM refused_attempt WHERE at < :oldest"
SEARCH = """
SELECT r.id, r.at, c.number, c.kind, a.handle AS actor, r.via, r.move, r.state, r.code, r.why
  FROM refused_attempt r JOIN cases c ON c.id = r.case_id LEFT JOIN actor a ON a.id = r.actor_id
 WHERE {conditions} ORDER BY r.id DESC LIMIT :limit
"""
CONDITIONS = {
    "number": "c.number = :number",
    "actor": "a.handle = :actor",
    "move": "r.move = :move",
    "code": "r.code = :code",
    "since": "r.at >= :since",
}


@dataclass(frozen=True, slots=True)
class RefusedMove:
    """An attempt as an auditor reads it; ``actor`` is None for a handle that the store does not know."""

    at: datetime
    number: str
    kind: str
    actor: str | None
    via: str
    move: str
    state: str
    code: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A move that somebody tried, and why it was refused."""

    number: str
    move: str
    actor: str
    via: str
    refused: Refused


def keep_attempts(store: Store, attempts: Iterable[Attempt], at: datetime) -> None:
    """Keep the attempts of people on cases that exist. Nothing is raised: the refusals are what counts."""
    kept = [each for each in attempts if each.actor not in NOBODY and each.refused.code not in NOT_KEPT]
    if kept:
        with contextlib.suppress(Refused):
            in_transaction(store, lambda tx: _keep(tx, kept, to_micros(at)))


def _keep(tx: Tx, attempts: Sequence[Attempt], at: int) -> None:
    cases = {row.number: row for row in tx.rows_among(CASES, numbers=sorted({each.number for each in attempts}))}
    actors = {row.handle: row for row in tx.rows_among(ACTORS, handles=sorted({each.actor for each in attempts}))}
    rows = [
        _row(each, cases[each.number], actors.get(each.actor), at)
        for each in attempts
        if each.number in cases and not _automatic(actors.get(each.actor))
    ]
    if not rows:
        return
    tx.run_all(ADD, rows)
    tx.run_all(DROP_MORE, [{"case_id": case_id, "kept": KEPT_PER_CASE} for case_id in {row["case_id"] for row in rows}])
    tx.run(DROP_OLD, oldest=at - KEPT_FOR // timedelta.resolution)


def _automatic(actor: Any) -> bool:
    return actor is not None and bool({Role.SYSTEM, Role.IMPORT} & set(actor.roles.split()))


def _row(attempt: Attempt, case: Any, actor: Any, at: int) -> dict[str, Any]:
    table = lifecycle_of(case.kind)
    known = table.rows.get(attempt.move, ())
    fields = {name for row in known for name in row.form.model_fields}
    return {
        "at": at,
        "case_id": case.id,
        "actor_id": None if actor is None else actor.id,
        "via": attempt.via,
        "move": attempt.move if known else "",
        "state": table.resolver.state(case.state),
        "code": attempt.refused.code,
        "why": " ".join(_reasons(attempt.refused.params, fields)),
    }


def _reasons(params: dict[str, Any], fields: set[str]) -> Iterable[str]:
    """Return the codes that a refusal names; of a form the faulty fields that it has."""
    for name in REASONS:
        value: Any = params.get(name, ())
        yield from (value,) if isinstance(value, str) else map(str, value)
    faults: list[Any] = params.get("fields", [])
    yield from (fault["field"] for fault in faults if fault["field"] in fields)


def refused_moves(store: Store, reader: str, at: datetime, limit: int, **conditions: Any) -> list[RefusedMove]:
    """Return the attempts that meet the conditions, newest first; one that is None does not restrict.

    Conditions are ``number``, ``actor``, ``move``, ``code`` and ``since``. Raises ``Refused('not_in_charge')`` for
    whoever is no auditor.
    """
    given: dict[str, Any] = {name: value for name, value in conditions.items() if value is not None}
    if "since" in given:
        given["since"] = to_micros(given["since"])
    sql = SEARCH.format(conditions=" AND ".join(CONDITIONS[name] for name in given) or "TRUE")
    with store.looking() as tx:
        if not acting(tx, reader, to_micros(at)).roles & READERS:
            raise Refused("not_in_charge", handle=reader, wanted=sorted(role.value for role in READERS))
        return [_move(row) for row in tx.rows(sql, limit=limit, **given)]


def _move(row: Any) -> RefusedMove:
    columns = row.number, row.kind, row.actor, row.via, row.move, row.state, row.code
    return RefusedMove(from_micros(row.at), *columns, tuple(row.why.split()))
