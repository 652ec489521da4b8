"""Rows that many lifecycles share: what is done every day with any open case, and the small ways about."""

from statemachines.asks import Asks, RungFired
from statemachines.forms import (
    Answer,
    Assignment,
    Attempt,
    Escalation,
    Extension,
    Kept,
    Note,
    Promise,
    Question,
    Reason,
)
from statemachines.guards import attempts_used, came_from, next_attempt, rises
from statemachines.roles import DESK, INVESTIGATORS, MANAGERS, Role
from statemachines.vocabulary import STAY, Clause, Move


def everyday(open_: tuple[str, ...], people: tuple[Role, ...]) -> tuple[Move, ...]:
    """Assign (B10), escalate (B6), extend, note; and what a clock does to a case: remind and breach."""
    return (
        Move("assign", open_, STAY, by=(*DESK, Role.SYSTEM), asks=Assignment, counts="transfers"),
        Move("note", open_, STAY, by=people, asks=Note),
        Move("escalate", open_, STAY, by=(*people, Role.SYSTEM), asks=Escalation, when=rises),
        Move("extend", open_, STAY, by=(*MANAGERS, Role.SYSTEM), asks=Extension, extends=True),
        Move("remind", open_, STAY, by=(Role.SYSTEM,), asks=RungFired),
        Move("breach", open_, STAY, by=(Role.SYSTEM,), asks=RungFired),
    )


def asking_customer(asking: tuple[str, ...], waiting: str) -> tuple[Move, ...]:
    """The customer is asked, and answers: the case goes back to where he was asked, the clocks rest in between (A4)."""
    by = (*INVESTIGATORS, Role.SYSTEM)
    return (
        Move("ask_customer", asking, waiting, by=INVESTIGATORS, asks=Question),
        *(Move("customer_answers", (waiting,), state, by=by, asks=Answer, when=came_from(state)) for state in asking),
    )


def calling_in_vain(resolved: str, revisited: str, callers: tuple[Role, ...]) -> tuple[Move, ...]:
    """A callback that reached nobody, and the end of trying (D1)."""
    return (
        Move("attempt", (resolved,), STAY, by=callers, asks=Attempt, when=next_attempt),
        Move("unreachable", (resolved,), revisited, by=callers, when=attempts_used),
    )


def reviewed_refusal(
    sources: tuple[str, ...], review: str, refused: str, proposal: type[Asks], refusal: type[Asks]
) -> tuple[Move, ...]:
    """A refusal to take the contact on: proposed, and reviewed by another person, who may take it on (A7)."""
    return (
        Move("propose_refusal", sources, review, by=DESK, asks=proposal),
        Move("refuse", (review,), refused, by=MANAGERS, asks=refusal, apart=("propose_refusal",)),
        *(Move("take_on", (review,), state, by=MANAGERS, asks=Reason, when=came_from(state)) for state in sources),
    )


def promising(open_: tuple[str, ...], people: tuple[Role, ...]) -> tuple[Move, ...]:
    """A promise made to the customer, and that it was kept (B9)."""
    return (
        Move("promise", open_, STAY, by=people, asks=Promise),
        Move("keep_promise", open_, STAY, by=people, asks=Kept),
    )


def promise_clause(open_: tuple[str, ...]) -> Clause:
    """Each promise runs to the instant that was agreed, whatever becomes of the case meanwhile (B9)."""
    return Clause(
        "promise", during=open_, opened_by=("promise",), due="due_at", which="promise", kept_by=("keep_promise",)
    )
