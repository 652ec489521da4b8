"""The record as of an instant, as pieces of SQL: only what had been recorded by then is read (E2).

Transitions are never changed, so what was recorded by an instant can be read at any later time. The columns of a case
are those of its last move: where a move was recorded after the instant, they are read from the forms before it.

Note [Lost meetings]: the timer that a message met runs again, in the same row, once the message turns out not to have
arrived. Where that was recorded after the instant, the row does not say any more that the timer was met, but the record
does: ``message_undelivered`` names the move that had met it (``reports/indicators/promise_facts.py``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.commands.open_case import OPEN
from engine.retired_names import recorded_as
from engine.rules.indicator_queries import OF_CASES, STAGES
from engine.transaction import Tx
from statemachines.form_model import ON_CASE, marked
from statemachines.kinds import kept_with_lifecycles, lifecycles

CHANGED = """
SELECT id FROM cases WHERE NOT closed AND changed_at > :{since}
UNION ALL SELECT id FROM cases WHERE closed AND changed_at > :{since}
"""
"""The cases that moved since an instant; both halves are read from an index."""
MOVED_SINCE = "SELECT 1 AS one FROM ({changed}) moved LIMIT 1"
LATEST = """
(SELECT {value} FROM transition latest_t WHERE latest_t.case_id = c.id AND latest_t.move IN ({moves})
    AND latest_t.recorded_at <= :as_of AND {value} IS NOT NULL ORDER BY latest_t.seq DESC LIMIT 1)
"""
CAUSES = ("determine_responsibility", "investigate")
"""The moves that name a cause; a determination counts before an investigation."""


@dataclass(frozen=True, slots=True)
class RecordAt:
    """The dialect of a transaction, and whether any case has moved since the instant ``:as_of``.

    With ``changed_only`` the facts of the cases alone are read that have moved since the instant ``:changed_since``.
    """

    postgres: bool
    moved_since: bool
    changed_only: bool = False

    def among(self, case_id: str) -> str:
        """Return the further condition that the case of this key is one of those that are read."""
        return f" AND {case_id} IN ({CHANGED.format(since='changed_since')})" if self.changed_only else ""

    def field(self, form: str, name: str) -> str:
        """Return the value of a form's field as text; NULL where it was left out."""
        if self.postgres:
            return f"({form}::json ->> '{name}')"
        return f"json_extract({form}, '$.{name}')"

    def number(self, form: str, name: str) -> str:
        """Return the value of a form's field as an integer."""
        value = self.field(form, name)
        return f"CAST({value} AS bigint)" if self.postgres else value

    def column(self, name: str) -> str:
        """Return a column of ``cases c`` as it was at the instant."""
        if not self.moved_since:
            return f"c.{name}"
        moves = _moves_with(name)
        return f"CASE WHEN c.changed_at <= :as_of THEN c.{name} ELSE {self.latest(name, moves)} END"

    def latest(self, field: str, moves: Iterable[str]) -> str:
        """Return a field of the last of these moves of ``cases c`` whose form has it."""
        names, value = recorded_as("move", *moves), self.field("latest_t.form", field)
        return LATEST.format(value=value, moves=names)

    def attribute(self, name: str) -> str:
        """Return what facts of cases are filtered and grouped by, as text."""
        if name == "stage":
            whens = " ".join(f"WHEN c.kind IN ({listed(kinds)}) THEN '{stage}'" for stage, kinds in STAGES.items())
            return f"CASE {whens} END"
        if name == "cause":
            return f"coalesce({', '.join(self.latest('cause', [move]) for move in CAUSES)})"
        return f"c.{name}" if name in {"kind", "pack", "channel"} else self.column(name)

    def attributes(self, wanted: Iterable[str]) -> str:
        """Return the wanted attributes of ``cases c`` as further columns of a SELECT."""
        return "".join(f", {self.attribute(name)} AS {name}" for name in wanted if name in OF_CASES)


def record_at(tx: Tx, as_of: int, *, changed_only: bool = False) -> RecordAt:
    """Return the record as of an instant, in microseconds."""
    moved = tx.row(MOVED_SINCE.format(changed=CHANGED.format(since="as_of")), as_of=as_of) is not None
    return RecordAt(tx.postgres, moved, changed_only)


def of_kinds(kinds: Iterable[str]) -> str:
    """Return the condition that ``cases c`` are of these kinds."""
    return f"c.kind IN ({listed(kinds)})"


@kept_with_lifecycles(64)
def _moves_with(column: str) -> Sequence[str]:
    """Return the moves whose form puts this column on a case, of any kind; the opening may be one of them."""
    tables = lifecycles().values()
    return sorted({row.name for table in tables for row in table.moves if column in marked(row.form, ON_CASE)} | {OPEN})


def listed(names: Iterable[str]) -> str:
    """Return names of our own tables as the items of an SQL list."""
    return ", ".join(f"'{name}'" for name in sorted(names))
