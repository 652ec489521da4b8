"""Rows that many lifecycles share: what may be done with any open case, and detours that come back."""

from collections.abc import Iterable

from statemachines.form_model import Form, StepFired
from statemachines.forms import (
    Answer,
    Assignment,
    Attaching,
    Attempt,
    Cleared,
    Doubt,
    Escalation,
    Extension,
    FollowUp,
    Kept,
    Note,
    Promise,
    Question,
    Reason,
    Survey,
)
from statemachines.guards import (
    another_round,
    another_round_later,
    attempts_used,
    disputed,
    next_attempt,
    out_of_rounds,
    out_of_rounds_later,
    previous_state,
    promise_runs,
    promises_kept,
    rises,
    satisfied,
    satisfied_later,
    undisputed,
    within_reopening,
    within_undoing,
)
from statemachines.roles import DESK, INVESTIGATORS, MANAGERS, Role
from statemachines.vocabulary import STAY, Clause, Guard, Move, Speech, State


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


def attaching(states: tuple[State, ...], people: tuple[Role, ...]) -> tuple[Move, ...]:
    """Attach evidence in every state: a photo that turns up after the end belongs to the case, too (A10)."""
    everywhere = tuple(state.name for state in states)
    return (Move("attach", everywhere, STAY, roles=(*people, Role.SYSTEM), form=Attaching),)


def asking_customer(asking: tuple[str, ...], waiting: str) -> tuple[Move, ...]:
    """Ask the customer; with his answer the case returns to the state it came from. Timers pause in between (A4).

    Where he does not answer, a manager lets the work go on with what is known.
    """
    roles = (*INVESTIGATORS, Role.SYSTEM, Role.CUSTOMER)
    return (
        Move("ask_customer", asking, waiting, roles=INVESTIGATORS, form=Question, speaks=Speech(("question",))),
        *(
            Move("customer_answers", (waiting,), state, roles=roles, form=Answer, guard=previous_state(state))
            for state in asking
        ),
        *(
            Move("go_on_unanswered", (waiting,), state, roles=MANAGERS, form=Reason, guard=previous_state(state))
            for state in asking
        ),
    )


def answer_clause(waiting: str) -> Clause:
    """Return the clause of the customer's answer: its ladder reminds the agent and asks the supervisor (A4)."""
    return Clause("customer_answer", during=(waiting,), met_by=("customer_answers", "go_on_unanswered"), internal=True)


def archive_clause(rested: tuple[str, ...]) -> Clause:
    """Return the clause that archives a case after its rest, unless a promise to the customer is open (B9)."""
    return Clause("archive", during=rested, then="archive", waits_for=("promise",))


def archiving(rested: tuple[str, ...], archived: str) -> tuple[Move, ...]:
    """Archive a case: by its timer, or by a manager once every promise to the customer is kept (B9)."""
    return (
        Move("archive", rested, archived, roles=(Role.SYSTEM,)),
        Move("archive", rested, archived, roles=MANAGERS, guard=promises_kept),
    )


def called_back(
    rows: Iterable[tuple[str, str | None, Guard | None, bool]],
    callers: tuple[Role, ...],
    handled: tuple[str, ...],
    *,
    converted: str = "",
) -> tuple[Move, ...]:
    """Record what a customer says at the callback: a row for each state, destination, guard and whether it reopens.

    Whoever made one of the moves ``handled`` does not record what the customer thinks of them (F3). Into the state
    ``converted`` the case gives its promises away.
    """
    return tuple(
        Move(
            "revisit",
            (state,),
            dest,
            roles=(*callers, Role.CUSTOMER),
            form=Survey,
            guard=guard,
            reopens=reopens,
            separate_from=handled,
            clears=("unreached",),
            releases_timers=bool(converted) and dest == converted,
        )
        for state, dest, guard, reopens in rows
    )


def disputing(
    sources: tuple[str, ...], reviewers: tuple[Role, ...], handled: tuple[str, ...], recused: tuple[str, ...] = ()
) -> tuple[Move, ...]:
    """Mark what a customer said as doubtful, with evidence, and clear it: it stays, and is counted both ways (E1, E8).

    Whoever made one of the moves ``handled`` does not judge it, and whoever doubts it does not clear it (F3).
    """
    return (
        Move(
            "dispute",
            sources,
            STAY,
            roles=reviewers,
            form=Doubt,
            guard=undisputed,
            separate_from=handled,
            recused=recused,
        ),
        Move(
            "clear_dispute",
            sources,
            STAY,
            roles=reviewers,
            form=Cleared,
            guard=disputed,
            separate_from=("dispute",),
            recused=recused,
        ),
    )


