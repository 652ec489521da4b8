"""The board, apart from the commands of a case: a desk calls it all day, and theirs import four times as much."""

from typing import Any

import typer

from apps.board_counts import BoardCounts
from apps.board_counts import board as count_board
from apps.cli.context import Json, cli, table
from apps.page import Page
from locales.translation import label
from reports import overdue_text
from reports.overdue import by_case
from statemachines.lifecycle import Milestone


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(board)


def board(json: Json = False) -> None:
    """What is overdue and whom it asks, then the open cases by milestone and level."""
    counted = count_board(cli.store)
    late = Page("\n".join(overdue_text.section(by_case(counted.overdue), counted.at, cli.locale)))
    milestones = [milestone for milestone in Milestone if milestone is not Milestone.ARCHIVED]
    columns = [cli.translate("column.level"), *(label(cli.locale, "", "milestone", name) for name in milestones)]
    rows = [_board_row(counted, milestones, level, internal=False) for level in range(4)]
    rows += [_board_row(counted, milestones, level, internal=True) for level in range(4) if counted.internal]
    total = cli.translate("board_late", open=counted.open, late=counted.late)
    cli.give(counted.document(), late, "", table(cli.translate("board_title"), columns, rows), total)


def _board_row(counted: BoardCounts, milestones: list[Milestone], level: int, *, internal: bool) -> tuple[Any, ...]:
    name = label(cli.locale, "", "level", str(level))
    head = cli.translate("desk.internal", level=name) if internal else name
    return (head, *(counted.count(milestone, level, internal) or "·" for milestone in milestones))
