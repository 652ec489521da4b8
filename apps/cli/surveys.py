"""Commands about surveys: survey list, show, figures."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

import typer

from apps.cli.callbacks import date_of
from apps.cli.context import Json, cli, table
from engine.rules.questionnaires import Questionnaire, questionnaire, questionnaires
from locales.translation import DEFAULT, ZONE, label, locales
from reports.survey_figures import DimensionScore, SurveyFigures, gather
from statemachines.kinds import lifecycle_of

survey = typer.Typer(help="Surveys 满意度调查: what customers are asked, and what they answered.", no_args_is_help=True)

Since = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The first day; without it from the start.")]
Until = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The last day; without it up to now.")]
Kind = Annotated[str | None, typer.Option(help="Only cases of this kind.")]
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@survey.command("list")
def list_(json: Json = False) -> None:
    """The questionnaires in force, their versions, and after which cases they are asked."""
    found = list(questionnaires().values())
    rows = [(one.name, one.version, _kinds(one), len(one.dimensions), one.source) for one in found]
    document = {"questionnaires": [_told(one) for one in found]}
    cli.give(document, table(_words("title"), _heads("name", "version", "kinds", "questions", "source"), rows))


@survey.command()
def show(name: str, json: Json = False) -> None:
    """The questions of a questionnaire in your language, and what each answer weighs."""
    found = questionnaire(name)
    rows = [(_dimension(one.code), one.weight, one.question[_language()]) for one in found.dimensions]
    title = _words("questions", name=found.name, version=found.version, kinds=_kinds(found))
    cli.give(_told(found), table(title, _heads("dimension", "weight", "question"), rows), _words("scale"))


@survey.command()
def figures(since: Since = None, until: Until = None, kind: Kind = None, json: Json = False) -> None:
    """What customers answered, by kind and dimension, with what each share is a share of."""
    store = cli.store
    begin = BEGINNING if since is None else _midnight(since)
    end = store.now() + timedelta.resolution if until is None else _midnight(until, 1)
    found = gather(store, begin, end, None if kind is None else lifecycle_of(kind).kind)
    document = {"since": begin, "until": end, "kinds": [_document(one) for one in found]}
    cli.give(document, *([part for one in found for part in _shown(one)] or [_words("nothing")]))


def _midnight(day: str, after: int = 0) -> datetime:
    return datetime.combine(date_of(day) + timedelta(days=after), time(), ZONE)


def _document(told: SurveyFigures) -> dict[str, Any]:
    names = ("kind", "called", "answered", "silent", "judged", "satisfied", "scored", "score")
    shares = {"response_rate": told.response_rate, "satisfied_share": told.satisfied_share}
    dimensions = [{name: getattr(one, name) for name in DimensionScore.__slots__} for one in told.dimensions]
    return {**{name: getattr(told, name) for name in names}, **shares, "dimensions": dimensions}


def _shown(told: SurveyFigures) -> list[Any]:
    rows = [(_dimension(one.code), _of(one.answered, one.of), _number(one.mean)) for one in told.dimensions]
    kind = label(cli.locale, "", "kind", told.kind)
    return [
        table(_words("figures", kind=kind), _heads("dimension", "answered", "mean"), rows),
        _words("score", score=_number(told.score), scored=told.scored),
        _words("response", share=_number(told.response_rate), answered=told.answered, called=told.called),
        _words("share", share=_number(told.satisfied_share), satisfied=told.satisfied, judged=told.judged),
        _words("silent", silent=told.silent),
    ]


def _told(one: Questionnaire) -> dict[str, Any]:
    return one.model_dump(mode="json")


def _kinds(one: Questionnaire) -> str:
    return ", ".join(label(cli.locale, "", "kind", kind) for kind in one.kinds)


def _language() -> str:
    return cli.locale if cli.locale in locales() else DEFAULT


def _dimension(code: str) -> str:
    return _words(f"dimension.{code}")


def _of(part: int, whole: int) -> str:
    return f"{part} / {whole}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _heads(*columns: str) -> tuple[str, ...]:
    return tuple(_words(f"column.{name}") for name in columns)


def _words(key: str, **params: Any) -> str:
    return cli.translate(f"survey.{key}", **params)
