"""Write an event log as OCEL 2.0 JSON: moves as events; cases, parties, actors, departments and timers as objects."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson

from gateways.writing.value_text import text_of
from models.event_log import AT, MOVE, Log, TraceObject, Value

AttributeTypes = dict[str, dict[str, str]]
"""For each event or object type, the type of each attribute seen so far."""

CASE_QUALIFIER = "case"
"""The qualifier of the relation from an event to its case."""


def write(out: BinaryIO, log: Log) -> None:
    """Write events, then objects, one at a time. The types come last, when all attributes have been seen."""
    event_types: AttributeTypes = {}
    object_types: AttributeTypes = {}
    out.write(b'{"events":[')
    _write_list(out, _events(log, event_types))
    out.write(b'],\n"objects":[')
    _write_list(out, (_object(thing, object_types) for thing in log.objects))
    out.write(b'],\n"eventTypes":' + orjson.dumps(_declarations(event_types)))
    out.write(b',\n"objectTypes":' + orjson.dumps(_declarations(object_types)) + b"}\n")


def _write_list(out: BinaryIO, documents: Iterable[dict[str, Any]]) -> None:
    separator = b"\n"
    for document in documents:
        out.write(separator + orjson.dumps(document))
        separator = b",\n"


def _events(log: Log, types: AttributeTypes) -> Iterator[dict[str, Any]]:
    for history in log.histories:
        for event in history.events:
            values = {key: value for key, value in event.values.items() if key not in (MOVE, AT)}
            event_type = str(event.values[MOVE])
            _note_types(types, event_type, values)
            yield {
                "id": f"{history.number}:{event.seq}",
                "type": event_type,
                "time": _time(event.values[AT]),
                "attributes": [{"name": key, "value": _text(value)} for key, value in values.items()],
                "relationships": _relationships(((history.number, CASE_QUALIFIER), *event.concerns)),
            }


def _object(thing: TraceObject, types: AttributeTypes) -> dict[str, Any]:
    _note_types(types, thing.sort, thing.values)
    at = _time(thing.at)
    return {
        "id": thing.id,
        "type": thing.sort,
        "attributes": [{"name": key, "value": _text(value), "time": at} for key, value in thing.values.items()],
        "relationships": _relationships(thing.belongs),
    }


def _relationships(targets: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"objectId": target, "qualifier": qualifier} for target, qualifier in targets]


def _note_types(types: AttributeTypes, owner: str, values: Mapping[str, Value]) -> None:
    """Record the type of each attribute; an attribute with values of two types is a string."""
    attribute_types = types.setdefault(owner, {})
    for key, value in values.items():
        if attribute_types.setdefault(key, _type(value)) != _type(value):
            attribute_types[key] = "string"


def _declarations(types: AttributeTypes) -> list[dict[str, Any]]:
    return [
        {"name": owner, "attributes": [{"name": name, "type": type_} for name, type_ in attributes.items()]}
        for owner, attributes in sorted(types.items())
    ]


def _type(value: Value) -> str:
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
    return _time(value) if isinstance(value, datetime) else text_of(value)


def _time(value: Value) -> str:
    assert isinstance(value, datetime)
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
