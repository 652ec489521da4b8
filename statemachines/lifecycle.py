"""A lifecycle as a table in the house's vocabulary, and the pure decision whether a move is legal."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
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


class Decision(NamedTuple):
    """A legal move: the row that matched, and the checked form."""

    row: Move
    source: str
    dest: str
    form: Form


@dataclass
class _Cursor:
    """The throw-away model on which the machine tries a move."""

    state: str
    facts: Facts
    roles: frozenset[Role]
    form: Form | None
    row: Move | None = None


@dataclass(frozen=True)
class Lifecycle:
    """The whole life of one kind of case as a table of data; ``laws.lawful`` checks it where it is made.

    ``natures`` are the sorts of contact that begin such a case (A2). An ``internal`` kind is work among
    ourselves and stands below the customers' on every list (A8).
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
        """The states by name."""
        return {state.name: state for state in self.states}

    @cached_property
    def clause(self) -> Mapping[str, Clause]:
        """The clauses by name."""
        return {clause.name: clause for clause in self.clauses}

    @cached_property
    def rows(self) -> Mapping[str, tuple[Move, ...]]:
        """The rows of each move, in the order of the table."""
        names = dict.fromkeys(move.name for move in self.moves)
        return {name: tuple(row for row in self.moves if row.name == name) for name in names}

    def beginning(self, move: str, was: str, now: str, reopens: bool) -> list[tuple[Clause, bool]]:
        """The clauses that a move from one state to another may begin, and whether it does.

        Of one ``per`` column it alone cannot say: it begins for each new value, too.
        """
        asked = (move, was, now, reopens)
        if asked not in self._beginning:
            found = [(clause, _begins(clause, *asked)) for clause in self.clauses]
            self._beginning[asked] = [one for one in found if one[1] or one[0].partition_by]
        return self._beginning[asked]

    @cached_property
    def _beginning(self) -> dict[tuple[str, str, str, bool], list[tuple[Clause, bool]]]:
        return {}

    @cached_property
    def separated(self) -> frozenset[str]:
        """The moves that must be apart from others (F3)."""
        return frozenset(row.name for row in self.moves if row.separate_from)

    @cached_property
    def forms(self) -> Mapping[str, type[Form]]:
        """The forms of the moves by the name of their class."""
        return {row.form.__name__: row.form for row in self.moves}

    @cached_property
    def variables(self) -> frozenset[str]:
        """The variables that moves of this kind set or count."""
        named = {name for form in self.forms.values() for name in marked(form, VARIABLE)}
        return frozenset(named | {row.counts for row in self.moves if row.counts})

    @cached_property
    def resolver(self) -> Resolver:
        """What became of the names that this table has retired."""
        variables = {name: marked(form, VARIABLE) for name, form in self.forms.items()}
        return Resolver.of(self.retired, variables, [row.counts for row in self.moves if row.counts])

    def resolved_form(self, move: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """A recorded form under the field names of today; fields retired to nothing keep their own name."""
        rows = self.rows.get(self.resolver.move(move))
        return self.resolver.form(rows[0].form.__name__, recorded) if rows else dict(recorded)

    @cached_property
    def timer_only(self) -> frozenset[str]:
        """The clauses that move a case on when their time has come and promise nothing, retired names included."""
        return frozenset(
            name for clause in self.clauses if clause.then for name in self.resolver.names("clause", clause.name)
        )

    @cached_property
    def document(self) -> str:
        """The whole table as canonical JSON: what a store records of each version (``lifecycle_record`` reads it)."""
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
        """Twelve hex digits that change whenever the table does; every transition carries them."""
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
                row.name, list(row.sources), row.dest, conditions=_conditions(row), before=_noting(row)
            )
        return machine

    def checked(self, move: str, form: Mapping[str, Any]) -> Form:
        """The move's form, validated. Raises ``Refused('unknown_move' | 'form')``."""
        if move not in self.rows:
            raise Refused("unknown_move", move=move, known=list(self.rows))
        try:
            return self.rows[move][0].form.model_validate(form)
        except ValidationError as error:
            raise Refused("form", move=move, fields=_complaints(error)) from None

    def settled(self, move: str, state: str, roles: frozenset[Role]) -> Move | None:
        """The row that these roles always may take from this state, as ``decide`` found before.

        None where a guard, the person or what he did before could matter: then ``decide`` must be asked each time.
        """
        return self._settled.get((move, state, roles))

    @cached_property
    def _settled(self) -> dict[tuple[str, str, frozenset[Role]], Move]:
        return {}

    def _depends(self, move: str, state: str) -> bool:
        """Whether more bears on a decision than the state and the roles."""
        rows = (row for row in self.rows[move] if state in row.sources)
        return any(row.guard or row.separate_from or row.recused for row in rows)

    def decide(self, facts: Facts, move: str, form: Form, roles: Iterable[Role]) -> Decision:
        """Whether ``move`` is legal now. Raises ``Refused('not_now' | 'role' | 'own_work' | 'recused' | 'guard')``."""
        cursor = _Cursor(facts.state, facts, frozenset(roles), form)
        try:
            moved = self._machine.events[move].trigger(cursor)
        except (MachineError, ValueError):
            moved = False
        if not moved or cursor.row is None:
            raise self._why_not(facts, move, cursor.roles)
        if not self._depends(move, facts.state):
            self._settled[move, facts.state, cursor.roles] = cursor.row
        return Decision(cursor.row, facts.state, cursor.row.dest or facts.state, form)

    def allowed(self, facts: Facts, roles: Iterable[Role]) -> list[str]:
        """The moves that these roles could make now, were their forms filled in."""
        held = frozenset(roles)
        rows = (row for row in self.moves if facts.state in row.sources and permits(row, held))
        free = (row for row in rows if not _own_work(row, facts) and not _recused(row, facts))
        return list(dict.fromkeys(row.name for row in free))

    def _why_not(self, facts: Facts, move: str, roles: frozenset[Role]) -> Refused:
        rows = [row for row in self.rows[move] if facts.state in row.sources]
        told = {"kind": self.kind, "move": move, "state": facts.state, "allowed": self.allowed(facts, roles)}
        if not rows:
            return Refused("not_now", **told)
        mine = [row for row in rows if permits(row, roles)]
        if not mine:
            wanted = sorted({role.value for row in rows for role in row.roles})
            return Refused("role", wanted=wanted, **told)
        own = [_own_work(row, facts) for row in mine]
        if all(own):
            return Refused(
                "own_work", actor=facts.actor, moves=sorted({name for names in own for name in names}), **told
            )
        if all(_recused(row, facts) for row in mine):
            return Refused("recused", actor=facts.actor, **told)
        return Refused("guard", guards=[row.guard.name for row in mine if row.guard], **told)

    def separate_from(self, move: str, state: str) -> frozenset[str]:
        """The moves whose makers must be looked up before ``decide`` (F3)."""
        return frozenset(name for row in self.rows.get(move, ()) if state in row.sources for name in row.separate_from)


