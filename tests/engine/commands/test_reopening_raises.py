"""A new round asks a higher level than the case has reached, never a lower one, and whoever it asks is told (B3)."""

from datetime import timedelta

import pytest

from engine.store import Store
from flows.work import Work
from statemachines.roles import TOP_LEVEL
from tests.case_actions import DIRECTOR, HOUR, MANAGER, case_of, make_move, new_case, new_resolved_case
from tests.flows.scenes import DAMAGE, drained, sent_mails

pytestmark = [pytest.mark.requirement("B3"), pytest.mark.any_database]


@pytest.mark.parametrize(("level", "next_level"), [(0, 1), (1, 2), (2, 3), (3, 3)])
def test_a_new_round_asks_one_level_above_the_one_reached(store: Store, level: int, next_level: int):
    number = new_resolved_case(store)
    if level:
        make_move(store, number, "escalate", level=level)
    make_move(store, number, "revisit", outcome="dissatisfied", after=HOUR)
    case = case_of(store, number)
    assert (case["cycle"], case["level"]) == (2, next_level)


def test_an_urgent_case_stays_urgent_and_rises_in_each_round(work: Work):
    number = new_case(work.store)
    make_move(work.store, number, "classify", severity="urgent")
    drained(work, timedelta())
    assert case_of(work.store, number)["level"] == 1, "an urgent case asks the supervisor at once"
    make_move(work.store, number, "investigate")
    levels: list[int] = []
    for _ in range(3):
        make_move(work.store, number, "resolve")
        make_move(work.store, number, "revisit", outcome="dissatisfied")
        case = case_of(work.store, number)
        levels.append(case["level"])
        assert case["severity"] == "urgent"
    assert levels == [2, 3, TOP_LEVEL]


def test_whoever_the_new_round_asks_is_told(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, HOUR / 4)
    for move in ("investigate", "resolve"):
        make_move(work.store, number, move, after=HOUR / 2)
    make_move(work.store, number, "escalate", by=MANAGER, level=2, after=HOUR / 2)
    drained(work, HOUR / 2)
    make_move(work.store, number, "revisit", outcome="dissatisfied", after=HOUR)
    drained(work, HOUR)
    to_director = [mail for mail in sent_mails(work) if mail.to == f"{DIRECTOR}@example.com"]
    assert [number in mail.subject for mail in to_director] == [True]
    assert "新一轮处理" in to_director[0].body
