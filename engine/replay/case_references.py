"""Finds the cases that events of a log name: a merge and its counterpart name each other by the ids of the log.

Note [Cases that wait]: a merge needs the number that its target has here, and the target takes over the timers that the
merged case gave away. So an event that names a case which has not come so far waits, and with it the rest of its case,
until the others have been replayed. A merge that is undone waits as well, until the case that it went on in has come as
far as it can: that case takes the timers over first, and what it met in the meantime stays met. Where nothing goes on
any more, the event is refused: the log lacks the other case.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from engine.commands.case_context import CaseContext
from engine.ledger.record import case_by_id
from engine.replay.event_buffer import Line
from engine.replay.statistics import kept, key_of
from engine.retired_names import recorded_as
from engine.transaction import Tx
from statemachines.form_model import OPEN_CASE, marked
from statemachines.lifecycle import Lifecycle, Move

MADE = "SELECT form FROM transition WHERE case_id = :case_id AND move IN ({moves})"


def named_cases(row: Move) -> tuple[str, ...]:
    """Return the fields of a move's form that name another case of the same kind, which its log holds, too."""
    return (*marked(row.form, OPEN_CASE), *(("case",) if row.inherits_timers else ()))


@dataclass(frozen=True, slots=True)
class CaseReferences:
    """The cases of one log that are known here. ``opened`` are those of this transaction, by key.

    ``stalled`` counts the rounds in which no case went on: after one, undone merges go on; after two, what is not known
    is refused. ``write_plans`` writes what this transaction has planned so far.
    """

    tx: Tx
    secret: bytes
    source: str
    opened: Mapping[str, int]
    write_plans: Callable[[], None]
    stalled: int

    def resolve(self, context: CaseContext, line: Line) -> Line | None:
        """Return the event with our numbers of the cases that it names; None where it waits for one of them."""
        table = context.table
        rows = table.rows.get(line.move, ())
        if not self.stalled and _undoes_a_merge(table, context.case.state, rows):
            return None
        fields = [name for name in named_cases(rows[0]) if line.form.get(name)] if rows else []
        if not fields or line.refused or line.ignored:
            return line
        takes_over = any(row.inherits_timers for row in rows)
        numbers = {name: self._number(context, str(line.form[name]), takes_over) for name in fields}
        if all(numbers.values()):
            return line._replace(form={**line.form, **numbers})
        return line._replace(refused="unknown_case") if self.stalled > 1 else None

    def _number(self, context: CaseContext, case: str, takes_over: bool) -> str | None:
        """Return our number of a case of the log; where its timers are taken over, only once it has given them away."""
        key = key_of(self.secret, self.source, case)
        case_id = self.opened.get(key)
        if case_id is None:
            known = kept(self.tx, key)
            if known is None:
                return None
            case_id = known[0]
        self.write_plans()
        number = case_by_id(self.tx, case_id).number
        return None if takes_over and not self._has_given(context, case_id, number) else number

    def _has_given(self, context: CaseContext, case_id: int, number: str) -> bool:
        """Return whether a case has given its timers to this one more often than this one took them over."""
        table, case = context.table, context.case
        given = self._times(case_id, {row.name for row in table.moves if row.releases_timers}, case.number)
        return given > self._times(case.id, {row.name for row in table.moves if row.inherits_timers}, number)

    def _times(self, case_id: int, moves: set[str], named: str) -> int:
        """Return how often a case made one of the moves with a form that names a case."""
        if not moves:
            return 0
        rows = self.tx.rows(MADE.format(moves=recorded_as("move", *moves)), case_id=case_id)
        return sum(named in orjson.loads(row.form).values() for row in rows)


def _undoes_a_merge(table: Lifecycle, state: str, rows: Sequence[Move]) -> bool:
    """Return whether one of the rows undoes the merge of a case that stands in ``state``."""
    merged = {row.dest for row in table.moves if row.releases_timers}
    return state in merged and any(row.restores_timers and state in row.sources for row in rows)
