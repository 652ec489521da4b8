"""Says what a change of the lifecycles does to the open cases of a store, before anything is written.

For each kind: what changed since each version that the store recorded, which open cases, timers and deliveries bear a
name that is gone, and what becomes of them. A name in use that is gone without a ``Retired`` entry would be lost.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from engine.ledger.lifecycle_versions import ALL, recorded_versions
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Facts, Lifecycle
from statemachines.lifecycle_record import RecordedLifecycle, differences, read_document
from statemachines.refused import Refused

STANDING = """
SELECT kind, state, previous_state, count(*) AS n FROM cases WHERE NOT closed GROUP BY kind, state, previous_state
"""
TIMERS = """
SELECT c.kind, c.state, k.clause, count(*) AS n FROM timer k JOIN cases c ON c.id = k.case_id
 WHERE k.closed_at IS NULL GROUP BY c.kind, c.state, k.clause
"""
# A dead delivery counts, too: a person may retry it.
WAITING = """
SELECT c.kind, t.move, t.source, t.dest, count(*) AS n FROM (
  SELECT case_id, seq FROM outbox_event
  UNION ALL SELECT case_id, seq FROM delivery WHERE status IN ('waiting', 'leased', 'dead')
) w JOIN transition t ON t.case_id = w.case_id AND t.seq = w.seq JOIN cases c ON c.id = w.case_id
 GROUP BY c.kind, t.move, t.source, t.dest
"""
MADE = """
SELECT t.move, count(DISTINCT t.case_id) AS n FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE NOT c.closed AND c.kind = :kind AND t.move = ANY(:moves) GROUP BY t.move
"""
VARIABLES = "SELECT variables, count(*) AS n FROM cases WHERE NOT closed AND kind = :kind GROUP BY variables"
TO_CARRY = """
FROM cases c WHERE NOT c.closed AND c.kind = :kind AND c.id > :after
 AND (c.state = ANY(:states) OR c.previous_state = ANY(:states) {variables}
      OR EXISTS (SELECT 1 FROM timer k WHERE k.case_id = c.id AND k.closed_at IS NULL AND k.clause = ANY(:clauses)))
"""
COMES_BACK = "came_from_"
"""How the guards of a move begin that leads back to where the case came from (``statemachines.guards``)."""


@dataclass(slots=True)
class Touched:
    """A name that is gone and still in use, or, as ``previous_state``, a case that could not go back.

    ``becomes`` is ``carried_over``, ``closed``, ``restarted``, ``dropped``, ``kept`` (in the history) or ``lost``.
    ``cases`` counts open cases that bear it, ``came_from`` those that came from it, ``timers`` open timers,
    ``deliveries`` what waits to be delivered.
    """

    sort: str
    name: str
    to: str | None
    becomes: str
    cases: int = 0
    came_from: int = 0
    timers: int = 0
    deliveries: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """A version that the store recorded, and the names that were added and removed since, by sort."""

    version: str
    recorded_at: datetime
    changes: Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True, slots=True)
class KindCheck:
    """What becomes of the open cases of a kind."""

    kind: str
    versions: tuple[Version, ...]
    touched: tuple[Touched, ...]
    to_carry: int

    @property
    def version(self) -> str:
        """The version in force, empty where the kind is gone."""
        table = lifecycles().get(self.kind)
        return table.version if table is not None else ""

    @property
    def lost(self) -> tuple[Touched, ...]:
        """What would be lost."""
        return tuple(one for one in self.touched if one.becomes == "lost")


@dataclass(frozen=True, slots=True)
class LifecycleCheck:
    """The check of a whole store."""

    kinds: tuple[KindCheck, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing would be lost."""
        return not any(one.lost for one in self.kinds)

    @property
    def to_carry(self) -> int:
        """How many open cases ``lifecycle migrate`` carries over."""
        return sum(one.to_carry for one in self.kinds)

    def refuse_unsafe(self) -> None:
        """Raise ``Refused('lifecycle_unsafe')`` with every name that would be lost."""
        lost = [f"{one.kind}: {gone.sort} {gone.name}" for one in self.kinds for gone in one.lost]
        if lost:
            raise Refused("lifecycle_unsafe", lost=lost)