def rounds(resolved: str, revisited: str, again: str, used_up: str) -> tuple[tuple[str, str | None, Guard, bool], ...]:
    """Return the rows of ``called_back`` where who is dissatisfied gets another round, as long as the pack allows one.

    One answer a round. A customer whom nobody reached may still call while the case rests.
    """
    return (
        (resolved, revisited, satisfied, False),
        (resolved, again, another_round, True),
        (resolved, used_up, out_of_rounds, False),
        (revisited, STAY, satisfied_later, False),
        (revisited, again, another_round_later, True),
        (revisited, used_up, out_of_rounds_later, False),
    )


def calling_in_vain(
    resolved: str, revisited: str, callers: tuple[Role, ...], handled: tuple[str, ...]
) -> tuple[Move, ...]:
    """Record a callback that reached nobody; after the last attempt the case goes on without one (D1).

    Whoever made one of the moves ``handled`` does not record that the customer could not be asked about them (F3).
    """
    return (
        Move(
            "attempt",
            (resolved,),
            STAY,
            roles=callers,
            form=Attempt,
            guard=next_attempt,
            stamps="attempted_at",
            separate_from=handled,
        ),
        Move(
            "unreachable",
            (resolved,),
            revisited,
            roles=callers,
            guard=attempts_used,
            counts="unreached",
            separate_from=handled,
        ),
    )


def contacted_again(open_: tuple[str, ...]) -> tuple[Move, ...]:
    """Record what a customer says of his case while it is worked on; whoever has the work is told."""
    return (Move("follow_up", open_, STAY, roles=(*DESK, Role.SYSTEM, Role.CUSTOMER), form=FollowUp),)


def coming_back(rested: tuple[str, ...], closed: tuple[str, ...], again: str) -> tuple[Move, ...]:
    """Reopen a case that its customer comes back with: while it rests, and in the pack's window once it is closed."""
    return tuple(
        Move(
            "come_back",
            states,
            again,
            roles=(*DESK, Role.SYSTEM, Role.CUSTOMER),
            form=FollowUp,
            guard=guard,
            reopens=True,
            clears=("unreached",),
        )
        for states, guard in ((rested, None), (closed, within_reopening))
        if states
    )


def undoing(ends: tuple[str, ...], initial: str, clears: tuple[str, ...] = ()) -> tuple[Move, ...]:
    """Undo a mistaken end: in the pack's window a manager has the case begin anew, in a new cycle.

    The promises to the customer that were open when the end came go on.
    """
    return (
        Move(
            "undo_end",
            ends,
            initial,
            roles=MANAGERS,
            form=Reason,
            guard=within_undoing,
            reopens=True,
            clears=clears,
            restores_timers=True,
        ),
    )


def reviewed_refusal(
    sources: tuple[str, ...], review: str, refused: str, proposal: type[Form], refusal: type[Form]
) -> tuple[Move, ...]:
    """Propose not to take the contact on; another person reviews it, and refuses the contact or takes it on (A7)."""
    return (
        Move("propose_refusal", sources, review, roles=DESK, form=proposal),
        Move(
            "refuse",
            (review,),
            refused,
            roles=MANAGERS,
            form=refusal,
            separate_from=("propose_refusal",),
            speaks=Speech(("told",), or_nobody=True),
        ),
        *(
            Move("take_on", (review,), state, roles=MANAGERS, form=Reason, guard=previous_state(state))
            for state in sources
        ),
    )


def handing_back(*ways: tuple[str, tuple[str, ...], str], clears: tuple[str, ...] = ()) -> tuple[Move, ...]:
    """Return a case to an earlier state as another system's log shows it: only an import, in the same cycle.

    Each way is the name of its move, the states it leaves and the one it leads to. Nobody resolved the case, so no
    result is taken back and no promise begins anew.
    """
    return tuple(Move(name, sources, dest, roles=(Role.IMPORT,), clears=clears) for name, sources, dest in ways)


def promising(open_: tuple[str, ...], people: tuple[Role, ...]) -> tuple[Move, ...]:
    """Record a promise made to the customer, and that a promise that runs was kept (B9)."""
    return (
        Move("promise", open_, STAY, roles=people, form=Promise),
        Move("keep_promise", open_, STAY, roles=people, form=Kept, guard=promise_runs, speaks=Speech(("how",))),
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
        answers=True,
    )
