"""However long a store lives, every open case with a broken promise is named in every report and on the board (B11)."""

from datetime import timedelta
from random import Random

import pytest

from apps import views
from apps.board_counts import board as count_board
from apps.cli.night import document
from engine.calendars.calendar import calendar
from engine.create_store import set_clock
from engine.store import Store
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from locales.translation import locales
from models.columns import MICROSECOND, from_micros
from reports import board, board_text
from reports.figures import timers
from reports.morning_report import gather
from reports.morning_report_text import render
from statemachines.lifecycle import Refused
from tests.case_actions import (
    AGENT,
    DAY,
    DIRECTOR,
    HANDLER,
    HOUR,
    MANAGER,
    START,
    SUPERVISOR,
    make_move,
    new_case,
    query_rows,
)
from tests.flows.scenes import DAMAGE, ODD, drained

pytestmark = pytest.mark.requirement("B11")

OPEN_TIMERS = """
SELECT c.number, c.kind, k.* FROM timer k JOIN cases c ON c.id = k.case_id WHERE k.closed_at IS NULL AND NOT c.closed
"""
BREACHED = """
SELECT DISTINCT c.number FROM escalation_step s JOIN timer k ON k.id = s.timer_id JOIN cases c ON c.id = k.case_id
 WHERE s.percent >= 100 AND s.clause <> 'archive' AND k.closed_at IS NULL AND k.extended = 0 AND NOT c.closed
"""
DAYS = 12
ACTS = 5
"""How many acts the people try on a day; on some days nobody acts and no driver works."""


def broken_by_the_tables(store: Store, after: timedelta) -> set[str]:
    """Compute the cases with a broken promise from each open timer alone, by the arithmetic of its calendar."""
    at = START + after
    broken: set[str] = set()
    for timer in query_rows(store, OPEN_TIMERS):
        left = (timer["allowance"] - timer["consumed"]) * MICROSECOND
        if timer["clause"] in timers(timer["kind"]):
            continue
        if timer["running_since"] is None:
            late = left <= timedelta()
        else:
            since = from_micros(timer["running_since"])
            worked = calendar(timer["calendar"]).worked(since, at) if timer["unit"] == "business_hours" else at - since
            late = worked >= left and (left <= timedelta() or at >= since + left)
        if late:
            broken.add(timer["number"])
    return broken


def acts(work: Work, after: timedelta, numbers: list[str], dice: Random) -> None:
    """Let people try moves on any of the cases; what the lifecycle refuses is left undone."""
    set_clock(work.store, START + after)
    for _ in range(dice.randint(0, ACTS)):
        number, actor = dice.choice(numbers), dice.choice((AGENT, HANDLER, SUPERVISOR, MANAGER, DIRECTOR))
        allowed = views.case(work.store, number, actor).allowed
        if allowed:
            try:
                make_move(work.store, number, dice.choice(allowed), by=actor, after=after)
            except (Refused, ValueError):
                continue


@pytest.mark.parametrize("seed", range(4))
def test_every_case_with_a_broken_promise_is_named_everywhere(sqlite_store: Store, seed: int):
    dice = Random(seed)
    work = Work(sqlite_store, FakeMailer(), FakeTelephone())
    numbers: list[str] = []
    named = 0
    for day in range(DAYS):
        for hour in (0, 5, 11):
            after = DAY * day + HOUR * hour
            if dice.random() < 0.4:
                numbers.append(new_case(work.store, after, text=dice.choice((ODD, DAMAGE))))
            if numbers and dice.random() < 0.7:
                acts(work, after, numbers, dice)
            if dice.random() < 0.7:
                drained(work, after)
        named += len(check_all_are_named(work, DAY * day + HOUR * 22.5))
    assert named > DAYS, "the days have their broken promises"


def check_all_are_named(work: Work, after: timedelta) -> set[str]:
    set_clock(work.store, START + after)
    broken = broken_by_the_tables(work.store, after)
    assert {row["number"] for row in query_rows(work.store, BREACHED)} <= broken
    morning, shown = gather(work.store, START + after), board.gather(work.store, START + after)
    assert {promise["case"] for promise in document(morning)["overdue"]} == broken
    assert {promise["case"] for promise in count_board(work.store).document()["overdue"]} == broken
    assert shown.broken.total() == len(shown.overdue) == len(morning.overdue)
    for locale in locales():
        for text in (render(morning, locale), board_text.render(shown, locale)):
            assert [number for number in broken if number not in text] == []
        assert summary_is_honest(render(morning, locale), bool(broken))
    return broken


def summary_is_honest(text: str, broken: bool) -> bool:
    """Whether the page says that nothing needs a person only when no promise is broken."""
    calm = ("nothing needs a person", "没有需要人工处理", "沒有需要人工處理")
    return not (broken and any(words in text for words in calm))
