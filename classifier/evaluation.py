"""Evaluates predictions: a model on texts it has not seen, or the training method by cross-validation; the metrics."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier.calibration import PRECISION, trust_threshold
from classifier.corpus import FOLDS, corpus_of, folds
from classifier.examples import Example, distinct, marks
from classifier.fit_model import MIN_EXAMPLES, fit_model
from classifier.keyword_rules import NEVER
from classifier.model import Model
from locales.shares import share_number
from statemachines.refused import Refused

HELD_OUT, BY_FOLDS = "held_out", "folds"
BINS, SHARE_DIGITS = 10, 4


@dataclass(frozen=True, slots=True)
class JudgedPrediction:
    """A prediction beside the true label; ``threshold`` in percent is that of the model that predicted."""

    truth: str
    predicted: str
    confidence: float
    threshold: int

    @property
    def right(self) -> bool:
        return self.truth == self.predicted

    @property
    def trusted(self) -> bool:
        """Return whether the system would have decided by itself."""
        return int(100 * self.confidence) >= self.threshold


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of predictions; shares from 0 to 1. ``trusted`` is for the models' own thresholds."""

    rows: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    per_class: dict[str, dict[str, Any]]
    at_95: dict[str, Any]
    trusted: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The metrics and how they were obtained; ``seen`` counts examples that the model was trained on."""

    method: str
    figures: Metrics
    silver: int
    seen: int = 0
    version: str | None = None


def cross_validate(examples: Sequence[Example], count: int = FOLDS, seed: int = 0) -> Evaluation:
    """Train on all folds but one and evaluate on that one, fold by fold. Silver examples are for training only.

    Every choice of the training is made within the folds trained on. Raises ``Refused('too_few_examples')``.
    """
    corpus = corpus_of(distinct(examples))
    gold = corpus.gold
    least = -(-MIN_EXAMPLES * count // (count - 1))  # the rest without one fold must be enough
    if len(gold) < least:
        raise Refused("too_few_examples", count=len(gold), least=least)
    judged: list[JudgedPrediction] = []
    rows = set(range(len(corpus.examples)))
    for _, evaluate in folds(corpus.labels_of(gold), count, seed):
        held_out = gold[evaluate]
        model = fit_model(corpus, np.array(sorted(rows - set(held_out.tolist())), np.int64), seed).model
        judged += [_judge(model, corpus.examples[row]) for row in held_out.tolist()]
    return Evaluation(BY_FOLDS, metrics(judged), silver=len(corpus.examples) - len(gold))


def evaluate(
    examples: Sequence[Example], model: Model | None, secret: bytes, count: int | None = None, seed: int = 0
) -> Evaluation:
    """Evaluate the model on people's examples it has not seen; by ``count`` folds if given, or without a model.

    If it has seen most of them it is cross-validated as well, and ``seen`` is set. Raises
    ``Refused('too_few_examples')``.
    """
    gold = [example for example in examples if example.gold] or list(examples)
    if not gold:
        raise Refused("too_few_examples", count=0, least=1)
    if model is None or count is not None:
        return cross_validate(examples, count or FOLDS, seed)
    seen = [mark in model.seen for mark in marks(gold, secret)]
    version = str(model.about.get("version", ""))
    if 2 * sum(seen) > len(seen):
        by_folds = cross_validate(examples, seed=seed)
        return Evaluation(BY_FOLDS, by_folds.figures, by_folds.silver, sum(seen), version)
    judged = [_judge(model, example) for example, known in zip(gold, seen, strict=True) if not known]
    return Evaluation(HELD_OUT, metrics(judged), len(examples) - len(gold), sum(seen), version)


def _judge(model: Model, example: Example) -> JudgedPrediction:
    prediction = model.predict(example.text, example.subject)
    return JudgedPrediction(example.label, prediction.label, prediction.confidence, model.threshold)


def metrics(judged: Sequence[JudgedPrediction]) -> Metrics:
    """Compute the metrics of at least one prediction."""
    per_class = _per_class(judged)
    trusted = [verdict for verdict in judged if verdict.trusted]
    return Metrics(
        rows=len(judged),
        accuracy=_share(sum(verdict.right for verdict in judged), len(judged)),
        macro_f1=round(float(np.mean([row["f1"] for row in per_class.values()])), 4),
        calibration_error=calibration_error(judged),
        per_class=per_class,
        at_95=_at_precision(judged),
        trusted={
            "precision": _share(sum(verdict.right for verdict in trusted), len(trusted)),
            "share": _share(len(trusted), len(judged)),
        },
    )


def calibration_error(judged: Sequence[JudgedPrediction], bins: int = BINS) -> float:
    """Return the expected calibration error: the mean gap between confidence and accuracy over bins of confidence."""
    confidence = np.array([verdict.confidence for verdict in judged])
    right = np.array([verdict.right for verdict in judged], float)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = (abs((right[bin_of == number] - confidence[bin_of == number]).sum()) for number in range(bins))
    return round(float(sum(gaps)) / len(judged), 4)


def _per_class(judged: Sequence[JudgedPrediction]) -> dict[str, dict[str, Any]]:
    true, predicted = Counter(verdict.truth for verdict in judged), Counter(verdict.predicted for verdict in judged)
    both = Counter(verdict.truth for verdict in judged if verdict.right)
    return {
        label: {
            "precision": _share(both[label], predicted[label]),
            "recall": _share(both[label], true[label]),
            "f1": _share(2 * both[label], true[label] + predicted[label]),
            "examples": true[label],
        }
        for label in sorted(true | predicted)
    }


def _at_precision(judged: Sequence[JudgedPrediction]) -> dict[str, Any]:
    """Return the threshold with the wanted precision on these predictions, and its share; None if there is none."""
    confidence = np.array([verdict.confidence for verdict in judged])
    right = np.array([verdict.right for verdict in judged])
    threshold = trust_threshold(confidence, right)
    above = np.floor(100 * confidence) >= threshold
    precision = share_number(int(right[above].sum()), int(above.sum()), SHARE_DIGITS, full=1)
    share = _share(int(above.sum()), len(judged))
    wanted = None if threshold == NEVER else threshold
    return {"threshold": wanted, "wanted": PRECISION, "precision": precision, "share": share}


def _share(part: int, whole: int) -> float:
    return share_number(part, whole, SHARE_DIGITS, full=1) or 0.0
