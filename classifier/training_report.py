"""The result of a training, and its report as Markdown in the reader's language: figures and codes, no texts."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from classifier.keyword_rules import NEVER
from locales.shares import share_text
from locales.translation import label, translate, when

if TYPE_CHECKING:
    from classifier.evaluation import Metrics

ADOPTED, TOO_FEW, NOTHING_NEW, WORSE = "taken", "too_few", "nothing_new", "worse"
"""The outcomes of a training."""
SUGGESTED = "suggested"
"""The key under which a model names the labels that it only suggests."""
PRECISION_FLOOR = 0.8
"""Of the predictions of a category so many must be right on held-out texts, else it is only suggested to a person."""
MIN_DECISIONS = 50
"""The least number of people's decisions for the weekly training."""
MIN_NEW_DECISIONS = 20
"""How many of them must be new to the model in use."""

FIGURES = ("accuracy", "macro_f1", "calibration_error")
TEN_THOUSANDTHS = 10_000
"""The parts of a whole in which the metrics give shares."""
COLUMNS = ("category", "examples", "precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The result of a training; ``outcome`` is taken, too_few, nothing_new or worse.

    ``figures`` are of held-out texts. Of these, ``compared`` are new to the former model (or to the rules if there was
    none): the new model got ``right`` of them right, the former one ``before``. ``unknown`` are the labels that are no
    categories of this store, with the number of their examples: what the model takes for one of them, the rules are
    asked instead. ``suggested`` are the categories whose precision is below ``PRECISION_FLOOR``.
    """

    at: datetime
    outcome: str
    choices: int
    examples: int = 0
    silver: int = 0
    version: str | None = None
    former: str | None = None
    threshold: int | None = None
    figures: "Metrics | None" = None
    compared: int = 0
    right: int = 0
    before: int = 0
    broken: tuple[tuple[str, str], ...] = ()
    unknown: tuple[tuple[str, int], ...] = ()
    suggested: tuple[str, ...] = ()

    @property
    def did(self) -> int:
        """Return 1 if a model was adopted, otherwise 0."""
        return int(self.outcome == ADOPTED)


def document(result: TrainingResult) -> dict[str, Any]:
    """Return the result as a JSON document."""
    pairs = {"broken": [list(pair) for pair in result.broken], "unknown": dict(result.unknown)}
    return {**asdict(result), **pairs, "suggested": list(result.suggested)}


def render(result: TrainingResult, locale: str) -> str:
    """Render the whole report."""
    return "\n".join(_lines(result, locale)) + "\n"


def summary(result: TrainingResult, locale: str) -> str:
    """Render the outcome in one line."""
    return _translate(
        locale,
        f"outcome.{result.outcome}",
        version=result.version,
        former=result.former or _translate(locale, "no_model"),
        choices=result.choices,
        least=MIN_DECISIONS,
        news=MIN_NEW_DECISIONS,
    )


def threshold_text(threshold: int | None, locale: str) -> str:
    """Render the confidence from which the system decides by itself, if there is one."""
    return _translate(locale, "never" if threshold in {None, NEVER} else "threshold", threshold=threshold)


def metrics_text(metrics: "Metrics", locale: str) -> str:
    """Render metrics: the totals, then by category."""
    return "\n".join(_metrics(metrics, locale)) + "\n"


def _lines(result: TrainingResult, locale: str) -> Iterator[str]:
    yield f"# {_translate(locale, 'title', at=when(result.at))}"
    yield from ("", summary(result, locale))
    for name, reason in result.broken:
        yield from ("", _translate(locale, "broken", file=name, why=_translate(locale, f"why.{reason}")))
    if result.figures is None:
        return
    counts = {"examples": result.examples, "choices": result.choices, "silver": result.silver}
    yield from ("", _translate(locale, "learned_from", **counts))
    compared = {"compared": result.compared, "right": result.right, "before": result.before}
    yield from ("", _translate(locale, "compared", **compared))
    if result.unknown:
        labels = ", ".join(f"{name} ({count})" for name, count in result.unknown)
        yield from ("", _translate(locale, "unknown_labels", labels=labels))
    yield from ("", threshold_text(result.threshold, locale), "")
    if result.suggested:
        floor = f"{PRECISION_FLOOR:.2f}"
        yield from (_translate(locale, "suggested", labels=", ".join(result.suggested), floor=floor), "")
    yield from _metrics(result.figures, locale)


def _metrics(metrics: "Metrics", locale: str) -> Iterator[str]:
    yield _row([_translate(locale, "column.figure"), _translate(locale, "column.value")])
    yield _row(["---"] * 2)
    yield from (_row([_translate(locale, f"figure.{name}"), f"{getattr(metrics, name):.4f}"]) for name in FIGURES)
    for name, values in (("at_95", metrics.at_95), ("trusted", metrics.trusted)):
        if values.get("threshold", 0) is not None:
            heading = _translate(locale, f"figure.{name}", **values)
            yield _row([heading, f"{_percent(values['share'])} · {_percent(values['precision'])}"])
    yield from ("", _row([_translate(locale, f"column.{name}") for name in COLUMNS]), _row(["---"] * len(COLUMNS)))
    for code, values in metrics.per_class.items():
        name = label(locale, "", "category", code).replace("|", "\\|")
        yield _row([name, *(str(values[column]) for column in COLUMNS[1:])])


def _percent(share: float) -> str:
    return share_text(round(share * TEN_THOUSANDTHS), TEN_THOUSANDTHS, digits=1)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _translate(locale: str, key: str, /, **params: object) -> str:
    return translate(locale, f"classifier.{key}", **params)
