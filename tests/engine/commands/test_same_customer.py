"""A person joins the customers of two cases and parts them again; both cases record it, and no case loses anything."""

import json
from functools import partial
from typing import Any

import pytest

from engine.audit.verify import verify
from engine.commands.open_case import Opening, open_case
from engine.commands.same_customer import Decision, join_customers, part_customers
from engine.store import Store
from reports.same_person import open_questions
from tests.case_actions import (
    AGENT,
    AUDITOR,
    HANDLER,
    HOUR,
    START,
    contact,
    history_of,
    make_move,
    new_case,
    query_rows,
    refusal,
    run_concurrently,
)
from tests.engine.commands.test_who_it_is import LEE, MOBILE, OFFICE, WANG, party_of, people, person_of, questions

pytestmark = [pytest.mark.requirement("A9"), pytest.mark.requirement("H1")]


def join(store: Store, one: str, other: str, hours: int = 1, actor: str = AGENT) -> bool:
    return join_customers(store, Decision(one, other, "He says so himself.", actor), START + hours * HOUR)


def part(store: Store, one: str, other: str, hours: int = 2, actor: str = AGENT) -> bool:
    return part_customers(store, Decision(one, other, "They share a desk.", actor), START + hours * HOUR)


def acts_of(store: Store, number: str) -> list[tuple[str, str]]:
    history = history_of(store, number)
    acts = [row for row in history if row["move"] in {"same_customer", "other_customer"}]
    return [(row["move"], json.loads(row["form"])["case"]) for row in acts]


def test_two_customers_become_one_and_two_again(store: Store):
    one, other = new_case(store, phone=OFFICE, **WANG), new_case(store, phone=OFFICE, **LEE)
    before = [party_of(store, number) for number in (one, other)]
    assert join(store, other, one)
    assert people(store, one, other) == 1
    assert questions(store) == []
    assert not join(store, other, one)
    assert part(store, one, other)
    assert people(store, one, other) == 2
    assert not part(store, one, other)
    assert [party_of(store, number) for number in (one, other)] == before
    assert acts_of(store, one) == [("same_customer", other), ("other_customer", other)]
    assert acts_of(store, other) == [("same_customer", one), ("other_customer", one)]
    assert verify(store).faults == ()


def test_the_record_names_who_decided_and_keeps_the_reason_apart(store: Store):
    one, other = new_case(store, phone=OFFICE, **WANG), new_case(store, phone=OFFICE, **LEE)
    join(store, one, other)
    [decided] = query_rows(
        store,
        "SELECT a.handle, t.source, t.dest, t.form FROM transition t JOIN actor a ON a.id = t.actor_id"
        " JOIN cases c ON c.id = t.case_id WHERE t.move = 'same_customer' AND c.number = :number",
        number=one,
    )
    assert (decided["handle"], decided["source"], decided["dest"]) == (AGENT, "received", "received")
    assert "himself" not in decided["form"]
    reasons = query_rows(store, "SELECT content FROM statement WHERE field = 'reason'")
    assert [reason["content"] for reason in reasons] == ["He says so himself."] * 2


def test_the_answer_that_they_are_two_is_kept_and_not_asked_again(store: Store):
    wang, lee = new_case(store, phone=MOBILE, **WANG), new_case(store, phone=MOBILE, **LEE)
    assert part(store, lee, wang)
    assert questions(store) == []
    again = new_case(store, 3 * HOUR, phone=MOBILE, customer="Mr Lee", email="other@example.com")
    assert person_of(store, again) == person_of(store, lee)
    assert questions(store) == []


def test_parting_takes_back_the_whole_joining(store: Store):
    first = new_case(store, phone=MOBILE, customer="王女士")
    second = new_case(store, phone=MOBILE, customer="王小明", email="wang@example.com")
    lee = [new_case(store, phone="13900139000", customer=name) for name in ("Mr Lee", "Bruce Lee")]
    assert join(store, lee[0], first)
    assert people(store, first, second, *lee) == 1
    assert part(store, second, lee[1])
    assert person_of(store, first) == person_of(store, second)
    assert person_of(store, lee[0]) == person_of(store, lee[1])
    assert people(store, first, lee[0]) == 2


