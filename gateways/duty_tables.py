"""Read a duty roster from a table (CSV or XLSX): all of its shifts, or every reason why not (B11).

A row is a shift that comes again: department, level, days, from, to, person. A blank department is the whole house.
Days are written ``mon-fri``, ``sat sun``, ``周一至周五``, ``每天`` or ``holiday``, several of them with commas.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final

from gateways.cells import Cell, Serial
from gateways.headers import TableLayout
from gateways.named_rows import NamedCells, named_rows
from gateways.problems import AddNote, Problem, Unreadable, excerpt
from models.shifts import HOLIDAY, HOUSE, NOT_NEEDED, WEEKDAYS, ReadShifts, WeeklyShift

DEPARTMENT, LEVEL, DAYS, FROM, TO, PERSON = "department", "level", "days", "from", "to", "person"
COLUMNS = frozenset({DEPARTMENT, LEVEL, DAYS, FROM, TO, PERSON})
LAYOUT = TableLayout(COLUMNS, frozenset({LEVEL, DAYS, FROM, TO, PERSON}))
MOST_PROBLEMS = 100
_DAY_WORDS: Final[Mapping[str, str]] = {
    **{day: day for day in (*WEEKDAYS, HOLIDAY)},
    **dict(zip(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), WEEKDAYS, strict=True)),
    **{
        f"{week}{sign}": day
        for week in ("周", "週", "星期")
        for sign, day in zip("一二三四五六日", WEEKDAYS, strict=True)
    },
    **{f"{week}天": "sun" for week in ("周", "週", "星期")},
    **dict.fromkeys(("holidays", "节假日", "節假日", "法定节假日"), HOLIDAY),
}
_DAILY = frozenset({"daily", "every day", "每天", "每日"})
_RANGE = re.compile(r"\s*(?:-|–|—|~|至|到)\s*")
_SEPARATOR = re.compile(r"[\s,，、;；]+")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::00)?")


@dataclass(frozen=True, slots=True)
class KnownPosts:
    """What a cell may name a department by, with its code; the handles of the staff; and the highest level."""

    departments: Mapping[str, str]
    people: frozenset[str]
    top_level: int


def table_shifts(path: Path, known: KnownPosts, encoding: str | None, note: AddNote) -> ReadShifts:
    """Return the shifts of a table in the order of the file.

    Raises ``Unreadable`` with the row, column and reason of each fault; then nothing of the file is used.
    """
    table = _Table(known)
    for row, cells in named_rows(path, LAYOUT, encoding, note):
        table.add(row, cells)
    if not table.shifts and not table.problems:
        raise Unreadable(Problem(None, None, "bad_file.no_shifts", {"file": excerpt(path.name)}))
    if table.problems:
        raise Unreadable(*table.problems[:MOST_PROBLEMS])
    return ReadShifts(table.shifts)


class _Table:
    """The shifts that were read so far, and the faults."""

    def __init__(self, known: KnownPosts) -> None:
        self.known = known
        self.shifts: list[WeeklyShift] = []
        self.problems: list[Problem] = []

    def add(self, row: int, cells: NamedCells) -> None:
        """Add the shift of a row, or say what is wrong with each of its cells."""
        before = len(self.problems)
        text = {name: written(cells.get(name)) for name in COLUMNS}
        department = self._department(row, text[DEPARTMENT])
        level, days = self._level(row, text[LEVEL]), days_in(text[DAYS])
        begins, ends = clock_in(cells.get(FROM)), clock_in(cells.get(TO))
        for column, value, code in ((DAYS, days, "bad_file.bad_days"), (FROM, begins, "bad_file.bad_clock"),
                                    (TO, ends, "bad_file.bad_clock")):  # fmt: skip
            if value is None:
                self._fault(row, column, code, value=excerpt(text[column]))
        person = text[PERSON]
        if person not in self.known.people and person != NOT_NEEDED:
            self._fault(row, PERSON, "bad_file.unknown_person", value=excerpt(person))
        if len(self.problems) == before and days is not None and begins is not None and ends is not None:
            self.shifts.append(WeeklyShift(department, level, days, begins, ends, person))

    def _department(self, row: int, text: str) -> str:
        if text and text not in self.known.departments:
            codes = ", ".join(sorted(set(self.known.departments.values())))
            self._fault(row, DEPARTMENT, "bad_file.unknown_department", value=excerpt(text), known=codes)
        return self.known.departments.get(text, HOUSE)

    def _level(self, row: int, text: str) -> int:
        whole = text.removesuffix(".0")
        if whole.isascii() and whole.isdigit() and len(whole) < 3 and int(whole) <= self.known.top_level:
            return int(whole)
        self._fault(row, LEVEL, "bad_file.bad_level", value=excerpt(text), top=self.known.top_level)
        return 0

    def _fault(self, row: int, column: str, code: str, **params: str | int) -> None:
        self.problems.append(Problem(row, column, code, params))


def written(cell: Cell) -> str:
    """Return a cell as trimmed text."""
    return "" if cell is None else str(cell).strip()


def days_in(text: str) -> frozenset[str] | None:
    """Return the days that a text names: weekdays, ranges of them, holidays; None for anything else."""
    lowered = text.strip().lower()
    if lowered in _DAILY:
        return frozenset(WEEKDAYS)
    days: set[str] = set()
    for part in _SEPARATOR.split(_RANGE.sub("-", lowered)):
        ends = [_DAY_WORDS.get(word) for word in part.split("-")]
        if None in ends or len(ends) > 2 or (len(ends) == 2 and HOLIDAY in ends):
            return None
        first, last = str(ends[0]), str(ends[-1])
        if first == HOLIDAY:
            days.add(HOLIDAY)
            continue
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
        days |= {WEEKDAYS[number % 7] for number in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(days)


def clock_in(cell: Cell) -> time | None:
    """Return a time of day of whole minutes, 24:00 as midnight; None for anything else."""
    if isinstance(cell, Serial):
        return _of_day(timedelta(seconds=round(float(cell) * 86_400)))
    if isinstance(cell, timedelta):
        return _of_day(cell)
    if isinstance(cell, time):
        return cell if cell.second == cell.microsecond == 0 else None
    if isinstance(cell, datetime) or not isinstance(cell, str):
        return None
    match = _CLOCK.fullmatch(cell.strip().replace("：", ":"))
    if match is None:
        return None
    return _of_day(timedelta(hours=int(match[1]), minutes=int(match[2])))


def _of_day(past: timedelta) -> time | None:
    """Return the time of day so long after midnight; 24 hours are midnight."""
    if not timedelta() <= past <= timedelta(days=1) or past % timedelta(minutes=1):
        return None
    minutes = past // timedelta(minutes=1) % (24 * 60)
    return time(*divmod(minutes, 60))
