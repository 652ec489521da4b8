"""What somebody may read of a case that is hidden from him because it concerns him: his own part, once he is asked.

He is asked where the table gives a move to him and to no stranger (``engine.access.moves``, Note [Own matter]). Until
then the case does not exist for him. He reads the decision and its grounds, which were mailed to him, and until when he
may answer; nothing of who reported, of what others said, or of who worked on it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.access.masking import PersonalData, redacted
from engine.access.moves import OfferedMove, own_moves
from engine.access.principal import OUTSIDERS, Principal, Scope
from engine.access.reading_log import log_reading
from engine.access.scope import UNLIMITED, concerning, find_case
from engine.ledger.record import COLUMNS, CaseRow, current_case_of
from engine.retired_names import recorded_as
from engine.rules.in_force import rules_in
from engine.timers.timer import falls_due
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.form_model import PERSONAL, marked
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

OPEN: Final = f"SELECT {COLUMNS} FROM cases c WHERE NOT c.closed AND ({{scope}}) ORDER BY c.id"
DECIDED: Final = """
SELECT t.seq, t.move, t.form, t.occurred_at FROM transition t
 WHERE t.case_id = :case_id AND t.move IN ({decisions}) ORDER BY t.seq DESC LIMIT 1
"""
STATEMENTS: Final = "SELECT field, content FROM statement WHERE case_id = :case_id AND seq = :seq"
RUNNING: Final = """
SELECT clause, unit, calendar, running_since, allowance, consumed FROM timer
 WHERE case_id = :case_id AND closed_at IS NULL AND running_since IS NOT NULL AND consumed < allowance
"""


@dataclass(frozen=True, slots=True)
class OwnDecision:
    """The last decision on a person: what it says by the names of its form's fields, and when it was made."""

    move: str
    at: datetime
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OwnMatter:
    """The part of a case that is for the person whom it concerns. ``until`` is when his time to answer ends."""

    case: CaseRow
    moves: list[OfferedMove]
    until: datetime | None
    decision: OwnDecision | None


def own_matters(tx: Tx, principal: Principal, at: datetime) -> list[OwnMatter]:
    """Return the matters of a principal in which he is asked something, the oldest first."""
    if not _in_person(principal):
        return []
    scope = concerning(principal.actor)
    rows = tx.rows(OPEN.format(scope=scope.sql), **scope.values)
    matters = (_matter(tx, principal, current_case_of(row), at) for row in rows)
    return [matter for matter in matters if matter is not None]


def own_matter(tx: Tx, principal: Principal, number: str, at: datetime) -> OwnMatter:
    """Return one of his matters, and log that its decision was shown.

    Raises ``Refused('unknown_case')`` where he is asked nothing, as for a case that does not exist.
    """
    if not _in_person(principal):
        raise Refused("unknown_case", number=number[:40])
    case = find_case(tx, number, concerning(principal.actor))
    matter = _matter(tx, principal, case, at)
    if matter is None:
        raise Refused("unknown_case", number=number[:40])
    if matter.decision is not None:
        log_reading(tx, principal, [case.id], (PersonalData.TEXTS,), at)
    return matter


def _in_person(principal: Principal) -> bool:
    return principal.kind not in OUTSIDERS | UNLIMITED and principal.holds(Scope.WRITE_CASES)


def _matter(tx: Tx, principal: Principal, case: CaseRow, at: datetime) -> OwnMatter | None:
    moves = own_moves(tx, principal, case, at)
    if not moves:
        return None
    return OwnMatter(case, moves, _until(tx, case), _decision(tx, case))


def _until(tx: Tx, case: CaseRow) -> datetime | None:
    """Return when the first timer runs out at whose end the system makes a move; None where none runs."""
    table, rules = lifecycle_of(case.kind), rules_in(tx)
    ends = {clause.name for clause in table.clauses if clause.then}
    timers = [row for row in tx.rows(RUNNING, case_id=case.id) if table.resolver.clause_or_own(row.clause) in ends]
    due = (
        falls_due(row.unit, rules.calendar(row.calendar), row.running_since, row.allowance - row.consumed)
        for row in timers
    )
    first = min(due, default=None)
    return None if first is None else from_micros(first)


def _decision(tx: Tx, case: CaseRow) -> OwnDecision | None:
    """Return the last decision; telephone numbers and addresses in its words are masked."""
    table = lifecycle_of(case.kind)
    if not table.decisions:
        return None
    row = tx.row(DECIDED.format(decisions=recorded_as("move", *table.decisions)), case_id=case.id)
    if row is None:
        return None
    move = table.resolver.move(row.move)
    form = table.resolved_form(row.move, json.loads(row.form))
    contents = {each.field: each.content for each in tx.rows(STATEMENTS, case_id=case.id, seq=row.seq)}
    personal = marked(table.rows[move][0].form, PERSONAL)
    said = {name: redacted(contents.get(name) or "") if name in personal else value for name, value in form.items()}
    return OwnDecision(move, from_micros(row.occurred_at), said)
