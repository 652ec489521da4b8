"""The figures equal scikit-learn's, and a model is never judged by a text that it was trained on (A3)."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from classifier.corpus import corpus_of, folds
from classifier.evaluation import JudgedPrediction, calibration_error, cross_validate, evaluate, metrics
from classifier.example_files import examples_in
from classifier.examples import marks
from classifier.fit_model import fit_model
from classifier.model import Model
from tests.case_actions import SECRET, refusal
from tests.classifier.training_examples import MATTERS, training_examples

pytestmark = pytest.mark.requirement("A3")

LABELLED = Path(__file__).parents[3] / "shared" / "data" / "labelled_zh.csv.gz"
KEY = SECRET.encode()


@pytest.fixture(scope="module")
def model() -> Model:
    from dataclasses import replace

    examples = training_examples()
    trained_on = np.array(marks(examples, KEY), np.int64)
    return replace(fit_model(corpus_of(examples)).model, marks=trained_on, about={"version": "classifier-0001"})


def random_predictions(count: int, seed: int) -> list[JudgedPrediction]:
    chance, names = Random(seed), [*MATTERS, "never_predicted"]
    return [JudgedPrediction(chance.choice(names), chance.choice(names[:3]), chance.random(), 60) for _ in range(count)]


@pytest.mark.parametrize("seed", range(5))
def test_the_figures_are_those_of_scikit_learn(seed: int):
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    support: Any = precision_recall_fscore_support
    judged = random_predictions(40, seed)
    truth, predicted = [row.truth for row in judged], [row.predicted for row in judged]
    figures = metrics(judged)
    assert figures.accuracy == pytest.approx(accuracy_score(truth, predicted), abs=1e-4)
    labels = sorted({*truth, *predicted})
    rows = zip(*support(truth, predicted, labels=labels, zero_division=0), strict=True)
    for label, row in zip(labels, rows, strict=True):
        assert list(figures.per_class[label].values()) == pytest.approx(list(row), abs=1e-4)
    f1 = support(truth, predicted, average="macro", zero_division=0)[2]
    assert figures.macro_f1 == pytest.approx(f1, abs=1e-4)


def test_the_calibration_error_is_the_distance_between_confidence_and_accuracy():
    right, wrong = JudgedPrediction("a", "a", 0.95, 60), JudgedPrediction("a", "b", 0.95, 60)
    assert calibration_error([right] * 19 + [wrong]) == 0
    assert calibration_error([right, wrong]) == 0.45
    assert calibration_error([right, JudgedPrediction("a", "b", 0.05, 60)]) == 0.05
    assert calibration_error([JudgedPrediction("a", "a", 1.0, 60)]) == 0


def test_the_threshold_is_the_lowest_that_is_precise_enough():
    right, wrong = JudgedPrediction("a", "a", 0.9, 60), JudgedPrediction("a", "b", 0.9, 60)
    judged = [right] * 19 + [wrong] + [JudgedPrediction("a", "b", 0.5, 60)] * 20
    figures = metrics(judged)
    assert figures.at_95 == {"threshold": 51, "wanted": 0.95, "precision": 0.95, "share": 0.5}
    assert figures.trusted == {"precision": 0.95, "share": 0.5}
    assert metrics([JudgedPrediction("a", "b", 0.9, 60)] * 20).at_95["threshold"] is None


def test_every_text_is_judged_once_and_every_matter_in_every_fold():
    labels = [example.label for example in training_examples(10)]
    split = list(folds(labels, 5, seed=4))
    assert sorted(place for _, judge in split for place in judge) == list(range(30))
    for learn, judge in split:
        assert set(learn) & set(judge) == set()
        assert [labels[place] for place in judge].count("delay") == 2
    assert [judge.tolist() for _, judge in folds(labels, 5, seed=4)] == [judge.tolist() for _, judge in split]


def test_a_model_is_judged_by_texts_it_was_not_trained_on(model: Model):
    new = training_examples(10, seed=2)
    result = evaluate([*new, *training_examples()[:6]], model, KEY)
    assert (result.method, result.seen, result.version, result.figures.rows) == ("held_out", 6, "classifier-0001", 30)
    assert result.figures.accuracy > 0.9


def test_by_texts_it_was_trained_on_the_folds_are_judged_instead(model: Model):
    result = evaluate(training_examples(), model, KEY)
    assert (result.method, result.seen, result.figures.rows) == ("folds", 60, 60)


def test_without_a_model_or_with_a_count_the_folds_are_judged(model: Model):
    new = training_examples(10, seed=2)
    for result in (evaluate(new, None, KEY), evaluate(new, model, KEY, count=3)):
        assert (result.method, result.seen, result.version) == ("folds", 0, None)


def test_silver_examples_are_trained_on_but_never_judged_by():
    wrong = [example.with_label("delay") for example in training_examples(10, gold=False, seed=5)]
    result = cross_validate([*training_examples(10), *wrong])
    assert (result.figures.rows, result.silver) == (30, 30)


def test_too_few_examples_to_judge_by_are_refused(model: Model):
    assert refusal(lambda: cross_validate(training_examples(3))).code == "too_few_examples"
    assert refusal(lambda: evaluate([], model, KEY)).code == "too_few_examples"


@pytest.mark.long
@pytest.mark.skipif(not LABELLED.exists(), reason=f"the real messages are missing: {LABELLED}")
def test_on_real_messages_it_is_accurate_and_calibrated():
    """Judge by folds; thresholds and calibration are chosen within the folds that the model is trained on."""
    result = cross_validate(examples_in(LABELLED)).figures
    assert result.accuracy >= 0.83
    assert result.macro_f1 >= 0.83
    assert result.calibration_error <= 0.05
    assert result.at_95["share"] >= 0.4
    assert result.trusted["precision"] >= 0.92
