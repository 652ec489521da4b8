"""One training: collects the examples, fits a model, compares it with the former one, and adopts it.

Note [Not worse]: the new model is compared with the former one on what people have decided since: each of these texts
was held out when the new model predicted it, and the former model has not seen it. If both get equally many right, the
new model is adopted, because it was trained on more.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import cached_property

import numpy as np

from classifier.calibration import Numbers
from classifier.categories import categories_of
from classifier.corpus import corpus_of
from classifier.evaluation import JudgedPrediction, Metrics, metrics
from classifier.example_files import keep_examples, kept_examples
from classifier.examples import Example, distinct, marks
from classifier.fit_model import FittedModel, fit_model
from classifier.model_file import newest_model, put_model
from classifier.propose import propose_without_model
from classifier.training_report import ADOPTED, PRECISION_FLOOR, SUGGESTED, WORSE, TrainingResult
from engine.store import Store


class TrainingRun:
    """A training on the examples of files (given, or kept from the last training) and on people's decisions."""

    def __init__(self, store: Store, decisions: list[Example], given: list[Example] | None = None) -> None:
        self.store, self.given = store, given or []
        self.decisions = decisions
        self.categories = categories_of(store.home)
        newest = newest_model(store.home)
        self.former, self.broken = newest.found, newest.broken

    @property
    def former_version(self) -> str | None:
        """Return the version of the model in use."""
        return None if self.former is None else str(self.former.about.get("version"))

    @cached_property
    def examples(self) -> list[Example]:
        """Return each text once, labelled with its category's code if the store has it; decisions override files."""
        files = self.given or kept_examples(self.store.home)
        return distinct(
            example.with_label(self.categories.code_of(example.label)) for example in [*files, *self.decisions]
        )

    def new_decisions(self) -> list[Example]:
        """Return the decisions that the former model was not trained on."""
        decision_marks = marks(self.decisions, self.store.secret)
        seen = frozenset[int]() if self.former is None else self.former.seen
        return [decision for decision, mark in zip(self.decisions, decision_marks, strict=True) if mark not in seen]

    def train(self, at: datetime, *, may_be_worse: bool) -> TrainingResult:
        """Fit, evaluate and compare; adopt the model unless it is worse and may not be. See Note [Not worse]."""
        fitted = fit_model(corpus_of(self.examples))
        all_marks = np.array(marks(self.examples, self.store.secret), np.int64)
        judged = [self._judge(fitted, number) for number in range(len(fitted.rows))]
        eligible = None if may_be_worse else frozenset(marks(self.decisions, self.store.secret))
        row_marks: list[int] = all_marks[fitted.rows].tolist()
        fresh = [number for number, mark in enumerate(row_marks) if self._is_fresh(mark, eligible)]
        right = sum(judged[number].right for number in fresh)
        before = sum(self._right_before(self.examples[int(fitted.rows[number])]) for number in fresh)
        result = TrainingResult(
            at=at,
            outcome=ADOPTED if may_be_worse or right >= before else WORSE,
            choices=len(self.decisions),
            examples=len(self.examples),
            silver=len(self.examples) - len(fitted.rows),
            former=self.former_version,
            threshold=fitted.model.threshold,
            figures=metrics(judged),
            compared=len(fresh),
            right=right,
            before=before,
            broken=self.broken,
            unknown=self._unknown_labels(),
            suggested=tuple(map(self.categories.name_of, self._imprecise(fitted))),
        )
        return self._adopt(result, fitted, all_marks) if result.did else result

    def _unknown_labels(self) -> tuple[tuple[str, int], ...]:
        """Return the labels of the examples that are no categories of the store, the most frequent first."""
        labels = Counter(example.label for example in self.examples if self.categories.find(example.label) is None)
        return tuple(labels.most_common())

    def _imprecise(self, fitted: FittedModel) -> list[str]:
        """Return the labels whose predictions on held-out texts are too often wrong, or that nothing was taken for."""
        predicted = [fitted.labels[int(number)] for number in fitted.predicted]
        truths = [self.examples[int(row)].label for row in fitted.rows]
        times = Counter(predicted)
        right = Counter(label for label, truth in zip(predicted, truths, strict=True) if label == truth)
        return [label for label in fitted.labels if right[label] < PRECISION_FLOOR * times[label] or not times[label]]

    def _adopt(self, result: TrainingResult, fitted: FittedModel, seen: Numbers) -> TrainingResult:
        assert result.figures is not None
        about = {
            "at": result.at.isoformat(),
            "examples": result.examples,
            "silver": result.silver,
            "choices": result.choices,
            "figures": _brief(result.figures),
            SUGGESTED: self._imprecise(fitted),
        }
        if self.given:
            keep_examples(self.store.home, self.given)
        return replace(result, version=put_model(self.store.home, replace(fitted.model, marks=seen, about=about)))

    def _judge(self, fitted: FittedModel, number: int) -> JudgedPrediction:
        truth = self.examples[int(fitted.rows[number])].label
        predicted = fitted.labels[int(fitted.predicted[number])]
        name_of, confidence = self.categories.name_of, float(fitted.confidence[number])
        return JudgedPrediction(name_of(truth), name_of(predicted), confidence, fitted.model.threshold)

    def _is_fresh(self, mark: int, eligible: frozenset[int] | None) -> bool:
        """Return whether the text is new to the former model; the weekly training compares on decisions alone."""
        return (self.former is None or mark not in self.former.seen) and (eligible is None or mark in eligible)

    def _right_before(self, example: Example) -> bool:
        """Return whether the former model, or the rules without one, predicts the same label or one below it."""
        if self.former is None:
            predicted = propose_without_model(self.store.home, example.text, example.subject).proposal.category
        else:
            predicted = self.categories.code_of(self.former.predict(example.text, example.subject).label)
        return predicted == example.label or predicted.startswith(f"{example.label}_")


def _brief(figures: Metrics) -> dict[str, float]:
    return {name: getattr(figures, name) for name in ("accuracy", "macro_f1", "calibration_error")}
