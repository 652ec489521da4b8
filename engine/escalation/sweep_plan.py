"""What the tables answer to a rung, asked once for all the cases to which it must be the same.

Note [Usual cases]: a rung of a ladder tells its case something and leaves it where it is; only the level may rise, and
no clock but its own is touched. For such a rung the table is asked once for each kind, state, pack and clause, anew in
each transaction, and only where no guard, no duty apart and no consequence could make one case differ from the next.
Whatever is not of this sort has no ``Way``: ``CaseContext`` fires it, case by case. One test asks the machine for
all that is remembered here, another fires the same store both ways.
"""

from dataclasses import dataclass
from typing import NamedTuple

from engine.actors import SYSTEM, Acting, acting
from engine.ledger.lifecycle_versions import record_version
from engine.rules.in_force import rules_in
from engine.timers.timer import falls_due, percents
from engine.transaction import Tx
from models.columns import EPOCH
from statemachines.form_model import ON_CASE, PERSONAL, VARIABLE, StepFired, marked
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Facts, Lifecycle


class Due(NamedTuple):
    """A case and one of its open clocks, as a sweep reads them; instants and amounts in microseconds."""

    case_id: int
    number: str
    kind: str
    pack: str
    state: str
    closed: bool
    version: int
    head: str
    cycle: int
    level: int
    changed_at: int
    timer_id: int
    clause: str
    its_cycle: int
    calendar: str
    unit: str
    allowance: int
    consumed: int
    running_since: int | None
    fires_at: int | None
    steps_fired: int
    its_level: int


class Step(NamedTuple):
    """A rung as the table answers it: the move it is, its share of the budget, the level it asks."""

    move: str
    percent: int
    level: int


@dataclass(frozen=True, slots=True)
class Way:
    """The ladder of a clause for all cases of one kind in one state, and the version of their table."""

    lifecycle: str
    steps: tuple[Step, ...]


class Ways:
    """What the tables answered in one transaction."""

    def __init__(self, tx: Tx, at: int) -> None:
        self._tx = tx
        self._rules = rules_in(tx)
        self._at = at
        self._known: dict[tuple[str, str, bool, str, str], Way | None] = {}
        self.system: Acting = acting(tx, SYSTEM)

    def of(self, due: Due) -> Way | None:
        """The way of a clock; None where only its case itself can tell."""
        key = (due.kind, due.state, due.closed, due.pack, due.clause)
        if key not in self._known:
            try:
                self._known[key] = self._ask(*key)
            except Exception:  # noqa: BLE001 (what cannot be decided is refused, and parked, case by case)
                self._known[key] = None
        return self._known[key]

    def falls(self, due: Due, percent: int) -> int | None:
        """When that share of a clock's budget is used up; None while it rests."""
        if due.running_since is None:
            return None
        left = due.allowance * percent // 100 - due.consumed
        return falls_due(due.unit, self._rules.calendar(due.calendar), due.running_since, left)

    def _ask(self, kind: str, state: str, closed: bool, pack_name: str, clause_name: str) -> Way | None:
        table, pack = lifecycle_of(kind), self._rules.pack(pack_name, self._at)
        clause = next(one for one in table.clauses if one.name == clause_name)
        if clause.then is not None or state not in clause.lives_in or bool(closed) != table.state[state].final:
            return None
        record_version(self._tx, table, self._at)
        steps = tuple(
            Step(table.breach if percent >= 100 else table.remind, percent, rung.level)
            for percent, rung in zip(percents(clause, pack), pack.ladder, strict=True)
        )
        return Way(table.version, steps) if all(self._same(table, state, clause_name, one) for one in steps) else None

    def _same(self, table: Lifecycle, state: str, clause: str, step: Step) -> bool:
        told = StepFired(clause=clause, cycle=1, percent=step.percent, level=step.level, due_at=EPOCH)
        return leaves_alone(table, state, step.move, told, self.system)


def leaves_alone(table: Lifecycle, state: str, move: str, form: StepFired, actor: Acting) -> bool:
    """Whether ``move`` does to each case in ``state`` the same: nothing but to raise its level.

    Raises ``Refused`` where the table forbids it there.
    """
    rows = [row for row in table.rows[move] if state in row.sources]
    if actor.person or any(row.guard for row in rows):  # of nobody no duty is apart, and no matter is his own
        return False
    row = table.decide(Facts(state=state), move, form, actor.roles).row
    if (
        row.dest not in (None, state)
        or row.reopens
        or row.extends
        or row.releases_timers
        or row.inherits_timers
        or row.counts
    ):
        return False
    if any(marked(type(form), mark) for mark in (ON_CASE, VARIABLE, PERSONAL)):
        return False
    return not any(move in clause.met_by or move in clause.started_by for clause in table.clauses)


def at_home() -> list[str]:
    """Kind, state and clause of every clock that stays as it is while its case stays where it is."""
    tables = lifecycles().values()
    return [f"{t.kind} {state} {clause.name}" for t in tables for clause in t.clauses for state in clause.lives_in]
