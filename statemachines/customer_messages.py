"""Words to a customer: the part of a form that says how they reach him, and whether they do (A5).

Note [Met means told]: a promise to a customer is met by a message that we send, or by a conversation that is recorded
with whom it was. A move says in the table that it speaks to the customer (``Move.speaks``), and its form is a
``ToCustomer``. A clause that promises him words (``Clause.answers``) is met by such moves alone, and only where they
carry words and name a medium. A message that does not arrive gives back what it had met: ``message_undelivered``. If
it is sent after all, it meets that again: ``message_arrived``.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from models.exact_number import EXACT
from models.instants import Instant
from statemachines.form_model import Attachments, Code, Form, Personal, value_of
from statemachines.roles import INVESTIGATORS, Role
from statemachines.vocabulary import STAY, Move, State


class Medium(StrEnum):
    """How words reach the customer. ``none``: nobody was told; ``log``: the record of another system says so."""

    SEND = "send"
    PHONE = "phone"
    COUNTER = "counter"
    CHAT = "chat"
    LETTER = "letter"
    NONE = "none"
    LOG = "log"


SPOKEN = frozenset({Medium.PHONE, Medium.COUNTER, Medium.CHAT, Medium.LETTER})
"""The media of which a person records whom he reached."""


class ToCustomer(Form):
    """How the customer is told: sent by us to his address, or spoken or written to ``recipient`` at ``reached_at``.

    Without ``reached_at`` he is told as the move is recorded.
    """

    recipient: Personal | None = None
    reached_at: Instant | None = None
    medium: Medium = Medium.SEND

    @field_validator("medium")
    @classmethod
    def _names_whom(cls, medium: Medium, info: ValidationInfo) -> Medium:
        if medium in SPOKEN and info.data.get("recipient") is None:
            raise PydanticCustomError("recipient_missing", "say in the field recipient with whom it was")
        return medium


class WithFiles(ToCustomer):
    """Words to the customer of the case itself, perhaps with files, which he opens on the portal (A10)."""

    attachments: Attachments | None = None


class Undelivered(Form):
    """The message that did not arrive, by the ``seq`` of the move that sent it, and why."""

    message: Annotated[int, Field(ge=1), EXACT]
    cause: Code


class Arrived(Form):
    """The message that was sent after all, by the ``seq`` of the move that says it."""

    message: Annotated[int, Field(ge=1)]


def carries_words(row: Move, form: Form) -> bool:
    """Return whether the form holds words for the customer."""
    return row.speaks is not None and any(value_of(form, name) is not None for name in row.speaks.fields)


def reaches_customer(row: Move, form: Form) -> bool:
    """Return whether the move tells the customer something. See Note [Met means told]."""
    return carries_words(row, form) and (value_of(form, "medium") or Medium.NONE) is not Medium.NONE


def tells_own_customer(row: Move | None, recorded: Mapping[str, Any]) -> bool:
    """Return whether a recorded move told something to the customer of its own case; ``recorded`` is its form.

    A move that names another case told the customer of that one; one without words told nobody anything.
    """
    if row is None or row.speaks is None or recorded.get(row.speaks.customer_of) is not None:
        return False
    carries = any(name in recorded for name in row.speaks.fields)
    return carries and recorded.get("medium", Medium.SEND) != Medium.NONE


def undelivered_message(
    states: tuple[State, ...], people: tuple[Role, ...] = INVESTIGATORS, recused: tuple[str, ...] = ()
) -> tuple[Move, ...]:
    """Record that a message did not arrive; the promises that it met are open again. An ended case is the system's.

    A message that was given up and is sent after all meets them again.
    """
    going_on = tuple(state.name for state in states if not state.final)
    ended = tuple(state.name for state in states if state.final)
    return (
        *(
            Move(
                "message_undelivered",
                sources,
                STAY,
                roles=roles,
                form=Undelivered,
                recused=recused,
                reopens_promises=True,
            )
            for sources, roles in ((going_on, (*people, Role.SYSTEM)), (ended, (Role.SYSTEM,)))
        ),
        Move("message_arrived", going_on, STAY, roles=(Role.SYSTEM,), form=Arrived, meets_promises=True),
    )
