"""Keeps what a customer's answers come to, one rating for each round of a case (D2, E1)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.actors import SYSTEM
from engine.ledger.journal import journal_row
from engine.rules.questionnaires import Questionnaire, score
from engine.store import Store
from models.columns import to_micros

# The move that opens another round is recorded in the new one; what was rated is the round before it.
KEEP = """
INSERT INTO rating (case_id, cycle, questionnaire, version, answered, score, at)
VALUES (:case_id, (SELECT cycle FROM transition WHERE case_id = :case_id AND seq = :seq - 1),
        :questionnaire, :version, :answered, :score, :at)
ON CONFLICT (case_id, cycle) DO UPDATE SET questionnaire = excluded.questionnaire, version = excluded.version,
   answered = excluded.answered, score = excluded.score, at = excluded.at RETURNING cycle
"""


def keep_rating(
    store: Store, case_id: int, seq: int, questionnaire: Questionnaire, answers: Mapping[str, Any], at: datetime
) -> None:
    """Keep the rating of the round that the move ``seq`` answered; of two answers in one round the later one holds."""
    points, answered = score(questionnaire, answers)
    values = {"case_id": case_id, "seq": seq, "questionnaire": questionnaire.name, "version": questionnaire.version}
    with store.writing() as tx:
        row = tx.row(KEEP, answered=answered, score=points, at=to_micros(at), **values)
        journal_row(tx, "rating", (case_id, row.cycle), SYSTEM, to_micros(at))
