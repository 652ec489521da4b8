"""The event feed: what cases did, posted once by ids, codes and labels; the work goes on when Prefect is away."""

import asyncio
import json
from typing import Any

import pytest

from engine.store import Store
from flows.prefect_ui import events
from flows.work import Work
from reports.event_feed import unposted
from statemachines.kinds import lifecycles
from tests.case_actions import DAY, HOUR, MICROSECOND, START, SUPERVISOR, history_of, make_move, new_case
from tests.flows.scenes import DAMAGE, drained

pytestmark = [pytest.mark.requirement("I1"), pytest.mark.any_database]

CANARY: dict[str, Any] = {"customer": "Canary Wang", "phone": "13800138000", "email": "canary@example.com"}


def posted_of(store: Store, locale: str = "en", *numbers: str) -> list[dict[str, Any]]:
    """Return the moves of these cases, or of all, as the feed posts them; oldest first."""
    with store.looking() as tx:
        moves = unposted(tx, START - DAY, store.now() + DAY, 1_000).moves
    return [events.event_of(move, locale) for move in moves if not numbers or move.number in numbers]


def names_of(posted: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in posted]


def test_what_a_case_did_is_told_under_its_own_name(store: Store):
    number = new_case(store, text=DAMAGE)
    make_move(store, number, "classify")
    make_move(store, number, "reply", message="We are looking.")
    make_move(store, number, "escalate", level=1, by=SUPERVISOR)
    make_move(store, number, "withdraw")
    posted = posted_of(store, "en", number)
    assert names_of(posted) == ["case.opened", "case.moved", "case.worked", "case.escalated", "case.closed"]
    first = posted[0]
    assert first["resource"]["prefect.resource.id"] == f"closeloop.case.{number}"
    assert first["payload"]["to"] == "received"
    assert [event["payload"]["seq"] for event in posted] == [row["seq"] for row in history_of(store, number)]


def test_a_timers_moves_name_their_promise_share_and_level(work: Work):
    number = new_case(work.store, text=DAMAGE)
    drained(work, HOUR * 2 + MICROSECOND)
    posted = posted_of(work.store, "zh_CN", number)
    steps = [event for event in posted if event["event"].startswith("timer.")]
    assert names_of(steps) == ["timer.reminded", "timer.breached"]
    shown = [tuple(event["payload"][name] for name in ("promise", "share", "asks", "what")) for event in steps]
    assert shown == [("初步回复", "75 %", "经办人", "催办"), ("初步回复", "100 %", "客服班组长", "超时")]
    assert [(event["payload"]["clause"], event["payload"]["level"]) for event in steps] == [
        ("first_reply", 0),
        ("first_reply", 1),
    ]


def test_a_move_has_the_same_id_whenever_it_is_posted(store: Store):
    number = new_case(store)
    once, again = (posted_of(store, "en", number) for _ in range(2))
    assert [event["id"] for event in once] == [event["id"] for event in again]
    assert len({event["id"] for event in once}) == len(once)


def test_nothing_personal_is_posted(work: Work):
    number = new_case(work.store, text="canary 破损", subject="canary", **CANARY)
    make_move(work.store, number, "note", note="canary")
    drained(work, DAY)
    posted = json.dumps(posted_of(work.store, "en", number), ensure_ascii=False)
    for word in ("anary", "13800138000", "example.com", "破损", "sha256"):
        assert word not in posted


@pytest.mark.parametrize("kind", lifecycles())
def test_every_move_of_every_table_has_a_name_in_the_feed(kind: str):
    table = lifecycles()[kind]
    named = {
        events.name_of(table, row.name, source, row.dest or source) for row in table.moves for source in row.sources
    }
    assert named <= {"case.moved", "case.worked", "case.closed", "case.escalated", "timer.reminded", "timer.breached"}
    assert "case.closed" in named


def test_a_server_that_is_away_is_no_trouble():
    new: list[dict[str, Any]] = [{"event": "case.opened"}]
    assert asyncio.run(events.post("http://127.0.0.1:9/api", None, new)) is False
    assert asyncio.run(events.post("http://127.0.0.1:9/api", None, [])) is True
