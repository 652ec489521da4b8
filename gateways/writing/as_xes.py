"""A log as XES (IEEE 1849-2016), a trace for each case; extensions: concept, time, organizational, lifecycle."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import BinaryIO

from gateways.writing.escaping import in_quotes, spelled
from models.event_log import AT, CASE, LIFECYCLE, Log, Value

EXTENSIONS = {
    "concept": ("Concept", "http://www.xes-standard.org/concept.xesext"),
    "time": ("Time", "http://www.xes-standard.org/time.xesext"),
    "org": ("Organizational", "http://www.xes-standard.org/org.xesext"),
    "lifecycle": ("Lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
}
NONE = "__INVALID__"
"""The standard's own word for a value that must be there and was not."""


def write(out: BinaryIO, log: Log) -> None:
    """Write the log, trace by trace."""
    out.write("".join(_head()).encode())
    for history in log.histories:
        out.write(f"<trace>\n{_attributes(history.values)}".encode())
        out.writelines(f"<event>\n{_attributes(event.values)}</event>\n".encode() for event in history.events)
        out.write(b"</trace>\n")
    out.write(b"</log>\n")


def _head() -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    for prefix, (name, uri) in EXTENSIONS.items():
        yield f'<extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n'
    yield f'<global scope="trace">\n<string key="{CASE}" value="{NONE}"/>\n</global>\n'
    yield f'<global scope="event">\n<string key="{CASE}" value="{NONE}"/>\n'
    yield f'<date key="{AT}" value="1970-01-01T00:00:00.000+00:00"/>\n'
    yield f'<string key="{LIFECYCLE}" value="complete"/>\n</global>\n'
    yield f'<classifier name="Activity" keys="{CASE}"/>\n'
    yield f'<classifier name="Resource" keys="org:resource"/>\n<string key="{CASE}" value="closeloop"/>\n'


def _attributes(values: Mapping[str, Value]) -> str:
    lines = (
        f'<{_sort(one)} key="{in_quotes(key)}" value="{in_quotes(spelled(one))}"/>\n' for key, one in values.items()
    )
    return "".join(lines)


def _sort(value: Value) -> str:
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "int"
        case float():
            return "float"
        case datetime():
            return "date"
