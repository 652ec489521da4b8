"""One of the evaluation group drafts and submits, another one approves or declines; each act is done once."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.actors import NewActor, add_actor
from engine.audit.verify import verify
from engine.rules import drafts
from engine.rules.draft_checks import faults_of
from engine.rules.drafts import DraftRow, approve_draft, decline_draft, draft_of, save_draft, start_draft, submit_draft
from engine.rules.editions import editions
from engine.rules.fault_lines import line_of
from engine.rules.in_force import Sort, rules_of
from engine.rules.policy import POLICIES
from engine.rules.rule_texts import changed_lines
from engine.store import Store
from models.columns import to_micros
from statemachines.roles import Role
from statemachines.rule_faults import rule_fault
from tests.case_actions import AGENT, DAY, HOUR, START, query_rows, refusal, run_concurrently
from tests.engine.rules.sample_rules import EVA, OFFICE, QUESTIONNAIRE, add_evaluator, pack_text

pytestmark = pytest.mark.requirement("F4")

IVO = "ivo"
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def group(store: Store) -> Store:
    add_evaluator(store)
    with store.writing() as tx:
        add_actor(tx, NewActor(IVO, (Role.EVALUATION_GROUP,)))
    return store


def read(store: Store, draft_id: int) -> DraftRow:
    with store.looking() as tx:
        return draft_of(tx, draft_id)


def drafted(store: Store, text: str = "", sort: Sort = Sort.PACK, name: str = "logistics") -> int:
    """Let Eva save a draft; return its id."""
    draft_id = start_draft(store, sort, name, EVA, START)
    save_draft(store, draft_id, 1, text or pack_text("logistics", 4), EVA, START)
    return draft_id


def submitted(store: Store, on: date | None = None, **draft: Any) -> int:
    draft_id = drafted(store, **draft)
    submit_draft(store, draft_id, 2, EVA, START, "decision 4", on, SHANGHAI)
    return draft_id


def test_a_draft_begins_with_the_text_in_force_and_is_found_again(group: Store):
    draft_id = start_draft(group, Sort.PACK, "logistics", EVA, START)
    assert read(group, draft_id).content == (POLICIES / "logistics.toml").read_text("utf-8")
    assert start_draft(group, Sort.PACK, "logistics", EVA, START) == draft_id
    assert start_draft(group, Sort.PACK, "logistics", IVO, START) != draft_id
    started = run_concurrently([lambda: start_draft(group, Sort.SURVEY, "anew", EVA, START)] * 4)
    assert set(started) == {row["id"] for row in query_rows(group, "SELECT id FROM rule_draft WHERE name = 'anew'")}


def test_one_person_proposes_and_another_one_publishes(group: Store):
    draft_id = submitted(group)
    approve_draft(group, draft_id, 3, IVO, START + HOUR)
    with group.looking() as tx:
        [edition] = editions(tx, "pack", "logistics")
    assert (edition.published_by, edition.reason, edition.version) == (EVA, "decision 4", "2")
    assert edition.effective_from == to_micros(START + HOUR)
    draft = read(group, draft_id)
    assert (draft.status, draft.made_by, draft.decided_by, draft.edition_id) == ("approved", EVA, IVO, edition.id)
    journalled = query_rows(group, "SELECT made_by FROM journal WHERE subject = 'rule_draft' ORDER BY seq")
    assert [row["made_by"] for row in journalled] == [EVA, EVA, EVA, IVO]
    assert rules_of(group).pack("logistics", to_micros(START + HOUR)).clauses["first_reply"].amount == 4
    assert verify(group).ok


def test_nobody_approves_or_declines_his_own_draft(group: Store):
    draft_id = submitted(group)
    assert refusal(lambda: approve_draft(group, draft_id, 3, EVA, START)).code == "own_draft"
    assert refusal(lambda: decline_draft(group, draft_id, 3, EVA, START, "no")).code == "own_draft"
    assert query_rows(group, "SELECT id FROM edition") == []


ACTS: dict[str, Callable[[Store, int, str], Any]] = {
    "start": lambda store, _, by: start_draft(store, Sort.PACK, "logistics", by, START),
    "save": lambda store, draft, by: save_draft(store, draft, 3, "", by, START),
    "submit": lambda store, draft, by: submit_draft(store, draft, 3, by, START, "why", None, SHANGHAI),
    "take_back": lambda store, draft, by: drafts.take_back_draft(store, draft, 3, by, START),
    "discard": lambda store, draft, by: drafts.discard_draft(store, draft, 3, by, START),
    "approve": lambda store, draft, by: approve_draft(store, draft, 3, by, START),
    "decline": lambda store, draft, by: decline_draft(store, draft, 3, by, START, "no"),
}


@pytest.mark.parametrize("act", ACTS)
def test_only_the_evaluation_group_acts_on_drafts(group: Store, act: str):
    draft_id = submitted(group)
    before = read(group, draft_id)
    assert refusal(lambda: ACTS[act](group, draft_id, AGENT)).code == "not_evaluation_group"
    assert read(group, draft_id) == before


@pytest.mark.parametrize("act", ["save", "take_back", "discard"])
def test_a_draft_belongs_to_who_made_it(group: Store, act: str):
    draft_id = submitted(group)
    assert refusal(lambda: ACTS[act](group, draft_id, IVO)).code == "not_own_draft"


def test_a_submitted_text_is_fixed_until_it_is_taken_back(group: Store):
    draft_id = submitted(group)
    assert refusal(lambda: save_draft(group, draft_id, 3, "other", EVA, START)).code == "draft_submitted"
    drafts.take_back_draft(group, draft_id, 3, EVA, START)
    assert refusal(lambda: approve_draft(group, draft_id, 4, IVO, START)).code == "draft_not_submitted"
    save_draft(group, draft_id, 4, pack_text("logistics", 6), EVA, START)
    submit_draft(group, draft_id, 5, EVA, START, "decision 5", None, SHANGHAI)
    assert refusal(lambda: approve_draft(group, draft_id, 3, IVO, START)).code == "draft_changed"
    approve_draft(group, draft_id, 6, IVO, START)
    assert rules_of(group).pack("logistics", to_micros(START)).clauses["first_reply"].amount == 6


def test_what_is_sent_twice_is_done_once(group: Store):
    draft_id = submitted(group)
    submit_draft(group, draft_id, 2, EVA, START, "decision 4", None, SHANGHAI)
    approve_draft(group, draft_id, 3, IVO, START)
    approve_draft(group, draft_id, 3, IVO, START)
    assert len(query_rows(group, "SELECT id FROM edition")) == 1
    other = submitted(group, text=pack_text("logistics", 5, "3"))
    decline_draft(group, other, 3, IVO, START, "too long")
    decline_draft(group, other, 3, IVO, START, "too long")
    assert (read(group, other).remark, read(group, other).revision) == ("too long", 4)
    assert refusal(lambda: approve_draft(group, other, 4, IVO, START)).code == "draft_decided"
    assert len(query_rows(group, "SELECT id FROM edition")) == 1


def test_a_faulty_text_is_kept_with_its_faults_and_cannot_be_submitted(group: Store):
    text = pack_text("logistics", 4).replace("amount = 4", 'amount = "four"').replace("percent = 100", "percent = 10")
    draft_id = drafted(group, text=text)
    assert read(group, draft_id).content == text
    with group.looking() as tx:
        faults = faults_of(tx, draft_of(tx, draft_id), START)
    amount = text.splitlines().index('amount = "four"') + 1
    assert [(each.line, each.fault["field"]) for each in faults] == [(amount, "clauses.first_reply.amount")]
    refused = refusal(lambda: submit_draft(group, draft_id, 2, EVA, START, "why", None, SHANGHAI))
    assert refused.code == "bad_pack"
    assert read(group, draft_id).status == "open"


@pytest.mark.parametrize(
    ("text", "field", "line"),
    [
        ("[a]\nb = 1\n[a.c]\nd = 2\n", "a.c.d", 4),
        ("[a]\nb = 1\n", "a.missing", 1),
        ("[[a]]\nb = 1\n[[a]]\n# x\nb = 2\n", "a.1.b", 5),
        ("x = 1\n", "clauses", None),
        ("l = [{ p = 1 }]\n", "l.0.p", 1),
    ],
)
def test_a_fault_has_the_line_of_its_field_or_of_its_table(text: str, field: str, line: int | None):
    assert line_of(text, rule_fault(field, "pack.ladder", "why")) == line


def test_a_text_that_is_no_toml_names_the_line(group: Store):
    draft_id = drafted(group, text='name = "logistics"\nversion = = 2\n')
    with group.looking() as tx:
        [fault] = faults_of(tx, draft_of(tx, draft_id), START)
    assert fault.line == 2


def test_a_later_day_begins_at_midnight_of_the_pack_and_is_not_approved_when_it_has_begun(group: Store):
    draft_id = submitted(group, date(2026, 3, 4))  # START is March 2, nine in the morning in Shanghai
    assert read(group, draft_id).effective_from == to_micros(START + 39 * HOUR)
    late = refusal(lambda: approve_draft(group, draft_id, 3, IVO, START + 40 * HOUR))
    assert (late.code, read(group, draft_id).status) == ("effective_in_the_past", "submitted")
    approve_draft(group, draft_id, 3, IVO, START + DAY)
    rules = rules_of(group)
    amounts = [rules.pack("logistics", to_micros(START + hours * HOUR)).version for hours in (38, 39)]
    assert amounts == [rules.pack("logistics", 0).version, "2"]


def test_the_same_text_is_nothing_to_submit(group: Store):
    draft_id = start_draft(group, Sort.PACK, "logistics", EVA, START)
    same = refusal(lambda: submit_draft(group, draft_id, 1, EVA, START, "why", None, SHANGHAI))
    assert same.code == "draft_unchanged"


def test_calendars_and_questionnaires_are_drafted_as_well(group: Store):
    survey = QUESTIONNAIRE.replace('name = "test"', 'name = "after_complaint"').replace('"1"', '"9"')
    survey = survey.replace("weight = 3", "weight = 100")
    for sort, name, text in (
        (Sort.CALENDAR, "cn-office", OFFICE),
        (Sort.SURVEY, "after_complaint", survey),
    ):
        approve_draft(group, submitted(group, text=text, sort=sort, name=name), 3, IVO, START)
    rules = rules_of(group)
    assert rules.calendar("cn-office").weekdays == (0,)
    assert rules.questionnaire("after_complaint", to_micros(START)).version == "9"
    wrong = drafted(group, text=OFFICE.replace("cn-office", "cn-hotline"), sort=Sort.CALENDAR, name="cn-office")
    with group.looking() as tx:
        [fault] = faults_of(tx, draft_of(tx, wrong), START + timedelta(minutes=1))
    assert fault.fault["type"] == "draft.other_name"


def test_a_comparison_shows_what_goes_and_what_comes():
    lines = [(line.sign, line.text) for line in changed_lines("a\nb\nc\n", "a\nB\nc\n")]
    assert lines == [("@", "@@ -1,3 +1,3 @@"), (" ", "a"), ("-", "b"), ("+", "B"), (" ", "c")]
