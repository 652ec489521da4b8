"""A log as JSON lines: one object for each move, under the names that the table's columns have."""

from typing import BinaryIO

import orjson

from gateways.writing.escaping import spelled
from models.event_log import OF_CASE, Log, Value


def write(out: BinaryIO, log: Log) -> None:
    """Write the log, line by line. What has no value is not named; numbers and truths keep their types."""
    for history in log.histories:
        of_case = {OF_CASE + key: _plain(value) for key, value in history.values.items()}
        for event in history.events:
            told = of_case | {key: _plain(value) for key, value in event.values.items()}
            out.write(orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE))


def _plain(value: Value) -> str | int | float | bool:
    return value if isinstance(value, (str, int, float)) else spelled(value)
