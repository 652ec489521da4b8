"""Reads how often the same cause was found in the same department (F1)."""

import json
from datetime import timedelta

from engine.retired_names import recorded_as
from engine.store import Store
from models import Case
from models.columns import MICROSECOND
from statemachines.finding import FINDING
from statemachines.kinds import lifecycle_of

YEAR = timedelta(days=365) // MICROSECOND

# Up to this case's own measure, so that the same question has the same answer whenever it is asked.
MEASURES = """
SELECT c.number, t.form FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.kind = :kind AND c.department = :department AND t.move IN ({propose_measure}) AND t.recorded_at > :since
   AND (t.recorded_at < :until OR (t.recorded_at = :until AND t.case_id <= :case_id))
 ORDER BY t.recorded_at, t.case_id
"""


def alike(store: Store, case: Case, cause: str, at: int) -> list[str]:
    """The numbers of the findings of this cause in the case's department within the year up to its own measure.

    ``at`` is when that measure was recorded, in microseconds; the case itself is the last.
    """
    asked = {"kind": FINDING.kind, "department": case.department, "case_id": case.id}
    with store.looking() as tx:
        sql = MEASURES.format(propose_measure=recorded_as("move", "propose_measure"))
        rows = tx.rows(sql, **asked, since=at - YEAR, until=at)
    table = lifecycle_of(FINDING.kind)
    causes = ((row.number, table.resolved_form("propose_measure", json.loads(row.form)).get("cause")) for row in rows)
    return list(dict.fromkeys(number for number, found in causes if found == cause))
