"""What people read of a survey: a row for each stratum, and what qualifies the figures, in the reader's language."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from locales.translation import label, translate, when
from models.paper import Cell, PaperSection, PaperTable
from reports.indicators.indicator_text import short
from reports.survey_report import SurveyLine, SurveyReport
from reports.survey_stratum import StratumFigures

COLUMNS = ("stratum", "population", "drawn", "reached", "answered", "rate", "satisfied", "score")
DAY = "%Y-%m-%d"


def survey_section(report: SurveyReport, locale: str) -> PaperSection:
    """Return a survey as a part of a report on paper: its strata, all of them together, and what is said of them."""
    heads = [_text(locale, f"column.{name}") for name in COLUMNS]
    rows = [stratum_row(each, report.survey, locale) for each in (*report.strata, report.total)]
    name = _text(locale, "tab", number=report.survey.id)
    return PaperSection(
        name, survey_title(report.survey, locale), survey_texts(report, locale), PaperTable(heads, rows)
    )


def survey_title(survey: SurveyLine, locale: str) -> str:
    """Return what a survey is called: its number, its pack, and its first and last day."""
    last, pack = survey.until - survey.until.resolution, label(locale, "contact", "pack", survey.pack)
    return _text(locale, "title", number=survey.id, pack=pack, since=when(survey.since, DAY), until=when(last, DAY))


def stratum_row(figures: StratumFigures, survey: SurveyLine, locale: str) -> Sequence[Cell]:
    """Return the row of a stratum; of all of them together where it has no name."""
    return (
        stratum_name(figures.name, survey.by, locale),
        figures.population,
        figures.drawn,
        figures.reached,
        figures.answered,
        percent(figures.response_rate),
        _share(figures, locale),
        "–" if figures.score is None else short(figures.score),
    )


def stratum_name(name: str, by: str, locale: str) -> str:
    """Return the name of a stratum, or of all of them where it is empty."""
    return _text(locale, "all") if not name else label(locale, "", by, name)


def survey_texts(report: SurveyReport, locale: str) -> list[str]:
    """Return what qualifies the figures of a survey."""
    return list(_texts(report, locale))


def _texts(report: SurveyReport, locale: str) -> Iterator[str]:
    survey, total = report.survey, report.total
    by = translate(locale, f"cli.kpi.attribute.{survey.by}")
    method, way = (_text(locale, f"{sort}.{getattr(survey, sort)}") for sort in ("method", "way"))
    yield _text(locale, "plan", wanted=survey.wanted, by=by, method=method, least=survey.least, way=way)
    yield _text(locale, "seed", seed=survey.seed, population=survey.population, handle=survey.drawn_by)
    if total.left_out:
        listed = ", ".join(_text(locale, f"left_out.{why}", count=count) for why, count in total.left_out.items())
        yield _text(locale, "left_out_of", listed=listed)
    if survey.called_off_at is not None:
        yield _text(
            locale, "called_off", at=when(survey.called_off_at), handle=survey.called_off_by,
            reason=survey.called_off_because, count=total.called_off, drawn=total.drawn, invited=total.invited,
        )  # fmt: skip
    if survey.sent_at is None:
        yield _text(locale, "not_sent")
        return
    yield _text(locale, "silence", silent=total.drawn - total.answered, declined=total.declined)
    if total.doubtful:
        yield _text(
            locale, "doubtful", doubtful=total.doubtful, answered=total.answered, part=total.satisfied_undoubted,
            share=percent(total.undoubted_share), whole=total.answered - total.doubtful,
            score="–" if total.score_undoubted is None else short(total.score_undoubted),
        )  # fmt: skip
    if report.weighted_share is not None:
        yield _text(locale, "weighted", share=short(report.weighted_share))
    if total.small:
        yield _text(locale, "small", answered=total.answered)
    p = "–" if report.alike.p is None else f"{report.alike.p:.3f}"
    yield _text(locale, f"alike.{report.alike.verdict}", by=by, p=p)
    if report.questionnaires:
        yield _text(locale, "asked", editions=", ".join(report.questionnaires))


def percent(share: float | None) -> str:
    """Return a share in percent; a dash where there is none."""
    return "–" if share is None else f"{short(Decimal(str(share)))} %"


def _share(figures: StratumFigures, locale: str) -> str:
    """Return the satisfied share with its interval; with few answers it says so."""
    if figures.interval is None:
        return "–"
    low, high = (short(each) for each in figures.interval)
    name = "few" if figures.small else "share"
    share = percent(figures.satisfied_share)
    return _text(locale, name, share=share, low=low, high=high, part=figures.satisfied, whole=figures.answered)


def _text(locale: str, key: str, /, **params: object) -> str:
    return translate(locale, f"survey_report.{key}", **params)
