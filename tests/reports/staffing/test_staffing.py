"""The answer as a whole, on a house made in memory: two people answer mail in office hours, as fast as it comes."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from engine.calendars.calendar import calendar
from engine.rules.in_force import Rules
from models.columns import to_micros
from reports.staffing.lives import CaseStart, Move
from reports.staffing.record import PastCase
from reports.staffing.runs import Scenario
from reports.staffing.self_check import HOLDS
from reports.staffing.staffed_hours import HOUR
from reports.staffing.staffing import NO_PEOPLE, TOO_FEW_CASES, TOO_SHORT, Question, Staffing, staffing
from reports.whatif.other_rules import OtherRules
from statemachines.complaint import COMPLAINT

pytestmark = pytest.mark.requirement("K3")

MINUTE = HOUR // 60
BEGAN = datetime(2026, 3, 2, 1, tzinfo=UTC)  # Monday, nine o'clock in Shanghai
SOLUTION = ("complaint", "solution")
REPLY = ("complaint", "first_reply")


def history(days: int = 84, daily: int = 18, people: int = 2, *, known: bool = True) -> list[PastCase]:
    """Return cases of working days that are replied to in the order in which they came, for half an hour to an hour."""
    random, place = Random(9), calendar("cn-office")
    free, past = [0] * people, list[PastCase]()
    for day in (BEGAN + timedelta(days=n) for n in range(days)):
        if not place.works(place.local(day).date()):
            continue
        came = sorted(to_micros(day) + random.randrange(8 * 60) * MINUTE for _ in range(daily))
        free = [max(each, to_micros(day)) for each in free]
        for at in came:
            person = free.index(min(free))
            replied = max(at, free[person]) + random.randrange(30, 60) * MINUTE
            free[person] = replied
            past.append(one_case(len(past) + 1, at, replied, person + 1, known=known))
    return past


def one_case(number: int, at: int, replied: int, person: int, *, known: bool) -> PastCase:
    start = CaseStart(number, f"cp-26-{number:06d}", "complaint", "logistics", "mail", at)

    form = '{"medium":"phone","message":{"sha256":"0"}}'

    def move(seq: int, name: str, source: str, dest: str, when: int, actor: int, is_person: bool) -> Move:
        return Move(
            number,
            seq,
            name,
            source,
            dest,
            1,
            "cli",
            when,
            COMPLAINT.version,
            form if name == "reply" else "{}",
            actor,
            is_person,
            "claims",
        )

    moves = [
        move(1, "open", "", "received", at, 99, False),
        move(2, "reply", "received", "received", replied, person, known),
        move(3, "withdraw", "received", "withdrawn", replied + 2 * HOUR, 99, False),
    ]
    return PastCase(start, moves)


def answered(past: list[PastCase], question: Question) -> Staffing:
    rules = OtherRules(Rules(), to_micros(BEGAN))
    return staffing(past, rules, calendar("cn-office"), question, lambda: None)


@pytest.fixture(scope="module")
def busy() -> list[PastCase]:
    return history()


@pytest.fixture(scope="module")
def answer(busy: list[PastCase]) -> Staffing:
    scenarios = (Scenario(-1), Scenario(1), Scenario(demand=1.6), Scenario(demand=0))
    return answered(busy, Question(scenarios, runs=3, target=0.95))


def shares(answer: Staffing) -> list[float]:
    return [each.promises[REPLY].share for each in answer.foreseen if REPLY in each.promises]


def test_more_people_keep_more_promises_and_the_check_comes_first(answer: Staffing):
    assert [(each.promise, each.verdict) for each in answer.checks] == [(REPLY, HOLDS)]
    [checked] = answer.checks
    as_it_is, fewer, more, _ = shares(answer)
    assert fewer < as_it_is - 0.2
    assert as_it_is <= more
    assert abs(as_it_is - checked.share) < 0.15
    assert [(desk.name, desk.people) for desk in answer.desks] == [("claims", 2)]
    [smallest] = answer.smallest
    assert smallest.forecast is not None
    assert smallest.forecast.share >= 0.95


def test_more_demand_keeps_fewer_and_no_demand_breaks_none(answer: Staffing):
    as_it_is, _, _, more = shares(answer)
    assert more < as_it_is - 0.1
    assert answer.foreseen[-1].promises == {}


@pytest.mark.long
def test_the_same_seed_gives_the_same_answer_and_another_seed_another_one(busy: list[PastCase]):
    first, again, other = (answered(busy, Question((), runs=5, seed=seed)) for seed in (1, 1, 2))
    assert shares(first) == shares(again) != shares(other)


@pytest.mark.long
def test_people_of_another_department_change_nothing(busy: list[PastCase]):
    answer = answered(busy, Question((Scenario(-1, desk="delivery"),), runs=5, desk="delivery"))
    assert answer.silent == [NO_PEOPLE]
    assert len(answer.foreseen) == 1


def test_where_the_record_names_nobody_nothing_is_said_about_people():
    answer = answered(history(60, known=False), Question(runs=3))
    assert answer.silent == [NO_PEOPLE]
    assert [each.scenario for each in answer.foreseen] == [Scenario()]
    assert answer.smallest == []


@pytest.mark.long
def test_a_house_whose_people_left_in_the_last_third_fails_the_check():
    busy, slower = history(days=60, people=3), history(days=90, people=1)
    later = [each for each in slower if each.case.opened_at > to_micros(BEGAN + timedelta(days=60))]
    answer = answered(busy + later, Question(runs=5))
    assert [each.verdict for each in answer.checks if each.promise == REPLY] != [HOLDS]
    assert REPLY not in answer.foreseen[0].promises


@pytest.mark.parametrize(("days", "daily", "why"), [(20, 5, TOO_FEW_CASES), (40, 12, TOO_SHORT), (0, 1, TOO_FEW_CASES)])
def test_too_little_history_says_nothing(days: int, daily: int, why: str):
    answer = answered(history(days, daily), Question())
    assert answer.silent == [why]
    assert (answer.checks, answer.foreseen) == ([], [])
