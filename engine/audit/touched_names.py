"""Finds the removed names that open cases, timers and deliveries still bear, and what becomes of each."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from engine.audit.names_in_use import NamesInUse
from engine.transaction import Tx
from statemachines.lifecycle import Facts, Lifecycle
from statemachines.lifecycle_record import RecordedLifecycle

MADE = """
SELECT t.move, count(DISTINCT t.case_id) AS n FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE NOT c.closed AND c.kind = :kind AND t.move = ANY(:moves) GROUP BY t.move
"""
VARIABLES = "SELECT variables, count(*) AS n FROM cases WHERE NOT closed AND kind = :kind GROUP BY variables"
COMES_BACK = "came_from_"
"""The prefix of the guards that lead a case back to its previous state (``statemachines.guards``)."""


@dataclass(slots=True)
class Touched:
    """A removed name that is still in use, or, as ``previous_state``, cases that could not go back.

    ``becomes`` is ``carried_over``, ``closed``, ``restarted``, ``dropped``, ``kept`` (in the history) or ``lost``.
    ``cases`` counts open cases that bear it, ``came_from`` those whose previous state it is, ``timers`` open timers,
    ``deliveries`` those that are not done.
    """

    sort: str
    name: str
    to: str | None
    becomes: str
    cases: int = 0
    came_from: int = 0
    timers: int = 0
    deliveries: int = 0


def touched_names(tx: Tx, table: Lifecycle, versions: list[RecordedLifecycle], in_use: NamesInUse) -> Iterator[Touched]:
    """Yield the touched names of one kind; ``versions`` are those that the store has recorded."""
    yield from _states(table, in_use)
    yield from _ways_back(table, in_use)
    yield from _clauses(table, versions, in_use)
    yield from _moves(tx, table, versions, in_use)
    yield from _variables(tx, table, versions)


def _states(table: Lifecycle, in_use: NamesInUse) -> Iterator[Touched]:
    """Find removed states that cases, timers or deliveries still name."""
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
        counts = (cases[name], came_from[name], timers[name], deliveries[name])
        yield Touched("state", name, to if live else None, "carried_over" if live else "lost", *counts)


def _ways_back(table: Lifecycle, in_use: NamesInUse) -> Iterator[Touched]:
    """Find cases that no row of a returning move leads back to their previous state any more."""
    stuck: Counter[tuple[str, str]] = Counter()
    for (state, previous), n in in_use.standing.items():
        here, before = table.resolver.state(state), table.resolver.state(previous)
        if (here, before) != (state, previous) and _no_way_back(table, here, before):
            stuck[here, before] += n
    for (here, before), n in stuck.items():
        yield Touched("previous_state", f"{here} from {before}", None, "lost", came_from=n)


def _no_way_back(table: Lifecycle, state: str, previous: str) -> bool:
    """Return whether some move has only returning rows in a state, and none of them leads to the previous state."""
    facts = Facts(state, previous)
    for rows in table.rows.values():
        guards = [row.guard for row in rows if state in row.sources]
        back = [guard for guard in guards if guard is not None and guard.name.startswith(COMES_BACK)]
        if back and len(back) == len(guards) and not any(guard.holds(facts, None) for guard in back):
            return True
    return False


def _clauses(table: Lifecycle, versions: list[RecordedLifecycle], in_use: NamesInUse) -> Iterable[Touched]:
    """Find timers of removed clauses, and of clauses that do not live in the state of their case any more."""
    touched: dict[tuple[str, str], Touched] = {}
    thens = {name: bool(clause.then) for version in versions for name, clause in version.clauses.items()}
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
        successor = clause.name if clause else None
        touched.setdefault((name, becomes), Touched("clause", name, successor, becomes)).timers += n
    return touched.values()


def _moves(tx: Tx, table: Lifecycle, versions: list[RecordedLifecycle], in_use: NamesInUse) -> Iterator[Touched]:
    """Find removed moves that open cases made: reactions, duties and reports look for them in the history."""
    removed = {name for version in versions for name in version.moves} - {*table.rows}
    made = {row.move: row.n for row in tx.rows_among(MADE, kind=table.kind, moves=sorted(removed))} if removed else {}
    waiting: Counter[str] = Counter()
    for (move, _, _), n in in_use.waiting.items():
        waiting[move] += n
    for name in sorted(removed):
        if made.get(name) or waiting[name]:
            to = table.resolver.move(name)
            live = to in table.rows
            becomes = "carried_over" if live else "kept" if name in table.resolver.moves else "lost"
            yield Touched(
                "move", name, to if live else None, becomes, cases=made.get(name, 0), deliveries=waiting[name]
            )


def _variables(tx: Tx, table: Lifecycle, versions: list[RecordedLifecycle]) -> Iterator[Touched]:
    """Find removed variables that open cases still hold."""
    removed = {name for version in versions for name in version.names()["variable"]} - table.variables
    if not removed:
        return
    cases: Counter[str] = Counter()
    for row in tx.rows(VARIABLES, kind=table.kind):
        for name in orjson.loads(row.variables):
            cases[name] += row.n if name in removed else 0
    for name in sorted(cases):
        if cases[name]:
            to = next(iter(table.resolver.variables({name: 0})), None)
            becomes = "lost" if name not in table.resolver.renamed_variables else "carried_over" if to else "dropped"
            yield Touched("variable", name, None if to == name else to, becomes, cases=cases[name])
