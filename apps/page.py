"""Show a Markdown page on the terminal.

Apart from the tables, because importing rich.markdown takes time that only the commands with a page should spend.
"""

from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, TableElement

from apps.fitted_table import FittedTable
from models.printable_text import printable


class _MarkdownTable(TableElement):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        headings = [cell.content.plain for cell in self.header.row.cells] if self.header and self.header.row else []
        rows = [[cell.content.plain for cell in row.cells] for row in self.body.rows] if self.body else []
        yield FittedTable("", headings, rows, SIMPLE, edges=False)


class Page(Markdown):
    """A Markdown page whose tables fit the terminal without cutting a cell."""

    elements = Markdown.elements | {"table_open": _MarkdownTable}

    def __init__(self, markup: str) -> None:
        super().__init__(printable(markup))  # before a link of the page becomes an escape sequence of the terminal
