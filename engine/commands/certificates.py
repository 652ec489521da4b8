"""Who holds a certificate (J1), as the trainings in the record and their timers say.

A certificate holds while its training is in one of the states in which it is held and its timer has not run out. A
timer that is due but has not fired yet, because no driver ran, has run out.
"""

import json
from typing import Any

from engine.ledger.chain import canonical
from engine.retired_names import recorded_as
from engine.rules.policy import Pack
from engine.transaction import Tx
from statemachines.kinds import lifecycle_of
from statemachines.training import HOLDING, TRAINING

# The variables are canonical text, so a handle and a course are spelled in one way only.
HELD = """
SELECT c.variables FROM cases c
 WHERE c.kind = :kind AND NOT c.closed AND c.state IN ({holding})
   AND replace(c.variables, :course, '') <> c.variables
   AND (CAST(:trainee AS TEXT) IS NULL OR replace(c.variables, :trainee, '') <> c.variables)
   AND NOT EXISTS (SELECT 1 FROM timer t WHERE t.case_id = c.id AND t.closed_at IS NULL
                      AND t.clause IN ({validity}) AND t.fires_at <= :at)
"""


def holders(tx: Tx, course: str, at: int, handle: str | None = None) -> set[str]:
    """Return the handles of those who hold the certificate of a course at an instant (microseconds), or of one."""
    sql = HELD.format(holding=recorded_as("state", *HOLDING), validity=recorded_as("clause", "certificate_validity"))
    rows: list[Any] = tx.rows(
        sql,
        kind=TRAINING.kind,
        course=_naming("course", course),
        trainee=handle and _naming("trainee", handle),
        at=at,
    )
    resolver = lifecycle_of(TRAINING.kind).resolver
    return {resolver.variables(json.loads(row.variables))["trainee"] for row in rows}


def required_certificate(pack: Pack) -> str | None:
    """Return the course of which the pack asks a certificate of whoever is given a customer's case."""
    return pack.staffing and pack.staffing.certificate


def _naming(name: str, value: str) -> str:
    return canonical({name: value})[1:-1]
