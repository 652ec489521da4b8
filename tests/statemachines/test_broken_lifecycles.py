"""Each law refuses a table that breaks it, at the construction of the table, and names the row that breaks it."""

from dataclasses import replace
from typing import Any

import pytest

from statemachines.customer_messages import ToCustomer, WithFiles, undelivered_message
from statemachines.form_model import Form, Personal, StepFired
from statemachines.laws import BrokenLifecycle, lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, Retired, Speech, State
from statemachines.roles import Role

SYSTEM, AGENT, HANDLER = Role.SYSTEM, Role.AGENT, Role.HANDLER
sunny = Guard("sunny", lambda facts, form: facts.level == 0)


class Message(ToCustomer):
    text: Personal


class Enclosing(WithFiles):
    text: Personal


class Remark(Form):
    text: Personal


FRESH = State("fresh", Milestone.RECEIVED, owner=AGENT)
DONE = State("done", Milestone.ARCHIVED, final=True)
ABOUT_ANOTHER = Speech(("text",), customer_of="affected")
FINISH = Move("finish", ("fresh",), "done", roles=(AGENT,), form=Message, speaks=Speech(("text",)))
REMIND = Move("remind", ("fresh",), STAY, roles=(SYSTEM,), form=StepFired)
BREACH = Move("breach", ("fresh",), STAY, roles=(SYSTEM,), form=StepFired)
RETURNED = undelivered_message((FRESH, DONE))
ANSWER = Clause("answer", during=("fresh",), met_by=("finish",), answers=True)
LAPSE = Clause("lapse", during=("fresh",), then="expire")

PARTS: dict[str, Any] = {
    "kind": "parcel",
    "prefix": "pc",
    "initial": "fresh",
    "states": (FRESH, DONE),
    "moves": (FINISH, REMIND, BREACH, *RETURNED),
    "clauses": (ANSWER,),
}


def lifecycle(changes: dict[str, Any]) -> Lifecycle:
    return lawful(Lifecycle(**{**PARTS, **changes}))


def with_moves(*moves: Move) -> dict[str, Any]:
    return {"moves": (*PARTS["moves"], *moves)}


def with_lapse(**expire: Any) -> dict[str, Any]:
    """Return the changes of a table whose timer makes the move ``expire``."""
    row = {"name": "expire", "sources": ("fresh",), "dest": "done", "roles": (SYSTEM,)}
    return {**with_moves(Move(**row | expire)), "clauses": (LAPSE,)}


BROKEN: dict[str, dict[str, Any]] = {
    "state fresh stands twice": {"states": (FRESH, DONE, FRESH)},
    "the initial state raw is unknown": {"initial": "raw"},
    "state fresh is alone in the group worknig: is working meant?": {
        "states": (replace(FRESH, groups=("worknig",)), replace(DONE, groups=("working",)))
    },
    "move wander names the unknown state away": with_moves(Move("wander", ("fresh",), "away", roles=(AGENT,))),
    "move return names the unknown state away": with_moves(Move("return", ("away",), "fresh", roles=(AGENT,))),
    "move idle may be made by nobody": with_moves(Move("idle", ("fresh",), STAY, roles=())),
    "clause answer names the unknown state away": {"clauses": (replace(ANSWER, pauses=("away",)),)},
    "state lonely cannot be reached": {"states": (FRESH, DONE, State("lonely", Milestone.RESOLVED, final=True))},
    "state stuck leads to no end": {
        "states": (FRESH, DONE, State("stuck", Milestone.RESOLVED, owner=AGENT)),
        **with_moves(Move("lose", ("fresh",), "stuck", roles=(AGENT,))),
    },
    "final state done has a way out that begins no new cycle": with_moves(
        Move("revive", ("done",), "fresh", roles=(AGENT,))
    ),
    "the rows of move finish ask for different forms": with_moves(
        Move("finish", ("fresh",), STAY, roles=(HANDLER,), guard=sunny)
    ),
    "move finish from fresh has a row without a guard that hides another": with_moves(
        Move("finish", ("fresh",), STAY, roles=(AGENT, HANDLER), form=Message, guard=sunny)
    ),
    "the rows of move finish count or collect different things": {
        "moves": (replace(FINISH, guard=sunny), replace(FINISH, guard=sunny, counts="ends"), REMIND, BREACH)
    },
    "move finish clears amount, which no move sets": {"moves": (replace(FINISH, clears=("amount",)), REMIND, BREACH)},
    "the rows of move finish to done clear different variables": {
        "moves": (
            replace(FINISH, guard=sunny, counts="ends", clears=("ends",)),
            replace(FINISH, guard=sunny, counts="ends"),
            REMIND,
            BREACH,
        )
    },
    "move finish is separate from the unknown move begin": {
        "moves": (replace(FINISH, separate_from=("begin",)), REMIND, BREACH)
    },
    "move finish extends a timer, but its form names no clause and hours": {
        "moves": (replace(FINISH, extends=True), REMIND, BREACH)
    },
    "move finish inherits timers, but its form names no case": {
        "moves": (replace(FINISH, inherits_timers=True), REMIND, BREACH)
    },
    "clause answer is started by the unknown move ask": {"clauses": (replace(ANSWER, started_by=("ask",)),)},
    "clause answer reads its deadline from due_at, which finish does not ask for": {
        "clauses": (replace(ANSWER, started_by=("finish",), due_field="due_at"),)
    },
    "clause answer is met per occurrence, but finish lacks the field number": {
        "clauses": (replace(ANSWER, started_by=("finish",), occurrence_field="number"),)
    },
    "clause answer needs moves that start it and names none": {"clauses": (replace(ANSWER, restarts=True),)},
    "clause answer never runs": {"clauses": (replace(ANSWER, during=(), pauses=("fresh",)),)},
    "clause answer leads nowhere": {"clauses": (replace(ANSWER, met_by=(), answers=False),)},
    "clause answer fires remind, which could be refused in state fresh": {"moves": (FINISH, BREACH)},
    "clause answer fires breach, which could be refused in state fresh": {
        "moves": (FINISH, REMIND, replace(BREACH, guard=sunny))
    },
    "clause lapse fires expire, which could be refused in state fresh": with_lapse(guard=sunny),
    "clause answer is met by archive, which is no move": {"clauses": (replace(ANSWER, met_by=("archive",)),)},
    "clause answer promises the customer words, but finish is no": {
        "moves": (replace(FINISH, roles=(AGENT, SYSTEM)), REMIND, BREACH, *RETURNED)
    },
    "move finish speaks to the customer if and only if its form is a ToCustomer": {
        "moves": (replace(FINISH, form=Remark), REMIND, BREACH, *RETURNED)
    },
    "move finish may speak to the customer of another case, who cannot open the files of this one": {
        "moves": (replace(FINISH, form=Enclosing, speaks=ABOUT_ANOTHER), REMIND, BREACH, *RETURNED)
    },
    "move finish says note to the customer, which is no personal field of its form": {
        "moves": (replace(FINISH, speaks=Speech(("note",))), REMIND, BREACH, *RETURNED)
    },
    "moves speak to the customer, but none records that a message did not arrive": {"moves": (FINISH, REMIND, BREACH)},
    "state done is retired and present": {"retired": (Retired("done", "fresh"),)},
    "retired state old leads to the unknown state away": {"retired": (Retired("old", "away"),)},
}

