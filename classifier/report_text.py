"""Renders what came of a training as Markdown in the reader's language: figures and codes, nobody's words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from classifier.keyword_rules import NEVER
from classifier.training import ENOUGH, NEWS, Trained
from locales.translation import label, translate, when

if TYPE_CHECKING:
    from classifier.measuring import Figures

FIGURES = ("accuracy", "macro_f1", "calibration_error")
COLUMNS = ("category", "examples", "precision", "recall", "f1")


def render(trained: Trained, locale: str) -> str:
    """The whole report."""
    return "\n".join(_lines(trained, locale)) + "\n"


def summary(trained: Trained, locale: str) -> str:
    """The outcome in one line."""
    return _translate(locale, f"outcome.{trained.outcome}", **_params(trained, locale))


def figures_text(found: "Figures", locale: str) -> str:
    """Figures as Markdown: all of them together, then by category."""
    return "\n".join(_figures(found, locale)) + "\n"


def _params(trained: Trained, locale: str) -> dict[str, object]:
    former = trained.former or _translate(locale, "no_model")
    return {
        "version": trained.version,
        "former": former,
        "choices": trained.choices,
        "least": ENOUGH,
        "news": NEWS,
    }


def _lines(trained: Trained, locale: str) -> Iterator[str]:
    yield f"# {_translate(locale, 'title', at=when(trained.at))}"
    yield from ("", summary(trained, locale))
    for name, reason in trained.broken:
        yield from ("", _translate(locale, "broken", file=name, why=_translate(locale, f"why.{reason}")))
    if trained.figures is None:
        return
    yield from ("", _translate(locale, "learned_from", **_counts(trained)))
    yield from (
        "",
        _translate(locale, "compared", compared=trained.compared, right=trained.right, before=trained.before),
    )
    yield from ("", threshold_text(trained.threshold, locale), "")
    yield from _figures(trained.figures, locale)


def _counts(trained: Trained) -> dict[str, int]:
    return {"examples": trained.examples, "choices": trained.choices, "silver": trained.silver}


def threshold_text(threshold: int | None, locale: str) -> str:
    """From which confidence on the system decides by itself, if from any."""
    return _translate(locale, "never" if threshold in {None, NEVER} else "threshold", threshold=threshold)


def _figures(found: "Figures", locale: str) -> Iterator[str]:
    yield _row([_translate(locale, "column.figure"), _translate(locale, "column.value")])
    yield _row(["---"] * 2)
    yield from (_row([_translate(locale, f"figure.{name}"), f"{getattr(found, name):.4f}"]) for name in FIGURES)
    for name, told in (("at_95", found.at_95), ("trusted", found.trusted)):
        if told.get("threshold", 0) is not None:
            yield _row([_translate(locale, f"figure.{name}", **told), f"{told['share']:.1%} · {told['precision']:.1%}"])
    yield from ("", _row([_translate(locale, f"column.{name}") for name in COLUMNS]), _row(["---"] * len(COLUMNS)))
    for code, told in found.per_class.items():
        name = label(locale, "", "category", code).replace("|", "\\|")
        yield _row([name, *(str(told[column]) for column in COLUMNS[1:])])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _translate(locale: str, key: str, /, **params: object) -> str:
    return translate(locale, f"classifier.{key}", **params)
