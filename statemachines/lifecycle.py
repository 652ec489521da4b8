"""Decides whether a move is legal: the machine of ``transitions`` tries it, and a refusal names the reason."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, cast

from pydantic import ValidationError
from transitions import EventData, Machine, MachineError

from statemachines.form_faults import form_faults
from statemachines.form_model import Form
from statemachines.guards import unmet_by_facts
from statemachines.lifecycle_table import LifecycleTable
from statemachines.move_conditions import DecisionAttempt, conditions, own_work, record_row
from statemachines.refused import Refused
from statemachines.roles import Role
from statemachines.vocabulary import STAY, Clause, Facts, Guard, Milestone, Move, Retired, Speech, State

__all__ = [
    "STAY", "Clause", "Decision", "Facts", "Guard", "Lifecycle", "Milestone", "Move", "Refused", "Retired",
    "Speech", "State",
]  # fmt: skip

Offers = list[tuple[str, list[list[Callable[[EventData], bool]]]]]


class Decision(NamedTuple):
    """A legal move: the row that matched, and the checked form."""

    row: Move
    source: str
    dest: str
    form: Form


class Lifecycle(LifecycleTable):
    """A lifecycle: the table, and the machine of ``transitions`` that decides by it; ``laws.lawful`` checks it."""

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
                row.name, list(row.sources), row.dest, conditions=conditions(row), before=record_row(row)
            )
        return machine

    def checked(self, move: str, form: Mapping[str, Any]) -> Form:
        """Return the move's form, validated. Raises ``Refused('unknown_move' | 'form')``."""
        if move not in self.rows:
            raise Refused("unknown_move", move=move, known=list(self.rows))
        try:
            return self.rows[move][0].form.model_validate(form)
        except ValidationError as error:
            raise Refused("form", kind=self.kind, move=move, fields=form_faults(error)) from None

    def settled(self, move: str, state: str, roles: frozenset[Role]) -> Move | None:
        """Return the row that the machine chose before for these roles in this state, if only these decide.

        Where no row of the move has a guard, separated duties or recused people, the machine chooses the same row for
        every case. Then the facts of the next case need not be built.
        """
        return self._settled.get((move, state, roles))

    @cached_property
    def _settled(self) -> dict[tuple[str, str, frozenset[Role]], Move]:
        return {}

    def _depends(self, move: str, state: str) -> bool:
        """Return whether the decision on the move depends on more than the state and the roles."""
        rows = (row for row in self.rows[move] if state in row.sources)
        return any(row.guard or row.separate_from or row.recused for row in rows)

    def decide(self, facts: Facts, move: str, form: Form, roles: Iterable[Role]) -> Decision:
        """Let the machine try the move, and return the row that it chose.

        Raises ``Refused('not_now' | 'role' | 'own_work' | 'recused' | 'blank_bound' | 'guard')``.
        """
        attempt = DecisionAttempt(facts.state, facts, frozenset(roles), form)
        try:
            exists = facts.state in self.state  # for an unknown state the machine raises a ValueError
            moved = exists and self._machine.events[move].trigger(attempt)
        except MachineError:
            moved = False
        if not moved or attempt.row is None:
            raise self._refusal(move, attempt, self.allowed(facts, attempt.roles))
        if not self._depends(move, facts.state):
            self._settled[move, facts.state, attempt.roles] = attempt.row
        return Decision(attempt.row, facts.state, attempt.row.dest or facts.state, form)

    def allowed(self, facts: Facts, roles: Iterable[Role]) -> list[str]:
        """Return the moves that a person with these roles may make now, if he fills in the form accordingly.

        A guard that reads the form, which is not filled in yet, may hold; one that the facts rule out does not.
        """
        attempt = DecisionAttempt(facts.state, facts, frozenset(roles), None)
        event = EventData(None, None, self._machine, attempt, (), {})
        return [
            move
            for move, transitions in self._offered(facts.state)
            if any(all(holds(event) for holds in each) for each in transitions)
        ]

    def offers(self, facts: Facts, roles: Iterable[Role]) -> list[tuple[str, Refused | None]]:
        """Return the moves that the table gives to these roles in the state, each with why it cannot be made now.

        None where it can, if the person fills in the form accordingly.
        """
        offered: list[tuple[str, Refused | None]] = []
        allowed = self.allowed(facts, roles := frozenset(roles))
        for move, transitions in self._offered(facts.state):
            if move in allowed:
                offered.append((move, None))
                continue
            attempt = DecisionAttempt(facts.state, facts, roles, None)
            event = EventData(None, None, self._machine, attempt, (), {})
            for each in transitions:  # each notes which of its conditions does not hold
                all(holds(event) for holds in each)
            if any(code != "role" for code, _ in attempt.failed):
                offered.append((move, self._refusal(move, attempt, allowed)))
        return offered

    def _offered(self, state: str) -> Offers:
        """Return the machine's triggers from a state, each with the conditions of each of its transitions."""
        if state not in self._offers:
            events = self._machine.events
            offers = [
                (move, [[each.func for each in row.conditions] for row in events[move].transitions[state]])
                for move in self._machine.get_triggers(state)
            ]
            self._offers[state] = cast(Offers, offers)
        return self._offers[state]

    @cached_property
    def _offers(self) -> dict[str, Offers]:
        return {}

    def _refusal(self, move: str, attempt: DecisionAttempt, allowed: list[str]) -> Refused:
        """Return the refusal with its reason, from the conditions that failed; the library does not name them.

        Rows of other roles count only if there are no other rows. A reason that all rows share is given as the reason;
        where the reasons differ, the guards are named, of a guard with parts those that do not hold.
        """
        facts = attempt.facts
        params = {"kind": self.kind, "move": move, "state": facts.state, "allowed": allowed}
        if not attempt.failed:
            return Refused("not_now", **params)
        failed = [(code, row) for code, row in attempt.failed if code != "role"]
        if not failed:
            roles = {role.value for _, row in attempt.failed for role in row.roles}
            people = roles - {Role.SYSTEM.value, Role.IMPORT.value}
            return Refused("role", wanted=sorted(people or roles), **params)
        codes = {code for code, _ in failed}
        if codes == {"own_work"}:
            names = {name for _, row in failed for name in own_work(row, facts)}
            return Refused("own_work", actor=facts.actor, moves=sorted(names), **params)
        if codes == {"recused"}:
            return Refused("recused", actor=facts.actor, **params)
        guards = [row.guard for _, row in failed if row.guard]
        blank = [name for guard in guards for name in guard.bounds if facts.bounds.get(name) is None]
        if blank:
            return Refused("blank_bound", bound=blank[0], **params)
        form = attempt.form
        unmet = [unmet_by_facts(guard, facts) if form is None else guard.unmet(facts, form) for guard in guards]
        shared = [part for part in unmet[0] if all(part in parts for parts in unmet)]
        named = shared or [part for parts in unmet for part in parts]
        return Refused("guard", guards=list(dict.fromkeys(guard.name for guard in named)), **params)
