"""A customer's answers are rated under their questionnaire, and a further need becomes a lead."""

from datetime import timedelta
from typing import Any

import pytest

from flows.work import Work
from gateways.telephone import FakeTelephone
from models.columns import from_micros
from tests.case_actions import (
    AGENT,
    DAY,
    HOUR,
    START,
    case_of,
    execute_sql,
    history_of,
    make_move,
    new_resolved_case,
    query_rows,
)
from tests.flows.scenes import ODD, deliveries, drained

pytestmark = [pytest.mark.requirement("D2"), pytest.mark.any_database]

NOW = timedelta()
NEED = "I also need a quotation for forty pallets a week."


def ratings(work: Work) -> list[dict[str, Any]]:
    return query_rows(work.store, "SELECT * FROM rating ORDER BY case_id, cycle")


def statuses(work: Work, reaction: str) -> set[str]:
    return {status for name, status, *_ in deliveries(work.store) if name == reaction}


def answer_callback(work: Work, number: str, by: str = AGENT, after: timedelta = NOW, **answers: Any) -> None:
    """Record a customer's answers at the callback and drain the work."""
    make_move(work.store, number, "revisit", by=by, after=after, **answers)
    drained(work, after)


def test_the_answers_of_a_customer_are_rated(work: Work):
    number = new_resolved_case(work.store, text=ODD)
    answer_callback(work, number, timeliness=5, attitude=4, after=HOUR)
    [rating] = ratings(work)
    assert (rating["case_id"], rating["cycle"]) == (case_of(work.store, number)["id"], 1)
    assert (rating["questionnaire"], rating["version"]) == ("after_complaint", "2026-11")
    assert (rating["answered"], rating["score"]) == (2, 9000)
    assert from_micros(rating["at"]) == START + HOUR


def test_a_satisfied_customer_without_ratings_has_no_score(work: Work):
    answer_callback(work, new_resolved_case(work.store, text=ODD))
    assert [(rating["answered"], rating["score"]) for rating in ratings(work)] == [(0, None)]


def test_each_round_has_its_own_rating(work: Work):
    number = new_resolved_case(work.store, text=ODD)
    answer_callback(work, number, outcome="dissatisfied", attitude=1)
    make_move(work.store, number, "resolve")
    answer_callback(work, number, attitude=5)
    assert [(rating["cycle"], rating["score"]) for rating in ratings(work)] == [(1, 2000), (2, 10_000)]


def test_a_customer_who_is_never_reached_has_no_rating(work: Work):
    work.telephone = FakeTelephone()
    number = new_resolved_case(work.store, text=ODD, email="wang@example.com")
    for day in range(8):
        drained(work, DAY * day)
    moves = [row["move"] for row in history_of(work.store, number)]
    assert moves.count("attempt") == 3
    assert "unreachable" in moves
    assert ratings(work) == []


def test_a_rating_delivered_twice_is_recorded_once(work: Work):
    answer_callback(work, new_resolved_case(work.store, text=ODD), attitude=4)
    before = ratings(work)
    sql = "UPDATE delivery SET status = 'leased', lease_owner = 'dead', done_at = NULL WHERE reaction = :name"
    assert execute_sql(work.store, sql, name="record_rating") == 1
    drained(work, HOUR)
    assert ratings(work) == before


def leads(work: Work) -> list[dict[str, Any]]:
    """Return the cases that came of a need: kind, variables, party, text and parent."""
    sql = """
    SELECT c.kind, c.variables, c.party_id, s.content, p.number AS parent FROM link l JOIN cases c ON c.id = l.child_id
      JOIN cases p ON p.id = l.parent_id JOIN statement s ON s.case_id = c.id AND s.seq = 1 AND s.field = 'text'
     WHERE l.relation = 'need'
    """
    return query_rows(work.store, sql)


def test_a_new_need_becomes_a_lead_in_the_customers_words(work: Work):
    number = new_resolved_case(work.store, text=ODD, customer="Wang", phone="13800138000")
    answer_callback(work, number, need=NEED)
    [lead] = leads(work)
    assert (lead["kind"], lead["content"], lead["parent"]) == ("inquiry", NEED, number)
    assert lead["party_id"] == case_of(work.store, number)["party_id"]
    assert '"nature":"lead"' in lead["variables"]
    assert statuses(work, "open_lead") == {"done"}


def test_a_need_delivered_twice_is_one_lead(work: Work):
    answer_callback(work, new_resolved_case(work.store, text=ODD, phone="13800138000"), need=NEED)
    sql = "UPDATE delivery SET status = 'leased', lease_owner = 'dead', done_at = NULL WHERE reaction = :name"
    assert execute_sql(work.store, sql, name="open_lead") == 1
    drained(work, HOUR)
    assert len(leads(work)) == 1


def test_without_a_need_no_lead_is_opened(work: Work):
    answer_callback(work, new_resolved_case(work.store, text=ODD), words="All well.")
    assert leads(work) == []


def test_an_erased_need_opens_no_lead(work: Work):
    number = new_resolved_case(work.store, text=ODD)
    make_move(work.store, number, "revisit", by=AGENT, need=NEED)
    execute_sql(work.store, "UPDATE statement SET content = NULL WHERE field = 'need'")
    drained(work, NOW)
    assert leads(work) == []
    assert statuses(work, "open_lead") == {"done"}
