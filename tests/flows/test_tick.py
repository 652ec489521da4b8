"""How work looks from outside: named after its cases, tagged, one run a batch, and never a personal word."""

import json
from typing import Any

from flows.work import Work
from models import Run
from tests.flows.scenes import DAMAGE, Watching, settled
from tests.telling import DAY, HOUR, case_of, moves_of, opened, resolved, rungs_of, tells

NONE = 0 * HOUR
CANARY: dict[str, Any] = {
    "customer": "Canary Wang",
    "phone": "13800138000",
    "email": "canary@example.com",
    "subject": "canary 破损",
}


def test_runs_are_named_and_tagged_for_a_supervisor(work: Work):
    work.observer = watching = Watching()
    number = opened(work.store, text=DAMAGE)
    settled(work, NONE)
    [react_] = watching.sights
    assert (react_.flow, react_.name) == ("react", f"{number} · 已受理·待分类 · 第 1 轮")
    assert react_.tags == ("closeloop", "complaint", "received", "level:0")
    settled(work, HOUR * 2)
    assert [one.name for one in watching.sights if one.flow == "fire-timers"] == [f"{number} · 初步回复到点"]


def test_many_cases_are_one_run_that_names_the_first_of_them(work: Work):
    work.observer = watching = Watching()
    numbers = [opened(work.store, text=DAMAGE) for _ in range(30)]
    settled(work, NONE)
    first = watching.sights[0]
    assert first.name == f"30 件工单 · {numbers[0]} … {numbers[-1]}"
    assert first.parameters == {"cases": numbers[:20]}
    assert len(watching.sights) <= 3


def test_what_is_seen_holds_no_personal_word(work: Work):
    work.observer = watching = Watching()
    opened(work.store, text=DAMAGE + "canary", **CANARY)
    resolved(work.store, text="canary", **CANARY)
    for day in range(5):
        settled(work, DAY * day)
    seen = json.dumps([[one.flow, one.name, one.tags, one.parameters] for one in watching.sights], ensure_ascii=False)
    assert {one.flow for one in watching.sights} == {"react", "fire-timers", "call-customers"}
    for word in ("canary", "Canary", "13800138000"):
        assert word not in seen


def test_nothing_due_is_no_run(work: Work):
    work.observer = watching = Watching()
    assert settled(work, HOUR) == 0
    assert watching.sights == []


def test_without_prefect_the_same_is_done_and_written_down(work: Work):
    lives: list[tuple[list[str], list[object]]] = []
    for there in (True, False):
        work.observer = Watching(there)
        number = opened(work.store, text=DAMAGE)
        settled(work, NONE)
        lives.append((moves_of(work.store, number), [case_of(work.store, number)[n] for n in ("state", "owner")]))
    assert lives[0] == lives[1]
    runs = tells(work.store, f"SELECT flow, observed, note FROM {Run.__tablename__}")
    assert {(one["flow"], bool(one["observed"]), one["note"]) for one in runs} == {
        ("react", False, '{"why":"prefect_away"}')
    }


def test_a_pass_that_was_missed_fires_each_rung_with_its_own_instant(work: Work):
    number = opened(work.store, text=DAMAGE)
    settled(work, HOUR * 30)
    assert [due for *_, due in rungs_of(work.store, number)] == [HOUR * h for h in (1.5, 2, 3, 4, 18, 24)]
