"""A lifecycle as a table of states, moves and clauses, and the pure decision whether a move is legal."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, cast

from pydantic import ValidationError
from transitions import EventData, Machine, MachineError

from statemachines.form_model import ON_CASE, PERSONAL, VARIABLE, Form, StepFired, marked
from statemachines.refused import Refused
from statemachines.retirement import Resolver
from statemachines.roles import Role
from statemachines.vocabulary import STAY, Clause, Facts, Guard, Milestone, Move, Retired, State

__all__ = [
    "STAY", "Clause", "Decision", "Facts", "Guard", "Lifecycle", "Milestone", "Move", "Refused", "Retired", "State",
]  # fmt: skip

Callback = str | Callable[..., Any]
Offers = list[tuple[str, list[Callable[[EventData], bool]]]]


class Decision(NamedTuple):
    """A legal move: the row that matched, and the checked form."""

    row: Move
    source: str
    dest: str
    form: Form


@dataclass(slots=True)
class _Attempt:
    """The throw-away model on which the machine tries a move, and what its conditions leave on it."""

    state: str
    facts: Facts
    roles: frozenset[Role]
    form: Form | None
    row: Move | None = None
    failed: list[tuple[str, Move]] = field(default_factory=list["tuple[str, Move]"])


@dataclass(frozen=True)
class Lifecycle:
    """The lifecycle of one kind of case as a table of data; ``laws.lawful`` checks it where it is defined.

    ``natures`` are the sorts of contact that open such a case (A2). An ``internal`` kind concerns no customer and is
    listed below those that do (A8).
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

    @cached_property
    def state(self) -> Mapping[str, State]:
        """Return the states by name."""
        return {state.name: state for state in self.states}

    @cached_property
    def clause(self) -> Mapping[str, Clause]:
        """Return the clauses by name."""
        return {clause.name: clause for clause in self.clauses}

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
    def forms(self) -> Mapping[str, type[Form]]:
        """Return the forms of the moves by the name of their class."""
        return {row.form.__name__: row.form for row in self.moves}

    @cached_property
    def variables(self) -> frozenset[str]:
        """Return the variables that moves of this kind set or count."""
        named = {name for form in self.forms.values() for name in marked(form, VARIABLE)}
        return frozenset(named | {row.counts for row in self.moves if row.counts})

    @cached_property
    def resolver(self) -> Resolver:
        """Return what became of the names that this table has retired."""
        variables = {name: marked(form, VARIABLE) for name, form in self.forms.items()}
        return Resolver.of(self.retired, variables, [row.counts for row in self.moves if row.counts])

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
            "states": [asdict(state) for state in self.states],
            "moves": [_described(move) for move in self.moves],
            "clauses": [asdict(clause) for clause in self.clauses],
            "forms": forms,
            "retired": [asdict(gone) for gone in self.retired],
        }
        return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def version(self) -> str:
        """Return twelve hex digits that change whenever the table does; every transition records them."""
        return version_of(self.document)

    @cached_property
    def _machine(self) -> Machine:
        machine = Machine(
            model=None,
            states=[state.name for state in self.states],
            initial=self.initial,
            auto_transitions=False,
            send_event=True,
        )
        for row in self.moves:
            machine.add_transition(
                row.name, list(row.sources), row.dest, conditions=_conditions(row), before=_record(row)
            )
        return machine

    def checked(self, move: str, form: Mapping[str, Any]) -> Form:
        """Return the move's form, validated. Raises ``Refused('unknown_move' | 'form')``."""
        if move not in self.rows:
            raise Refused("unknown_move", move=move, known=list(self.rows))
        try:
            return self.rows[move][0].form.model_validate(form)
        except ValidationError as error:
            raise Refused("form", move=move, fields=_faults(error)) from None

    def settled(self, move: str, state: str, roles: frozenset[Role]) -> Move | None:
        """Return the row that the machine chose before for these roles in this state, if nothing else mattered.

        The machine cannot say whether another case would be decided alike, and must be given the facts to decide at
        all; where the row has neither guard nor duties to separate, they need not be looked up a second time.
        """
        return self._settled.get((move, state, roles))

    @cached_property
    def _settled(self) -> dict[tuple[str, str, frozenset[Role]], Move]:
        return {}

    def _depends(self, move: str, state: str) -> bool:
        """Return whether more than the state and the roles decides on the move."""
        rows = (row for row in self.rows[move] if state in row.sources)
        return any(row.guard or row.separate_from or row.recused for row in rows)

    def decide(self, facts: Facts, move: str, form: Form, roles: Iterable[Role]) -> Decision:
        """Let the machine try the move.

        Raises ``Refused('not_now' | 'role' | 'own_work' | 'recused' | 'blank_bound' | 'guard')``.
        """
        attempt = _Attempt(facts.state, facts, frozenset(roles), form)
        try:
            known = facts.state in self.state  # of a state it does not know the machine raises a ValueError
            moved = known and self._machine.events[move].trigger(attempt)
        except MachineError:
            moved = False
        if not moved or attempt.row is None:
            raise self._refusal(move, attempt)
        if not self._depends(move, facts.state):
            self._settled[move, facts.state, attempt.roles] = attempt.row
        return Decision(attempt.row, facts.state, attempt.row.dest or facts.state, form)

    def allowed(self, facts: Facts, roles: Iterable[Role]) -> list[str]:
        """Return the moves that these roles are free to try now, were their forms filled in.

        ``may_…`` of the library asks every condition of a move, and a guard needs a form that nobody filled in yet:
        of each transition that the machine offers here, only the condition on the person is forms.
        """
        attempt = _Attempt(facts.state, facts, frozenset(roles), None)
        event = EventData(None, None, self._machine, attempt, (), {})
        return [
            move
            for move, conditions in self._person_conditions(facts.state)
            if any(is_free(event) for is_free in conditions)
        ]

    def _person_conditions(self, state: str) -> Offers:
        """Return the machine's triggers from a state, each with the first condition of each of its transitions."""
        if state not in self._offers:
            events = self._machine.events
            offers = [
                (move, [transition.conditions[0].func for transition in events[move].transitions[state]])
                for move in self._machine.get_triggers(state)
            ]
            self._offers[state] = cast(Offers, offers)
        return self._offers[state]

    @cached_property
    def _offers(self) -> dict[str, Offers]:
        return {}

    def _refusal(self, move: str, attempt: _Attempt) -> Refused:
        """Say why the machine refused: the library tells that no condition held, and not which one or whose.

        Rows that other roles may make count only if there are no others; what stops every row alike is the reason, and
        of different reasons the guards are named.
        """
        facts = attempt.facts
        params = {
            "kind": self.kind, "move": move, "state": facts.state, "allowed": self.allowed(facts, attempt.roles),
        }  # fmt: skip
        if not attempt.failed:
            return Refused("not_now", **params)
        failed = [(code, row) for code, row in attempt.failed if code != "role"]
        if not failed:
            roles = {role.value for _, row in attempt.failed for role in row.roles}
            return Refused("role", wanted=sorted(roles), **params)
        codes = {code for code, _ in failed}
        if codes == {"own_work"}:
            names = {name for _, row in failed for name in _own_work(row, facts)}
            return Refused("own_work", actor=facts.actor, moves=sorted(names), **params)
        if codes == {"recused"}:
            return Refused("recused", actor=facts.actor, **params)
        guards = [row.guard for _, row in failed if row.guard]
        blank = [name for guard in guards for name in guard.bounds if facts.bounds.get(name) is None]
        if blank:
            return Refused("blank_bound", bound=blank[0], **params)
        return Refused("guard", guards=[guard.name for guard in guards], **params)

    def separate_from(self, move: str, state: str) -> frozenset[str]:
        """Return the moves whose makers must be looked up before ``decide`` (F3)."""
        return frozenset(name for row in self.rows.get(move, ()) if state in row.sources for name in row.separate_from)


