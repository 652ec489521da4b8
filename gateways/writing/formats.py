"""The formats of a log that goes out, by name."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

from gateways.writing import as_csv, as_jsonl, as_ocel2, as_xes, as_xlsx
from models.event_log import Log

FORMATS: Mapping[str, Callable[[BinaryIO, Log], None]] = {
    "xes": as_xes.write,
    "csv": as_csv.write,
    "ocel2": as_ocel2.write,
    "xlsx": as_xlsx.write,
    "jsonl": as_jsonl.write,
}

BINARY = frozenset({"xlsx"})
"""What no terminal can show."""
