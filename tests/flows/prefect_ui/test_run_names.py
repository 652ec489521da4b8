"""What a supervisor sees of runs before he opens one: names in his language, tags in codes, never a personal word."""

import json
from datetime import timedelta
from typing import Any

import pytest

from engine.callbacks.attempts import plan
from engine.escalation.fire import fire_due
from engine.outbox.waiting_deliveries import Waiting, peek
from engine.store import Store
from flows.prefect_ui import run_names as window
from flows.run_info import RunInfo
from flows.work import Work
from gateways.schedule import scheduled
from locales.translation import locales
from reports import board, board_text, callback_list, case_page, day_figures
from tests.case_actions import AGENT, DAY, HANDLER, HOUR, START, make_move, new_case, new_resolved_case
from tests.flows.scenes import DAMAGE, ODD, Watching, drained

pytestmark = [pytest.mark.requirement("I1"), pytest.mark.any_database]

NONE = 0 * HOUR
CANARY: dict[str, Any] = {
    "customer": "Canary Wang",
    "phone": "13800138000",
    "email": "canary@example.com",
    "subject": "canary 破损",
}
WORDS = ("anary", "13800138000", "example.com", "破损", "pallet")


def one(step: str = "classified", number: int = 1, rounds: int = 1) -> Waiting:
    return Waiting(f"cp-26-00000{number}", "complaint", step, rounds)


def reaction(store: Store, locale: str, *waiting: Waiting, after: timedelta = NONE) -> RunInfo:
    return window.reaction(store, locale, START + after, waiting)


@pytest.mark.parametrize(
    ("locale", "name"),
    [
        ("en", "cp-26-000001 · Classified · to be investigated · round 2"),
        ("zh_CN", "cp-26-000001 · 已分类·待调查 · 第 2 轮"),
        ("zh_TW", "cp-26-000001 · 已分類·待調查 · 第 2 輪"),
    ],
)
def test_a_lone_case_is_named_with_its_step_and_round_in_each_language(sqlite_store: Store, locale: str, name: str):
    assert reaction(sqlite_store, locale, one(rounds=2)).name == name


def test_a_batch_is_named_by_how_many_and_by_its_ends(sqlite_store: Store):
    many = [one("received", n) for n in (1, 2, 2, 3)]
    seen = reaction(sqlite_store, "en", *many)
    assert seen.name == "3 cases · cp-26-000001 … cp-26-000003"
    assert seen.parameters == {"cases": ["cp-26-000001", "cp-26-000002", "cp-26-000003"]}


def test_tags_are_codes_by_kind_step_level_and_department(store: Store):
    number = new_case(store, text=DAMAGE)
    make_move(store, number, "classify")
    make_move(store, number, "escalate", level=2)
    seen = window.reaction(store, "en", START, peek(store, START))
    assert seen.tags == ("closeloop", "complaint", "classified", "received", "level:2", "dept:claims")
    assert seen.name.endswith(" · Department manager"), "whom the case asks by now stands in the name"
    assert window.reaction(store, "zh_CN", START, peek(store, START)).tags == seen.tags


def test_a_sweep_names_the_promise_whose_time_has_come(store: Store):
    number = new_case(store, text=ODD)
    seen = window.sweep(store, "en", START + HOUR * 2)
    assert (seen.name, seen.parameters) == (f"{number} · First reply: time reached", {"cases": [number]})
    assert seen.tags == ("closeloop", "complaint", "timers", "level:0")
    new_case(store, text=ODD)
    assert window.sweep(store, "en", START + HOUR * 2).name.startswith(f"2 cases · {number} … ")
    assert window.sweep(store, "en", START + DAY).name.endswith(" · several promises: time reached")


def test_callbacks_are_named_after_whom_they_are_for(store: Store):
    number = new_resolved_case(store)
    plan(store, START)
    seen = window.calls(store, "en", START + DAY)
    assert seen.name == f"{number} · callbacks · 03-03 09:00"
    assert seen.tags == ("closeloop", "complaint", "callbacks", "level:0", "dept:claims")


