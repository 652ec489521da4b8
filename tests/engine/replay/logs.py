"""A small vocabulary in which tests tell what another system's log holds, and replay it."""

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

SOURCE, WORDLESS = "old desk", "(no words)"
BEGAN = START - 100 * DAY
"""When the logs of the tests begin: long before the store's clock."""

MEANS: dict[str, dict[str, Any]] = {
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
"""What the words of the tests' logs mean; any other word means nothing to anybody."""

Told = tuple[str, float | None]
"""A word, and so many hours after ``BEGAN``; None where the log has no time."""


def steps(case: str, *told: Told, first: int = 1, **more: Any) -> list[MappedEvent]:
    """The events of a case, in the order of the file, with their meaning."""
    found: list[MappedEvent] = []
    for row, (word, hours) in enumerate(told, first):
        at = None if hours is None else BEGAN + hours * HOUR
        event = LogEvent(row, case, word, at)
        found.append(MappedEvent(event, **MEANS.get(word, {"unknown": word}), **more))
    return found


def put(buffer: EventBuffer, told: Iterable[MappedEvent], opening: dict[str, Any] | None = None) -> EventBuffer:
    """Put events down as a reader does, ordered by time and then by their place in the file."""
    for step in told:
        at = step.event.at
        order = (float("-inf") if at is None else at.timestamp(), step.event.row)
        if opening is not None and buffer.is_earlier(step.event.case, order):
            buffer.open(step.event.case, order, opening)
        buffer.add(step, order)
    buffer.sort()
    return buffer


def replayed(
    store: Store,
    *told: MappedEvent,
    bridge: bool = False,
    at: datetime = START,
    kind: str = "complaint",
    pack: str = "logistics",
    opening: dict[str, Any] | None = None,
) -> dict[str, ReplayStatistics]:
    """Replay a log; the tally of each case by the case's number."""
    with EventBuffer(store.home) as buffer:
        replay(store, put(buffer, told, opening), ReplayLog(SOURCE, kind, pack, ReplayOptions(bridge, WORDLESS)), at)
    return counted(store)


def counted(store: Store) -> dict[str, ReplayStatistics]:
    """The tallies that are kept, by the number of the case."""
    with store.looking() as tx:
        return {number: statistics for _, number, statistics in all_statistics(tx, store.secret, SOURCE)}


def only(found: dict[str, ReplayStatistics]) -> tuple[str, ReplayStatistics]:
    """The one case there is, and its tally."""
    [(number, statistics)] = found.items()
    return number, statistics


def after(hours: float) -> timedelta:
    """So long after ``BEGAN``, as the telling of cases counts: from ``START``."""
    return BEGAN + hours * HOUR - START
