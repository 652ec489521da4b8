"""Rows that many lifecycles share: what may be done with any open case, and detours that come back."""

from statemachines.form_model import Form, StepFired
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
from statemachines.guards import attempts_used, next_attempt, previous_state, rises
from statemachines.roles import DESK, INVESTIGATORS, MANAGERS, Role
from statemachines.vocabulary import STAY, Clause, Move


def everyday_moves(open_: tuple[str, ...], people: tuple[Role, ...]) -> tuple[Move, ...]:
    """Assign (B10), escalate (B6), extend, note; and the moves of escalation steps: remind and breach."""
    return (
        Move("assign", open_, STAY, roles=(*DESK, Role.SYSTEM), form=Assignment),
        Move("note", open_, STAY, roles=people, form=Note),
        Move("escalate", open_, STAY, roles=(*people, Role.SYSTEM), form=Escalation, guard=rises),
        Move("extend", open_, STAY, roles=(*MANAGERS, Role.SYSTEM), form=Extension, extends=True),
        Move("remind", open_, STAY, roles=(Role.SYSTEM,), form=StepFired),
        Move("breach", open_, STAY, roles=(Role.SYSTEM,), form=StepFired),
    )


def asking_customer(asking: tuple[str, ...], waiting: str) -> tuple[Move, ...]:
    """Ask the customer; with his answer the case returns to the state it came from. Timers pause in between (A4)."""
    roles = (*INVESTIGATORS, Role.SYSTEM)
    return (
        Move("ask_customer", asking, waiting, roles=INVESTIGATORS, form=Question),
        *(
            Move("customer_answers", (waiting,), state, roles=roles, form=Answer, guard=previous_state(state))
            for state in asking
        ),
    )


def calling_in_vain(
    resolved: str, revisited: str, callers: tuple[Role, ...], handled: tuple[str, ...]
) -> tuple[Move, ...]:
    """Record a callback that reached nobody; after the last attempt the case goes on without one (D1).

    Whoever made one of the moves ``handled`` does not record that the customer could not be asked about them (F3).
    """
    return (
        Move("attempt", (resolved,), STAY, roles=callers, form=Attempt, guard=next_attempt, separate_from=handled),
        Move("unreachable", (resolved,), revisited, roles=callers, guard=attempts_used, separate_from=handled),
    )


def reviewed_refusal(
    sources: tuple[str, ...], review: str, refused: str, proposal: type[Form], refusal: type[Form]
) -> tuple[Move, ...]:
    """Propose not to take the contact on; another person reviews it, and refuses the contact or takes it on (A7)."""
    return (
        Move("propose_refusal", sources, review, roles=DESK, form=proposal),
        Move("refuse", (review,), refused, roles=MANAGERS, form=refusal, separate_from=("propose_refusal",)),
        *(
            Move("take_on", (review,), state, roles=MANAGERS, form=Reason, guard=previous_state(state))
            for state in sources
        ),
    )


def promising(open_: tuple[str, ...], people: tuple[Role, ...]) -> tuple[Move, ...]:
    """Record a promise made to the customer, and that it was kept (B9)."""
    return (
        Move("promise", open_, STAY, roles=people, form=Promise),
        Move("keep_promise", open_, STAY, roles=people, form=Kept),
    )


def promise_clause(open_: tuple[str, ...]) -> Clause:
    """Return the clause of promises: each has its own timer to the instant agreed, in every open state (B9)."""
    return Clause(
        "promise",
        during=open_,
        started_by=("promise",),
        due_field="due_at",
        occurrence_field="promise",
        met_by=("keep_promise",),
    )
