"""Commands about surveys: survey list, show, publish, figures; those of ``survey_draws`` for periodic ones."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from apps.cli.context import As, FileEncoding, Json, cli, table
from apps.cli.current_rules import current_rules, edition_document, publish_file
from apps.cli.reports import date_of
from apps.cli.survey_draws import join
from apps.report_documents import evaluation_figures_document, survey_document
from engine.rules.in_force import Sort
from engine.rules.questionnaires import Questionnaire
from locales.translation import DEFAULT, label, locales
from locales.zone import reader_zone
from models.columns import to_micros
from reports.evaluation_figures import EvaluationFigures, evaluation_figures
from reports.evaluation_figures_text import COLUMNS, evaluation_text, figure_rows, figures_said
from reports.survey_figures import SurveyFigures, gather
from statemachines.kinds import lifecycle_of

survey = typer.Typer(no_args_is_help=True)
join(survey)

Since = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD")]
Until = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD")]
Kind = Annotated[str | None, typer.Option()]
Effective = Annotated[str, typer.Option("--effective")]
Why = Annotated[str, typer.Option()]
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@survey.command("list")
def list_(json: Json = False) -> None:
    """The questionnaires in force, their versions, and after which cases they are asked."""
    current = current_rules()
    found = list(current.rules.questionnaires(current.now).values())
    rows = [(each.name, each.version, _kinds(each), len(each.dimensions), each.source) for each in found]
    document = {"questionnaires": [each.model_dump(mode="json") for each in found]}
    cli.give(document, table(_text("title"), _columns("name", "version", "kinds", "questions", "source"), rows))


@survey.command()
def show(name: str, json: Json = False) -> None:
    """The questions of a questionnaire in your language, and what each answer weighs."""
    current = current_rules()
    found = current.rules.questionnaire(name, current.now)
    editions = [edition_document(edition) for edition in current.editions(Sort.SURVEY, name)]
    rows = [(_dimension(row.code), row.weight, row.question[_language()]) for row in found.dimensions]
    title = _text("questions", name=found.name, version=found.version, kinds=_kinds(found))
    document = {**found.model_dump(mode="json"), "editions": editions}
    cli.give(document, table(title, _columns("dimension", "weight", "question"), rows), _text("scale"))


@survey.command()
def publish(
    file: Path,
    reason: Why,
    effective_from: Effective,
    as_: As = None,
    encoding: FileEncoding = None,
    json: Json = False,
) -> None:
    """Publish a questionnaire from a file: only the evaluation group does, with a date from which it is asked."""
    publish_file(Sort.SURVEY, file, reason, effective_from, as_)


@survey.command()
def figures(since: Since = None, until: Until = None, kind: Kind = None, json: Json = False) -> None:
    """What customers answered, by kind and dimension, with what each share is a share of."""
    store = cli.store
    begin = BEGINNING if since is None else midnight(since)
    end = store.now() + timedelta.resolution if until is None else midnight(until, 1)
    found = gather(store, begin, end, None if kind is None else lifecycle_of(kind).kind)
    with store.looking() as tx:
        given = evaluation_figures(tx, to_micros(begin), to_micros(end), to_micros(store.now()))
    kinds = [survey_document(kind_figures) for kind_figures in found]
    document = {"since": begin, "until": end, "kinds": kinds, "evaluations": evaluation_figures_document(given)}
    parts = [part for kind_figures in found for part in _shown(kind_figures)] or [_text("nothing")]
    cli.give(document, *parts, *_evaluations(given))


def _evaluations(given: EvaluationFigures) -> list[Any]:
    """Return what customers evaluated of their own accord, with the doubtful evaluations and without."""
    columns = [evaluation_text(cli.locale, f"column.{name}") for name in COLUMNS]
    shown = table(evaluation_text(cli.locale, "title"), columns, figure_rows(cli.locale, given))
    return [shown, figures_said(cli.locale, given)] if given.received else []


def midnight(day: str, after: int = 0) -> datetime:
    """Return the beginning of a day in the reader's zone, so many days later."""
    return datetime.combine(date_of(day) + timedelta(days=after), time(), reader_zone())


def _shown(counted: SurveyFigures) -> list[Any]:
    rows = [(_dimension(row.code), _of(row.answered, row.of), _number(row.mean)) for row in counted.dimensions]
    kind = label(cli.locale, "", "kind", counted.kind)
    return [
        table(_text("figures", kind=kind), _columns("dimension", "answered", "mean"), rows),
        *(
            _text("score", name=row.questionnaire, version=row.version, score=_number(row.score), scored=row.scored)
            for row in counted.scores
        ),
        _text("response", share=_number(counted.response_rate), answered=counted.answered, called=counted.called),
        _text("share", share=_number(counted.satisfied_share), satisfied=counted.satisfied, judged=counted.judged),
        _text("silent", silent=counted.silent),
        _text(
            "customers",
            share=_number(counted.customers_satisfied_share),
            satisfied=counted.customers_satisfied,
            customers=counted.customers,
        ),
    ]


def _kinds(form: Questionnaire) -> str:
    kinds = ", ".join(label(cli.locale, "", "kind", kind) for kind in form.kinds)
    types = ", ".join(label(cli.locale, "", "customer_type", each) for each in form.customer_types)
    return f"{kinds} ({types})" if types else kinds


def _language() -> str:
    return cli.locale if cli.locale in locales() else DEFAULT


def _dimension(code: str) -> str:
    return _text(f"dimension.{code}")


def _of(part: int, whole: int) -> str:
    return f"{part} / {whole}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _columns(*columns: str) -> tuple[str, ...]:
    return tuple(_text(f"column.{name}") for name in columns)


def _text(key: str, **params: Any) -> str:
    return cli.translate(f"survey.{key}", **params)