REFUSABLE_TIMER_MOVES = {
    "has a form with a required field": with_lapse(form=Message),
    "may not be made by the system": with_lapse(roles=(AGENT,)),
    "starts elsewhere": with_lapse(sources=("done",), dest=STAY),
    "is unknown": {"clauses": (LAPSE,)},
}

NO_MESSAGES = {
    "has no form": Move("finish", ("fresh",), "done", roles=(AGENT,)),
    "is a remark for colleagues": replace(FINISH, form=Remark, speaks=None),
    "the system may make": replace(FINISH, roles=(AGENT, SYSTEM)),
}


def test_a_lawful_table_is_accepted():
    table = lifecycle({})
    assert table.decide(Facts("fresh"), "finish", Message(text="done"), {AGENT}).dest == "done"


@pytest.mark.parametrize("law", BROKEN)
def test_a_table_that_breaks_a_law_is_refused_by_name(law: str):
    with pytest.raises(BrokenLifecycle) as caught:
        lifecycle(BROKEN[law])
    assert str(caught.value).startswith("lifecycle parcel: ")
    assert law in str(caught.value)


@pytest.mark.parametrize("case", REFUSABLE_TIMER_MOVES)
def test_a_timers_move_is_refused_if_it(case: str):
    with pytest.raises(BrokenLifecycle, match="clause lapse fires expire, which could be refused in state fresh"):
        lifecycle(REFUSABLE_TIMER_MOVES[case])


@pytest.mark.parametrize("step", [REMIND, BREACH], ids=lambda row: row.name)
def test_an_escalation_step_with_another_form_is_refused(step: Move):
    moves = tuple(replace(row, form=Message) if row is step else row for row in PARTS["moves"])
    with pytest.raises(BrokenLifecycle, match=f"clause answer fires {step.name}, which could be refused"):
        lifecycle({"moves": moves})


@pytest.mark.parametrize("case", NO_MESSAGES)
def test_a_promise_to_answer_is_not_met_by_a_move_that(case: str):
    with pytest.raises(BrokenLifecycle, match="promises the customer words, but finish is no"):
        lifecycle({"moves": (NO_MESSAGES[case], REMIND, BREACH, *RETURNED)})


def test_all_broken_laws_are_reported_at_once():
    with pytest.raises(BrokenLifecycle, match=r"state done is retired and present; retired state old leads to"):
        lifecycle({"retired": (Retired("done", "fresh"), Retired("old", "away"))})


def test_a_retired_state_with_a_known_successor_is_accepted():
    assert lifecycle({"retired": (Retired("old", "fresh"),)})


def test_rows_for_different_roles_need_no_guards():
    assert lifecycle(with_moves(replace(FINISH, dest=STAY, roles=(HANDLER,))))
