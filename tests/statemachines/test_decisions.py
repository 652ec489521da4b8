"""Decisions and refusals: what they hold, and how forms are checked before a decision."""

import contextlib
import itertools
from dataclasses import replace
from typing import Any

import pytest

from statemachines.complaint import COMPLAINT
from statemachines.complaint_forms import Classification, Findings, Resolution
from statemachines.form_model import ON_CASE, PERSONAL, VARIABLE, Nothing, marked, required
from statemachines.forms import Survey
from statemachines.kinds import lifecycles
from statemachines.lifecycle import STAY, Clause, Facts, Guard, Lifecycle, Milestone, Move, Refused, Retired, State
from statemachines.roles import LEVELS, TOP_LEVEL, Role
from statemachines.training_forms import Examination
from tests.case_actions import FORMS, refusal

AGENT, HANDLER, SYSTEM = {Role.AGENT}, {Role.HANDLER}, {Role.SYSTEM}
FORM = Classification(category="damage")


def refusal_of(state: str, move: str, roles: set[Role], **facts: Any) -> Refused:
    """Return the refusal of a move with a valid form."""
    form = COMPLAINT.checked(move, FORMS.get(move, {}))
    return refusal(lambda: COMPLAINT.decide(Facts(state, **facts), move, form, roles))


def test_a_decision_holds_row_source_dest_and_form():
    decision = COMPLAINT.decide(Facts("received"), "classify", FORM, AGENT)
    assert (decision.row.name, decision.source, decision.dest) == ("classify", "received", "classified")
    assert decision.form is FORM


def test_a_move_that_stays_keeps_the_state():
    form = COMPLAINT.checked("note", {"note": "He called."})
    assert COMPLAINT.decide(Facts("resolved"), "note", form, AGENT).dest == "resolved"


def test_a_move_from_a_wrong_state_is_refused_with_the_allowed_moves():
    refused = refusal_of("received", "resolve", HANDLER)
    assert (refused.code, refused.params["move"], refused.params["state"]) == ("not_now", "resolve", "received")
    assert refused.params["allowed"] == [
        *("ask_customer", "reply", "propose_solution", "progress", "message_undelivered", "promise"),
        *("note", "escalate", "attach"),
    ]


def test_a_closed_case_allows_nothing_but_evidence_outside_the_window_of_its_return():
    people = set(Role) - {Role.SYSTEM, Role.IMPORT}
    assert refusal_of("archived", "note", people).params["allowed"] == ["attach"]
    assert refusal_of("referred", "note", people).params["allowed"] == ["attach"]


def test_a_missing_role_is_refused_with_the_roles_that_may():
    refused = refusal_of("refusal_review", "refuse", AGENT)
    assert refused.code == "role"
    assert refused.params["wanted"] == ["department_manager", "general_manager", "team_supervisor"]
    assert "reply" in refused.params["allowed"]
    assert "refuse" not in refused.params["allowed"]


@pytest.mark.requirement("F3")
def test_nobody_judges_his_own_work():
    done_by = {"investigate": frozenset({"han"}), "resolve": frozenset({"amy"})}
    refused = refusal_of("resolved", "revisit", AGENT, actor="amy", done_by=done_by)
    assert (refused.code, refused.params["actor"], refused.params["moves"]) == ("own_work", "amy", ["resolve"])
    assert "revisit" not in refused.params["allowed"]
    form = COMPLAINT.checked("revisit", FORMS["revisit"])
    assert COMPLAINT.decide(Facts("resolved", actor="ann", done_by=done_by), "revisit", form, AGENT)
    assert COMPLAINT.decide(Facts("resolved", done_by=done_by), "revisit", form, SYSTEM), "the system is no person"


@pytest.mark.requirement("F3")
def test_an_actor_whom_the_case_concerns_is_recused():
    judge = Move("judge", ("open",), "closed", roles=(Role.HR,), recused=("accused",))
    states = (State("open", Milestone.RECEIVED, owner=Role.HR), State("closed", Milestone.ARCHIVED, final=True))
    trial = Lifecycle("trial", "tr", "open", states, (judge,))
    form = trial.checked("judge", {})
    facts = Facts("open", variables={"accused": "hera"}, actor="hera")
    refused = refusal(lambda: trial.decide(facts, "judge", form, {Role.HR}))
    assert (refused.code, refused.params["actor"], refused.params["allowed"]) == ("recused", "hera", [])
    assert trial.decide(replace(facts, actor="hugo"), "judge", form, {Role.HR}).dest == "closed"


