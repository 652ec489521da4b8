"""Score a drawn contact on a sheet; a correction is another sheet with a reason, and the one before stays (F5)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.access.principal import Principal
from engine.access.scope import cases_in_scope, find_case
from engine.actors import Acting, in_charge
from engine.conduct.draws import REVIEWERS, draw_row
from engine.conduct.score import GivenMark, marks_of, score_of
from engine.contention import in_transaction
from engine.entry_checks import check_text
from engine.kept_answers import answered_once, keyed_request
from engine.ledger.journal import journal_row
from engine.rules.checklists import Checklist
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import LARGEST, to_micros
from statemachines.refused import Refused

SALT = 16
"""The bytes of a salt."""
SAMPLE = """
SELECT s.draw_id, s.position, s.case_id, s.seq, s.staff_id, s.department, s.occurred_at, c.number, a.handle AS staff
  FROM conduct_sample s JOIN cases c ON c.id = s.case_id JOIN actor a ON a.id = s.staff_id
 WHERE s.draw_id = :draw_id AND s.position = :position
"""
LATEST = """
SELECT coalesce(max(revision), 0) AS revision FROM conduct_sheet WHERE draw_id = :draw_id AND position = :position
"""
ADD = """
INSERT INTO conduct_sheet (draw_id, position, revision, scored_by, scored_at, checklist, version, score, observed,
       reason, salt)
VALUES (:draw_id, :position, :revision, :by, :at, :checklist, :version, :score, :observed, :reason, :salt) RETURNING id
"""
ADD_MARK = """
INSERT INTO conduct_mark (sheet_id, item, place, weight, outcome, note, salt)
VALUES (:sheet_id, :item, :place, :weight, :outcome, :note, :salt)
"""


@dataclass(frozen=True, slots=True)
class GivenSheet:
    """What a reviewer entered for a drawn contact.

    ``revision`` is that of the newest sheet that he saw, 0 where there was none; ``reason`` is why he corrects it.
    """

    draw_id: int
    position: int
    revision: int
    marks: Mapping[str, GivenMark]
    reason: str = ""


def score_contact(store: Store, principal: Principal, given: GivenSheet, at: datetime, key: str | None = None) -> int:
    """Score a drawn contact and return the revision of the new sheet.

    Raises ``Refused('not_in_charge' | 'unknown_draw' | 'unknown_contact' | 'unknown_case' | 'own_contact' |
    'sheet_changed' | 'no_reason' | 'bad_request' | 'bad_text' | 'no_checklist' | 'key_reused')``.
    """
    texts = {"reason": given.reason, **{f"note_{item}": mark.note for item, mark in given.marks.items()}}
    for name, text in texts.items():
        check_text(name[:60], text)
    marks = {name: [mark.outcome, mark.note] for name, mark in given.marks.items()}
    act = f"conduct sheet {given.draw_id} {given.position}"
    request = keyed_request(store, principal, key, act, marks=marks, reason=given.reason, revision=given.revision)

    def write(tx: Tx) -> int:
        actor = in_charge(tx, principal.actor.handle, REVIEWERS, to_micros(at))
        return answered_once(tx, request, at, lambda: {"revision": scored(tx, actor)})["revision"]

    def scored(tx: Tx, actor: Acting) -> int:
        contact, checklist = contact_to_score(tx, principal, given.draw_id, given.position, at)
        if contact.staff_id == actor.id:
            raise Refused("own_contact")
        _check_revision(tx, given)
        return _written(tx, actor, given, checklist, to_micros(at))

    return in_transaction(store, write)


def contact_to_score(tx: Tx, principal: Principal, draw_id: int, position: int, at: datetime) -> tuple[Any, Checklist]:
    """Return a drawn contact whose case the principal may read, and the checklist that held when it was made.

    Raises ``Refused('unknown_draw' | 'unknown_contact' | 'unknown_case' | 'no_checklist')``.
    """
    drawn = draw_row(tx, draw_id)
    contact = tx.row(SAMPLE, draw_id=draw_id, position=position) if 0 < position <= LARGEST else None
    if contact is None:
        raise Refused("unknown_contact", number=str(position)[:40])
    find_case(tx, contact.number, cases_in_scope(principal, at))
    return contact, rules_in(tx).checklist_for(drawn.channel, contact.occurred_at)


def _check_revision(tx: Tx, given: GivenSheet) -> None:
    if tx.row(LATEST, draw_id=given.draw_id, position=given.position).revision != given.revision:
        raise Refused("sheet_changed")
    if given.revision and not given.reason.strip():
        raise Refused("no_reason")


def _written(tx: Tx, actor: Acting, given: GivenSheet, checklist: Checklist, at: int) -> int:
    marks = marks_of(checklist, given.marks)
    score, observed = score_of(marks)
    sheet_id = tx.row(
        ADD, draw_id=given.draw_id, position=given.position, revision=given.revision + 1, by=actor.id, at=at,
        checklist=checklist.name, version=checklist.version, score=score, observed=observed,
        reason=given.reason.strip() or None, salt=secrets.token_bytes(SALT),
    ).id  # fmt: skip
    tx.run_all(ADD_MARK, [
        {
            "sheet_id": sheet_id, "item": mark.item, "place": place, "weight": mark.weight,
            "outcome": mark.outcome.value, "note": mark.note, "salt": secrets.token_bytes(SALT) if mark.note else None,
        }
        for place, mark in enumerate(marks, 1)
    ])  # fmt: skip
    journal_row(tx, "conduct_sheet", (sheet_id,), actor.handle, at)
    for mark in marks:
        journal_row(tx, "conduct_mark", (sheet_id, mark.item), actor.handle, at)
    return given.revision + 1
