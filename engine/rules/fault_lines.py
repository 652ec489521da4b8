"""Find the line of a rule file at which a fault is, so that whoever edits the text sees it there."""

import re

from statemachines.rule_faults import Fault

HEADER = re.compile(r"^\s*(\[{1,2})([^\[\]]+)\]{1,2}\s*(?:#.*)?$")
KEY = re.compile(r"^\s*([A-Za-z0-9_\-.\"']+)\s*=")


def line_of(text: str, fault: Fault) -> int | None:
    """Return the line of the faulty field, or of the nearest table around it; None where no line can be named."""
    if line := str(fault["limits"].get("line", "")):
        return int(line) if line.isdecimal() else None
    lines, path = _lines(text), tuple(part for part in str(fault["field"]).split(".") if part)
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), None)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of each table and each key of a TOML text, by its path; tables of a list are counted from 0."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                place = 0
                while (*table, str(place)) in lines:
                    place += 1
                lines.setdefault(table, number)
                table = (*table, str(place))
            lines.setdefault(table, number)
        elif key := KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
    return lines


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in name.split("."))
