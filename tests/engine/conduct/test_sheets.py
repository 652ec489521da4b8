"""A contact is scored on a sheet; a correction is another sheet with its reason, and nobody scores his own contact."""

from dataclasses import replace

import pytest

from engine.audit.erase_texts import erase_texts
from engine.audit.verify import verify
from engine.conduct.objections import answer_objection, object_to_sheet
from engine.conduct.score import GivenMark
from engine.conduct.sheet_rows import SheetRow, sheets_of_contact, sheets_of_person
from engine.conduct.sheets import GivenSheet, score_contact
from engine.rules.in_force import Sort
from engine.rules.publishing import publish
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, HANDLER, START, execute_sql, make_move, query_rows, refusal, run_concurrently
from tests.engine.access.people import principal
from tests.engine.conduct.reviewed_contacts import (
    LATER,
    QIN,
    QIU,
    WANTED,
    drawn,
    marks,
    person,
    reviewer,
    scored,
    spoken_contacts,
)
from tests.engine.rules.sample_rules import EVA, add_evaluator
from tests.engine.rules.test_checklists import CALLS
from tests.erasures import REASON, administrator_of

pytestmark = pytest.mark.requirement("F5")


def sheets(store: Store, draw_id: int, position: int = 1) -> list[SheetRow]:
    with store.looking() as tx:
        return sheets_of_contact(tx, draw_id, position)


@pytest.fixture
def draw_id(store: Store) -> int:
    """A draw of three of four telephone calls of Amy's."""
    spoken_contacts(store, 4)
    return drawn(store)


def test_a_sheet_holds_score_observed_share_and_marks(store: Store, draw_id: int):
    """The greeting (10) failed and the closing (10) was not observed: 80 of the 90 that were."""
    assert scored(store, draw_id, greeting="failed", closing="not_observed") == 1
    [sheet] = sheets(store, draw_id)
    assert (sheet.scored_by, sheet.score, sheet.observed, sheet.checklist) == (QIN, 8889, 90, "phone")
    found = {mark.item: (mark.outcome.value, mark.weight) for mark in sheet.marks}
    assert (found["greeting"], found["closing"], found["answer"]) == (
        ("failed", 10),
        ("not_observed", 10),
        ("passed", 20),
    )


def test_where_nothing_was_observed_there_is_no_score(store: Store, draw_id: int):
    unseen = GivenSheet(draw_id, 1, 0, marks(outcome="not_observed"))
    score_contact(store, reviewer(store), unseen, LATER)
    [sheet] = sheets(store, draw_id)
    assert (sheet.score, sheet.observed) == (None, 0)


def test_a_correction_is_another_sheet_with_its_reason(store: Store, draw_id: int):
    scored(store, draw_id, answer="failed")
    assert scored(store, draw_id, revision=1, by=QIU, reason="He promised a date.") == 2
    assert [(each.revision, each.score, each.scored_by, each.reason) for each in sheets(store, draw_id)] == [
        (2, 10_000, QIU, "He promised a date."),
        (1, 8000, QIN, None),
    ]


def test_a_correction_without_a_reason_is_refused(store: Store, draw_id: int):
    scored(store, draw_id)
    assert refusal(lambda: scored(store, draw_id, revision=1, reason=" ")).code == "no_reason"
    assert len(sheets(store, draw_id)) == 1


def test_who_has_not_seen_the_newest_sheet_corrects_nothing(store: Store, draw_id: int):
    scored(store, draw_id)
    assert refusal(lambda: scored(store, draw_id, by=QIU)).code == "sheet_changed"
    assert refusal(lambda: scored(store, draw_id, position=2, revision=1, reason="why")).code == "sheet_changed"


def test_two_who_score_at_once_leave_one_sheet(store: Store, draw_id: int):
    answers = run_concurrently([lambda by=by: scored(store, draw_id, by=by) for by in (QIN, QIU)])
    assert sorted(str(getattr(answer, "code", answer)) for answer in answers) == ["1", "sheet_changed"]
    assert len(sheets(store, draw_id)) == 1


def test_a_form_that_is_sent_twice_scores_once(store: Store, draw_id: int):
    who, given = reviewer(store), GivenSheet(draw_id, 1, 0, marks())
    assert [score_contact(store, who, given, LATER, "key") for _ in range(2)] == [1, 1]
    assert len(sheets(store, draw_id)) == 1


@pytest.mark.requirement("F3")
def test_nobody_scores_his_own_contact(store: Store):
    reviewer(store)
    spoken_contacts(store, 1, by=QIN)
    draw_id = drawn(store, by=QIU)
    assert refusal(lambda: scored(store, draw_id, by=QIN)).code == "own_contact"
    assert scored(store, draw_id, by=QIU) == 1


@pytest.mark.requirement("F3")
@pytest.mark.parametrize("role", [Role.EVALUATION_GROUP, Role.AUDITOR, Role.DEPARTMENT_MANAGER])
def test_only_the_quality_team_scores(store: Store, draw_id: int, role: Role):
    who = principal(store, role)
    assert refusal(lambda: score_contact(store, who, GivenSheet(draw_id, 1, 0, marks()), LATER)).code == "not_in_charge"


def test_a_contact_of_a_case_that_may_not_be_read_is_not_scored(store: Store, draw_id: int):
    execute_sql(store, "UPDATE cases SET kind = 'appeal'")
    assert refusal(lambda: scored(store, draw_id)).code == "unknown_case"


