"""Open the invitation of each customer who was drawn for a survey that goes out (E1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.actors import SYSTEM
from engine.commands.advance import advance_in
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_in
from engine.contention import in_transaction
from engine.ledger.journal import journal_row
from engine.store import Store
from engine.transaction import Tx
from models.columns import to_micros
from models.contact import Channel, Contact
from statemachines.refused import Refused
from statemachines.survey_invitation import SURVEY_INVITATION

UNINVITED = """
SELECT p.survey_id, p.position FROM survey_person p JOIN survey s ON s.id = p.survey_id
 WHERE s.invited_at IS NOT NULL AND s.called_off_at IS NULL AND p.case_id IS NULL ORDER BY p.survey_id, p.position
"""
FIND = """
SELECT p.survey_id, p.position, p.stratum, p.case_id, s.pack, s.way, s.since, s.until, s.called_off_at,
       s.called_off_because, c.customer_type, w.name, w.phone, w.email, w.locale
  FROM survey_person p JOIN survey s ON s.id = p.survey_id JOIN cases c ON c.id = p.source_id
  JOIN party w ON w.id = c.party_id
 WHERE p.survey_id = :survey_id AND p.position = :position
"""
# See Note [Calling off] in engine/surveys/call_off.py; SQLite has one writer.
LOCK = "SELECT id FROM survey WHERE id = :survey_id FOR SHARE"
INVITED = """
UPDATE survey_person SET case_id = (SELECT id FROM cases WHERE number = :number)
 WHERE survey_id = :survey_id AND position = :position
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A customer who was drawn and is not invited yet: his survey, and his position in it."""

    survey_id: int
    position: int

    @property
    def key(self) -> str:
        """Return the key under which his invitation is opened, once."""
        return f"survey:{self.survey_id}:{self.position}"


def uninvited(store: Store) -> list[Drawn]:
    """Return whoever is still to be invited to a survey that goes out."""
    with store.looking() as tx:
        return [Drawn(*row) for row in tx.rows(UNINVITED)]


def invite(store: Store, drawn: Drawn, text: str, at: datetime, via: str) -> str:
    """Open the invitation of a customer and return its number; whoever has one gets no second.

    Raises ``Refused('survey_called_off')`` and as opening a case does.

    ``text`` says what the case is about. His name and addresses are those on file now: none, if he was erased.
    """
    return in_transaction(store, lambda tx: _invite(tx, store.secret, drawn, text, at, via))


def _invite(tx: Tx, secret: bytes, drawn: Drawn, text: str, at: datetime, via: str) -> str:
    if tx.postgres:
        tx.rows(LOCK, survey_id=drawn.survey_id)
    row = tx.row(FIND, survey_id=drawn.survey_id, position=drawn.position)
    if row.called_off_at is not None:
        raise Refused("survey_called_off", number=drawn.survey_id, reason=row.called_off_because)
    opening = Opening(_contact(row, drawn.key, text, at), SURVEY_INVITATION.kind, row.pack, via=via, key=drawn.key)
    number = open_in(tx, secret, opening, at).number
    lot = {"survey": drawn.survey_id, "stratum": row.stratum, "way": row.way}
    advance_in(tx, secret, Command(number, "choose_way", lot, via=via, key=f"{drawn.key}:choose_way"), at)
    if row.case_id is None:
        tx.run(INVITED, number=number, survey_id=drawn.survey_id, position=drawn.position)
        journal_row(tx, "survey_person", (drawn.survey_id, drawn.position), SYSTEM, to_micros(at))
    return number


def _contact(row: Any, key: str, text: str, at: datetime) -> Contact:
    who = {"customer": row.name, "phone": row.phone, "email": row.email, "language": row.locale}
    given = {name: value for name, value in who.items() if value}
    fields = {"row_id": key, "at": at, "text": text, "channel": Channel.API, "customer_type": row.customer_type}
    return Contact.model_validate({**fields, **given})
