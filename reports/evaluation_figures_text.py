"""Puts the figures of evaluations in the reader's words: each with the doubtful evaluations and without (E8)."""

from fractions import Fraction

from locales.translation import label, translate
from reports.evaluation_figures import CountedEvaluations, EvaluationFigures

COLUMNS = ("figure", "with_doubtful", "without_doubtful")


def figure_rows(locale: str, found: EvaluationFigures) -> list[tuple[str, str, str]]:
    """Return a row for each figure: its name, the value with the doubtful ones, and the value without."""
    both = (found.with_doubtful, found.without_doubtful)
    rows = [(evaluation_text(locale, "count"), *(str(each.count) for each in both))]
    rows += [
        (label(locale, "evaluation", "tone", tone), *(_share(each, tone) for each in both))
        for tone in found.with_doubtful.tones
    ]
    rows += [
        (translate(locale, f"cli.survey.dimension.{name}"), *(_mean(*each.means[name]) for each in both))
        for name in found.with_doubtful.means
    ]
    return [(name, first, second) for name, first, second in rows]


def figures_said(locale: str, found: EvaluationFigures) -> str:
    """Return what was received, and what counts in neither column."""
    names = ("received", "doubtful", "unassessed", "withdrawn")
    return evaluation_text(locale, "said", **{name: getattr(found, name) for name in names})


def evaluation_text(locale: str, key: str, **params: object) -> str:
    """Return a text of the figures of evaluations."""
    return translate(locale, f"evaluation_figures.{key}", **params)


def _share(counted: CountedEvaluations, tone: str) -> str:
    number = counted.tones[tone]
    return f"{number} ({100 * number / counted.count:.1f} %)" if counted.count else "–"


def _mean(answered: int, mean: Fraction | None) -> str:
    return "–" if mean is None else f"{float(mean):.1f} (n = {answered})"
