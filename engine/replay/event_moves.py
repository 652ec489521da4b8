"""Finds the moves that stand for an event of a log: the move it names, one to the state it names, or a bridge."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from engine.commands.case_context import CaseContext
from engine.commands.open_case import OPEN
from engine.replay import meaning as reading
from engine.replay.bridges import Bridge, PlannedMove, Shown, shortest_bridge, single_moves, stands_in
from engine.replay.event_buffer import Line
from engine.replay.form_defaults import FormDefaults, recorded_form
from statemachines.form_model import Form
from statemachines.lifecycle import Facts, Move, Refused

Bridges = dict[tuple[Any, ...], Bridge | None]
"""Bridges that were searched for, by all that they depend on; None where there is none."""


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a bridge is to lead; ``name`` is all that ``reached`` depends on."""

    name: str
    reached: Callable[[Facts], bool]


def _in_state(state: str) -> Goal:
    return Goal(f"in {state}", lambda facts: facts.state == state)


@dataclass(frozen=True, slots=True)
class EventMoves:
    """One event, the facts of its case before it, and what the search for its moves may use."""

    context: CaseContext
    facts: Facts
    line: Line
    defaults: FormDefaults
    bridging: bool
    bridges: Bridges

    def find(self) -> list[PlannedMove]:
        """Return the moves. Raises ``Refused`` with the reason why there are none."""
        line, rows = self.line, self.context.table.rows
        if line.state:
            return self._to_state([line.state, *line.also])
        if line.move == OPEN:
            raise Refused("repeated_move", move=OPEN)
        for move in (line.move, *line.also):
            if any(self.facts.state in row.sources for row in rows.get(move, ())):
                return [PlannedMove(move, self._form(move))]
        return self._from_elsewhere()

    def _form(self, move: str) -> Form:
        table, line = self.context.table, self.line
        form_type = table.rows[move][0].form
        fitting = {name: value for name, value in line.form.items() if name in form_type.model_fields}
        recorded = line.form if move == line.move else fitting
        return table.checked(move, recorded_form(form_type, recorded, self.defaults))

    def _to_state(self, states: Sequence[str]) -> list[PlannedMove]:
        for row, form in self._single_moves(states):
            return [self._stand_in(row, form)]
        if self.bridging:
            return self._bridge_to_state(states[0])
        raise Refused("no_way", number=self.context.case.number)

    def _from_elsewhere(self) -> list[PlannedMove]:
        """Return moves that stand in for one that cannot be made here: a new round or a bridge. Raises ``Refused``."""
        table, facts, line = self.context.table, self.facts, self.line
        implied = reading.meaning(table, line)
        if implied and implied == facts.state:
            raise Refused("repeated_move", move=line.move)
        for row, form in self._single_moves([implied]):
            if not reading.may_stay(table, line) if row.reopens else self.bridging:
                return [self._stand_in(row, form)]
        if not self.bridging:
            raise Refused("not_now", move=line.move, state=facts.state, allowed=[])
        rows, form = table.rows[line.move], self._form(line.move)

        def possible(there: Facts) -> bool:
            here = (row for row in rows if there.state in row.sources)
            return any(row.guard is None or row.guard.holds(there, form) for row in here)

        try:
            bridge = self._bridge(Goal(f"{line.move} {form!r}", possible))
        except Refused:
            if not implied:
                raise
            return self._bridge_to_state(implied)
        return [*bridge, PlannedMove(line.move, form)]

    def _single_moves(self, states: Sequence[str]) -> Iterator[tuple[Move, Form]]:
        return single_moves(
            self.context.table, self.facts, states, self.line.form, self.defaults, bridging=self.bridging
        )

    def _stand_in(self, row: Move, form: Form) -> PlannedMove:
        """Return the one move that leads to where the log says the case is; in a bridge it may be inferred."""
        return PlannedMove(row.name, form, inferred=self.bridging and stands_in(self.context.table, row))

    def _bridge_to_state(self, state: str) -> Bridge:
        """Return a bridge to a state; its last move is the event's own, unless it stands in for others."""
        *before, last = self._bridge(_in_state(state))
        rows = (row for row in self.context.table.rows[last.move] if row.dest == state)
        return [*before, last._replace(inferred=any(stands_in(self.context.table, row) for row in rows))]

    def _bridge(self, goal: Goal) -> Bridge:
        """Return the bridge to a goal, which is searched once for all that it depends on. Raises ``Refused``."""
        table, facts, case = self.context.table, self.facts, self.context.case
        shown = Shown(self._shows_reopening(), self._shows_result())
        key = (
            *(goal.name, shown, table.kind, case.pack, case.variables, case.severity),
            orjson.dumps(self.defaults.fill),
            *(facts.state, facts.previous_state, facts.cycle, facts.level, facts.attempts),
        )
        if key not in self.bridges:
            self.bridges[key] = shortest_bridge(table, facts, goal.reached, self.defaults, shown)
        if (bridge := self.bridges[key]) is None:
            raise Refused("no_way", number=case.number)
        return bridge

    def _shows_reopening(self) -> bool:
        """Return whether the event says that work on the case began again."""
        table, line = self.context.table, self.line
        implied = reading.meaning(table, line)
        return bool(implied) and reading.rank(table, implied) < reading.RESOLVED and not reading.may_stay(table, line)

    def _shows_result(self) -> bool:
        """Return whether the event says that the case had come to a result: it is there, or it has ended.

        A survey or a call does not show that anything was delivered.
        """
        table, line = self.context.table, self.line
        implied = reading.meaning(table, line)
        if line.state:
            return reading.rank(table, implied) >= reading.RESOLVED
        return bool(implied) and table.state[implied].final
