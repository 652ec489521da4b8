"""The board, apart from the commands of a case: a desk calls it all day, and theirs import four times as much."""

from collections.abc import Iterator
from typing import Any

import typer
from rich.box import SIMPLE
from rich.text import Text

from apps.board_counts import BoardCounts
from apps.board_counts import board as count_board
from apps.cli.context import Json, cli, table
from apps.fitted_table import FittedTable
from locales.translation import label
from models.printable_text import printable_line
from reports import overdue_text
from reports.overdue import by_case
from statemachines.lifecycle import Milestone


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(board)


def board(json: Json = False) -> None:
    """What is overdue and whom it asks, then the open cases by milestone and level."""
    counted = count_board(cli.store)
    milestones = [milestone for milestone in Milestone if milestone is not Milestone.ARCHIVED]
    columns = [cli.translate("column.level"), *(label(cli.locale, "", "milestone", name) for name in milestones)]
    rows = [_board_row(counted, milestones, level, internal=False) for level in range(4)]
    rows += [_board_row(counted, milestones, level, internal=True) for level in range(4) if counted.internal]
    total = cli.translate("board_late", open=counted.open, late=counted.late)
    counts = table(cli.translate("board_title"), columns, rows)
    cli.give(counted.document(), *_overdue(counted), "", counts, total)


def _overdue(counted: BoardCounts) -> Iterator[Any]:
    """Yield the overdue cases, a table for each role that is asked; to import Markdown takes a tenth of the time."""
    cases, locale = by_case(counted.overdue), cli.locale
    yield Text(overdue_text.title(cases, locale), "bold underline")
    for group in overdue_text.groups(cases, counted.at, locale):
        yield from ("", Text(printable_line(group.heading(locale)), "bold"))
        if group.rows:
            rows = [tuple(map(printable_line, row)) for row in group.rows]
            yield FittedTable("", overdue_text.headings(locale), rows, SIMPLE, edges=False)
        if group.others:
            yield group.not_shown(locale)
    if remark := overdue_text.remark(cases, locale):
        yield from ("", remark)


def _board_row(counted: BoardCounts, milestones: list[Milestone], level: int, *, internal: bool) -> tuple[Any, ...]:
    name = label(cli.locale, "", "level", str(level))
    head = cli.translate("desk.internal", level=name) if internal else name
    return (head, *(counted.count(milestone, level, internal) or "·" for milestone in milestones))