def test_an_import_makes_the_moves_of_people_but_not_those_of_a_timer():
    form = COMPLAINT.checked("refer", FORMS["refer"])
    assert COMPLAINT.decide(Facts("resolved"), "refer", form, {Role.IMPORT}).dest == "referred"
    assert refusal_of("received", "refer", {Role.IMPORT}).code == "not_now"
    assert refusal_of("resolved", "unreachable", {Role.IMPORT}, attempts=2).code == "guard"
    assert not {"remind", "breach"} & set(COMPLAINT.allowed(Facts("received"), {Role.IMPORT}))


def test_only_an_import_closes_without_a_callback_or_reopens_without_a_reason():
    only = {"close", "reopen", "start_over"}
    assert only <= set(COMPLAINT.allowed(Facts("resolved"), {Role.IMPORT}))
    assert not only & set(COMPLAINT.allowed(Facts("resolved"), set(Role) - {Role.IMPORT}))


def test_a_failed_guard_is_named():
    refused = refusal_of("resolved", "unreachable", SYSTEM, attempts=2, max_attempts=3)
    assert (refused.code, refused.params["guards"]) == ("guard", ["attempts_used"])
    assert "revisit" in refused.params["allowed"]


def test_an_unknown_state_allows_nothing():
    refused = refusal_of("limbo", "classify", AGENT)
    assert (refused.code, refused.params["allowed"]) == ("not_now", [])


def test_an_unknown_move_is_refused_with_the_known_ones():
    refused = refusal(lambda: COMPLAINT.checked("fly", {}))
    assert (refused.code, refused.params["known"]) == ("unknown_move", list(COMPLAINT.rows))


@pytest.mark.parametrize(
    ("move", "form", "field"),
    [
        ("classify", {}, "category"),
        ("classify", {"category": "SECRET words"}, "category"),
        ("classify", {"category": "damage", "severity": "SECRET"}, "severity"),
        ("classify", {"category": "damage", "confidence": "SECRET"}, "confidence"),
        ("reply", {"message": "   "}, "message"),
        ("reply", {"message": "SECRET" * 20_000}, "message"),
        ("reply", {"message": ["SECRET"]}, "message"),
        ("revisit", {"outcome": "satisfied", "quality": 6}, "quality"),
        ("promise", {"promise": "SECRET", "due_at": "2026-03-03T09:00:00"}, "due_at"),
        ("merge", {"into": "SECRET"}, "into"),
        ("acknowledge", {"words": "SECRET"}, "words"),
    ],
)
def test_a_fault_in_a_form_names_the_field_and_never_the_value(move: str, form: dict[str, Any], field: str):
    refused = refusal(lambda: COMPLAINT.checked(move, form))
    assert (refused.code, refused.params["move"]) == ("form", move)
    assert [fault["field"] for fault in refused.params["fields"]] == [field]
    assert "SECRET" not in repr(refused.params)
    assert refused.__cause__ is None


def test_a_form_marks_what_is_personal_and_what_it_sets_on_the_case():
    assert marked(Findings, PERSONAL) == ("findings",)
    assert marked(Survey, PERSONAL) == ("words", "need")
    assert marked(Findings, VARIABLE) == ("cause",)
    assert marked(Classification, ON_CASE) == ("category", "severity", "department")
    assert required(Classification) == ("category",)


def test_a_checked_form_cannot_be_changed():
    form = COMPLAINT.checked("resolve", {"result": "Paid."})
    assert isinstance(form, Resolution)
    with pytest.raises(ValueError, match="frozen"):
        form.result = "Refused."  # pyright: ignore[reportAttributeAccessIssue]


def test_the_levels_rise_from_the_handler_to_the_general_manager():
    assert (LEVELS[0], LEVELS[TOP_LEVEL]) == (Role.HANDLER, Role.GENERAL_MANAGER)


def changed(row: Move | Clause, **columns: Any) -> Lifecycle:
    """Return the complaint's table with some columns of one row changed."""
    if isinstance(row, Move):
        moves = tuple(replace(row, **columns) if other is row else other for other in COMPLAINT.moves)
        return replace(COMPLAINT, moves=moves)
    clauses = tuple(replace(row, **columns) if other is row else other for other in COMPLAINT.clauses)
    return replace(COMPLAINT, clauses=clauses)


