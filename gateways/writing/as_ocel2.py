"""A log as OCEL 2.0 JSON: moves as events, cases, parties, actors, departments and clocks as objects."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson

from gateways.writing.escaping import spelled
from models.event_log import AT, MOVE, Log, TraceObject, Value

Types = dict[str, dict[str, str]]
"""The attributes seen of each type, by name, and of what sort they are."""

OF_CASE = "case"
"""As what a move concerns its case."""


def write(out: BinaryIO, log: Log) -> None:
    """Write the log, event by event and object by object; the types, known by then, stand at its end."""
    events: Types = {}
    objects: Types = {}
    out.write(b'{"events":[')
    _write_all(out, _events(log, events))
    out.write(b'],\n"objects":[')
    _write_all(out, (_object(thing, objects) for thing in log.objects))
    out.write(b'],\n"eventTypes":' + orjson.dumps(_types(events)))
    out.write(b',\n"objectTypes":' + orjson.dumps(_types(objects)) + b"}\n")


def _write_all(out: BinaryIO, told: Iterable[dict[str, Any]]) -> None:
    between = b"\n"
    for one in told:
        out.write(between + orjson.dumps(one))
        between = b",\n"


def _events(log: Log, types: Types) -> Iterator[dict[str, Any]]:
    for history in log.histories:
        for event in history.events:
            values = {key: value for key, value in event.values.items() if key not in (MOVE, AT)}
            sort = str(event.values[MOVE])
            _note(types, sort, values)
            yield {
                "id": f"{history.number}:{event.seq}",
                "type": sort,
                "time": _time(event.values[AT]),
                "attributes": [{"name": key, "value": _text(value)} for key, value in values.items()],
                "relationships": _related(((history.number, OF_CASE), *event.concerns)),
            }


def _object(thing: TraceObject, types: Types) -> dict[str, Any]:
    _note(types, thing.sort, thing.values)
    at = _time(thing.at)
    return {
        "id": thing.id,
        "type": thing.sort,
        "attributes": [{"name": key, "value": _text(value), "time": at} for key, value in thing.values.items()],
        "relationships": _related(thing.belongs),
    }


def _related(to: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"objectId": one, "qualifier": qualifier} for one, qualifier in to]


def _note(types: Types, sort: str, values: Mapping[str, Value]) -> None:
    """Remember of what sort each attribute is; one that is of two sorts is a text."""
    known = types.setdefault(sort, {})
    for key, value in values.items():
        if known.setdefault(key, _sort(value)) != _sort(value):
            known[key] = "string"


def _types(types: Types) -> list[dict[str, Any]]:
    return [
        {"name": sort, "attributes": [{"name": name, "type": of} for name, of in known.items()]}
        for sort, known in sorted(types.items())
    ]


def _sort(value: Value) -> str:
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "float"
        case datetime():
            return "time"


def _text(value: Value) -> str:
    return _time(value) if isinstance(value, datetime) else spelled(value)


def _time(value: Value) -> str:
    assert isinstance(value, datetime)
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
