"""How work looks from outside: named after its cases, tagged, one run a batch, and never a personal word."""

import json
from typing import Any

from flows.work import Work
from models import Run
from tests.case_actions import DAY, HOUR, case_of, fired_steps_of, moves_of, new_case, new_resolved_case, query_rows
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
    [react_] = watching.sights
    assert (react_.flow, react_.name) == ("react", f"{number} · 已受理·待分类 · 第 1 轮")
    assert react_.tags == ("closeloop", "complaint", "received", "level:0")
    drained(work, HOUR * 2)
    assert [one.name for one in watching.sights if one.flow == "fire-timers"] == [f"{number} · 初步回复到点"]


def test_many_cases_are_one_run_that_names_the_first_of_them(work: Work):
    work.observer = watching = Watching()
    numbers = [new_case(work.store, text=DAMAGE) for _ in range(30)]
    drained(work, NONE)
    first = watching.sights[0]
    assert first.name == f"30 件工单 · {numbers[0]} … {numbers[-1]}"
    assert first.parameters == {"cases": numbers[:20]}
    assert len(watching.sights) <= 3


def test_what_is_seen_holds_no_personal_word(work: Work):
    work.observer = watching = Watching()
    new_case(work.store, text=DAMAGE + "canary", **CANARY)
    new_resolved_case(work.store, text="canary", **CANARY)
    for day in range(5):
        drained(work, DAY * day)
    seen = json.dumps([[one.flow, one.name, one.tags, one.parameters] for one in watching.sights], ensure_ascii=False)
    assert {one.flow for one in watching.sights} == {"react", "fire-timers", "call-customers"}
    for word in ("canary", "Canary", "13800138000"):
        assert word not in seen


def test_nothing_due_is_no_run(work: Work):
    work.observer = watching = Watching()
    assert drained(work, HOUR) == 0
    assert watching.sights == []


def test_without_prefect_the_same_is_done_and_written_down(work: Work):
    lives: list[tuple[list[str], list[object]]] = []
    for there in (True, False):
        work.observer = Watching(there)
        number = new_case(work.store, text=DAMAGE)
        drained(work, NONE)
        lives.append((moves_of(work.store, number), [case_of(work.store, number)[n] for n in ("state", "owner")]))
    assert lives[0] == lives[1]
    runs = query_rows(work.store, f"SELECT flow, observed, note FROM {Run.__tablename__}")
    assert {(one["flow"], bool(one["observed"]), one["note"]) for one in runs} == {
        ("react", False, '{"why":"prefect_away"}')
    }


def test_a_pass_that_was_missed_fires_each_rung_with_its_own_instant(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, HOUR * 30)
    assert [due for *_, due in fired_steps_of(work.store, number)] == [HOUR * h for h in (1.5, 2, 3, 4, 18, 24)]
