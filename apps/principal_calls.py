"""A callback as whoever makes it sees it: the story of the case, the questions to ask, the next attempt (D1-D3).

The answer is recorded by the moves ``revisit`` and ``attempt`` (``principal_moves``); a lead or a complaint that it
gives rise to is opened as a case that came of this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.principal_moves import open_for
from apps.principal_reports import refuse_others
from apps.principal_views import SeenCase, case_seen, history_seen, moves_seen
from engine.access.moves import OfferedMove
from engine.access.principal import Principal
from engine.callbacks.attempts import next_attempt
from engine.commands.command import Answer
from engine.commands.open_case import Opening
from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
from models.contact import Channel, Contact
from statemachines.kinds import lifecycles
from statemachines.refused import Refused
from statemachines.roles import Role

ANSWERED, IN_VAIN = "revisit", "attempt"
"""The moves that record a call: the customer answered, or nobody did."""
CALLS: Final = frozenset(
    role for table in lifecycles().values() for row in table.rows.get(ANSWERED, ()) for role in row.roles
) - {Role.SYSTEM, Role.IMPORT, Role.CUSTOMER}
"""The roles of staff that record callbacks."""
RELATIONS: Final = {"complaint": "came_of", "lead": "need"}
"""What may be opened from an answer, and its relation to the case."""
TOLD: Final = 4
"""How many of the last statements the story holds, after what the customer said at first."""


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A statement of the case: the move that recorded it, its field, when, by whom."""

    move: str
    field: str
    at: datetime
    actor: str
    text: str | None


@dataclass(frozen=True, slots=True)
class SeenCall:
    """The call screen of a case.

    ``questions`` are the questions by the code of their score, empty where the customers of this kind are asked none.
    ``attempt`` counts this call in its round, of ``attempts``; ``next_at`` is when to call again if nobody answers.
    """

    seen: SeenCase
    story: list[StoryLine]
    questions: Mapping[str, str]
    questionnaire: str
    moves: Mapping[str, OfferedMove]
    attempt: int
    attempts: int
    next_at: datetime | None


def call_seen(store: Store, principal: Principal, number: str, at: datetime, locale: str) -> SeenCall:
    """Return the call screen of a case. Raises ``Refused('unknown_case' | 'not_in_charge')``."""
    refuse_others(principal, CALLS)
    seen = case_seen(store, principal, number, at)
    case = seen.case
    _, offered = moves_seen(store, principal, number, at)
    with store.looking() as tx:
        rules = rules_in(tx)
        asked = rules.asked_after(case.kind, case.customer_type, to_micros(at))
        attempts = rules.pack(case.pack, to_micros(at)).callbacks.attempts
        again = next_attempt(tx, case.id, at)
    return SeenCall(
        seen=seen,
        story=_story(store, principal, number, at),
        questions={each.code: each.question[locale] for each in asked.dimensions} if asked else {},
        questionnaire=asked.edition if asked else "",
        moves={move.name: move for move in offered if move.name in (ANSWERED, IN_VAIN)},
        attempt=case.attempts + 1,
        attempts=attempts,
        next_at=again,
    )


def _story(store: Store, principal: Principal, number: str, at: datetime) -> list[StoryLine]:
    """Return what the customer said at first, and the last statements of the case."""
    lines = [
        StoryLine(move.move, field, move.occurred_at, move.actor, move.form[field])
        for move in history_seen(store, principal, number, at).moves
        for field in move.form
        if field in move.statements and field not in ("recipient", "address_as_written")
    ]
    opening = [line for line in lines if line.move == "open"]
    return [*opening, *[line for line in lines if line.move != "open"][-TOLD:]]


def open_from_call(
    store: Store, principal: Principal, number: str, kind: str, text: str, key: str, at: datetime
) -> Answer:
    """Open a lead or a complaint for what the customer said at a callback; it is a child of the case.

    Raises ``Refused``: also ``'not_in_charge'`` for whoever sees the customer's contact details masked only, as he
    does not work on the case.
    """
    refuse_others(principal, CALLS)
    if kind not in RELATIONS:
        raise Refused("unknown_kind", kind=kind[:40], known=sorted(RELATIONS))
    seen = case_seen(store, principal, number, at)
    if seen.masked:
        raise Refused("not_in_charge", handle=principal.actor.handle, wanted=sorted(role.value for role in CALLS))
    if not text.strip():
        raise Refused("bad_request", fields=[{"field": "text", "why": "missing"}])
    who = {}
    if seen.customer is not None:
        given = {"customer": seen.customer.name, "phone": seen.customer.phone, "email": seen.customer.email}
        who = {name: value for name, value in given.items() if value}
    contact = Contact.model_validate({"row_id": key, "at": at, "text": text, "channel": Channel.HOTLINE, **who})
    opening = Opening(contact, kind, seen.case.pack, key=key, parent=number, relation=RELATIONS[kind])
    return open_for(store, principal, opening, at, unless_known=False)