NOTE = COMPLAINT.rows["note"][0]
REVISIT = COMPLAINT.rows["revisit"][1]
SOLUTION = next(clause for clause in COMPLAINT.clauses if clause.name == "solution")
CHANGES: dict[str, Lifecycle] = {
    "another move": replace(COMPLAINT, moves=(*COMPLAINT.moves, Move("nod", ("received",), STAY, roles=(Role.AGENT,)))),
    "no note": replace(COMPLAINT, moves=tuple(row for row in COMPLAINT.moves if row is not NOTE)),
    "moves in another order": replace(COMPLAINT, moves=COMPLAINT.moves[::-1]),
    "other sources": changed(NOTE, sources=("received",)),
    "another dest": changed(COMPLAINT.rows["classify"][0], dest="investigated"),
    "other roles": changed(NOTE, roles=(Role.AGENT,)),
    "another form": changed(NOTE, form=Findings),
    "another guard": changed(REVISIT, guard=Guard("cloudy", lambda facts, form: False)),
    "no new cycle": changed(REVISIT, reopens=False),
    "another owner": replace(
        COMPLAINT, states=(replace(COMPLAINT.states[0], owner=Role.HANDLER), *COMPLAINT.states[1:])
    ),
    "another milestone": replace(
        COMPLAINT, states=(replace(COMPLAINT.states[0], milestone=Milestone.RESOLVED), *COMPLAINT.states[1:])
    ),
    "another state": replace(
        COMPLAINT,
        states=(*COMPLAINT.states, State("lost", Milestone.ARCHIVED, final=True)),
        moves=(*COMPLAINT.moves, Move("lose", ("received",), "lost", roles=(Role.AGENT,))),
    ),
    "one clause fewer": replace(COMPLAINT, clauses=COMPLAINT.clauses[1:]),
    "a clause that never pauses": changed(SOLUTION, pauses=()),
    "a clause of the first cycle only": changed(SOLUTION, once=True),
    "separate duties": changed(NOTE, separate_from=("reply",)),
    "somebody recused": changed(NOTE, recused=("accused",)),
    "a count": changed(NOTE, counts="notes"),
    "a variable that is cleared": changed(NOTE, clears=("cause",)),
    "a clause started by a move": changed(SOLUTION, started_by=("note",)),
    "an internal clause": changed(SOLUTION, internal=True),
    "another nature": replace(COMPLAINT, natures=("grudge",)),
    "an internal kind": replace(COMPLAINT, internal=True),
    "a retired state": replace(COMPLAINT, retired=(Retired("old", "received"),)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_version_changes_with_the_table(change: str):
    assert CHANGES[change].version != COMPLAINT.version


def test_the_version_is_twelve_hex_digits_and_stays_while_nothing_changes():
    assert len(COMPLAINT.version) == 12
    assert int(COMPLAINT.version, 16) >= 0
    assert replace(COMPLAINT).version == COMPLAINT.version
    assert len({table.version for table in CHANGES.values()}) == len(CHANGES)


@pytest.mark.parametrize("kind", sorted(lifecycles()))
def test_a_settled_decision_is_what_the_machine_decides(kind: str):
    table = replace(lifecycles()[kind])  # a copy that has decided nothing yet
    questions = itertools.product(table.rows, table.state, [frozenset({role}) for role in Role])
    for move, state, roles in questions:
        form = Nothing()
        with contextlib.suppress(Refused, AttributeError):  # some guards read a field that this form lacks
            first = table.decide(Facts(state), move, form, roles)
            settled = table.settled(move, state, roles)
            if settled is not None:
                assert settled is first.row
                other_facts = Facts(
                    state, previous_state="x", cycle=3, level=3, attempts=9, severity="severe", actor="han"
                )
                assert table.decide(other_facts, move, form, roles).row is settled
    settled = {name for name, _, _ in table._settled}
    assert settled
    assert not settled & {row.name for row in table.moves if row.guard and len(table.rows[row.name]) == 1}


@pytest.mark.requirement("J1")
def test_without_a_limit_in_the_pack_nobody_passes_or_fails_an_examination():
    training, form = lifecycles()["training"], Examination(theory=0, practice=0, attitude=0, evidence="paper 7")
    attended = Facts("attended", variables={"trainee": "amy"}, actor="sue")
    assert "examine" not in training.allowed(attended, {Role.HR})
    with pytest.raises(Refused):
        training.decide(attended, "examine", form, {Role.HR})
    limited = replace(attended, bounds={"exam_failed": 59})
    for points, state in ((59, "failed"), (60, "passed")):
        scores: dict[str, Any] = dict.fromkeys(("theory", "practice", "attitude"), points)
        decision = training.decide(limited, "examine", form.model_copy(update=scores), {Role.HR})
        assert decision.dest == state
