"""The command that says how many people keep which promise: staffing."""

from typing import Annotated, Any

import typer

from apps.cli.context import As, Json, cli, table
from apps.cli.number_options import decimal_option, whole_option
from apps.cli.progress import progress_bar
from apps.principal_staffing import DEFAULT, StaffingAsked, question_of, staffing_seen
from apps.staffing_documents import staffing_document
from locales.translation import translate
from reports.staffing.staffing_text import (
    StaffingTable,
    check_table,
    desk_table,
    heading,
    interval_table,
    silences,
    smallest_texts,
)

PackName = Annotated[str | None, typer.Option("--pack")]
Department = Annotated[str | None, typer.Option("--department")]
People = Annotated[str | None, typer.Option("--people")]
Shift = Annotated[int, whole_option("--shift")]
Demand = Annotated[float, decimal_option("--demand")]
Runs = Annotated[int, whole_option("--runs")]
Seed = Annotated[int, whole_option("--seed", least=0)]
Target = Annotated[float, decimal_option("--target")]


def join(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("staffing")(staffing)


def staffing(
    pack: PackName = None, department: Department = None, people: People = None, shift: Shift = 0, demand: Demand = 1.0,
    runs: Runs = DEFAULT.runs, seed: Seed = DEFAULT.seed, target: Target = 100 * DEFAULT.target, as_: As = None,
    json: Json = False,
) -> None:  # fmt: skip
    """How many people keep which promise, simulated by the record, after a check on the past; nothing is written."""
    asked = StaffingAsked(pack, department, people, shift, demand, runs, seed, target)
    question, now = question_of(asked), cli.store.now()
    with progress_bar(cli.translate("cli.staffing.runs"), question.most_runs) as advance:
        answer = staffing_seen(cli.store, cli.principal(as_), asked, now, lambda: advance(1))
    tables = [check_table(answer, cli.locale), interval_table(answer, cli.locale), desk_table(answer, cli.locale)]
    check, *others = ([_shown(each)] if each.rows else [] for each in tables)
    shown: list[Any] = [heading(answer, cli.locale), *check, *silences(answer, cli.locale)]
    shown += (part for parts in others for part in parts)
    shown += smallest_texts(answer, question, cli.locale)
    shown.append(translate(cli.locale, "staffing.not_a_measure"))
    cli.give(staffing_document(answer, question, now), *shown)


def _shown(wanted: StaffingTable) -> Any:
    return table(wanted.title, wanted.heads, wanted.rows)
