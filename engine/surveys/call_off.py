"""Call off a survey that was drawn or sent out: nobody is asked any more, and its open invitations end (E1).

Note [Calling off]: whoever calls a survey off and whoever opens an invitation of it lock the survey's row. So an
invitation is opened before, and ends with the others, or not at all. The ends are moves of their own, in batches; a run
that is killed between two of them leaves the rest to the next call or to the morning's run.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError

from engine.access.principal import Principal
from engine.actors import SYSTEM, in_charge
from engine.commands.advance import Command, advance_in
from engine.contention import in_transaction
from engine.ledger.journal import journal_row
from engine.retired_names import recorded_as
from engine.store import Store
from engine.surveys.draw import PLANNERS, survey_row
from engine.transaction import Tx
from models.columns import to_micros
from statemachines.form_faults import form_faults
from statemachines.refused import Refused
from statemachines.survey_invitation import OPEN, ReasonForCustomers

BATCH: Final = 100
"""How many invitations end in one transaction."""
CALL_OFF = """
UPDATE survey SET called_off_by = :by, called_off_at = :at, called_off_because = :reason
 WHERE id = :id AND called_off_at IS NULL
"""
LEFT = """
SELECT count(*) AS drawn, count(p.case_id) AS invited,
       count(CASE WHEN c.state IN ({open}) THEN 1 END) AS open
  FROM survey_person p LEFT JOIN cases c ON c.id = p.case_id WHERE p.survey_id = :id
"""
OPEN_ONES = """
SELECT c.number, s.called_off_because AS reason
  FROM survey s JOIN survey_person p ON p.survey_id = s.id JOIN cases c ON c.id = p.case_id
 WHERE s.id = :id AND c.state IN ({open}) ORDER BY p.position LIMIT :limit
"""
UNENDED = """
SELECT DISTINCT s.id FROM survey s JOIN survey_person p ON p.survey_id = s.id JOIN cases c ON c.id = p.case_id
 WHERE s.called_off_at IS NOT NULL AND c.state IN ({open}) ORDER BY s.id
"""
_REASON: TypeAdapter[str] = TypeAdapter(ReasonForCustomers)


@dataclass(frozen=True, slots=True)
class CalledOff:
    """How many invitations ended now; ``new`` is False where the survey had been called off before."""

    ended: int
    new: bool


def call_off(store: Store, principal: Principal, survey_id: int, reason: str, at: datetime) -> CalledOff:
    """Call off a survey for a reason that customers read, and end its open invitations.

    Repeated, it keeps the first reason and ends what is still open.
    Raises ``Refused('not_in_charge' | 'unknown_survey' | 'survey_over' | 'form')``; then nothing was written.
    """

    def write(tx: Tx) -> bool:
        actor = in_charge(tx, principal.actor.handle, PLANNERS, to_micros(at))
        row = survey_row(tx, survey_id)
        if row.called_off_at is not None:
            return False
        given = _checked(reason)
        left = tx.row(LEFT.format(open=recorded_as("state", *OPEN)), id=survey_id)
        if row.invited_at is not None and left.invited == left.drawn and not left.open:
            raise Refused("survey_over", number=survey_id)
        new = tx.run(CALL_OFF, id=survey_id, by=actor.id, at=to_micros(at), reason=given)
        if new:
            journal_row(tx, "survey", (survey_id,), actor.handle, to_micros(at))
        return bool(new)

    new = in_transaction(store, write)
    return CalledOff(end_invitations(store, survey_id, principal.actor.handle, principal.via, at), new)


def end_invitations(store: Store, survey_id: int, by: str, via: str, at: datetime) -> int:
    """End the open invitations of a survey that was called off; return how many."""
    ended = 0
    while batch := in_transaction(store, lambda tx: _end(tx, store.secret, survey_id, by, via, at)):
        ended += batch
    return ended


def end_called_off(store: Store, via: str, at: datetime) -> int:
    """End what is still open of every survey that was called off; return how many invitations ended."""
    with store.looking() as tx:
        surveys = [row.id for row in tx.rows(UNENDED.format(open=recorded_as("state", *OPEN)))]
    return sum(end_invitations(store, survey_id, SYSTEM, via, at) for survey_id in surveys)


def _end(tx: Tx, secret: bytes, survey_id: int, by: str, via: str, at: datetime) -> int:
    ended = 0
    for row in tx.rows(OPEN_ONES.format(open=recorded_as("state", *OPEN)), id=survey_id, limit=BATCH):
        form = {"called_off_because": row.reason}
        key = f"survey:{survey_id}:{row.number}:call_off"
        try:
            with tx.savepoint():
                advance_in(tx, secret, Command(row.number, "call_off", form, actor=by, via=via, key=key), at)
        except Refused as refused:
            if refused.code != "not_now":  # it was answered at this very moment
                raise
        else:
            ended += 1
    return ended


def _checked(reason: str) -> str:
    try:
        return _REASON.validate_python(reason)
    except ValidationError as error:
        faults = [fault | {"field": "reason"} for fault in form_faults(error)]
        raise Refused("form", move="call_off", fields=faults) from None
