"""What a move needs to know, read at once: for one alone in one round trip, for a group in a few."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from engine.actors import ACTORS, Acting
from engine.ledger.low_water_mark import ANCHORED, FLOOR
from engine.ledger.record import HELD, NAMES, CaseRow, lock_cases
from engine.rules.in_force import rules_in, seen
from engine.timers import timer as running
from engine.timers.timer import RunningTimer
from engine.transaction import Tx
from statemachines.kinds import lifecycles
from statemachines.retirement import Resolver

KEY, DID = "key", "did"
HONOURED = """
SELECT k.key, k.request_hash, c.number, t.seq, t.dest, t.level FROM idempotency_key k
  JOIN transition t ON t.case_id = k.case_id AND t.seq = k.seq JOIN cases c ON c.id = k.case_id
"""
KNOWN = f"{HONOURED} WHERE k.key = :key"
KNOWN_OF = f"{HONOURED} WHERE k.key = ANY(:keys)"

DONE = """
SELECT DISTINCT t.case_id, t.move, a.handle FROM transition t JOIN actor a ON a.id = t.actor_id
 WHERE t.case_id = ANY(:case_ids)
"""
DONE_BY = """
(SELECT {listed}(DISTINCT t.move || ' ' || a.handle) FROM transition t JOIN actor a ON a.id = t.actor_id
  WHERE t.case_id = c.id)
"""
LISTED = {True: "json_agg", False: "json_group_array"}

# A row for each open clock, and one if there is none; on each of them the case, the actor and the key again.
_ONE = f"""
SELECT {", ".join(f"c.{name}" for name in NAMES)},
       {", ".join(f"o.{name}" for name in running.COLUMNS)},
       h.key, h.request_hash, h.number AS honoured, h.seq, h.dest, h.level AS reached,
       a.id AS actor_id, a.handle, a.roles, e.newest, e.anchored, {{done}} AS done
  FROM cases c CROSS JOIN (SELECT max(id) AS newest, ({ANCHORED}) AS anchored FROM edition) e
  LEFT JOIN actor a ON a.handle = :actor
  LEFT JOIN timer o ON o.case_id = c.id AND o.closed_at IS NULL
  LEFT JOIN ({KNOWN}) h ON TRUE
 WHERE c.number = :number ORDER BY o.id
"""
ONE = _ONE.format(done="NULL")
ONE_WITH_DONE = {postgres: _ONE.format(done=DONE_BY.format(listed=name)) for postgres, name in LISTED.items()}
CLOCK = len(NAMES)
HONOUR = CLOCK + len(running.COLUMNS)
ACTOR = HONOUR + 6


@dataclass(frozen=True, slots=True)
class Honoured:
    """What became of a command whose key was honoured before."""

    key: str
    request_hash: str
    number: str
    seq: int
    dest: str
    level: int


def _separated(move: str) -> bool:
    """Whether it may matter for a move who made others (F3)."""
    return any(move in table.separated for table in lifecycles().values())


def for_one(tx: Tx, number: str, move: str, actor: str, key: str | None) -> None:
    """Read the case, its open clocks, who moves it and whether the key is known, as they are at one instant.

    Nothing is locked. What is not there is not read, and asked for again by whoever misses it.
    """
    rows = tx.rows(ONE_WITH_DONE[tx.postgres] if _separated(move) else ONE, number=number, actor=actor, key=key)
    if not rows:
        return
    first = rows[0]
    head = CaseRow(*first[:CLOCK])
    rules = seen(tx, first.newest)
    tx.memory[FLOOR] = first.anchored or 0
    tx.memory[HELD] = {number}
    tx.ahead[HELD, number] = head
    clocks = [row[CLOCK:HONOUR] for row in rows if row[CLOCK] is not None]
    tx.ahead[running.AHEAD, head.id] = [RunningTimer(*row, place=rules.calendar(row[5])) for row in clocks]
    if key is not None:
        tx.ahead[KEY, key] = None if first.key is None else Honoured(*first[HONOUR:ACTOR])
    if first.actor_id is not None:
        tx.memory[ACTORS] = {actor: Acting.of(first.actor_id, first.handle, first.roles)}
    if first.done is not None:
        done: list[str] = first.done if tx.postgres else orjson.loads(first.done)
        tx.ahead[DID, head.id] = [one.split(" ", 1) for one in done]


def for_many(tx: Tx, moves: Sequence[tuple[str, str]], keys: Sequence[str]) -> None:
    """Wait for the cases of a group, and read them, their open clocks, who moved them, and which keys are known.

    ``moves`` are pairs of a case's number and what it is to do.
    """
    heads = lock_cases(tx, [number for number, _ in moves])
    running.read_ahead(tx, rules_in(tx), [head.id for head in heads])
    apart = {number for number, move in moves if _separated(move)}
    _read_done(tx, [head.id for head in heads if head.number in apart])
    known: dict[str, Any] = {row.key: row for row in tx.rows_among(KNOWN_OF, keys=list(keys))} if keys else {}
    tx.ahead |= {(KEY, key): known.get(key) for key in keys}


def _read_done(tx: Tx, case_ids: list[int]) -> None:
    if case_ids:
        tx.ahead |= {(DID, case_id): [] for case_id in case_ids}
        for row in tx.rows_among(DONE, case_ids=case_ids):
            tx.ahead[DID, row.case_id].append((row.move, row.handle))


def did(tx: Tx, case_id: int, moves: Collection[str], resolver: Resolver) -> dict[str, frozenset[str]]:
    """Who made these moves of the case so far, by the move; a retired move counts as the one that took its place."""
    done = tx.ahead.pop((DID, case_id), None)
    if done is None:
        done = [(row.move, row.handle) for row in tx.rows_among(DONE, case_ids=[case_id])]
    made = [(resolver.move(move), handle) for move, handle in done]
    return {name: frozenset(handle for move, handle in made if move == name) for name in moves}
