"""The output formats of an event log, by the name that ``closeloop export --format`` takes."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

from gateways.writing import as_ocel2, as_tables, as_xes
from models.event_log import Log

FORMATS: Mapping[str, Callable[[BinaryIO, Log], None]] = {
    "xes": as_xes.write,
    "csv": as_tables.write_csv,
    "ocel2": as_ocel2.write,
    "xlsx": as_tables.write_xlsx,
    "jsonl": as_tables.write_jsonl,
}

BINARY = frozenset({"xlsx"})
"""Formats that a terminal cannot show."""