def test_two_whom_a_number_made_one_are_parted(store: Store):
    first, second = new_case(store, phone=MOBILE), new_case(store, phone=MOBILE, customer="王女士")
    assert people(store, first, second) == 1
    assert part(store, first, second)
    assert people(store, first, second) == 2


def test_two_who_said_exactly_the_same_are_parted_and_the_next_one_is_asked_about(store: Store):
    first, second = (new_case(store, phone=MOBILE, customer="王女士") for _ in range(2))
    assert part(store, first, second)
    assert people(store, first, second) == 2
    assert party_of(store, first) == party_of(store, second)
    third = new_case(store, 3 * HOUR, phone=MOBILE, customer="王女士")
    assert people(store, first, second, third) == 3
    assert {case for case, _, _ in questions(store)} == {third}
    assert verify(store).faults == ()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_three_are_joined_in_any_order(store: Store, order: tuple[int, ...]):
    cases = [new_case(store, phone=OFFICE, customer=name) for name in ("王女士", "李先生", "赵先生")]
    a, b, c = (cases[nth] for nth in order)
    assert join(store, a, b)
    assert join(store, b, c, 2)
    assert people(store, *cases) == 1
    assert part(store, a, c, 3)
    assert people(store, a, b) == 1
    assert people(store, a, c) == 2


def test_a_closed_case_may_be_one_of_the_two(store: Store):
    one, other = new_case(store, phone=OFFICE, **WANG), new_case(store, phone=OFFICE, **LEE)
    make_move(store, one, "withdraw", after=HOUR)
    assert join(store, other, one, 2)
    assert history_of(store, one)[-1]["dest"] == "withdrawn"
    assert verify(store).faults == ()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("unknown", "unknown_case"),
        ("same", "same_case"),
        ("anonymous", "no_customer"),
        ("report", "no_customer"),
        ("auditor", "not_in_charge"),
        ("stranger", "unknown_actor"),
    ],
)
def test_what_cannot_be_joined_is_refused_and_nothing_is_written(store: Store, name: str, code: str):
    one = new_case(store, phone=OFFICE, **WANG)
    other = new_case(store, phone=OFFICE, **LEE)
    anonymous = new_case(store)
    report = open_case(store, Opening(contact(phone=OFFICE, **LEE), "report"), START).number
    calls: dict[str, Any] = {
        "unknown": partial(join, store, one, "cp-26-999999"),
        "same": partial(join, store, one, one),
        "anonymous": partial(join, store, one, anonymous),
        "report": partial(part, store, one, report),
        "auditor": partial(join, store, one, other, 1, AUDITOR),
        "stranger": partial(join, store, one, other, 1, "nobody"),
    }
    assert refusal(calls[name]).code == code
    assert acts_of(store, one) == []
    assert people(store, one, other) == 2


def test_ten_who_join_the_same_two_at_once_join_them_once(store: Store):
    one, other = new_case(store, phone=OFFICE, **WANG), new_case(store, phone=OFFICE, **LEE)
    answers = run_concurrently([partial(join, store, one, other)] * 10)
    assert [answer for answer in answers if isinstance(answer, BaseException)] == []
    assert sorted(answers, key=bool) == [False] * 9 + [True]
    assert acts_of(store, one) == [("same_customer", other)]


def test_a_supervisor_and_no_handler_decides(store: Store):
    one, other = new_case(store, phone=OFFICE, **WANG), new_case(store, phone=OFFICE, **LEE)
    assert refusal(partial(join, store, one, other, 1, HANDLER)).code == "not_in_charge"
    assert join(store, one, other, 1, "sue")
    with store.looking() as tx:
        assert open_questions(tx, 10) == []
