"""The runs of a tick: named after their cases, tagged, one for each batch, without personal data."""

import json
from typing import Any

import pytest

from flows.work import Work
from models import Run
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    case_of,
    fired_steps_of,
    moves_of,
    new_case,
    new_resolved_case,
    query_rows,
)
from tests.flows.scenes import DAMAGE, Watching, drained

NONE = 0 * HOUR
CANARY: dict[str, Any] = {
    "customer": "Canary Wang",
    "phone": "13800138000",
    "email": "canary@example.com",
    "subject": "canary 破损",
}


def test_runs_are_named_and_tagged_for_a_supervisor(work: Work):
    work.observer = watching = Watching()
    number = new_case(work.store, text=DAMAGE)
    drained(work, NONE)
    [react_run] = watching.sights
    assert (react_run.flow, react_run.name) == ("react", f"{number} · 已受理·待分类 · 第 1 轮")
    assert react_run.tags == ("closeloop", "complaint", "received", "level:0")
    drained(work, HOUR * 2)
    assert [run.name for run in watching.sights if run.flow == "fire-timers"] == [f"{number} · 初步回复到点"]


def test_many_cases_are_one_run_that_names_the_first_of_them(work: Work):
    work.observer = watching = Watching()
    numbers = [new_case(work.store, text=DAMAGE) for _ in range(30)]
    drained(work, NONE)
    first = watching.sights[0]
    assert first.name == f"30 件工单 · {numbers[0]} … {numbers[-1]}"
    assert first.parameters == {"cases": numbers[:20]}
    assert len(watching.sights) <= 3


def test_runs_hold_no_personal_data(work: Work):
    work.observer = watching = Watching()
    new_case(work.store, text=DAMAGE + "canary", **CANARY)
    new_resolved_case(work.store, text="canary", **CANARY)
    for day in range(5):
        drained(work, DAY * day)
    text = json.dumps([[run.flow, run.name, run.tags, run.parameters] for run in watching.sights], ensure_ascii=False)
    assert {run.flow for run in watching.sights} == {"react", "fire-timers", "call-customers"}
    for word in ("canary", "Canary", "13800138000"):
        assert word not in text


def test_nothing_due_is_no_run(work: Work):
    work.observer = watching = Watching()
    assert drained(work, HOUR) == 0
    assert watching.sights == []


def test_without_prefect_the_same_work_is_done_and_recorded(work: Work):
    outcomes: list[tuple[list[str], list[object]]] = []
    for available in (True, False):
        work.observer = Watching(available)
        number = new_case(work.store, text=DAMAGE)
        drained(work, NONE)
        outcomes.append((moves_of(work.store, number), [case_of(work.store, number)[n] for n in ("state", "owner")]))
    assert outcomes[0] == outcomes[1]
    runs = query_rows(work.store, f"SELECT flow, observed, note FROM {Run.__tablename__}")
    assert {(run["flow"], bool(run["observed"]), run["note"]) for run in runs} == {
        ("react", False, '{"why":"prefect_away"}')
    }


def test_a_late_tick_fires_each_step_at_its_own_instant(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, HOUR * 30)
    assert [due for *_, due in fired_steps_of(work.store, number)] == [HOUR * h for h in (1.5, 2, 3, 4, 18, 24)]


@pytest.mark.requirement("B6")
def test_exactly_at_a_limit_no_run_begins_that_would_fire_nothing(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, HOUR * 1.75)
    work.observer = watching = Watching()
    assert drained(work, HOUR * 2) == 0, "within two hours includes the second"
    assert [run.flow for run in watching.sights] == []
    assert drained(work, HOUR * 2 + MICROSECOND) > 0
    assert "fire-timers" in [run.flow for run in watching.sights]
    assert [due for *_, due in fired_steps_of(work.store, number)][-1] == HOUR * 2


def test_what_is_due_besides_a_limit_that_ends_at_the_instant_is_fired(work: Work):
    first = new_case(work.store, text=DAMAGE)
    second = new_case(work.store, HOUR / 2, text=DAMAGE)
    drained(work, HOUR * 1.75)
    work.observer = watching = Watching()
    assert drained(work, HOUR * 2) > 0, "the reminder of the second case is at its instant"
    assert [run.flow for run in watching.sights].count("fire-timers") == 1
    assert [len(fired_steps_of(work.store, number)) for number in (first, second)] == [1, 1]
