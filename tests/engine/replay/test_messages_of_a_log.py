"""A log that numbers its events: what became of a message is recorded for the move that carried it (A5, A9)."""

from typing import Any

import pytest

from engine.audit.verify import verify
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from models.log_event import LogEvent, MappedEvent
from tests.case_actions import HOUR, START, contact, history_of, query_rows, timer_of
from tests.engine.replay.logs import BEGAN, only_case, replay_log

pytestmark = pytest.mark.any_database

REPLY: dict[str, Any] = {"move": "reply", "form": {"message": "x"}}
NOTE: dict[str, Any] = {"move": "note", "form": {"note": "x"}}
OPENED: dict[str, Any] = {"move": "open"}


def undelivered(message: int) -> dict[str, Any]:
    return {"move": "message_undelivered", "form": {"message": message, "cause": "bounced"}}


def arrived(message: int) -> dict[str, Any]:
    return {"move": "message_arrived", "form": {"message": message}}


def log(*events: tuple[int, float, dict[str, Any]]) -> list[MappedEvent]:
    """Return the events of one case: the number that the log gives, the hours since its begin, the meaning."""
    return [
        MappedEvent(LogEvent(row, "a", "word", BEGAN + hours * HOUR), seq=seq, **meaning)
        for row, (seq, hours, meaning) in enumerate(events, 1)
    ]


@pytest.mark.requirement("A5")
@pytest.mark.parametrize(
    ("later", "outcome"),
    [
        ([], "met"),
        ([(50, 0.75, undelivered(40))], None),
        ([(50, 0.75, undelivered(40)), (60, 0.8, arrived(40))], "met"),
        ([(50, 0.75, undelivered(40)), (60, 0.8, arrived(40)), (70, 0.9, undelivered(40))], None),
        ([(50, 0.75, undelivered(40)), (60, 0.8, REPLY)], "met"),
        ([(50, 0.75, undelivered(40)), (60, 0.8, REPLY), (70, 0.9, undelivered(60))], None),
        ([(50, 0.75, undelivered(40)), (60, 99, REPLY)], "breached"),
    ],
)
def test_a_message_is_known_by_the_number_of_the_log(
    store: Store, later: list[tuple[int, float, dict[str, Any]]], outcome: str | None
):
    events = log((10, 0, OPENED), (20, 0.1, NOTE), (40, 0.5, REPLY), *later)
    number, statistics = only_case(replay_log(store, *events))
    assert (statistics.refused, statistics.applied) == ({}, len(events))
    assert timer_of(store, number, "first_reply")["outcome"] == outcome
    assert verify(store).ok


@pytest.mark.requirement("A5")
def test_a_message_that_the_log_lacks_or_that_was_refused_is_refused(sqlite_store: Store):
    lost = MappedEvent(LogEvent(3, "a", "word", BEGAN + HOUR), seq=30, unknown="mumbled")
    events = [*log((10, 0, OPENED), (20, 0.5, REPLY)), lost]
    events += log((10, 0, NOTE), (10, 0, NOTE), (10, 0, NOTE), (40, 2, undelivered(30)), (50, 3, undelivered(99)))[3:]
    number, statistics = only_case(replay_log(sqlite_store, *events))
    assert statistics.refused == {"unknown_word": [1, 3], "no_such_message": [2, 4]}
    assert timer_of(sqlite_store, number, "first_reply")["outcome"] == "met"
    assert [row["move"] for row in history_of(sqlite_store, number) if row["via"] == "replay"] == ["open", "reply"]


@pytest.mark.requirement("A9")
def test_customers_of_a_source_are_recognised_by_their_ids(store: Store):
    for customer_id, source, fields in (
        ("7", "shop", {"customer": "王女士", "phone": "13800138000"}),
        ("7", "shop", {"customer": "王小明", "phone": None}),
        ("7", "shop", {"customer": None, "phone": None}),
        ("7", "other", {"customer": None, "phone": None}),
        ("8", "shop", {"customer": None, "phone": "13800138000"}),
    ):
        said = {"email": None, **fields}
        opening = Opening(contact(**said), actor="import", via="file", source=source, customer_id=customer_id)
        open_case(store, opening, START)
    rows = query_rows(
        store,
        "SELECT coalesce(p.person_id, p.id) AS person FROM cases c JOIN party p ON p.id = c.party_id ORDER BY c.id",
    )
    people = [row["person"] for row in rows]
    assert people[0] == people[1] == people[2] == people[4], "by id, and the last one by the number"
    assert people[3] != people[0]
    assert verify(store).ok
