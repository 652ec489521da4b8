"""The event feed: what cases did, told once by ids and codes, and never missed by the work when Prefect is away."""

import asyncio
import json
from typing import Any

import pytest

from engine.store import Store
from flows.prefect_ui import events
from flows.prefect_ui.events import Marks
from flows.work import Work
from locales.translation import locales
from statemachines.kinds import lifecycles
from tests.case_actions import DAY, HOUR, START, SUPERVISOR, history_of, make_move, new_case
from tests.flows.scenes import DAMAGE, drained

pytestmark = [pytest.mark.requirement("I1"), pytest.mark.any_database]

NONE = 0 * HOUR
CANARY: dict[str, Any] = {"customer": "Canary Wang", "phone": "13800138000", "email": "canary@example.com"}


def of(told: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in told]


def test_what_a_case_did_is_told_under_its_own_name(store: Store):
    since = events.marks(store, START)
    number = new_case(store, text=DAMAGE)
    since = Marks(since.began, events.marks(store, START).first)
    make_move(store, number, "classify")
    make_move(store, number, "reply", message="We are looking.")
    make_move(store, number, "escalate", level=1, by=SUPERVISOR)
    make_move(store, number, "withdraw")
    told = events.events_since(store, since, [])
    assert of(told) == ["case.opened", "case.moved", "case.worked", "case.escalated", "case.closed"]
    first = told[0]
    assert first["resource"]["prefect.resource.id"] == f"closeloop.case.{number}"
    assert first["payload"]["to"] == "received"
    assert [event["payload"]["seq"] for event in told] == [row["seq"] for row in history_of(store, number)]


def test_a_clocks_moves_are_told_with_their_promise(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, HOUR * 2)
    told = events.events_since(work.store, Marks(START, {number: 1}), [])
    rungs = [event for event in told if event["event"].startswith("timer.")]
    assert of(rungs) == ["timer.reminded", "timer.breached"]
    assert [(e["payload"]["clause"], e["payload"]["percent"], e["payload"]["level"]) for e in rungs] == [
        ("first_reply", 75, 0),
        ("first_reply", 100, 1),
    ]


def test_only_what_is_new_is_told(store: Store):
    number, old = new_case(store), new_case(store)
    assert of(events.events_since(store, Marks(START + DAY, {number: 1}), [old])) == ["case.opened"]
    assert events.events_since(store, Marks(START + DAY, {}), [number, old]) == []
    make_move(store, old, "classify", after=DAY * 2)
    since = of(events.events_since(store, Marks(START + DAY, {}), [number, old]))
    assert (since[-1], "case.opened" in since) == ("case.moved", False), "it moved since, and was opened before"


def test_telling_a_move_twice_is_telling_it_once(store: Store):
    number = new_case(store)
    once, again = (events.events_since(store, Marks(START, {number: 1}), []) for _ in range(2))
    assert [event["id"] for event in once] == [event["id"] for event in again]
    assert len({event["id"] for event in once}) == len(once)


def test_a_run_tells_a_bounded_number(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(events, "MOST", 3)
    for _ in range(5):
        new_case(store)
    assert len(events.events_since(store, events.marks(store, START), [])) == 3


def test_nothing_personal_is_told(work: Work):
    number = new_case(work.store, text="canary 破损", subject="canary", **CANARY)
    make_move(work.store, number, "note", note="canary")
    drained(work, DAY)
    told = json.dumps(events.events_since(work.store, Marks(START, {number: 1}), []), ensure_ascii=False)
    assert locales()
    for word in ("anary", "13800138000", "example.com", "破损", "sha256"):
        assert word not in told


@pytest.mark.parametrize("kind", lifecycles())
def test_every_move_of_every_table_has_a_name_in_the_feed(kind: str):
    table = lifecycles()[kind]
    named = {
        events.name_of(table, row.name, source, row.dest or source) for row in table.moves for source in row.sources
    }
    assert named <= {"case.moved", "case.worked", "case.closed", "case.escalated", "timer.reminded", "timer.breached"}
    assert "case.closed" in named


def test_a_server_that_is_away_is_no_trouble():
    told: list[dict[str, Any]] = [{"event": "case.opened"}]
    assert asyncio.run(events.post("http://127.0.0.1:9/api", None, told)) is False
    assert asyncio.run(events.post("http://127.0.0.1:9/api", None, [])) is True
