"""Find in the table what a recorded move does to timers, so that its form is read only where they depend on it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.commands.open_case import OPEN
from engine.commands.promise_effects import CONVERTED
from reports.whatif.record import form_of
from statemachines.form_model import ON_CASE, marked
from statemachines.lifecycle import Lifecycle, Move

ON_TIMERS: Final = frozenset({"department", "owner", "severity", "customer_type"})
"""The columns of a case that its timers depend on and that a form may set."""
PROMISES_MOVED: Final = "promises_moved"
"""Why a case is left out: promises came to it from another case, or were opened again."""


class LeftOut(Exception):
    """A case cannot be recomputed by its own record; the argument is the reason."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What the table says of a recorded move: its row, and the fields of its form that timers depend on.

    ``moves_promises`` says that it takes promises from elsewhere or opens some again.
    """

    row: Move | None
    on_case: tuple[str, ...]
    instants: tuple[str, ...]
    reads_form: bool
    moves_promises: bool

    def form(self, table: Lifecycle, move: Any) -> dict[str, Any]:
        """Return what the timers need of the form of a recorded move. Raises ``LeftOut``."""
        if self.moves_promises:
            raise LeftOut(PROMISES_MOVED)
        if not self.reads_form:
            return {}
        form = form_of(table, move)
        if move.move == OPEN and form.get("relation") == CONVERTED:
            raise LeftOut(PROMISES_MOVED)
        return form | {name: datetime.fromisoformat(form[name]) for name in self.instants if form.get(name)}


OPENING: Final = Effect(None, ("customer_type",), (), reads_form=True, moves_promises=False)


def effect_of(table: Lifecycle, move: str, source: str, dest: str, *, reopens: bool) -> Effect:
    """Return what a move from one state to another does to timers; ``reopens`` says that a new cycle began with it."""
    if move == OPEN:
        return OPENING
    rows = [row for row in table.rows.get(move, ()) if row.leads(source, dest)]
    row = next((row for row in rows if row.reopens == reopens), rows[0] if rows else None)
    if row is None:
        return Effect(None, (), (), reads_form=False, moves_promises=False)
    on_case = tuple(name for name in marked(row.form, ON_CASE) if name in ON_TIMERS)
    fields = row.form.model_fields
    dated = {name for clause in table.clauses for name in (clause.due_field, clause.as_of_field) if name in fields}
    numbered = {clause.occurrence_field for clause in table.clauses if clause.occurrence_field in fields}
    reads = bool(on_case or dated or numbered or row.extends or row.speaks)
    moved = row.inherits_timers or row.restores_timers or row.reopens_promises or row.meets_promises
    return Effect(row, on_case, tuple(sorted(dated)), reads, moved)
