"""Finds the cases that events of a log name: a merge and its counterpart name each other by the ids of the log.

Note [Cases that wait]: a merge needs the number that its target has here, and the target takes over the timers that the
merged case gave away. So an event that names a case which has not come so far waits, and with it the rest of its case,
until the others have been replayed. Where nothing goes on any more, the event is refused: the log lacks the other case.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.ledger.record import case_by_id
from engine.replay.event_buffer import Line
from engine.replay.statistics import kept, key_of
from engine.retired_names import recorded_as
from engine.transaction import Tx
from statemachines.form_model import OPEN_CASE, marked
from statemachines.lifecycle import Lifecycle, Move

GAVE_AWAY = "SELECT 1 AS found FROM transition WHERE case_id = :case_id AND move IN ({moves})"


def named_cases(row: Move) -> tuple[str, ...]:
    """Return the fields of a move's form that name another case of the same kind, which its log holds, too."""
    return (*marked(row.form, OPEN_CASE), *(("case",) if row.inherits_timers else ()))


@dataclass(frozen=True, slots=True)
class CaseReferences:
    """The cases of one log that are known here. ``opened`` are those of this transaction, by key.

    ``last`` says that no other case will go on: what is not known is refused. ``write_plans`` writes what this
    transaction has planned so far.
    """

    tx: Tx
    secret: bytes
    source: str
    opened: Mapping[str, int]
    write_plans: Callable[[], None]
    last: bool

    def resolve(self, table: Lifecycle, line: Line) -> Line | None:
        """Return the event with our numbers of the cases that it names; None where it waits for one of them."""
        rows = table.rows.get(line.move, ())
        fields = [name for name in named_cases(rows[0]) if line.form.get(name)] if rows else []
        if not fields or line.refused or line.ignored:
            return line
        gave_away = any(row.inherits_timers for row in rows)
        numbers = {name: self._number(table, str(line.form[name]), gave_away) for name in fields}
        if all(numbers.values()):
            return line._replace(form={**line.form, **numbers})
        return line._replace(refused="unknown_case") if self.last else None

    def _number(self, table: Lifecycle, case: str, gave_away: bool) -> str | None:
        """Return our number of a case of the log; with ``gave_away`` only once it has given its timers away."""
        key = key_of(self.secret, self.source, case)
        case_id = self.opened.get(key)
        if case_id is None:
            known = kept(self.tx, key)
            if known is None:
                return None
            case_id = known[0]
        self.write_plans()
        if gave_away:
            moves = {row.name for row in table.moves if row.releases_timers}
            if not moves or self.tx.row(GAVE_AWAY.format(moves=recorded_as("move", *moves)), case_id=case_id) is None:
                return None
        return case_by_id(self.tx, case_id).number
