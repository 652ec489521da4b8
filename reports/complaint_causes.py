"""The cause of a complaint and who bears the responsibility, and what complaints cost by either (B4, B7)."""

import json
from collections import Counter
from typing import Any

from engine.retired_names import recorded_as
from engine.rules.in_force import rules_in
from engine.rules.indicator_queries import Facts
from engine.transaction import Tx
from reports.indicators.case_facts import relation
from reports.indicators.record_at import record_at
from statemachines.complaint import COMPLAINT
from statemachines.forms import Degree
from statemachines.kinds import lifecycle_of

PAID_FOR = ("cause", "responsible")
"""By what the cost is counted."""
# The variables of a case that changed later are not those of the instant; its moves name cause and party.
JUDGED = """CASE WHEN c.changed_at <= :as_of THEN c.variables ELSE '{{}}' END AS variables,
       (SELECT t.form FROM transition t WHERE t.case_id = c.id AND t.move IN ({investigate}) AND t.recorded_at <= :as_of
         ORDER BY t.seq DESC LIMIT 1) AS found,
       (SELECT t.form FROM transition t WHERE t.case_id = c.id AND t.move IN ({determine}) AND t.recorded_at <= :as_of
         ORDER BY t.seq DESC LIMIT 1) AS determined"""
COST = """
SELECT f.compensation, {judged} FROM ({paid}) f JOIN cases c ON c.id = f.case_id
 WHERE c.kind = :kind AND f.at >= :begin AND f.at < :end
"""


def judged() -> str:
    """Return the columns of ``cases c`` that ``cause_and_responsible`` reads, as of ``:as_of``."""
    moves = {"investigate": "investigate", "determine": "determine_responsibility"}
    return JUDGED.format(**{name: recorded_as("move", move) for name, move in moves.items()})


def cause_and_responsible(row: Any) -> tuple[str, str]:
    """Return cause and responsible party of the last determination, or else the cause investigated last.

    A later round's investigation may guess at another cause; it judges nobody.
    """
    table = lifecycle_of(COMPLAINT.kind)
    variables = table.resolver.variables(json.loads(row.variables))
    investigated = table.resolved_form("investigate", json.loads(row.found or "{}"))
    determined = variables | table.resolved_form("determine_responsibility", json.loads(row.determined or "{}"))
    cause = determined.get("cause") or investigated.get("cause")
    responsible = determined.get("degree") != Degree.NONE  # NONE: the party was examined and bears no responsibility
    return cause or "", determined.get("responsible") or "" if responsible else ""


def cost(tx: Tx, begin: int, end: int, as_of: int) -> dict[str, Counter[str]]:
    """Return the compensation decided on in a period, in fen, by each of ``PAID_FOR``: the indicator's, split up."""
    paid = relation(Facts.COMPENSATIONS, record_at(tx, as_of), (), rules_in(tx))
    by: dict[str, Counter[str]] = {subject: Counter() for subject in PAID_FOR}
    sql = COST.format(judged=judged(), paid=paid)
    for row in tx.rows(sql, kind=COMPLAINT.kind, begin=begin, end=end, as_of=as_of):
        for subject, code in zip(PAID_FOR, cause_and_responsible(row), strict=True):
            by[subject][code] += row.compensation or 0
    return by
