"""Commands about evaluations by third parties (E1): thirdparty import, show. One is planned by ``case open``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import As, FileEncoding, Json, cli, table
from apps.cli.indicators import PeriodName
from apps.cli.problem_text import note_lines, notes_document
from apps.principal_third_party import evaluations_seen, scores_of_file, scores_recorded
from apps.third_party_documents import (
    COLUMNS,
    comparison_rows,
    evaluation_document,
    follow_up_texts,
    heading,
    third_party_text,
)
from engine.third_party import GivenScores
from gateways.problems import Notes
from reports.indicators.names import IndicatorNames, indicator_names_at
from reports.indicators.periods import period_of
from reports.third_party_list import ThirdPartyEvaluation
from statemachines.third_party_evaluation import Announcement

thirdparty = typer.Typer(no_args_is_help=True)

Assessor = Annotated[str, typer.Option()]
Period = Annotated[str, typer.Option(metavar="YYYY-MM|YYYY-Qn|YYYY")]
PackName = Annotated[str, typer.Option()]
Planned = Annotated[str | None, typer.Option("--case")]
Unannounced = Annotated[bool, typer.Option("--unannounced")]


@thirdparty.command("import")
def import_(
    file: Path, assessor: Assessor, period: Period, pack: PackName = "logistics", unannounced: Unannounced = False,
    case: Planned = None, as_: As = None, encoding: FileEncoding = None, json: Json = False,
) -> None:  # fmt: skip
    """Record the scores of a third party from a CSV or XLSX file: all of it, or nothing."""
    store, at, notes = cli.store, cli.working_time(), Notes()
    scores = scores_of_file(store, file, pack, at, cli.locale, notes.add, cli.encoding)
    announcement = Announcement.UNANNOUNCED if unannounced else Announcement.PLANNED
    given = GivenScores(pack, assessor, announcement.value, period_of(period).name, scores, case)
    recorded = scores_recorded(store, cli.principal(as_), given, at)
    document = {
        "number": recorded.number, "new": recorded.new, "scores": len(scores),
        **notes_document(notes.kept, notes.count),
    }  # fmt: skip
    text = third_party_text(cli.locale, "recorded" if recorded.new else "again", number=recorded.number,
                            count=len(scores))  # fmt: skip
    cli.give(document, text, *note_lines(notes.kept, notes.count))


@thirdparty.command()
def show(period: PeriodName = None, as_: As = None, json: Json = False) -> None:
    """The evaluations by third parties, newest first: each score beside our own figure, findings and plans."""
    wanted = None if period is None else period_of(period).name
    at = cli.store.now()
    found, names = evaluations_seen(cli.store, cli.principal(as_), at, wanted), indicator_names_at(cli.store, at)
    parts = [part for each in found for part in _shown(each, names)] or [third_party_text(cli.locale, "none")]
    cli.give({"evaluations": [evaluation_document(each) for each in found]}, *parts)


def _shown(found: ThirdPartyEvaluation, names: IndicatorNames) -> list[Any]:
    columns = [third_party_text(cli.locale, f"column.{name}") for name in COLUMNS]
    parts: list[Any] = [table(heading(cli.locale, found), columns, comparison_rows(cli.locale, found, names))]
    if found.gap_limit is not None:
        parts.append(third_party_text(cli.locale, "limit", limit=found.gap_limit))
    return [*parts, *follow_up_texts(cli.locale, found)]
