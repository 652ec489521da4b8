"""Walks a case from state to state by the table of its lifecycle alone: no kind and no move is named here.

At each state the walker tries the moves that lead nearer to where it wants to go, by every person who may make them
and with forms drawn from the form's own types. Where none is accepted it makes a move that stays, because such moves
establish what guards ask for; and where only time leads on, it lets time pass.
"""

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import islice, tee
from random import Random
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from engine.access.moves import MOVE_ACTORS
from engine.commands.advance import advance
from engine.commands.case_context import Wanted, context_of
from engine.commands.command import Command
from engine.commands.decide import done_by, facts_of
from engine.commands.load import load_one
from engine.create_store import set_clock
from models.columns import from_micros, to_micros
from statemachines.form_model import (
    ACTOR,
    BORNE_CATEGORY,
    CATEGORY,
    CUSTOMER_KIND,
    DEPARTMENT,
    KNOWN_CASE,
    PAST,
    Form,
    marked,
    required,
)
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Lifecycle, Move, Refused
from statemachines.roles import Role
from tests.case_actions import query_rows
from tests.statemachines.strategies import accepted
from tests.stories.story import Story

FormAsRead = tuple[dict[str, Any], Form]
"""What is sent, and the form that it is read as."""

FORMS_TRIED, STEPS = 120, 80
PERSON = frozenset({"own_work", "recused", "role"})
"""The refusals that no other form of the same person changes."""
DEPARTMENT_OF_ALL, CATEGORY_OF_ALL = "claims", "damage"
NEXT_FIRING = """
SELECT min(k.fires_at) AS at FROM timer k JOIN cases c ON c.id = k.case_id
 WHERE c.number = :number AND k.closed_at IS NULL
"""


class Stuck(AssertionError):
    """No move and no timer leads on from a state."""


