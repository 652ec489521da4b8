"""Convert a cell to text or to an instant in UTC. A cell that cannot be converted raises ``BadCell``."""

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from gateways.contact_mapping import TableSource
from gateways.problems import BadCell, excerpt
from models.contact import TEXT_LIMIT


class Flaw(Enum):
    """Why a cell holds no value; each is the code of its refusal."""

    NO_RESULT = "bad_file.formula_without_value"
    ERROR = "bad_file.error_cell"
    NESTED = "bad_file.nested_value"


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


def text_in(cell: Cell) -> str | None:
    """Return the cell as trimmed text, None if blank; whole numbers lose their ``.0``."""
    match cell:
        case None:
            return None
        case Flaw():
            raise BadCell(cell.value)
        case str():
            return cell.strip() or None
        case float() if abs(cell) >= _EXACT:
            raise BadCell("bad_file.rounded_number")
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell)


def instant_in(cell: Cell, source: TableSource) -> datetime | None:
    """Return the cell as an instant in UTC, None if blank; a time without an offset is in the source's zone."""
    read = cell if isinstance(cell, date) else _date_in(text_in(cell), source.formats)
    if read is None:
        return None
    moment = read if isinstance(read, datetime) else datetime.combine(read, time())
    try:
        return _in_utc(moment, source)
    except OverflowError as error:
        raise BadCell("bad_file.impossible_date", value=excerpt(cell)) from error


def _date_in(text: str | None, formats: tuple[str, ...]) -> datetime | None:
    if text is None:
        return None
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
    raise BadCell("bad_file.impossible_date", value=excerpt(text))


def _in_utc(moment: datetime, source: TableSource) -> datetime:
    """Return the instant in UTC, the first of an ambiguous local time. Raises ``BadCell`` for a skipped one."""
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    instant = moment.replace(tzinfo=source.tz).astimezone(UTC)
    if instant.astimezone(source.tz).replace(tzinfo=None, fold=0) != moment.replace(fold=0):
        raise BadCell("bad_file.skipped_time", value=excerpt(moment), zone=source.zone)
    return instant
