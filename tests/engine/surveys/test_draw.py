"""A survey draws the customers of a period by stratum and seed, and records who could not be drawn and why (E1)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.store import Store
from engine.surveys.draw import draw, draw_scheduled, send_out
from engine.surveys.drawn_again import draw_survey_again
from engine.surveys.invite import invite, uninvited
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, HOUR, START, execute_sql, make_move, query_rows, refusal, run_concurrently
from tests.editions import publishes
from tests.engine.access.people import principal
from tests.engine.surveys.surveyed_customers import LATER, customer, drawn, plan, planner

pytestmark = pytest.mark.requirement("E1")

PERSONS = "SELECT position, stratum, party_id FROM survey_person WHERE survey_id = :id ORDER BY position"


def persons(store: Store, survey_id: int) -> list[int]:
    return [row["party_id"] for row in query_rows(store, PERSONS, id=survey_id)]


def left_out(store: Store, survey_id: int) -> dict[str, Any]:
    rows = query_rows(store, "SELECT * FROM survey_stratum WHERE survey_id = :id ORDER BY stratum", id=survey_id)
    return {row["stratum"]: (row["population"], row["eligible"], json.loads(row["left_out"])) for row in rows}


def test_each_customer_counts_once_in_the_stratum_of_his_newest_case(store: Store):
    customer(store, "wu", customer_type="individual")
    customer(store, "wu", HOUR, customer_type="enterprise")
    customer(store, "li", customer_type="individual")
    survey_id = drawn(store)
    assert left_out(store, survey_id) == {"enterprise": (1, 1, {}), "individual": (1, 1, {})}
    assert sorted(persons(store, survey_id)) == [1, 2]
    assert verify(store).faults == ()


def test_cases_of_another_period_pack_or_kind_are_not_in_the_population(store: Store):
    customer(store, "wu", DAY)
    assert refusal(lambda: drawn(store)).code == "nobody_to_ask"
    customer(store, "li")
    assert refusal(lambda: drawn(store, kinds=("inquiry",))).code == "nobody_to_ask"
    assert refusal(lambda: drawn(store, pack="shipping")).code == "nobody_to_ask"
    assert persons(store, drawn(store)) == [2]


def test_who_could_not_be_drawn_is_recorded_with_the_first_reason(store: Store):
    customer(store, "wu")
    customer(store, "li", email=None, phone="13900000001")
    customer(store, "ma")
    execute_sql(store, "UPDATE party SET erased_at = 1, name = NULL WHERE id = 3")
    assert left_out(store, drawn(store)) == {"unknown": (3, 1, {"erased": [3], "no_address": [2]})}
    assert left_out(store, drawn(store, way="phone"))["unknown"][2] == {"erased": [3], "no_address": [1]}


def test_whoever_was_asked_within_the_days_of_the_pack_is_left_out(store: Store):
    publishes(store, "surveys", kinds=["complaint"], size=10, apart_days=30, source="a test")
    customer(store, "wu")
    first = drawn(store)
    customer(store, "li")
    assert sorted(persons(store, drawn(store))) == [1, 2], "a survey that was not sent out has asked nobody"
    send_out(store, planner(store), first, LATER)
    again = draw(store, planner(store), plan(), LATER + DAY)
    assert left_out(store, again) == {"unknown": (2, 1, {"asked_recently": [1]})}
    later = draw(store, planner(store), plan(), LATER + 31 * DAY)
    assert sorted(persons(store, later)) == [1, 2]


def test_drawn_again_later_the_survey_is_the_same(store: Store):
    for n in range(9):
        customer(store, f"c{n}")
    survey_id = drawn(store, size=4)
    customer(store, "late")
    execute_sql(store, "UPDATE cases SET opened_at = :at WHERE id = 10", at=1)
    with store.looking() as tx:
        again = draw_survey_again(tx, survey_id)
    assert (again.population, again.same_population, again.same_sample) == (9, True, True)
    execute_sql(store, "UPDATE survey SET seed = 'liked' WHERE id = :id", id=survey_id)
    with store.looking() as tx:
        again = draw_survey_again(tx, survey_id)
    assert (again.same_population, again.same_sample) == (True, False)


def test_without_a_seed_the_program_chooses_one(store: Store):
    customer(store, "wu")
    for _ in range(2):
        draw(store, planner(store), plan(), LATER)
    assert len({row["seed"] for row in query_rows(store, "SELECT seed FROM survey")}) == 2


def test_only_the_evaluation_group_draws_and_sends_out(store: Store):
    customer(store, "wu")
    agent = principal(store, Role.AGENT, "ada")
    assert refusal(lambda: draw(store, agent, plan(), LATER)).code == "not_in_charge"
    survey_id = drawn(store)
    assert refusal(lambda: send_out(store, agent, survey_id, LATER)).code == "not_in_charge"
    assert refusal(lambda: send_out(store, planner(store), 9, LATER)).code == "unknown_survey"


BAD = {
    "a period that is not over": ({"until": LATER + HOUR}, "period_not_over"),
    "an end before the beginning": ({"until": START - DAY}, "period_reversed"),
    "an internal kind": ({"kinds": ("finding",)}, "unknown_kind"),
    "a confidential kind": ({"kinds": ("violation",)}, "unknown_kind"),
    "no kind": ({"kinds": ()}, "unknown_kind"),
    "nobody": ({"size": 0}, "bad_survey_size"),
    "more of a stratum than in all": ({"size": 3, "least": 4}, "bad_survey_size"),
    "strata that nobody knows": ({"by": "shoe_size"}, "bad_survey_plan"),
    "a pack that nobody knows": ({"pack": "nowhere"}, "unknown_pack"),
}


@pytest.mark.parametrize(("fields", "code"), BAD.values(), ids=BAD.keys())
def test_a_bad_plan_is_refused_and_nothing_is_written(store: Store, fields: dict[str, Any], code: str):
    customer(store, "wu")
    assert refusal(lambda: drawn(store, **fields)).code == code
    assert query_rows(store, "SELECT * FROM survey") == []


def test_a_form_that_is_sent_twice_draws_once(store: Store):
    customer(store, "wu")
    assert [draw(store, planner(store), plan(), LATER, "key") for _ in range(2)] == [1, 1]


def test_a_scheduled_period_is_drawn_and_sent_out_once_by_several_drivers_at_once(store: Store):
    customer(store, "wu")
    quarter = replace(plan(), period="2026-Q1")
    numbers = run_concurrently([lambda: draw_scheduled(store, quarter, LATER)] * 3)
    assert sorted(numbers, key=str) == [1, None, None]
    assert [row["invited_at"] is not None for row in query_rows(store, "SELECT * FROM survey")] == [True]


def test_each_who_was_drawn_gets_one_invitation_by_several_drivers_at_once(store: Store):
    for n in range(4):
        customer(store, f"c{n}")
    survey_id = drawn(store)
    assert uninvited(store) == [], "before it is sent out, nobody is asked"
    assert send_out(store, planner(store), survey_id, LATER)
    assert not send_out(store, planner(store), survey_id, LATER)
    missing = uninvited(store)
    run_concurrently([lambda: [invite(store, each, "Invitation", LATER, "flow") for each in missing]] * 2)
    rows = query_rows(store, "SELECT c.number, c.state FROM cases c WHERE kind = 'survey_invitation'")
    assert [row["state"] for row in rows] == ["to_invite"] * 4
    assert (uninvited(store), verify(store).faults) == ([], ())


def test_of_two_answers_that_are_sent_at_once_by_two_doors_one_is_recorded(store: Store):
    customer(store, "wu")
    send_out(store, planner(store), drawn(store, way="face_to_face"), LATER)
    number = invite(store, uninvited(store)[0], "Invitation", LATER, "flow")
    after = LATER - START + HOUR
    answers = [
        lambda: make_move(store, number, "revisit", AGENT, after, outcome="satisfied"),
        lambda: make_move(store, number, "revisit", "han", after, outcome="dissatisfied"),
    ]
    results = run_concurrently(answers)
    assert sorted(getattr(each, "code", "recorded") for each in results) == ["not_now", "recorded"]
