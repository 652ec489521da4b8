"""Which events a transition is, by the lifecycle's own table: the most specific name first."""

import json
from typing import Any

import pytest

from engine.outbox.case_event import CaseEvent
from engine.webhooks.event_names import SUBSCRIBABLE, EventName, names_of

BREACH: dict[str, Any] = {
    "clause": "reply",
    "cycle": 1,
    "percent": 100,
    "level": 1,
    "due_at": "2026-03-02T03:00:00+00:00",
}
REMINDER: dict[str, Any] = BREACH | {"percent": 75, "level": 0}


def event(move: str, source: str, dest: str, *, kind: str = "complaint", via: str = "cli", **form: Any) -> CaseEvent:
    return CaseEvent(1, 2, move, source, dest, 1, 0, json.dumps(form), 0, 0, via, kind, "cp-26-000001")


@pytest.mark.parametrize(
    ("transition", "names"),
    [
        (event("open", "", "received"), ["case.opened"]),
        (event("classify", "received", "classified"), ["case.moved"]),
        (event("note", "classified", "classified"), ["case.moved"]),
        (event("resolve", "investigated", "resolved"), ["case.resolved", "case.moved"]),
        (event("escalate", "classified", "classified", level=2), ["case.escalated", "case.moved"]),
        (event("remind", "classified", "classified", via="timer", **REMINDER), ["case.reminded", "case.moved"]),
        (
            event("breach", "classified", "classified", via="timer", **BREACH),
            ["case.breached", "case.escalated", "case.moved"],
        ),
        (event("withdraw", "classified", "withdrawn"), ["case.closed", "case.moved"]),
        (event("archive", "revisited", "archived"), ["case.closed", "case.moved"]),
        (event("reopen", "resolved", "investigated"), ["case.reopened", "case.moved"]),
        (event("measure", "a", "b", kind="finding"), ["case.moved"]),
    ],
    ids=lambda value: value.move if isinstance(value, CaseEvent) else None,
)
def test_a_transition_has_these_names(transition: CaseEvent, names: list[str]):
    assert [name.value for name in names_of(transition)] == names


def test_the_test_message_is_the_one_name_that_nobody_subscribes_to():
    assert set(EventName) - set(SUBSCRIBABLE) == {EventName.PING}
