"""Each law refuses a table that breaks it, when the table is made, and names the row that does."""

from dataclasses import replace
from typing import Any

import pytest

from statemachines.form_model import Form, Personal, StepFired
from statemachines.laws import BrokenLifecycle, lawful
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, Retired, State
from statemachines.roles import Role

SYSTEM, AGENT, HANDLER = Role.SYSTEM, Role.AGENT, Role.HANDLER
sunny = Guard("sunny", lambda facts, form: facts.level == 0)


class Words(Form):
    words: Personal


class MaybeWords(Form):
    words: Personal | None = None


FRESH = State("fresh", Milestone.RECEIVED, owner=AGENT)
DONE = State("done", Milestone.ARCHIVED, final=True)
FINISH = Move("finish", ("fresh",), "done", roles=(AGENT,), form=Words)
REMIND = Move("remind", ("fresh",), STAY, roles=(SYSTEM,), form=StepFired)
BREACH = Move("breach", ("fresh",), STAY, roles=(SYSTEM,), form=StepFired)
ANSWER = Clause("answer", during=("fresh",), met_by=("finish",), answers=True)
LAPSE = Clause("lapse", during=("fresh",), then="expire")

PARTS: dict[str, Any] = {
    "kind": "parcel",
    "prefix": "pc",
    "initial": "fresh",
    "states": (FRESH, DONE),
    "moves": (FINISH, REMIND, BREACH),
    "clauses": (ANSWER,),
}


def made(changed: dict[str, Any]) -> Lifecycle:
    return lawful(Lifecycle(**{**PARTS, **changed}))


def with_moves(*moves: Move) -> dict[str, Any]:
    return {"moves": (*PARTS["moves"], *moves)}


def lapsing(**expire: Any) -> dict[str, Any]:
    """A table whose clock makes the move ``expire``."""
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
    "final state done has a way out": with_moves(Move("revive", ("done",), "fresh", roles=(AGENT,))),
    "the rows of move finish ask for different forms": with_moves(
        Move("finish", ("fresh",), STAY, roles=(HANDLER,), guard=sunny)
    ),
    "move finish from fresh has a row without a guard that hides another": with_moves(
        Move("finish", ("fresh",), STAY, roles=(AGENT, HANDLER), form=Words, guard=sunny)
    ),
    "the rows of move finish count different things": {
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
    "clause lapse fires expire, which could be refused in state fresh": lapsing(guard=sunny),
    "clause answer is met by archive, which is no move": {"clauses": (replace(ANSWER, met_by=("archive",)),)},
    "clause answer is a promise to answer, but finish needs no person's words": {
        "moves": (replace(FINISH, roles=(AGENT, SYSTEM)), REMIND, BREACH)
    },
    "state done is retired and present": {"retired": (Retired("done", "fresh"),)},
    "retired state old leads to the unknown state away": {"retired": (Retired("old", "away"),)},
}

CLOCK_REFUSED = {
    "asks for words": lapsing(form=Words),
    "is not the system's": lapsing(roles=(AGENT,)),
    "starts elsewhere": lapsing(sources=("done",), dest=STAY),
    "is unknown": {"clauses": (LAPSE,)},
}

WORDLESS = {
    "asks for nothing": Move("finish", ("fresh",), "done", roles=(AGENT,)),
    "asks for words that may stay away": replace(FINISH, form=MaybeWords),
}


def test_the_sound_table_is_taken():
    table = made({})
    assert table.decide(Facts("fresh"), "finish", Words(words="done"), {AGENT}).dest == "done"


@pytest.mark.parametrize("law", BROKEN)
def test_a_table_that_breaks_a_law_is_refused_by_name(law: str):
    with pytest.raises(BrokenLifecycle) as caught:
        made(BROKEN[law])
    assert str(caught.value).startswith("lifecycle parcel: ")
    assert law in str(caught.value)


@pytest.mark.parametrize("why", CLOCK_REFUSED)
def test_a_move_of_a_clock_is_refused_if_it(why: str):
    with pytest.raises(BrokenLifecycle, match="clause lapse fires expire, which could be refused in state fresh"):
        made(CLOCK_REFUSED[why])


@pytest.mark.parametrize("rung", [REMIND, BREACH], ids=lambda row: row.name)
def test_a_rung_that_is_told_in_another_form_is_refused(rung: Move):
    moves = tuple(replace(row, form=Words) if row is rung else row for row in PARTS["moves"])
    with pytest.raises(BrokenLifecycle, match=f"clause answer fires {rung.name}, which could be refused"):
        made({"moves": moves})


@pytest.mark.parametrize("why", WORDLESS)
def test_a_promise_to_answer_is_not_kept_by_a_move_that(why: str):
    with pytest.raises(BrokenLifecycle, match="promise to answer, but finish needs no person's words"):
        made({"moves": (WORDLESS[why], REMIND, BREACH)})


def test_all_broken_laws_are_told_at_once():
    with pytest.raises(BrokenLifecycle, match=r"state done is retired and present; retired state old leads to"):
        made({"retired": (Retired("done", "fresh"), Retired("old", "away"))})


def test_a_retired_state_with_a_known_heir_is_taken():
    assert made({"retired": (Retired("old", "fresh"),)})


def test_rows_for_different_people_may_go_without_guards():
    assert made(with_moves(Move("finish", ("fresh",), STAY, roles=(HANDLER,), form=Words)))
