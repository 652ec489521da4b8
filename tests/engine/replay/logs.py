"""Builds and replays event logs of another system from a small vocabulary."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from engine.replay.event_buffer import EventBuffer
from engine.replay.replay import ReplayLog, replay
from engine.replay.session import ReplayOptions
from engine.replay.statistics import ReplayStatistics, all_statistics
from engine.store import Store
from models.log_event import LogEvent, MappedEvent
from tests.case_actions import DAY, HOUR, START

SOURCE, NO_TEXT = "old desk", "(no words)"
BEGAN = START - 100 * DAY
"""The begin of the tests' logs, long before the time of the store."""

MEANINGS: dict[str, dict[str, Any]] = {
    "new": {"move": "open"},
    "sorted": {"move": "classify", "also": ("reclassify",), "form": {"category": "damage"}},
    "looked at": {"move": "investigate"},
    "done": {"move": "resolve", "form": {"result": "Paid."}},
    "remark": {"move": "note", "form": {"note": "He calls every day."}},
    "raised": {"move": "escalate", "form": {"level": 9, "reason": "x"}},
    "in work": {"state": "investigated"},
    "somewhere": {"state": "investigated", "also": ("classified",)},
    "asked back": {"state": "waiting_for_customer"},
    "ready": {"state": "resolved"},
    "over": {"state": "archived"},
    "limbo": {"state": "limbo"},
    "flown": {"move": "fly"},
    "printed": {"ignored": "paper"},
}
"""The meaning of each word in the tests' logs; any other word is unknown."""

Entry = tuple[str, float | None]
"""A word and its hours after ``BEGAN``; ``None`` where the log has no time."""


def steps(case: str, *entries: Entry, first: int = 1, **more: Any) -> list[MappedEvent]:
    """Return the events of a case with their meaning, in the order of the file."""
    events: list[MappedEvent] = []
    for row, (word, hours) in enumerate(entries, first):
        at = None if hours is None else BEGAN + hours * HOUR
        event = LogEvent(row, case, word, at)
        events.append(MappedEvent(event, **MEANINGS.get(word, {"unknown": word}), **more))
    return events


def fill_buffer(
    buffer: EventBuffer, events: Iterable[MappedEvent], opening: dict[str, Any] | None = None
) -> EventBuffer:
    """Add events as a reader of logs does, ordered by time and then by row of the file."""
    for step in events:
        at = step.event.at
        order = (float("-inf") if at is None else at.timestamp(), step.event.row)
        if opening is not None and buffer.is_earlier(step.event.case, order):
            buffer.open(step.event.case, order, opening)
        buffer.add(step, order)
    buffer.sort()
    return buffer


def replay_log(
    store: Store,
    *events: MappedEvent,
    bridge: bool = False,
    at: datetime = START,
    kind: str = "complaint",
    pack: str = "logistics",
    opening: dict[str, Any] | None = None,
) -> dict[str, ReplayStatistics]:
    """Replay a log; return the statistics of each case by its number."""
    with EventBuffer(store.home) as buffer:
        replay(
            store,
            fill_buffer(buffer, events, opening),
            ReplayLog(SOURCE, kind, pack, ReplayOptions(bridge, NO_TEXT)),
            at,
        )
    return stored_statistics(store)


def stored_statistics(store: Store) -> dict[str, ReplayStatistics]:
    """Return the statistics in the store, by the number of the case."""
    with store.looking() as tx:
        return {number: statistics for _, number, statistics in all_statistics(tx, store.secret, SOURCE)}


def only_case(statistics_by_number: dict[str, ReplayStatistics]) -> tuple[str, ReplayStatistics]:
    """Return number and statistics of the only case."""
    [(number, statistics)] = statistics_by_number.items()
    return number, statistics


def since_start(hours: float) -> timedelta:
    """Return so many hours after ``BEGAN`` as a time since ``START``."""
    return BEGAN + hours * HOUR - START