@dataclass(slots=True)
class _InUse:
    """What the open cases of one kind bear, with how many of each."""

    standing: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    timers: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    waiting: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])


def check_store(store: Store, *, changes: bool = True) -> LifecycleCheck:
    """Check a store against the lifecycles in force, in one consistent look."""
    with store.looking() as tx:
        return check_lifecycles(tx, changes=changes)


def check_lifecycles(tx: Tx, *, changes: bool = True) -> LifecycleCheck:
    """Check within a transaction of the caller's.

    Without ``changes`` it does not say what changed since each version: to describe every table takes some tenths of
    a second, and who only asks whether all is well need not wait for it.
    """
    recorded: dict[str, list[Version]] = {}
    old: dict[str, list[RecordedLifecycle]] = {}
    readable = recorded_versions(tx)
    for row in tx.rows(ALL):
        document, table = readable.get((row.kind, row.version)), lifecycles().get(row.kind)
        changed = differences(document, read_document(table.document)) if changes and document and table else {}
        recorded.setdefault(row.kind, []).append(Version(row.version, from_micros(row.recorded_at), changed))
        if document is not None:
            old.setdefault(row.kind, []).append(document)
    in_use = _in_use(tx)
    kinds = sorted({*recorded, *in_use})
    return LifecycleCheck(
        tuple(
            _check_kind(tx, kind, recorded.get(kind, []), old.get(kind, []), in_use.get(kind, _InUse()))
            for kind in kinds
        )
    )


def _in_use(tx: Tx) -> dict[str, _InUse]:
    found: dict[str, _InUse] = {}
    for row in tx.rows(STANDING):
        found.setdefault(row.kind, _InUse()).standing[row.state, row.previous_state] += row.n
    for row in tx.rows(TIMERS):
        found.setdefault(row.kind, _InUse()).timers[row.state, row.clause] += row.n
    for row in tx.rows(WAITING):
        found.setdefault(row.kind, _InUse()).waiting[row.move, row.source, row.dest] += row.n
    return found


def _check_kind(tx: Tx, kind: str, versions: list[Version], old: list[RecordedLifecycle], in_use: _InUse) -> KindCheck:
    table = lifecycles().get(kind)
    if table is None:
        cases, waiting = in_use.standing.total(), in_use.waiting.total()
        gone = Touched("kind", kind, None, "lost", cases, timers=in_use.timers.total(), deliveries=waiting)
        return KindCheck(kind, tuple(versions), (gone,) if cases or waiting else (), 0)
    touched = [
        *_states(table, in_use),
        *_ways_back(table, in_use),
        *_clauses(table, old, in_use),
        *_moves(tx, table, old, in_use),
        *_variables(tx, table, old),
    ]
    return KindCheck(kind, tuple(versions), tuple(touched), count_to_carry(tx, table))


def _states(table: Lifecycle, in_use: _InUse) -> Iterator[Touched]:
    cases, came_from, timers, deliveries = (Counter[str]() for _ in range(4))
    for (state, previous), n in in_use.standing.items():
        cases[state] += n
        came_from[previous] += n
    for (state, _), n in in_use.timers.items():
        timers[state] += n
    for (_, source, dest), n in in_use.waiting.items():
        for name in {source, dest}:
            deliveries[name] += n
    for name in sorted({*cases, *came_from, *deliveries} - {"", *table.state}):
        to = table.resolver.state(name)
        live = to in table.state
        counted = (cases[name], came_from[name], timers[name], deliveries[name])
        yield Touched("state", name, to if live else None, "carried_over" if live else "lost", *counted)


def _ways_back(table: Lifecycle, in_use: _InUse) -> Iterator[Touched]:
    """Cases that a move should lead back to where they came from, and that no row of the move leads back any more."""
    found: Counter[tuple[str, str]] = Counter()
    for (state, previous), n in in_use.standing.items():
        here, before = table.resolver.state(state), table.resolver.state(previous)
        if (here, before) != (state, previous) and _no_way_back(table, here, before):
            found[here, before] += n
    for (here, before), n in found.items():
        yield Touched("previous_state", f"{here} from {before}", None, "lost", came_from=n)


