"""Find the contacts between staff and customers that the record holds, and their channels.

A contact is a move of a person that told a customer something, a callback that a customer answered, or a case that was
opened by somebody who spoke with a customer. Cases of confidential kinds are left out, and so is what was inferred or
replayed from another system's log.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.access.scope import ordinary_cases
from engine.actors import CUSTOMER, IMPORT, SYSTEM
from engine.retired_names import recorded_as
from engine.rules.checklists import ConductChannel
from engine.transaction import Tx
from models.contact import Channel
from statemachines.customer_messages import Medium
from statemachines.kinds import lifecycle_of, lifecycles

OPENED, ANSWERED = "open", "revisit"
BY_MEDIUM = {
    Medium.SEND: ConductChannel.MAIL,
    Medium.LETTER: ConductChannel.MAIL,
    Medium.PHONE: ConductChannel.PHONE,
    Medium.CHAT: ConductChannel.CHAT,
    Medium.COUNTER: ConductChannel.COUNTER,
}
BY_INTAKE = {
    Channel.HOTLINE: ConductChannel.PHONE,
    Channel.CHAT: ConductChannel.CHAT,
    Channel.WECHAT: ConductChannel.CHAT,
    Channel.COUNTER: ConductChannel.COUNTER,
}
"""The intake channels on which somebody of the staff speaks with the customer; a mail that arrives is no contact."""
FIND = """
SELECT t.case_id, t.seq, c.number, c.kind, c.channel, t.move, t.form, t.occurred_at, t.actor_id, a.department
  FROM transition t JOIN cases c ON c.id = t.case_id JOIN actor a ON a.id = t.actor_id
 WHERE t.move IN ({moves}) AND t.occurred_at >= :since AND t.occurred_at < :until AND t.recorded_at <= :at
   AND NOT t.inferred AND t.via NOT IN ('replay', 'portal') AND a.handle NOT IN ({nobody}) AND t.actor_id <> :drawer
   AND (CAST(:department AS TEXT) IS NULL OR a.department = :department)
   AND (CAST(:staff AS INTEGER) IS NULL OR t.actor_id = :staff) AND ({scope})
   AND NOT EXISTS (SELECT 1 FROM conduct_sample s
                    WHERE s.case_id = t.case_id AND s.seq = t.seq AND s.draw_id < :before)
"""


@dataclass(frozen=True, slots=True)
class Population:
    """From which contacts a sample is drawn; instants in microseconds.

    ``at`` is up to when they were recorded, ``drawer`` whose own contacts are left out, ``before`` the draw whose
    predecessors took theirs.
    """

    channel: ConductChannel
    since: int
    until: int
    at: int
    drawer: int
    before: int
    department: str | None = None
    staff: int | None = None


@dataclass(frozen=True, slots=True)
class ContactMade:
    """A contact: the move that recorded it, who made it, and his department. ``occurred_at`` is in microseconds."""

    case_id: int
    seq: int
    number: str
    staff_id: int
    department: str | None
    occurred_at: int

    @property
    def key(self) -> str:
        """Return what identifies the contact in the store and in any copy of it."""
        return f"{self.number} {self.seq}"


def contacts(tx: Tx, wanted: Population) -> list[ContactMade]:
    """Return the contacts of a population, in the order of their keys."""
    scope = ordinary_cases()
    nobody = ", ".join(f"'{handle}'" for handle in (SYSTEM, IMPORT, CUSTOMER))
    rows = tx.rows(
        FIND.format(moves=_moves(), nobody=nobody, scope=scope.sql),
        since=wanted.since, until=wanted.until, at=wanted.at, drawer=wanted.drawer, before=wanted.before,
        department=wanted.department, staff=wanted.staff, **scope.values,
    )  # fmt: skip
    found = (_contact(row) for row in rows if channel_of(row) is wanted.channel)
    return sorted(found, key=lambda contact: contact.key)


def channel_of(row: Any) -> ConductChannel | None:
    """Return by which channel the move of a row reached a customer; None where it reached none."""
    table = lifecycle_of(row.kind)
    move = table.resolver.move(row.move)
    if move == OPENED:
        return BY_INTAKE.get(row.channel)
    if move == ANSWERED:
        return ConductChannel.PHONE
    form = json.loads(row.form)
    speech = next((each.speaks for each in table.rows.get(move, ()) if each.speaks), None)
    if speech is None or all(form.get(name) is None for name in speech.fields):
        return None
    return BY_MEDIUM.get(form.get("medium") or Medium.SEND)


@cache
def _moves() -> str:
    """Return the moves by which a customer may be reached, as items of an SQL list."""
    tables: Iterable[Any] = lifecycles().values()
    speaking = {name for table in tables for name, rows in table.rows.items() if any(row.speaks for row in rows)}
    return recorded_as("move", OPENED, ANSWERED, *sorted(speaking))


def _contact(row: Any) -> ContactMade:
    return ContactMade(row.case_id, row.seq, row.number, row.actor_id, row.department, row.occurred_at)
