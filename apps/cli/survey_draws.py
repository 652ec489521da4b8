"""Commands about periodic surveys: survey draw, send, call-off, drawn, report, visits (E1)."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from apps.cli.context import As, Json, cli, local, table
from apps.cli.number_options import whole_argument, whole_option
from apps.cli.private_files import write_private
from apps.principal_surveys import (
    WantedSurvey,
    call_off_survey_for,
    draw_survey_for,
    send_survey_for,
    survey_seen,
    surveys_seen,
)
from apps.survey_documents import survey_report_document
from apps.survey_visits import visit_list
from engine.rules.sampling import MOST_SURVEYED, Allocation, SurveyStrata
from reports.survey_report_text import survey_section, survey_title
from statemachines.forms import SurveyWay

Number = Annotated[int, whole_argument(least=1)]
Kinds = Annotated[list[str] | None, typer.Option("--kind")]
PeriodOf = Annotated[str, typer.Option("--period", metavar="YYYY-MM|YYYY-Qn|YYYY")]


def draw(
    period: PeriodOf,
    pack: Annotated[str, typer.Option()],
    size: Annotated[int, whole_option(least=1, most=MOST_SURVEYED)],
    kind: Kinds = None,
    by: Annotated[SurveyStrata, typer.Option()] = SurveyStrata.CUSTOMER_TYPE,
    method: Annotated[Allocation, typer.Option()] = Allocation.PROPORTIONAL,
    least: Annotated[int, whole_option(least=0, most=MOST_SURVEYED)] = 0,
    way: Annotated[SurveyWay, typer.Option()] = SurveyWay.LINK,
    as_: As = None,
    json: Json = False,
) -> None:
    """Draw customers of a period at random for a survey, by stratum; nobody is asked before it is sent out."""
    wanted = WantedSurvey(pack, period, tuple(kind or ("service_order",)), size, by, method, least, way)
    number = draw_survey_for(cli.store, cli.principal(cli.actor(as_)), wanted, cli.working_time())
    _show(number, as_)


def send(survey: Number, as_: As = None, json: Json = False) -> None:
    """Send a survey out: invitations are opened, and their letters leave in working hours."""
    sent = send_survey_for(cli.store, cli.principal(cli.actor(as_)), survey, cli.working_time(), cli.locale)
    cli.give({"survey": survey, **asdict(sent)}, cli.translate("survey.sent", survey=survey, **asdict(sent)))


def call_off(
    survey: Number, reason: Annotated[str, typer.Option()], as_: As = None, json: Json = False
) -> None:  # fmt: skip
    """Call a survey off: its open invitations end, nobody is reminded or called, and customers read the reason."""
    found = call_off_survey_for(cli.store, cli.principal(cli.actor(as_)), survey, reason, cli.working_time())
    text = cli.translate(f"survey.{'called_off' if found.new else 'off_before'}", survey=survey, ended=found.ended)
    cli.give({"survey": survey, **asdict(found)}, text)


def drawn(as_: As = None, json: Json = False) -> None:
    """The surveys that were drawn, newest first: of whom, how many, by whom, and whether they were sent out."""
    found = surveys_seen(cli.store, cli.principal(as_))
    rows = [
        (each.id, survey_title(each, cli.locale), each.population, each.drawn, each.drawn_by, local(each.sent_at))
        for each in found
    ]
    columns = [
        cli.translate(f"survey.column.{name}") for name in ("number", "survey", "population", "drawn", "by", "sent")
    ]
    shown = table(cli.translate("survey.drawn"), columns, rows) if found else cli.translate("survey.none_drawn")
    cli.give({"surveys": [asdict(each) for each in found]}, shown)


def report(survey: Number, as_: As = None, json: Json = False) -> None:
    """A survey by stratum: population, drawn, reached, answered, satisfied with interval, and what qualifies it."""
    _show(survey, as_)


def visits(
    survey: Number, out: Annotated[Path, typer.Option()], as_: As = None, json: Json = False
) -> None:  # fmt: skip
    """Whom to visit or call for a survey, as a workbook with a column for each answer."""
    handle = cli.actor(as_)
    found = visit_list(cli.store, cli.principal(handle), survey, cli.store.now(), cli.locale)
    write_private(out, found.content)
    document = {"survey": survey, "file": str(out), "listed": found.listed}
    cli.give(document, cli.translate("survey.listed", file=out, listed=found.listed))


def _show(number: int, as_: str | None) -> None:
    seen = survey_seen(cli.store, cli.principal(as_), number)
    section = survey_section(seen.report, cli.locale)
    same = seen.again.same_population and seen.again.same_sample
    again = cli.translate(f"survey.again.{'same' if same else 'other'}", population=seen.again.population)
    shown = [] if section.table is None else [table(section.heading, section.table.heads, section.table.rows)]
    cli.give(survey_report_document(seen), *shown, *section.texts, again)


_COMMANDS = {"draw": draw, "send": send, "call-off": call_off, "drawn": drawn, "report": report, "visits": visits}


def join(survey: typer.Typer) -> None:
    """Add the commands to those of surveys."""
    for name, command in _COMMANDS.items():
        survey.command(name)(command)
