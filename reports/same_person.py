"""Reads the open questions "same person?": in all, and of one case (A9). Personal: for staff only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.transaction import Tx
from models.columns import from_micros
from statemachines.kinds import customer_kinds

# A report concerns nobody but its readers, so only cases of customers are named.
QUESTIONS = """
SELECT q.asked_at, q.why, a.name, b.name AS other_name, q.party_id, q.other_id,
       (SELECT c.number FROM cases c WHERE c.party_id = q.party_id AND c.kind = ANY(:kinds)
         ORDER BY c.id DESC LIMIT 1) AS number,
       (SELECT c.number FROM cases c WHERE c.party_id = q.other_id AND c.kind = ANY(:kinds)
         ORDER BY c.id DESC LIMIT 1) AS other
  FROM same_person q JOIN party a ON a.id = q.party_id JOIN party b ON b.id = q.other_id
 WHERE q.same IS NULL {which} ORDER BY q.asked_at DESC, q.party_id DESC, q.other_id DESC LIMIT :most
"""
OF_CASE = """
AND (q.party_id IN (SELECT id FROM party WHERE id = :person OR person_id = :person)
  OR q.other_id IN (SELECT id FROM party WHERE id = :person OR person_id = :person))
"""
PERSON = "SELECT coalesce(p.person_id, p.id) AS person FROM cases c JOIN party p ON p.id = c.party_id WHERE c.id = :id"
OTHERS = """
SELECT DISTINCT o.number FROM cases c
  JOIN same_person q ON q.same IS NULL AND (q.party_id = c.party_id OR q.other_id = c.party_id)
  JOIN cases o ON o.party_id = CASE WHEN q.party_id = c.party_id THEN q.other_id ELSE q.party_id END
 WHERE c.number = ANY(:numbers) AND c.kind = ANY(:kinds) AND o.kind = ANY(:kinds) AND NOT o.closed
 ORDER BY o.number LIMIT :most
"""
MOST = 20
"""So many questions of one case are shown."""


@dataclass(frozen=True, slots=True)
class SamePersonQuestion:
    """Whether the customers of two cases are one person: what they have in common, and since when it is open."""

    case: str
    name: str | None
    other: str
    other_name: str | None
    why: tuple[str, ...]
    asked_at: datetime


def open_questions(tx: Tx, most: int) -> list[SamePersonQuestion]:
    """Return the open questions, the newest first."""
    return _questions(tx.rows_among(QUESTIONS.format(which=""), kinds=customer_kinds(), most=most))


def questions_of(tx: Tx, case_id: int, number: str) -> list[SamePersonQuestion]:
    """Return the open questions about the customer of a case, each with this case first."""
    person = tx.row(PERSON, id=case_id)
    if person is None:
        return []
    sql = QUESTIONS.format(which=OF_CASE)
    rows = tx.rows_among(sql, kinds=customer_kinds(), most=MOST, person=person.person)
    mine = {row.id for row in tx.rows("SELECT id FROM party WHERE id = :p OR person_id = :p", p=person.person)}
    return [_seen_from(question, number, row.other_id in mine) for row, question in _pairs(rows)]


def others_in_question(tx: Tx, numbers: Sequence[str]) -> list[str]:
    """Return the open cases whose customer may be that of one of these cases, by the open questions."""
    rows = tx.rows_among(OTHERS, numbers=list(numbers), kinds=customer_kinds(), most=MOST)
    return [row.number for row in rows if row.number not in numbers]


def _seen_from(question: SamePersonQuestion, number: str, turned: bool) -> SamePersonQuestion:
    """Return the question with the case that is looked at first."""
    if turned:
        return SamePersonQuestion(
            number, question.other_name, question.case, question.name, question.why, question.asked_at
        )
    return SamePersonQuestion(
        number, question.name, question.other, question.other_name, question.why, question.asked_at
    )


def _questions(rows: list[Any]) -> list[SamePersonQuestion]:
    return [question for _, question in _pairs(rows)]


def _pairs(rows: list[Any]) -> list[tuple[Any, SamePersonQuestion]]:
    shown = [row for row in rows if row.number is not None and row.other is not None]
    return [
        (
            row,
            SamePersonQuestion(
                row.number, row.name, row.other, row.other_name, tuple(row.why.split()), from_micros(row.asked_at)
            ),
        )
        for row in shown
    ]