def _begins(clause: Clause, move: str, was: str, now: str, reopens: bool) -> bool:
    """A clause with moves of its own begins with them, any other where the case comes into its states."""
    if clause.started_by:
        return move in clause.started_by
    return now in clause.during and (was not in clause.lives_in or reopens)


def permits(row: Move, held: frozenset[Role]) -> bool:
    """Whether one of the roles may make the move.

    An import tells what other people did under the rules of their own house: who they were is not asked, but where the
    case stood and every condition are. What a clock of ours does, it does not tell.
    """
    return not held.isdisjoint(row.roles) or (Role.IMPORT in held and row.form is not StepFired)


def _conditions(row: Move) -> list[Callback]:
    def may(event: EventData) -> bool:
        cursor = _cursor(event)
        return permits(row, cursor.roles) and not _own_work(row, cursor.facts) and not _recused(row, cursor.facts)

    def holds(event: EventData) -> bool:
        cursor = _cursor(event)
        return row.guard is None or row.guard.holds(cursor.facts, cursor.form)

    return [may, holds]


def _own_work(row: Move, facts: Facts) -> frozenset[str]:
    """The moves that this person made and that ``row`` must be apart from (F3)."""
    return frozenset(name for name in row.separate_from if facts.actor and facts.actor in facts.done_by.get(name, ()))


def _recused(row: Move, facts: Facts) -> bool:
    """Whether the matter concerns this person himself (F3)."""
    return bool(facts.actor) and any(facts.variables.get(name) == facts.actor for name in row.recused)


def _noting(row: Move) -> Callback:
    def note(event: EventData) -> None:
        _cursor(event).row = row

    return note


def _cursor(event: EventData) -> _Cursor:
    return cast(_Cursor, event.model)


def _described(move: Move) -> dict[str, Any]:
    """A row as data: its guard and its form by their names."""
    return asdict(move) | {"guard": move.guard.name if move.guard else None, "form": move.form.__name__}


def version_of(document: str) -> str:
    """The version of a table, from its document."""
    return hashlib.sha256(document.encode()).hexdigest()[:12]


def _complaints(error: ValidationError) -> list[dict[str, str]]:
    """Field and reason of each fault, without the value: it may be personal."""
    return [
        {"field": ".".join(map(str, fault["loc"])), "why": fault["type"], "text": fault["msg"]}
        for fault in error.errors(include_input=False, include_url=False)
    ]