def test_scheduled_work_is_named_in_the_readers_language():
    assert window.night_name("zh_CN", "overnight-escalation", "03-03 03:30") == "夜间升级上报 · 03-03 03:30"
    assert window.night_name("en", "overnight-escalation", "03-03 03:30") == "Overnight escalation · 03-03 03:30"
    assert window.work_name("en", "not-ours") == "not-ours"


@pytest.mark.parametrize("locale", locales())
def test_everything_that_is_scheduled_has_a_name_in_every_language(locale: str):
    assert [plan.name for plan in scheduled() if window.work_name(locale, plan.name) == plan.name] == []


def test_the_board_counts_what_is_broken_and_what_falls_due_today(store: Store):
    late, ahead = new_case(store, text=ODD), new_case(store, HOUR * 3, text=ODD)
    fire_due(store, START + HOUR * 3)
    told = board.gather(store, START + HOUR * 3)
    assert told.broken == {("complaint", "first_reply", ""): 1}
    assert told.today == {("complaint", "first_reply", ""): 1}
    assert [(one.number, one.clause, one.due_at - START) for one in told.soon[:1]] == [(ahead, "first_reply", HOUR * 5)]
    text = board_text.render(told, "en")
    assert "| – | Complaint | First reply | 1 | 1 |" in text
    assert f"| {ahead} | First reply | 03-02 14:00 |" in text
    overdue, soon = text.split("## What falls due next")
    assert overdue.index("## Still overdue (1)") < overdue.index(f"| {late} | First reply")
    assert f"{late} | First reply" not in soon, "it is broken: nothing falls due any more"


def test_a_board_of_a_quiet_house_says_so(store: Store):
    for locale in locales():
        assert board_text.render(board.gather(store, START), locale).count("\n## ") == 4


def test_the_callback_list_is_by_who_calls_and_holds_nobodys_name(store: Store):
    number = new_resolved_case(store, **CANARY)
    plan(store, START)
    told = callback_list.gather(store, START, (START + DAY).date())
    text = callback_list.render(told, "en")
    assert f"| 03-03 09:00 | {number} | Complaint | 1 | 1 |" in text
    assert f"## {AGENT} (1)" in text
    for locale in locales():
        assert not any(word in callback_list.render(told, locale) for word in WORDS)


def test_a_cases_page_says_where_it_stands_and_whom_it_waits_for(store: Store):
    number = new_case(store, text="canary", **CANARY)
    make_move(store, number, "classify")
    make_move(store, number, "assign", owner=HANDLER)
    told = case_page.page(store, number, START + HOUR, "en")
    assert told is not None
    text = told.text
    assert told.summary == "Classified · to be investigated · Waits for Handler han · asks: Handler"
    assert text.startswith(f"# {number} · Complaint")
    assert "| Waits for | Handler han |" in text
    assert "| First reply | 50 % | Handler | 2026-03-02 11:00 |" in text
    assert "[Escalation ledger](../key/escalation-ledger)" in text
    assert f"[Its events](../../events?resource=%5B%22closeloop.case.{number}%22%5D)" in text
    for locale in locales():
        page = case_page.page(store, number, START, locale)
        assert page is not None
        shown = f"{page.text} {page.summary}"
        assert not any(word in shown for word in WORDS)
        assert "board." not in shown
        assert "story." not in shown
    assert case_page.page(store, "cp-26-999999", START, "en") is None


def test_the_teams_of_the_ledgers_cases_are_told(store: Store):
    number = new_case(store, text=ODD)
    make_move(store, number, "assign", owner=HANDLER)
    assert day_figures.teams(store, [number, "cp-26-999999"]) == {number: ("claims", HANDLER)}


def test_what_is_seen_holds_no_personal_word_in_any_language(work: Work):
    for locale in locales():
        work.locale, work.observer = locale, (watching := Watching())
        after = DAY * 10 * locales().index(locale)
        new_case(work.store, after, text=DAMAGE + "canary", **CANARY)
        new_resolved_case(work.store, after, text="canary", **CANARY)
        for day in range(5):
            drained(work, after + DAY * day)
        seen = json.dumps([[s.flow, s.name, s.tags, s.parameters] for s in watching.sights], ensure_ascii=False)
        assert {s.flow for s in watching.sights} == {"react", "fire-timers", "call-customers"}
        assert not any(word in seen for word in WORDS)
        assert "window." not in seen
