"""In every open state of every lifecycle somebody is awaited: a role of the staff, the system or the customer."""

import pytest

from engine.escalation.recipients import OUTSIDE, asked_for, awaited_role, level_asked, role_asked
from engine.outbox.case_event import CaseEvent
from flows.reactions.awaited import comes_to_somebody
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle
from statemachines.roles import LEVELS, TOP_LEVEL, Role
from tests.engine.escalation.staff_rows import AT, Member, asking

pytestmark = [pytest.mark.requirement("B6"), pytest.mark.requirement("B12")]
TABLES = list(lifecycles().values())
every_lifecycle = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)
STAFF = [Member(role.value, role.value) for role in Role if role not in OUTSIDE]
"""One person for each role."""


def coming_in(table: Lifecycle, state: str) -> list[CaseEvent]:
    """Return an event for each row that leads a case into a state from another one, and for its opening there."""
    rows = [(row.name, source) for row in table.moves if row.dest == state for source in row.sources if source != state]
    opening = [("open", "")] if state == table.initial else []
    return [
        CaseEvent(1, 2, move, source, state, 1, 0, "{}", 0, 0, "cli", table.kind, f"{table.prefix}-26-000001")
        for move, source in [*opening, *rows]
    ]


@every_lifecycle
def test_every_move_into_an_open_state_tells_the_role_that_its_row_names(table: Lifecycle):
    for state in (state for state in table.states if not state.final):
        arrivals = coming_in(table, state.name)
        assert arrivals, f"{state.name} is reached by no move"
        inside = state.owner not in OUTSIDE
        assert {comes_to_somebody(event) for event in arrivals} == {inside}, state.name
        if inside:
            [member] = asked_for(asking(table.kind, state.name), 0, STAFF, AT).actors
            assert member.roles == state.owner == awaited_role(table.kind, state.name)


@every_lifecycle
def test_what_awaits_nobody_of_the_staff_is_moved_on_by_the_system_or_by_what_the_customer_says(table: Lifecycle):
    for state in (state for state in table.states if state.owner in OUTSIDE):
        leading = [row for row in table.moves if state.name in row.sources and row.dest not in {None, state.name}]
        assert leading
        if state.owner is Role.SYSTEM:
            assert any(Role.SYSTEM in row.roles for row in leading), f"nobody leads a case out of {state.name}"


@every_lifecycle
def test_the_role_that_a_state_awaits_may_lead_it_on(table: Lifecycle):
    for state in (state for state in table.states if state.owner and state.owner not in OUTSIDE):
        leading = [row for row in table.moves if state.name in row.sources and row.dest not in {None, state.name}]
        assert any(state.owner in row.roles for row in leading), f"{state.owner} can do nothing in {state.name}"


@every_lifecycle
def test_the_ladder_climbs_from_the_owner_of_the_state_and_never_down(table: Lifecycle):
    for state in (state for state in table.states if not state.final):
        owner = awaited_role(table.kind, state.name)
        own = LEVELS.index(owner) if owner in LEVELS else 0
        asked = [role_asked(table.kind, state.name, level) for level in range(TOP_LEVEL + 1)]
        assert asked[0] is owner
        heights = [LEVELS.index(role) for role in asked[1:]]
        assert heights == sorted(heights)
        assert min(heights) > own or own == TOP_LEVEL
        assert level_asked(table.kind, state.name, TOP_LEVEL) == TOP_LEVEL


@pytest.mark.parametrize("level", range(1, TOP_LEVEL + 1))
def test_a_level_with_nobody_in_it_passes_to_the_next_one_and_names_it(level: int):
    case = asking("complaint", "classified", "claims", None)
    without = [member for member in STAFF if member.roles != LEVELS[level]]
    asked = asked_for(case, level, without, AT)
    expected = LEVELS[level + 1] if level < TOP_LEVEL else LEVELS[level - 1]
    assert (asked.role, asked.vacant) == (expected, (LEVELS[level],))


def test_people_of_another_department_are_asked_last():
    case = asking("complaint", "classified", "delivery", None)
    staff = [
        Member("han", "handler", "claims"),
        Member("sue", "team_supervisor", "claims"),
        Member("gao", "general_manager"),
    ]
    assert [member.handle for member in asked_for(case, 0, staff, AT).actors] == ["gao"]
    assert [member.handle for member in asked_for(case, 0, staff[:2], AT).actors] == ["han"]


def test_whoever_may_not_judge_is_not_asked_to():
    case = asking("complaint", "refusal_review", "claims", None)
    staff = [Member("sue", "team_supervisor", "claims"), Member("mei", "department_manager", "claims")]
    asked = asked_for(case, 0, staff, AT, barred={"sue"})
    assert ([member.handle for member in asked.actors], asked.vacant) == (["mei"], (Role.TEAM_SUPERVISOR,))
