"""A log as a table: one row for each move, its case's attributes before its own."""

from collections.abc import Iterator

from models.event_log import OF_CASE, Log, Value


def header(log: Log) -> list[str]:
    """The names of the columns."""
    return [*(OF_CASE + key for key in log.case_keys), *log.event_keys]


def rows(log: Log) -> Iterator[list[Value | None]]:
    """The values under ``header``; None where there is none."""
    for history in log.histories:
        of_case = [history.values.get(key) for key in log.case_keys]
        for event in history.events:
            yield of_case + [event.values.get(key) for key in log.event_keys]
