"""Lay out a table for the terminal so that nothing in it is cut, also at 80 columns and in Chinese.

Rich shrinks all columns of a table that is too wide and ends their cells in an ellipsis, so that a deadline reads
``2026-1…``. Here text folds at its spaces, and numbers, instants and names stay whole. Where that does not fit, two
neighbouring columns share one: the second value stands below the first, as their headings do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.box import HEAVY_HEAD, Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

PROSE = 40
"""A column whose longest value is wider than this holds prose."""
PROSE_LEAST = 20
"""The least width of a column of prose, in terminal cells: below it, text is a tower of single words."""
RUN_LEAST = 16
"""A run of Chinese may be folded anywhere, but up to this width, in terminal cells, it stays whole."""
WORD_MOST = 24
"""A word without digits may be folded from this width on."""
FRAME = 3
"""The cells that the frame and the padding of one column take."""
SHORT = 16
"""A column whose longest value is no wider than this is not folded while longer ones can be."""


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of the drawn table: a heading and a cell for each row. ``stacked`` columns of the data share it."""

    heading: str
    cells: tuple[str, ...]
    stacked: int = 1

    @property
    def lines(self) -> list[str]:
        """All lines of text in the column."""
        return [line for cell in (self.heading, *self.cells) for line in cell.split("\n")]

    @property
    def full(self) -> int:
        """The width at which nothing folds, in terminal cells."""
        return max(map(cell_len, self.lines))

    @property
    def least(self) -> int:
        """The width below which a number, an instant or a name would be broken."""
        whole = max((_unbreakable(word) for line in self.lines for word in line.split()), default=0)
        return max(whole, PROSE_LEAST) if self.full > PROSE else whole

    def above(self, other: "_Column") -> "_Column":
        """Return a column with the values of both, these above the other's."""
        cells = tuple(f"{own}\n{below}" for own, below in zip(self.cells, other.cells, strict=True))
        return _Column(f"{self.heading}\n{other.heading}".strip("\n"), cells, self.stacked + other.stacked)


def _unbreakable(word: str) -> int:
    """Return how many terminal cells of a word must stay on one line."""
    width = cell_len(word)
    if any(sign.isascii() and sign.isdigit() for sign in word):
        return width
    return min(width, RUN_LEAST if width > len(word) else WORD_MOST)


class FittedTable:
    """A table that lays itself out for the width of the console that prints it. Cells are plain text, no markup."""

    def __init__(
        self,
        title: str,
        headings: Sequence[str],
        rows: Iterable[Sequence[str]],
        box: Box = HEAVY_HEAD,
        *,
        edges: bool = True,
    ) -> None:
        self._title, self._box, self._edges = title, box, edges
        columns = zip(*rows, strict=True)
        cells = list(columns) or [()] * len(headings)
        self._columns = [_Column(heading, tuple(column)) for heading, column in zip(headings, cells, strict=True)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = _stacked(self._columns, options.max_width - 1)
        stacked = len(columns) < len(self._columns)
        title = Text(self._title) if self._title else None
        table = Table(title=title, title_justify="left", box=self._box, show_edge=self._edges, show_lines=stacked)
        for column, width in zip(columns, _widths(columns, options.max_width - 1), strict=True):
            table.add_column(Text(column.heading), width=width, overflow="fold")
        for row in zip(*(column.cells for column in columns), strict=True):
            table.add_row(*map(Text, row))
        yield table


def _stacked(columns: Sequence[_Column], available: int) -> list[_Column]:
    """Return the columns, neighbours stacked until their least widths fit; those that save most are stacked first."""
    fitted = list(columns)
    while len(fitted) > 1 and sum(column.least + FRAME for column in fitted) > available:
        at = min(
            range(len(fitted) - 1),
            key=lambda left: (
                fitted[left].stacked + fitted[left + 1].stacked,
                -min(fitted[left].least, fitted[left + 1].least),
                -left,
            ),
        )
        fitted[at : at + 2] = [fitted[at].above(fitted[at + 1])]
    return fitted


def _widths(columns: Sequence[_Column], available: int) -> list[int]:
    """Share the available cells out: the least width to each column, then the full width to short ones.

    What is left goes to the longer ones, where it saves most folding.
    """
    fulls, widths = [column.full for column in columns], [column.least for column in columns]
    left = min(available - FRAME * len(columns), sum(fulls)) - sum(widths)
    for at in sorted(range(len(columns)), key=lambda at: fulls[at]):
        if fulls[at] <= SHORT and fulls[at] - widths[at] <= left:
            left -= fulls[at] - widths[at]
            widths[at] = fulls[at]
    for _ in range(left):
        narrowest = max(range(len(columns)), key=lambda at: fulls[at] / max(widths[at], 1))
        widths[narrowest] += 1
    return widths
