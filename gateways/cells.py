"""Convert a cell to text or to an instant in UTC. A cell that cannot be converted raises ``BadCell``."""

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from gateways.contact_mapping import TableSource
from gateways.problems import BadCell, excerpt
from gateways.written_times import MIDNIGHT, written_time
from models.contact import TEXT_LIMIT
from models.visible_text import trimmed


class Flaw(Enum):
    """Why a cell holds no value; each is the code of its refusal."""

    NO_RESULT = "bad_file.formula_without_value"
    ERROR = "bad_file.error_cell"
    NESTED = "bad_file.nested_value"


DAY_MS = 86_400_000
"""Milliseconds a day: to them the times of a workbook are exact."""


class Serial(float):
    """A number of a workbook, which may be a date: the days since the workbook's ``epoch``."""

    epoch: datetime

    @classmethod
    def of(cls, value: float, epoch: datetime) -> "Serial":
        """Return the number with the day from which the workbook counts."""
        serial = cls(value)
        serial.epoch = epoch
        return serial

    def date(self) -> datetime:
        """Return the date of this number. Raises ``BadCell`` where it is none of the years 1970 to 2100."""
        moment = self.epoch + timedelta(milliseconds=round(float(self) * DAY_MS))
        if not 1970 <= moment.year <= 2100:
            raise BadCell("bad_file.implausible_serial", value=excerpt(f"{float(self):g}"))
        return moment


Cell = str | int | float | date | time | timedelta | Flaw | None
"""A cell as its file gives it; `datetime` is among the dates, `bool` among the numbers."""

_EXACT = 10**15
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d.*)?|\d{8}(T\d.*)?", re.ASCII)


def fault_in(cell: Cell) -> BadCell | None:
    """Return what is wrong with a cell of any column, mapped or not: NUL, broken characters, too long."""
    if not isinstance(cell, str):
        return None
    if "\0" in cell:
        return BadCell("bad_file.nul")
    try:
        size = len(cell.encode())
    except UnicodeEncodeError:
        return BadCell("bad_file.broken_character")
    if size > TEXT_LIMIT:
        return BadCell("bad_file.cell_too_long", bytes=size, limit=TEXT_LIMIT)
    return None


def is_blank(cell: Cell) -> bool:
    """Return whether a cell is empty or holds only characters that cannot be seen."""
    return cell is None or (isinstance(cell, str) and not trimmed(cell))


def text_in(cell: Cell) -> str | None:
    """Return the cell as trimmed text, None if blank; whole numbers lose their ``.0``."""
    match cell:
        case None:
            return None
        case Flaw():
            raise BadCell(cell.value)
        case str():
            return trimmed(cell) or None
        case float() if abs(cell) >= _EXACT:
            raise BadCell("bad_file.rounded_number")
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell)


def instant_in(cell: Cell, source: TableSource, *, written: bool = True) -> datetime | None:
    """Return the cell as an instant in UTC, None if blank; a time without an offset is in the source's zone.

    A text is read in ISO 8601, in the source's formats, and if ``written`` as people write it.
    """
    if isinstance(cell, Serial):
        cell = cell.date()
    read = cell if isinstance(cell, date) else _date_in(text_in(cell), source.formats, written=written)
    if read is None:
        return None
    moment = read if isinstance(read, datetime) else datetime.combine(read, time())
    try:
        return _in_utc(moment, source)
    except OverflowError as error:
        raise BadCell("bad_file.impossible_date", value=excerpt(cell)) from error


def _date_in(text: str | None, formats: tuple[str, ...], *, written: bool) -> datetime | None:
    """Return the date that a text means; 24:00 is the beginning of the next day."""
    if text is None:
        return None
    morning, ends = MIDNIGHT.subn(lambda match: match[0].replace("24", "00", 1), text)
    moment = _by_format(morning, formats) or (written_time(morning) if written else None)
    if moment is None or ends > 1:
        raise BadCell("bad_file.impossible_date", value=excerpt(text))
    return moment + timedelta(days=ends)


def _by_format(text: str, formats: tuple[str, ...]) -> datetime | None:
    if _ISO.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    for form in formats:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 its zone is given by `_in_utc`
        except ValueError:
            continue
    return None


def _in_utc(moment: datetime, source: TableSource) -> datetime:
    """Return the instant in UTC, the first of an ambiguous local time. Raises ``BadCell`` for a skipped one."""
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    instant = moment.replace(tzinfo=source.tz).astimezone(UTC)
    if instant.astimezone(source.tz).replace(tzinfo=None, fold=0) != moment.replace(fold=0):
        raise BadCell("bad_file.skipped_time", value=excerpt(moment), zone=source.zone)
    return instant
