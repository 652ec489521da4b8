"""Read a third party's scores from a table (CSV or XLSX): all of them, or every reason why not (E1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from gateways.cells import Cell
from gateways.headers import TableLayout
from gateways.named_rows import named_rows
from gateways.problems import AddNote, Problem, Unreadable, excerpt

DEPARTMENT, CRITERION, SCORE = "department", "criterion", "score"
COLUMNS = frozenset({DEPARTMENT, CRITERION, SCORE})
LAYOUT = TableLayout(COLUMNS, COLUMNS)
MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class KnownNames:
    """What a cell may name a department or a criterion by, with the code that it means."""

    departments: Mapping[str, str]
    criteria: Mapping[str, str]


def scores_in(path: Path, known: KnownNames, encoding: str | None, note: AddNote) -> list[str]:
    """Return the scores as ``department:criterion:hundredths``, in the order of the file.

    Raises ``Unreadable`` with the row, column and reason of each fault; then nothing of the file is used.
    """
    table = _Table(known)
    for row, cells in named_rows(path, LAYOUT, encoding, note):
        table.add(row, cells)
    if not table.scores and not table.problems:
        raise Unreadable(Problem(None, None, "bad_file.no_scores", {"file": excerpt(path.name)}))
    if table.problems:
        raise Unreadable(*table.problems[:MOST_PROBLEMS])
    return table.scores


class _Table:
    """The scores that were read so far, and the faults."""

    def __init__(self, known: KnownNames) -> None:
        self.known = known
        self.scores: list[str] = []
        self.problems: list[Problem] = []
        self._rows: dict[tuple[str, str], int] = {}

    def add(self, row: int, cells: Mapping[str, Cell]) -> None:
        """Add the score of a row, or say what is wrong with each of its cells."""
        before = len(self.problems)
        department = self._code(row, DEPARTMENT, cells, self.known.departments, "bad_file.unknown_department")
        criterion = self._code(row, CRITERION, cells, self.known.criteria, "bad_file.unknown_criterion")
        score = hundredths_of(cells.get(SCORE))
        if score is None:
            self._fault(row, SCORE, "bad_file.bad_score", value=excerpt(_text(cells.get(SCORE))))
        first = self._rows.setdefault((department, criterion), row)
        if first != row and len(self.problems) == before:
            self._fault(row, CRITERION, "bad_file.scored_twice", first=first)
        if len(self.problems) == before:
            self.scores.append(f"{department}:{criterion}:{score}")

    def _code(self, row: int, column: str, cells: Mapping[str, Cell], known: Mapping[str, str], unknown: str) -> str:
        text = _text(cells.get(column))
        if text not in known:
            codes = ", ".join(sorted(set(known.values())))
            self._fault(row, column, unknown, value=excerpt(text), known=codes)
        return known.get(text, "")

    def _fault(self, row: int, column: str, code: str, **params: str | int) -> None:
        self.problems.append(Problem(row, column, code, params))


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def hundredths_of(cell: Cell) -> int | None:
    """Return a score of 0 to 100, with two decimals at most, in hundredths; None for anything else."""
    try:
        hundredths = Decimal(_text(cell)) * 100
    except InvalidOperation:
        return None
    if not hundredths.is_finite() or hundredths != hundredths.to_integral_value() or not 0 <= hundredths <= 10_000:
        return None
    return int(hundredths)