def _no_way_back(table: Lifecycle, state: str, previous: str) -> bool:
    facts = Facts(state, previous)
    for rows in table.rows.values():
        guards = [row.guard for row in rows if state in row.sources]
        back = [guard for guard in guards if guard is not None and guard.name.startswith(COMES_BACK)]
        if back and len(back) == len(guards) and not any(guard.holds(facts, None) for guard in back):
            return True
    return False


def _clauses(table: Lifecycle, old: list[RecordedLifecycle], in_use: _InUse) -> Iterable[Touched]:
    """Timers of clauses that are gone, and of clauses that no longer live where their cases stand."""
    found: dict[tuple[str, str], Touched] = {}
    thens = {name: bool(clause.then) for recorded in old for name, clause in recorded.clauses.items()}
    for (state, name), n in in_use.timers.items():
        to = table.resolver.clause(name)
        clause = table.clause.get(to) if to is not None else None
        if to is not None and clause is None:
            becomes = "lost"
        elif clause is None or table.resolver.state(state) not in clause.lives_in:
            becomes = "closed"
        elif name == clause.name:
            continue
        else:
            becomes = "carried_over" if thens.get(name, bool(clause.then)) == bool(clause.then) else "restarted"
        one = found.setdefault((name, becomes), Touched("clause", name, clause.name if clause else None, becomes))
        one.timers += n
    return found.values()


def _moves(tx: Tx, table: Lifecycle, old: list[RecordedLifecycle], in_use: _InUse) -> Iterator[Touched]:
    """Moves that are gone and that open cases made: reactions, duties and reports look for them in the history."""
    gone = {name for recorded in old for name in recorded.moves} - {*table.rows}
    made = {row.move: row.n for row in tx.rows_among(MADE, kind=table.kind, moves=sorted(gone))} if gone else {}
    waiting: Counter[str] = Counter()
    for (move, _, _), n in in_use.waiting.items():
        waiting[move] += n
    for name in sorted(gone):
        if made.get(name) or waiting[name]:
            to = table.resolver.move(name)
            live = to in table.rows
            becomes = "carried_over" if live else "kept" if name in table.resolver.moves else "lost"
            to = to if live else None
            yield Touched("move", name, to, becomes, cases=made.get(name, 0), deliveries=waiting[name])


def _variables(tx: Tx, table: Lifecycle, old: list[RecordedLifecycle]) -> Iterator[Touched]:
    """Variables that are gone and that open cases still hold."""
    gone = {name for recorded in old for name in recorded.names()["variable"]} - table.variables
    if not gone:
        return
    held: Counter[str] = Counter()
    for row in tx.rows(VARIABLES, kind=table.kind):
        for name in orjson.loads(row.variables):
            held[name] += row.n if name in gone else 0
    for name in sorted(held):
        if held[name]:
            to = next(iter(table.resolver.variables({name: 0})), None)
            becomes = "lost" if name not in table.resolver.renamed_variables else "carried_over" if to else "dropped"
            yield Touched("variable", name, None if to == name else to, becomes, cases=held[name])


def count_to_carry(tx: Tx, table: Lifecycle) -> int:
    """How many open cases of a kind bear a retired name."""
    if not table.retired:
        return 0
    sql, values = to_carry(table, 0)
    return tx.rows_among(f"SELECT count(*) AS n {sql}", **values)[0].n


def to_carry(table: Lifecycle, after: int) -> tuple[str, dict[str, Any]]:
    """The condition, and its values, of the open cases of a kind that bear a retired name, past a case's id."""
    names = {f"variable_{n}": name for n, name in enumerate(table.resolver.renamed_variables)}
    held = "".join(f" OR c.variables LIKE :{key} ESCAPE '!'" for key in names)
    patterns = {key: f'%"{name.replace("_", "!_")}":%' for key, name in names.items()}
    states, clauses = list(table.resolver.states), list(table.resolver.clauses)
    values = {"kind": table.kind, "after": after, "states": states, "clauses": clauses, **patterns}
    return TO_CARRY.format(variables=held), values
