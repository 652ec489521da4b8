"""The vocabulary in which a lifecycle is written, and the pure decision whether a move is legal."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, cast

from pydantic import ValidationError
from transitions import EventData, Machine, MachineError

from statemachines.asks import Asks, Nothing
from statemachines.refused import Refused
from statemachines.roles import Role

Callback = str | Callable[..., Any]

STAY: Final = None
"""The destination of a move that leaves the case where it is."""


class Milestone(StrEnum):
    """The spine that every kind of case shares, so that every board has the same columns."""

    RECEIVED = "received"
    CLASSIFIED = "classified"
    INVESTIGATED = "investigated"
    RESOLVED = "resolved"
    REVISITED = "revisited"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guard may know of a case."""

    state: str
    came_from: str = ""
    cycle: int = 1
    level: int = 0
    attempts: int = 0
    max_rounds: int | None = None
    max_attempts: int = 3


@dataclass(frozen=True, slots=True)
class Guard:
    """A named condition of a move; its name is the message key of the refusal."""

    name: str
    holds: Callable[[Facts, Any], bool]


@dataclass(frozen=True, slots=True)
class State:
    """Where the work stands. ``owner`` is the role that is awaited; a final state awaits nobody."""

    name: str
    milestone: Milestone
    owner: Role | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table: what may be done, from where, by whom, with which form.

    Rows of one name share one form. ``reopens`` begins a new cycle one level higher (B3).
    """

    name: str
    sources: tuple[str, ...]
    dest: str | None
    by: tuple[Role, ...]
    asks: type[Asks] = Nothing
    when: Guard | None = None
    reopens: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """A promise. Its clock runs while the case is in ``during`` and rests while it is in ``pauses``.

    ``kept_by`` names the moves that keep it; leaving both sets otherwise stops it. ``then`` is the
    move the clock itself makes when it falls due (such a clause has no ladder). ``answers`` marks a
    promise to reply, which only a person's words can keep (law 10); ``once`` one of the first cycle only.
    """

    name: str
    during: tuple[str, ...]
    pauses: tuple[str, ...] = ()
    kept_by: tuple[str, ...] = ()
    then: str | None = None
    answers: bool = False
    once: bool = False

    @property
    def lives_in(self) -> tuple[str, ...]:
        """The states in which the clock exists, running or at rest."""
        return self.during + self.pauses


@dataclass(frozen=True, slots=True)
class Retired:
    """A state that was removed, and where cases still in it are carried over to."""

    old: str
    to: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A legal move: the row that matched, and the checked form."""

    row: Move
    source: str
    dest: str
    form: Asks


@dataclass
class _Cursor:
    """The throw-away model on which the machine tries a move."""

    state: str
    facts: Facts
    roles: frozenset[Role]
    form: Asks | None
    row: Move | None = None


@dataclass(frozen=True)
class Lifecycle:
    """The whole life of one kind of case as a table of data; ``laws.lawful`` checks it where it is made."""

    kind: str
    prefix: str
    initial: str
    states: tuple[State, ...]
    moves: tuple[Move, ...]
    clauses: tuple[Clause, ...] = ()
    retired: tuple[Retired, ...] = ()
    remind: str = "remind"
    breach: str = "breach"

    @cached_property
    def state(self) -> Mapping[str, State]:
        """The states by name."""
        return {state.name: state for state in self.states}

    @cached_property
    def rows(self) -> Mapping[str, tuple[Move, ...]]:
        """The rows of each move, in the order of the table."""
        names = dict.fromkeys(move.name for move in self.moves)
        return {name: tuple(row for row in self.moves if row.name == name) for name in names}

    @cached_property
    def version(self) -> str:
        """Twelve hex digits that change whenever the table does; every transition carries them."""
        table = [
            [self.kind, self.prefix, self.initial, self.remind, self.breach],
            [[s.name, s.milestone, s.owner, s.final] for s in self.states],
            [_described(move) for move in self.moves],
            [[c.name, c.during, c.pauses, c.kept_by, c.then, c.answers, c.once] for c in self.clauses],
            [[r.old, r.to] for r in self.retired],
        ]
        return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:12]

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

    def checked(self, move: str, form: Mapping[str, Any]) -> Asks:
        """The move's form, validated. Raises ``Refused('unknown_move' | 'form')``."""
        if move not in self.rows:
            raise Refused("unknown_move", move=move, known=list(self.rows))
        try:
            return self.rows[move][0].asks.model_validate(form)
        except ValidationError as error:
            raise Refused("form", move=move, fields=_complaints(error)) from None

    def decide(self, facts: Facts, move: str, form: Asks, roles: Iterable[Role]) -> Decision:
        """Whether ``move`` is legal now. Raises ``Refused('not_now' | 'role' | 'guard')``."""
        cursor = _Cursor(facts.state, facts, frozenset(roles), form)
        try:
            moved = self._machine.events[move].trigger(cursor)
        except (MachineError, ValueError):
            moved = False
        if not moved or cursor.row is None:
            raise self._why_not(facts, move, cursor.roles)
        return Decision(cursor.row, facts.state, cursor.row.dest or facts.state, form)

    def allowed(self, facts: Facts, roles: Iterable[Role]) -> list[str]:
        """The moves that these roles could make now, were their forms filled in."""
        held = frozenset(roles)
        rows = (row for row in self.moves if facts.state in row.sources and held & set(row.by))
        return list(dict.fromkeys(row.name for row in rows))

    def _why_not(self, facts: Facts, move: str, roles: frozenset[Role]) -> Refused:
        rows = [row for row in self.rows[move] if facts.state in row.sources]
        told = {"kind": self.kind, "move": move, "state": facts.state, "allowed": self.allowed(facts, roles)}
        if not rows:
            return Refused("not_now", **told)
        if not any(roles & set(row.by) for row in rows):
            wanted = sorted({role.value for row in rows for role in row.by})
            return Refused("role", wanted=wanted, **told)
        return Refused("guard", guards=[row.when.name for row in rows if row.when], **told)


def _conditions(row: Move) -> list[Callback]:
    by = frozenset(row.by)

    def may(event: EventData) -> bool:
        return bool(by & _cursor(event).roles)

    def holds(event: EventData) -> bool:
        cursor = _cursor(event)
        return row.when is None or row.when.holds(cursor.facts, cursor.form)

    return [may, holds]


def _noting(row: Move) -> Callback:
    def note(event: EventData) -> None:
        _cursor(event).row = row

    return note


def _cursor(event: EventData) -> _Cursor:
    return cast(_Cursor, event.model)


def _described(move: Move) -> list[Any]:
    guard = move.when.name if move.when else None
    return [move.name, move.sources, move.dest, move.by, guard, move.reopens, move.asks.model_json_schema()]


def _complaints(error: ValidationError) -> list[dict[str, str]]:
    """Field and reason of each fault, without the value: it may be personal."""
    return [
        {"field": ".".join(map(str, fault["loc"])), "why": fault["type"], "text": fault["msg"]}
        for fault in error.errors(include_input=False, include_url=False)
    ]
