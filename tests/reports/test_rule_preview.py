"""What a draft would do to the deadlines of open cases is what it does once it is published."""

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.access.condition import EVERY_CASE, NO_CASE
from engine.actors import NewActor, add_actor
from engine.commands.reprojection import reproject_due
from engine.rules.drafts import approve_draft, draft_of, save_draft, start_draft, submit_draft
from engine.rules.in_force import Sort, rules_of
from engine.rules.rule_texts import text_in_force
from engine.store import Store
from models.columns import from_micros, to_micros
from reports.rule_preview import RulePreview, rule_preview
from statemachines.roles import Role
from tests.case_actions import DAY, HOUR, START, make_move, new_case, query_rows, refusal, timer_of
from tests.editions import in_force
from tests.engine.rules.sample_rules import EVA, OFFICE, add_evaluator

pytestmark = [pytest.mark.requirement("F4"), pytest.mark.requirement("K2")]

IVO = "ivo"
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def group(store: Store) -> Store:
    add_evaluator(store)
    with store.writing() as tx:
        add_actor(tx, NewActor(IVO, (Role.EVALUATION_GROUP,)))
    in_force(store, {"solution": {"amount": 24, "unit": "hours"}})
    return store


def draft_with(store: Store, at: datetime, hours: int, version: str = "next") -> int:
    """Let Eva save a draft of the pack in force with another limit of the solution."""
    with store.looking() as tx:
        text = text_in_force(tx, Sort.PACK, "logistics", to_micros(at))
    content = text.content.replace(f'version = "{text.version}"', f'version = "{version}"')
    content, count = re.subn(r"(\[clauses\.solution\]\n(?:[^\[]*\n)?amount = )\d+", rf"\g<1>{hours}", content)
    assert count == 1
    draft_id = start_draft(store, Sort.PACK, "logistics", EVA, at)
    save_draft(store, draft_id, 1, content, EVA, at)
    return draft_id


def preview_of(store: Store, draft_id: int, at: datetime, scope: object = EVERY_CASE, most: int = 100) -> RulePreview:
    with store.looking() as tx:
        draft = draft_of(tx, draft_id)
    return rule_preview(store, draft, scope, at, most)  # pyright: ignore[reportArgumentType]


def due(store: Store, number: str) -> datetime:
    timer = timer_of(store, number, "solution")
    return from_micros(timer["running_since"] + timer["allowance"] - timer["consumed"])


def written(store: Store) -> list[list[dict[str, Any]]]:
    tables = ("cases", "timer", "transition", "edition")
    return [query_rows(store, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def solution_moves(preview: RulePreview) -> set[tuple[str, datetime | None, datetime | None]]:
    return {(move.number, move.before, move.after) for move in preview.moves if move.clause == "solution"}


def test_a_longer_limit_moves_the_deadlines_of_open_cases_later(group: Store):
    first, second = new_case(group), new_case(group, HOUR)
    draft_id = draft_with(group, START + 2 * HOUR, 36)
    preview = preview_of(group, draft_id, START + 2 * HOUR)
    assert solution_moves(preview) == {
        (first, START + 24 * HOUR, START + 36 * HOUR), (second, START + 25 * HOUR, START + 37 * HOUR),
    }  # fmt: skip
    assert (preview.cases, preview.reckoned, preview.failed, preview.touched) == (2, 2, 0, 2)
    assert preview.by_clause == [
        ("complaint", "solution", {"earlier": 0, "later": 2, "started": 0, "ended": 0, "paused": 0})
    ]


def test_nothing_is_written_and_the_edition_does_what_was_foretold(group: Store):
    number, paused = new_case(group), new_case(group)
    make_move(group, paused, "ask_customer", after=HOUR)
    at = START + 2 * HOUR
    draft_id = draft_with(group, at, 12)
    before = written(group)
    preview = preview_of(group, draft_id, at)
    assert before == written(group)
    assert solution_moves(preview) == {(number, START + 24 * HOUR, START + 12 * HOUR)}
    assert preview.counts["complaint", "solution", "paused"] == 1
    submit_draft(group, draft_id, 2, EVA, at, "decision 4", None, SHANGHAI)
    approve_draft(group, draft_id, 3, IVO, at)
    reproject_due(group, at)
    assert due(group, number) == START + 12 * HOUR


def test_a_limit_that_has_run_out_already_is_due_when_the_draft_takes_force(group: Store):
    number = new_case(group)
    at = START + 5 * HOUR
    assert solution_moves(preview_of(group, draft_with(group, at, 2), at)) == {(number, START + 24 * HOUR, at)}


def test_a_calendar_moves_what_is_counted_in_its_hours(group: Store):
    limit = {"amount": 8, "unit": "business_hours", "calendar": "cn-office"}
    in_force(group, {"solution": limit}, at=START + timedelta(minutes=1))
    number = new_case(group, 2 * HOUR)  # Monday, eleven in the morning
    draft_id = start_draft(group, Sort.CALENDAR, "cn-office", EVA, START + 2 * HOUR)
    save_draft(group, draft_id, 1, OFFICE.replace("[0]", "[0, 1, 2, 3, 4]"), EVA, START + 2 * HOUR)
    preview = preview_of(group, draft_id, START + 2 * HOUR)
    [(moved, _, after)] = solution_moves(preview)
    # One hour a day from ten to eleven, from Tuesday on: the eighth is that of Thursday week.
    assert (moved, after) == (number, datetime(2026, 3, 12, 11, tzinfo=SHANGHAI))


def test_only_cases_in_scope_and_open_ones_are_reckoned_up_to_a_bound(group: Store):
    for _ in range(3):
        new_case(group)
    draft_id = draft_with(group, START, 36)
    hidden = preview_of(group, draft_id, START, NO_CASE)
    assert (hidden.cases, hidden.moves) == (0, [])
    bounded = preview_of(group, draft_id, START, most=2)
    assert (bounded.cases, bounded.reckoned, bounded.touched) == (3, 2, 2)


def test_a_faulty_draft_has_no_preview(group: Store):
    draft_id = start_draft(group, Sort.PACK, "logistics", EVA, START)
    save_draft(group, draft_id, 1, "name = 1", EVA, START)
    assert refusal(lambda: preview_of(group, draft_id, START + DAY)).code == "bad_pack"
    assert rules_of(group).pack("logistics", to_micros(START)).name == "logistics"
