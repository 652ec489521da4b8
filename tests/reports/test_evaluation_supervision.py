"""What casts doubt on the evaluation of a period is found by queries over all of its cases (F1)."""

import pytest

from benchmarks.complaint_lives import fire_until
from engine.actors import NewActor, add_actor
from engine.store import Store
from models.columns import to_micros
from reports.evaluation_supervision import Doubt, EvaluationSupervision, evaluation_supervision
from reports.indicators.periods import period_of
from statemachines.roles import Role
from tests.case_actions import AGENT, DAY, HANDLER, START, execute_sql, make_move, new_resolved_case

pytestmark = pytest.mark.requirement("F1")

MARCH = period_of("2026-03")


def supervised(store: Store, days: int = 60) -> EvaluationSupervision:
    return evaluation_supervision(store, MARCH, START + days * DAY)


def doubts(store: Store, days: int = 60) -> dict[str, Doubt]:
    return {each.code: each for each in supervised(store, days).doubts if each.numbers}


def answered(store: Store, email: str | None = None) -> str:
    number = new_resolved_case(store, phone="13800138001", email=email)
    make_move(store, number, "revisit", by=AGENT, after=DAY, outcome="satisfied", attitude=4)
    return number


def test_an_evaluation_without_fault_casts_no_doubt(store: Store):
    answered(store)
    assert doubts(store) == {}


def test_a_customer_whom_nobody_called_is_found_with_who_gave_the_result(store: Store):
    number = new_resolved_case(store)
    assert doubts(store) == {}, "his callback may still be made"
    fire_until(store, START + 40 * DAY)
    assert doubts(store)["unasked"] == Doubt("unasked", (number,), (HANDLER,))
    assert doubts(store, days=3) == {}, "as of then there was time"


def test_a_customer_who_did_not_answer_is_found(store: Store):
    number = new_resolved_case(store)
    for attempt in range(3):
        make_move(store, number, "attempt", by=AGENT, after=(attempt + 1) * DAY, attempts=attempt + 1, reason="busy")
    make_move(store, number, "unreachable", by=AGENT, after=4 * DAY)
    assert doubts(store)["unanswered"].numbers == (number,)


def test_an_answer_under_the_address_of_somebody_who_works_here_is_found(store: Store):
    with store.writing() as tx:
        add_actor(tx, NewActor("ben", (Role.HANDLER,), email="ben@example.com"))
    number = answered(store, email="Ben@example.com")
    assert doubts(store) == {"own_address": Doubt("own_address", (number,), ("ben",))}


@pytest.mark.parametrize(
    ("ben", "code"),
    [
        (NewActor("ben", (Role.HANDLER,), phone="+86 138 0013 8001"), "own_phone"),
        (NewActor("ben", (Role.HANDLER,), name="王 小明"), "own_name"),
    ],
    ids=["telephone number", "name"],
)
def test_an_answer_by_the_telephone_number_or_the_name_of_somebody_who_works_here_is_found(
    store: Store, ben: NewActor, code: str
):
    with store.writing() as tx:
        add_actor(tx, ben)
    number = new_resolved_case(store, phone="13800138001", customer="王小明")
    make_move(store, number, "revisit", by=AGENT, after=DAY, outcome="satisfied", attitude=4)
    assert doubts(store) == {code: Doubt(code, (number,), ("ben",))}


def test_a_second_answer_after_the_period_is_found_as_a_late_change(store: Store):
    number = answered(store)
    sql = (
        "UPDATE transition SET recorded_at = :late WHERE move = 'revisit' AND case_id ="
        " (SELECT id FROM cases WHERE number = :number)"
    )
    execute_sql(store, sql, late=to_micros(START + 35 * DAY), number=number)
    assert doubts(store) == {"late_change": Doubt("late_change", (number,), (AGENT,))}
    assert doubts(store, days=31) == {}
