"""Finds appraisals that count scores of conduct which a reviewer has corrected since (E6, F5)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.retired_names import recorded_as
from engine.rules.in_force import Rules, rules_in
from engine.rules.pack_sections import CONDUCT
from engine.transaction import Tx
from models.columns import to_micros
from reports.indicators.periods import period_of
from statemachines.appraisal import APPRAISAL, CORRECTABLE
from statemachines.kinds import lifecycle_of

APPRAISALS = """
SELECT c.number, c.pack, c.version, c.variables FROM cases c
 WHERE c.kind = :kind AND NOT c.closed AND c.state IN ({correctable}) ORDER BY c.id
"""
# The score of then against the newest one; what had not been scored then did not count.
CORRECTED = """
SELECT DISTINCT c.number FROM conduct_sample s JOIN actor a ON a.id = s.staff_id JOIN cases c ON c.id = s.case_id
  JOIN conduct_sheet then_ ON then_.draw_id = s.draw_id AND then_.position = s.position
   AND then_.revision = (SELECT max(o.revision) FROM conduct_sheet o
                          WHERE o.draw_id = s.draw_id AND o.position = s.position AND o.scored_at <= :as_of)
  JOIN conduct_sheet now_ ON now_.draw_id = s.draw_id AND now_.position = s.position
   AND now_.revision = (SELECT max(o.revision) FROM conduct_sheet o
                         WHERE o.draw_id = s.draw_id AND o.position = s.position)
 WHERE a.handle = :handle AND s.occurred_at >= :since AND s.occurred_at < :until
   AND coalesce(now_.score, -1) <> coalesce(then_.score, -1)
 ORDER BY c.number
"""


@dataclass(frozen=True, slots=True)
class CorrectedAppraisal:
    """An appraisal, the transition up to which it was read, and the cases of the contacts whose score was changed."""

    number: str
    seq: int
    cases: Sequence[str]


def corrected_appraisals(tx: Tx, at: int) -> list[CorrectedAppraisal]:
    """Return the appraisals that are not archived and rest on a score of conduct which was corrected, oldest first."""
    rules, found = rules_in(tx), list[CorrectedAppraisal]()
    sql = APPRAISALS.format(correctable=recorded_as("state", *CORRECTABLE))
    for row in tx.rows(sql, kind=APPRAISAL.kind):
        if cases := _corrected(tx, rules, row, at):
            found.append(CorrectedAppraisal(row.number, row.version, cases))
    return found


def _corrected(tx: Tx, rules: Rules, row: Any, at: int) -> list[str]:
    known = lifecycle_of(APPRAISAL.kind).resolver.variables(json.loads(row.variables))
    pack = rules.pack(row.pack, at)
    if pack.appraisal is None or CONDUCT not in pack.appraisal.weights:
        return []
    period, zone = period_of(known["period"]), ZoneInfo(pack.zone)
    as_of = to_micros(datetime.fromisoformat(known["as_of"]))
    rows = tx.rows(
        CORRECTED, handle=known["appraised"], since=period.begins(zone), until=period.ends(zone), as_of=as_of
    )
    return [each.number for each in rows]
