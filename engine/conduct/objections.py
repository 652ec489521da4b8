"""The scored person objects to a sheet once, in one note, and another reviewer answers (F5).

Neither changes the score: whoever finds the objection right corrects the sheet, with the reason.
"""

from datetime import datetime
from typing import Any

from engine.access.principal import Principal
from engine.actors import Acting, acting, in_charge
from engine.conduct.draws import REVIEWERS
from engine.contention import in_transaction
from engine.entry_checks import check_text
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from models.columns import LARGEST, to_micros
from statemachines.refused import Refused

FIND = """
SELECT h.id, h.scored_by, h.objection, h.objected_at, h.answer, h.answered_by, h.answered_at, s.staff_id,
       NOT EXISTS (SELECT 1 FROM conduct_sheet n WHERE n.draw_id = h.draw_id AND n.position = h.position
                      AND n.revision > h.revision) AS latest
  FROM conduct_sheet h JOIN conduct_sample s ON s.draw_id = h.draw_id AND s.position = h.position
 WHERE h.id = :id
"""
OBJECT = "UPDATE conduct_sheet SET objection = :text, objected_at = :at WHERE id = :id AND objected_at IS NULL"
ANSWER = """
UPDATE conduct_sheet SET answer = :text, answered_by = :by, answered_at = :at WHERE id = :id AND answered_at IS NULL
"""


def object_to_sheet(store: Store, principal: Principal, sheet_id: int, text: str, at: datetime) -> None:
    """Record what the scored person objects to in his newest sheet. The same text again changes nothing.

    Raises ``Refused('unknown_sheet' | 'sheet_changed' | 'objected_already' | 'no_reason' | 'bad_text')``: a sheet of
    somebody else is answered as one that does not exist.
    """

    def write(tx: Tx) -> None:
        actor = acting(tx, principal.actor.handle, to_micros(at))
        sheet = _sheet(tx, sheet_id)
        if sheet.staff_id != actor.id:
            raise Refused("unknown_sheet", number=str(sheet_id)[:40])
        if sheet.objected_at is not None:
            if sheet.objection == text.strip():
                return
            raise Refused("objected_already")
        if not sheet.latest:
            raise Refused("sheet_changed")
        _write(tx, OBJECT, sheet_id, actor, _given("objection", text), at)

    in_transaction(store, write)


def answer_objection(store: Store, principal: Principal, sheet_id: int, text: str, at: datetime) -> None:
    """Record the answer of a reviewer who neither scored the contact nor made it. The same text again changes nothing.

    Raises ``Refused('not_in_charge' | 'unknown_sheet' | 'no_objection' | 'own_sheet' | 'own_contact' |
    'answered_already' | 'no_reason' | 'bad_text')``.
    """

    def write(tx: Tx) -> None:
        actor = in_charge(tx, principal.actor.handle, REVIEWERS, to_micros(at))
        sheet = _sheet(tx, sheet_id)
        if sheet.objected_at is None:
            raise Refused("no_objection")
        if sheet.answered_at is not None:
            if (sheet.answer, sheet.answered_by) == (text.strip(), actor.id):
                return
            raise Refused("answered_already")
        if sheet.staff_id == actor.id:
            raise Refused("own_contact")
        if sheet.scored_by == actor.id:
            raise Refused("own_sheet")
        _write(tx, ANSWER, sheet_id, actor, _given("answer", text), at, by=actor.id)

    in_transaction(store, write)


def _sheet(tx: Tx, sheet_id: int) -> Any:
    row = tx.row(FIND, id=sheet_id) if 0 < sheet_id <= LARGEST else None
    if row is None:
        raise Refused("unknown_sheet", number=str(sheet_id)[:40])
    return row


def _given(field: str, text: str) -> str:
    check_text(field, text)
    if not text.strip():
        raise Refused("no_reason")
    return text.strip()


def _write(tx: Tx, sql: str, sheet_id: int, actor: Acting, text: str, at: datetime, **more: Any) -> None:
    tx.run(sql, id=sheet_id, text=text, at=to_micros(at), **more)
    journal_row(tx, "conduct_sheet", (sheet_id,), actor.handle, to_micros(at))