class Walker:
    """Walks the case of a story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        rows = query_rows(story.store, "SELECT handle, roles FROM actor WHERE disabled_at IS NULL ORDER BY handle")
        self.people = {row["handle"]: frozenset(map(Role, row["roles"].split())) for row in rows}
        self.people = {handle: roles for handle, roles in self.people.items() if not roles & {Role.SYSTEM, Role.IMPORT}}

    @property
    def table(self) -> Lifecycle:
        kind = query_rows(self.story.store, "SELECT kind FROM cases WHERE number = :n", n=self.story.number)[0]["kind"]
        return lifecycle_of(kind)

    def walk_to(self, *states: str) -> "Walker":
        """Bring the case into one of the states."""
        away = distances(self.table, states)
        used: set[tuple[str, str]] = set()
        for _ in range(STEPS):
            here = self.story.state
            if here in states:
                return self
            if here not in away:
                raise Stuck(f"{here} leads to none of {states}; moves: {self.story.moves}")
            rows = [row for row in walkable(self.table) if here in row.sources]
            elsewhere = sorted((row for row in rows if row.dest in away and row.dest != here), key=_by(away))
            nearer = [row for row in elsewhere if away[row.dest or ""] < away[here]]
            staying = [row for row in rows if row.dest is None]
            fresh = [row for row in (*nearer, *staying, *elsewhere) if (here, row.name) not in used]
            # Where a form decides between two rows of a move, first one is looked for that leads where the row does.
            for row, exactly in (*((row, True) for row in (*fresh, *nearer)), *((row, False) for row in nearer)):
                if self._made([row], next_people=self._next_people(row.dest or here, away), exactly=exactly):
                    used.add((here, row.name))
                    break
            else:
                self._waits()
        raise Stuck(f"after {STEPS} steps the case is in {self.story.state}; moves: {self.story.moves}")

    def make(self, move: str, **given: Any) -> bool:
        """Try to make a move from where the case is, with a form that holds at least the given values."""
        rows = [row for row in self.table.rows[move] if self.story.state in row.sources]
        return self._made(rows, given, only_required=True)

    def _made(
        self,
        rows: list[Move],
        given: dict[str, Any] | None = None,
        only_required: bool = False,
        next_people: tuple[str, ...] = (),
        exactly: bool = False,
    ) -> bool:
        """Make one of the rows; return whether one was accepted. Forms name ``next_people`` before others.

        With ``exactly`` only forms are sent by which the table chooses a row of the same destination.
        """
        handles = list(dict.fromkeys((*next_people, *self.people)))
        for row in rows:
            named = self._open_occurrences(row.name) | (given or {})
            refused: set[str] = set()
            forms = distinct(row.form, self._forms(row.form, named, only_required, handles))
            for handle in (handle for handle, roles in self.people.items() if roles & set(row.roles)):
                forms, again = tee(forms)
                if self._accepted(row, handle, again, refused, exactly):
                    return True
        return False

    def _open_occurrences(self, move: str) -> dict[str, Any]:
        """Return what a form names that meets a promise or a node: the oldest one that is open."""
        named: dict[str, Any] = {}
        for clause in (clause for clause in self.table.clauses if clause.occurrence_field and move in clause.met_by):
            open_ = [timer["occurrence"] for timer in self.story.timers(clause.name) if timer["closed_at"] is None]
            if open_:
                named[clause.occurrence_field] = min(open_)
        return named

    def _next_people(self, state: str, away: dict[str, int]) -> tuple[str, ...]:
        """Return who may make the moves that lead on from a state: a form names them for it."""
        on = [
            row for row in walkable(self.table) if state in row.sources and away.get(row.dest or "", 99) < away[state]
        ]
        return tuple(handle for handle, roles in self.people.items() if any(roles & set(row.roles) for row in on))

    def _accepted(
        self, row: Move, by: str, forms: Iterator[FormAsRead], refused_forms: set[str], exactly: bool
    ) -> bool:
        """Make the move with the first form that is accepted; add to ``refused_forms`` those that nobody can send."""
        move, before = row.name, self.story.version
        may = self._decider(row, by, exactly)
        if may is None:
            return False
        for form, read in forms:
            if repr(form) in refused_forms:
                continue
            try:
                if not may(read):
                    continue
                advance(self.story.store, Command(self.story.number, move, form, actor=by), self.story.now)
            except Refused as refused:
                if refused.code in PERSON:
                    return False
                refused_forms.add(repr(form))
                continue
            self.story.settle()
            return self.story.version > before
        return False

    def _decider(self, row: Move, by: str, exactly: bool) -> Callable[[Form], bool] | None:
        """Return a function that accepts a form if the table lets this person make the move with it.

        What the table refuses need not be sent. Return None if it accepts no form of this person. The function raises
        ``Refused`` with a code of ``PERSON``.
        """
        table, move, roles = self.table, row.name, self.people[by]
        with self.story.store.looking() as tx:
            wanted = Wanted(self.story.number, move, by, key=None)
            loaded = load_one(tx, wanted, to_micros(self.story.now))
            context = context_of(loaded)
            department = loaded.actor.department if loaded.actor is not None else None
            done = [(row.move, row.handle) for row in tx.rows(MOVE_ACTORS, case_id=context.case.id)]
        separate = done_by(done, table.separate_from(move, context.case.state))
        facts = facts_of(
            context.case,
            context.pack,
            by,
            separate,
            context.now,
            {timer.clause for timer in context.timers},
            department,
        )

        if move not in table.allowed(facts, roles):
            return None

        def may(form: Form) -> bool:
            try:
                chosen = table.settled(move, facts.state, roles) or table.decide(facts, move, form, roles).row
            except Refused as refused:
                if refused.code in PERSON:
                    raise
                return False
            return not exactly or (chosen.dest or facts.state) == (row.dest or facts.state)

        return may

    def _waits(self) -> None:
        """Let time pass until a timer of the case fires."""
        at = query_rows(self.story.store, NEXT_FIRING, number=self.story.number)[0]["at"]
        if at is None:
            raise Stuck(f"{self.story.state}: no move is accepted, and no timer runs; moves: {self.story.moves}")
        set_clock(self.story.store, max(from_micros(at), self.story.now))
        self.story.settle()

    def _forms(
        self, form: type[Form], given: dict[str, Any], only_required: bool, handles: list[str]
    ) -> Iterator[dict[str, Any]]:
        """Yield forms: the plainest first, then with one value exchanged, then mixed."""
        values = {name: choices for name, choices in self._values(form, handles).items() if name not in given}
        must = [name for name in values if name in required(form)]
        plainest = {name: values[name][0] for name in must}
        yield plainest | given
        for name in must:
            yield from (plainest | given | {name: value} for value in values[name][1:])
        if only_required and all(len(values[name]) == 1 for name in must):
            return
        yield {name: values[name][-1] for name in must} | given  # the largest of all numbers: an examination is passed
        dice = Random(form.__name__)
        while True:
            names = must if only_required else [name for name in values if name in must or dice.random() < 0.5]
            yield {name: dice.choice(values[name]) for name in names} | given

    def _values(self, form: type[Form], handles: list[str]) -> dict[str, list[Any]]:
        soon = (self.story.now + timedelta(days=1)).isoformat()
        drawn = values_of_types(form)
        values: dict[str, list[Any]] = {}
        for name in form.model_fields:
            if name in marked(form, ACTOR):
                values[name] = handles
            elif name in marked(form, DEPARTMENT):
                values[name] = [DEPARTMENT_OF_ALL]
            elif name in marked(form, CATEGORY) + marked(form, BORNE_CATEGORY):
                values[name] = [CATEGORY_OF_ALL]
            elif name in marked(form, CUSTOMER_KIND):
                values[name] = [kind for kind, table in lifecycles().items() if not table.internal]
            elif name in marked(form, KNOWN_CASE):
                values[name] = [self.story.number]
            elif name in marked(form, PAST):
                values[name] = [self.story.now.isoformat()]
            else:
                values[name] = drawn[name] or [soon]
        return values


def distinct(form: type[Form], drawn: Iterator[dict[str, Any]]) -> Iterator[FormAsRead]:
    """Yield the first ``FORMS_TRIED`` forms, each different one once, without those that the type itself refuses."""
    seen: set[str] = set()
    for each in islice(drawn, FORMS_TRIED):
        if repr(each) in seen:
            continue
        seen.add(repr(each))
        try:
            read = form.model_validate(each)
        except ValidationError:
            continue
        yield each, read


@cache
def values_of_types(form: type[Form]) -> dict[str, list[Any]]:
    """Return for each field the values that its type accepts; none for a field that names an instant."""
    hints = get_type_hints(form, include_extras=True)
    values: dict[str, list[Any]] = {}
    for name in form.model_fields:
        hint = hints[name]
        an_instant = any(part is datetime for part in (hint, *get_args(hint))) or "due" in name
        values[name] = [] if an_instant else [each for each in accepted(hint) if each is not None]
        values[name] = [each for each in values[name] if not isinstance(each, datetime)]
    return values


def _by(away: dict[str, int]) -> Callable[[Move], int]:
    return lambda row: away[row.dest or ""]


def walkable(table: Lifecycle) -> list[Move]:
    """Return the rows that are for people or for the system, not for the import of another system's record alone."""
    return [row for row in table.moves if set(row.roles) != {Role.IMPORT}]


def open_sources(table: Lifecycle, row: Move) -> list[str]:
    """Return the open states that the row starts in. From an end only a new cycle leads on, which is another life."""
    return [source for source in row.sources if not table.state[source].final]


def distances(table: Lifecycle, goals: tuple[str, ...]) -> dict[str, int]:
    """Return how many moves each open state is away from the goals, by the rows of the table."""
    away = dict.fromkeys(goals, 0)
    waiting = deque(goals)
    while waiting:
        goal = waiting.popleft()
        for row in (row for row in walkable(table) if row.dest == goal):
            for source in (source for source in open_sources(table, row) if source not in away):
                away[source] = away[goal] + 1
                waiting.append(source)
    return away
