"""A small event log with every kind of value that an export format must escape or convert."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from models.event_log import AT, CASE, LIFECYCLE, MOVE, WHO, History, Log, TraceEvent, TraceObject, Value

NINE = datetime(2026, 3, 2, 1, 0, 0, 7, UTC)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1")


def event(seq: int, move: str, **more: Value) -> TraceEvent:
    at = NINE + timedelta(hours=seq)
    values: dict[str, Value] = {MOVE: move, AT: at, LIFECYCLE: "complete", WHO: "a-1", "seq": seq}
    return TraceEvent(seq, values | more, (("a-1", "made_by"),))


def history(number: str, *events: TraceEvent, **more: Value) -> History:
    return History({CASE: number, "kind": "complaint", **more}, iter(events))


def log(*histories: History, more: Sequence[str] = (), of_case: Sequence[str] = ()) -> Log:
    """Return a log of these histories and their objects; ``more`` and ``of_case`` name further values."""
    objects = [TraceObject("a-1", "actor", NINE, {"roles": "agent"}, (("d-claims", "member_of"),))]
    objects.append(TraceObject("d-claims", "department", NINE, {}))
    objects += [TraceObject(case.number, "complaint", NINE, {"level": 2}) for case in histories]
    return Log((CASE, "kind", *of_case), (MOVE, AT, LIFECYCLE, WHO, "seq", *more), iter(histories), iter(objects))


def two_cases() -> Log:
    first = history("cp-26-000001", event(1, "open"), event(2, "resolve", inferred=True, waited=1.5))
    return log(first, history("cp-26-000002", event(1, "open")), more=("inferred", "waited"))


def log_of_notes(*texts: str) -> Log:
    """Return a log of one case, with a move for each of the texts."""
    events = [event(seq, "note", said=text) for seq, text in enumerate(texts, 1)]
    return log(history("cp-26-000001", *events), more=("said",))


def export(write: Callable[[BinaryIO, Log], None], log: Log) -> bytes:
    out = io.BytesIO()
    write(out, log)
    return out.getvalue()
