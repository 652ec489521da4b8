"""A lifecycle as a table of data: its states, moves and clauses, the questions it answers, and its version."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import Any

from statemachines.form_model import ON_CASE, PERSONAL, VARIABLE, Form, marked
from statemachines.retirement import Resolver
from statemachines.roles import Role
from statemachines.vocabulary import TRANSFERS, Clause, Move, Retired, State


@dataclass(frozen=True)
class LifecycleTable:
    """The table of one kind of case; ``lifecycle.Lifecycle`` decides by it.

    ``natures`` are the sorts of contact that open such a case (A2). An ``internal`` kind concerns no customer and is
    listed below those that do (A8). ``by_contact`` says whether what a customer tells us opens such a case: one by
    which we ask him is drawn. ``decisions`` are the moves by which somebody decides what may be appealed against,
    ``preparations`` those by which the decision is prepared (F3).
    ``readers`` are the only roles that may read its cases, where it is confidential; of other kinds the role of whoever
    reads decides (``engine.access.scope``). ``hidden_from`` are the case variables that hold the handles of people who
    may not read the case, whatever their roles; ``shown_to`` those of people who read it, though no role of theirs is a
    reader. None of them is part of the version: they apply to old records, too.
    """

    kind: str
    prefix: str
    initial: str
    states: tuple[State, ...]
    moves: tuple[Move, ...]
    clauses: tuple[Clause, ...] = ()
    retired: tuple[Retired, ...] = ()
    remind: str = "remind"
    breach: str = "breach"
    natures: tuple[str, ...] = ()
    internal: bool = False
    by_contact: bool = True
    decisions: tuple[str, ...] = ()
    preparations: tuple[str, ...] = ()
    readers: tuple[Role, ...] = ()
    hidden_from: tuple[str, ...] = ()
    shown_to: tuple[str, ...] = ()

    @cached_property
    def state(self) -> Mapping[str, State]:
        """Return the states by name."""
        return {state.name: state for state in self.states}

    @cached_property
    def clause(self) -> Mapping[str, Clause]:
        """Return the clauses by name."""
        return {clause.name: clause for clause in self.clauses}

    @cached_property
    def waiting(self) -> tuple[Clause, ...]:
        """Return the clauses that have no timer while a timer of another clause is open."""
        return tuple(clause for clause in self.clauses if clause.waits_for)

    @cached_property
    def settled_timers(self) -> frozenset[tuple[str, str]]:
        """Return the states and clauses of timers that stay as they are while their case stays where it is."""
        return frozenset((state, clause.name) for clause in self.clauses for state in clause.lives_in)

    @cached_property
    def rows(self) -> Mapping[str, tuple[Move, ...]]:
        """Return the rows of each move, in the order of the table."""
        names = dict.fromkeys(move.name for move in self.moves)
        return {name: tuple(row for row in self.moves if row.name == name) for name in names}

    def beginning(self, move: str, was: str, now: str, reopens: bool) -> list[tuple[Clause, bool]]:
        """Return the clauses whose timers a move from one state to another may start, and whether it does.

        A partitioned clause is always among them: it starts for each new value of its column as well.
        """
        step = (move, was, now, reopens)
        if step not in self._beginning:
            starts = [(clause, _begins(clause, *step)) for clause in self.clauses]
            self._beginning[step] = [(clause, begins) for clause, begins in starts if begins or clause.partition_by]
        return self._beginning[step]

    @cached_property
    def _beginning(self) -> dict[tuple[str, str, str, bool], list[tuple[Clause, bool]]]:
        return {}

    @cached_property
    def separated(self) -> frozenset[str]:
        """Return the moves for which it may matter who made others (F3)."""
        return frozenset(row.name for row in self.moves if row.separate_from)

    @cached_property
    def speaking(self) -> frozenset[str]:
        """Return the moves that speak to the customer (A5)."""
        return frozenset(row.name for row in self.moves if row.speaks)

    @cached_property
    def inheriting(self) -> frozenset[str]:
        """Return the moves by which a case takes over the timers of the case that the form names."""
        return frozenset(row.name for row in self.moves if row.inherits_timers)

    @cached_property
    def arrivals(self) -> frozenset[str]:
        """Return the moves that record that a message arrived after all."""
        return frozenset(row.name for row in self.moves if row.meets_promises)

    @cached_property
    def recalling(self) -> frozenset[str]:
        """Return the moves for which it may matter what the record says of promises and messages (A5, B9)."""
        effects = {row.name for row in self.moves if row.reopens_promises or row.meets_promises or row.restores_timers}
        others_told = {row.name for row in self.moves if row.speaks and row.speaks.customer_of}
        return frozenset(effects | others_told | self.met_by_occurrence.keys())

    @cached_property
    def met_by_occurrence(self) -> Mapping[str, tuple[Clause, ...]]:
        """Return the promises to the customer of which a move meets the occurrence that its form names (B9)."""
        named = [clause for clause in self.clauses if clause.answers and clause.occurrence_field]
        moves = dict.fromkeys(move for clause in named for move in clause.met_by)
        return {move: tuple(clause for clause in named if move in clause.met_by) for move in moves}

    def separate_from(self, move: str, state: str) -> frozenset[str]:
        """Return the moves whose makers must be looked up before ``decide`` (F3)."""
        key = (move, state)
        if key not in self._separate_from:
            rows = (row for row in self.rows.get(move, ()) if state in row.sources)
            self._separate_from[key] = frozenset(name for row in rows for name in row.separate_from)
        return self._separate_from[key]

    @cached_property
    def _separate_from(self) -> dict[tuple[str, str], frozenset[str]]:
        return {}

    @cached_property
    def forms(self) -> Mapping[str, type[Form]]:
        """Return the forms of the moves by the name of their class."""
        return {row.form.__name__: row.form for row in self.moves}

    @cached_property
    def variables(self) -> frozenset[str]:
        """Return the variables that moves of this kind set or count."""
        named = {name for form in self.forms.values() for name in marked(form, VARIABLE)}
        collected = {row.collects[1] for row in self.moves if row.collects}
        return frozenset(named | collected | set(self.counted))

    @cached_property
    def counted(self) -> tuple[str, ...]:
        """Return the variables that moves count or stamp; transfers are counted wherever a department changes."""
        names = [name for row in self.moves for name in (row.counts, row.stamps) if name]
        departments = any("department" in marked(form, ON_CASE) for form in self.forms.values())
        return tuple(dict.fromkeys([*names, *([TRANSFERS] if departments else [])]))

    @cached_property
    def resolver(self) -> Resolver:
        """Return what became of the names that this table has retired."""
        variables = {name: marked(form, VARIABLE) for name, form in self.forms.items()}
        collected = [row.collects[1] for row in self.moves if row.collects]
        return Resolver.of(self.retired, variables, [*self.counted, *collected])

    def resolved_form(self, move: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return a recorded form under the field names of today; fields retired to nothing keep their own name."""
        rows = self.rows.get(self.resolver.move(move))
        return self.resolver.form(rows[0].form.__name__, recorded) if rows else dict(recorded)

    @cached_property
    def timer_only(self) -> frozenset[str]:
        """Return the clauses whose timers only make a move when they are due, retired names included."""
        return frozenset(
            name for clause in self.clauses if clause.then for name in self.resolver.names("clause", clause.name)
        )

    @cached_property
    def document(self) -> str:
        """Return the whole table as canonical JSON, which a store records; ``lifecycle_record`` reads it."""
        forms = {
            name: {
                "schema": form.model_json_schema(),
                "on_case": marked(form, ON_CASE),
                "variables": marked(form, VARIABLE),
                "personal": marked(form, PERSONAL),
            }
            for name, form in self.forms.items()
        }
        document = {
            "kind": self.kind,
            "prefix": self.prefix,
            "initial": self.initial,
            "remind": self.remind,
            "breach": self.breach,
            "natures": self.natures,
            "internal": self.internal,
            "hands_over": True,
            "states": [asdict(state) for state in self.states],
            "moves": [_described(move) for move in self.moves],
            "clauses": [asdict(clause) for clause in self.clauses],
            "forms": forms,
            "retired": [asdict(retired) for retired in self.retired],
        }
        return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def version(self) -> str:
        """Return twelve hex digits that change whenever the table does; every transition records them."""
        return version_of(self.document)


def _begins(clause: Clause, move: str, was: str, now: str, reopens: bool) -> bool:
    """Return whether a timer may start: with the clause's own moves if it names any, else on entering its states."""
    if move in clause.renewed_by and now in clause.during:
        return True
    if clause.triggers:
        return any(move == starting for _, starting in clause.triggers)
    if clause.started_by:
        return move in clause.started_by
    return now in clause.during and (was not in clause.lives_in or reopens)


def _described(move: Move) -> dict[str, Any]:
    """Return a row as data: its guard and its form by their names."""
    return asdict(move) | {"guard": move.guard.name if move.guard else None, "form": move.form.__name__}


@lru_cache(maxsize=256)
def version_of(document: str) -> str:
    """Return the version of a table, from its document."""
    return hashlib.sha256(document.encode()).hexdigest()[:12]