@pytest.mark.parametrize(
    ("place", "code"), [((9, 1), "unknown_draw"), ((1, 4), "unknown_contact"), ((0, 1), "unknown_draw")]
)
def test_what_was_not_drawn_is_not_scored(store: Store, draw_id: int, place: tuple[int, int], code: str):
    assert refusal(lambda: scored(store, *place)).code == code


def test_a_contact_is_judged_by_the_checklist_of_its_day(store: Store, draw_id: int):
    add_evaluator(store)
    publish(store, Sort.CHECKLIST, CALLS, EVA, START, START + DAY, "decision 9", "phone.toml")
    scored(store, draw_id)
    [sheet] = sheets(store, draw_id)
    assert sheet.version == "2026-11"


def test_the_scored_person_objects_and_another_reviewer_answers(store: Store, draw_id: int):
    scored(store, draw_id, answer="failed")
    [sheet] = sheets(store, draw_id)
    amy = person(store, AGENT)
    for _ in range(2):
        object_to_sheet(store, amy, sheet.id, "I named a date.", LATER)
        assert refusal(lambda: answer_objection(store, reviewer(store), sheet.id, "No.", LATER)).code == "own_sheet"
    for _ in range(2):
        answer_objection(store, reviewer(store, QIU), sheet.id, "You did; I corrected it.", LATER)
    [after] = sheets(store, draw_id)
    assert (after.objection, after.answer, after.answered_by) == ("I named a date.", "You did; I corrected it.", QIU)
    assert (after.score, after.objected_at, after.answered_at) == (8000, LATER, LATER)
    assert refusal(lambda: object_to_sheet(store, amy, sheet.id, "Again.", LATER)).code == "objected_already"
    assert (
        refusal(lambda: answer_objection(store, reviewer(store, QIU), sheet.id, "x", LATER)).code == "answered_already"
    )


def test_nobody_objects_for_another_one_or_without_words(store: Store, draw_id: int):
    scored(store, draw_id)
    [sheet] = sheets(store, draw_id)
    han, amy = person(store, HANDLER), person(store, AGENT)
    assert refusal(lambda: object_to_sheet(store, han, sheet.id, "No.", LATER)).code == "unknown_sheet"
    assert refusal(lambda: object_to_sheet(store, amy, sheet.id, "  ", LATER)).code == "no_reason"
    assert refusal(lambda: object_to_sheet(store, amy, 99, "No.", LATER)).code == "unknown_sheet"
    assert refusal(lambda: answer_objection(store, reviewer(store, QIU), sheet.id, "x", LATER)).code == "no_objection"
    scored(store, draw_id, revision=1, reason="why")
    assert refusal(lambda: object_to_sheet(store, amy, sheet.id, "No.", LATER)).code == "sheet_changed"


def test_a_person_reads_the_sheets_about_his_own_contacts(store: Store, draw_id: int):
    scored(store, draw_id)
    with store.looking() as tx:
        ids = {row.handle: row.id for row in tx.rows("SELECT id, handle FROM actor")}
        of = {handle: [each.draw_id for each in sheets_of_person(tx, ids[handle], 9)] for handle in (AGENT, HANDLER)}
    assert of == {AGENT: [draw_id], HANDLER: []}


@pytest.mark.requirement("H1")
def test_what_was_written_about_a_contact_goes_with_the_texts_of_its_case(store: Store):
    contacts = spoken_contacts(store, 2)
    draw_id = drawn(store)
    for position in (1, 2):
        scored(store, draw_id, position, answer="failed")
        scored(store, draw_id, position, 1, reason="Mr Wang complained.", answer="failed")
    [first, _] = sheets(store, draw_id)
    object_to_sheet(store, person(store, AGENT), first.id, "Mr Wang was rude.", LATER)
    number = query_rows(
        store, "SELECT c.number FROM conduct_sample s JOIN cases c ON c.id = s.case_id ORDER BY position"
    )
    make_move(store, number[0]["number"], "withdraw")
    erase_texts(store, administrator_of(store), number[0]["number"], REASON, LATER)
    for sheet in sheets(store, draw_id, 1):
        assert (sheet.reason, sheet.objection, sheet.score) == (None, None, 8000)
        assert [mark.note for mark in sheet.marks if mark.note] == []
        assert sheet.erased_at is not None
    assert [sheet.reason for sheet in sheets(store, draw_id, 2)] == ["Mr Wang complained.", None]
    assert len(contacts) == 2
    assert verify(store).faults == ()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE conduct_draw SET seed = 'other'",
        "UPDATE conduct_sheet SET score = 10000",
        "UPDATE conduct_mark SET outcome = 'passed' WHERE item = 'answer'",
        "UPDATE conduct_sample SET position = 9 WHERE position = 3",
        "DELETE FROM conduct_draw WHERE id = 2",
    ],
)
def test_whoever_changes_a_draw_or_a_sheet_is_found(store: Store, draw_id: int, change: str):
    scored(store, draw_id, answer="failed")
    drawn(store, replace(WANTED, size=1))
    assert verify(store).faults == ()
    if change.startswith("DELETE"):
        execute_sql(store, "DELETE FROM conduct_sample WHERE draw_id = 2")
    assert execute_sql(store, change)
    assert verify(store).faults != ()


def test_a_note_is_kept_with_a_mark(store: Store, draw_id: int):
    given = {**marks(), "answer": GivenMark("failed", "He named no date.")}
    score_contact(store, reviewer(store), GivenSheet(draw_id, 1, 0, given), LATER)
    [sheet] = sheets(store, draw_id)
    assert {mark.item: mark.note for mark in sheet.marks}["answer"] == "He named no date."