def _begins(clause: Clause, move: str, was: str, now: str, reopens: bool) -> bool:
    """Return whether a timer starts: with the clause's own moves if it names any, else on entering its states."""
    if clause.started_by:
        return move in clause.started_by
    return now in clause.during and (was not in clause.lives_in or reopens)


def _conditions(row: Move) -> list[Callback]:
    """Return the row's conditions for the machine; a condition that fails leaves its code on the attempt.

    An import reports what other people did under the rules of their own system: who they were is not asked, where
    the case stood and every guard are. It cannot report what an SLA timer of ours does.
    """

    roles, imported = frozenset(row.roles), row.form is not StepFired

    def person_is_free(event: EventData) -> bool:
        attempt = _attempt(event)
        if roles.isdisjoint(attempt.roles) and not (imported and Role.IMPORT in attempt.roles):
            code = "role"
        elif row.separate_from and _own_work(row, attempt.facts):
            code = "own_work"
        elif row.recused and _recused(row, attempt.facts):
            code = "recused"
        else:
            return True
        attempt.failed.append((code, row))
        return False

    def guard_holds(event: EventData) -> bool:
        attempt = _attempt(event)
        held = row.guard is None or row.guard.holds(attempt.facts, attempt.form)
        if not held:
            attempt.failed.append(("guard", row))
        return held

    return [person_is_free, guard_holds] if row.guard else [person_is_free]


def _own_work(row: Move, facts: Facts) -> frozenset[str]:
    """Return the moves that this person made and from which ``row`` is separate (F3)."""
    return frozenset(name for name in row.separate_from if facts.actor and facts.actor in facts.done_by.get(name, ()))


def _recused(row: Move, facts: Facts) -> bool:
    """Return whether the case concerns this person (F3)."""
    return bool(facts.actor) and any(facts.variables.get(name) == facts.actor for name in row.recused)


def _record(row: Move) -> Callback:
    """Return a callback that leaves the row the machine chose on the attempt."""

    def record(event: EventData) -> None:
        _attempt(event).row = row

    return record


def _attempt(event: EventData) -> _Attempt:
    return cast(_Attempt, event.model)


def _described(move: Move) -> dict[str, Any]:
    """Return a row as data: its guard and its form by their names."""
    return asdict(move) | {"guard": move.guard.name if move.guard else None, "form": move.form.__name__}


def version_of(document: str) -> str:
    """Return the version of a table, from its document."""
    return hashlib.sha256(document.encode()).hexdigest()[:12]


def _faults(error: ValidationError) -> list[dict[str, str]]:
    """Return field and reason of each fault, without the value: it may be personal."""
    return [
        {"field": ".".join(map(str, fault["loc"])), "why": fault["type"], "text": fault["msg"]}
        for fault in error.errors(include_input=False, include_url=False)
    ]
