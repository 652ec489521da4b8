"""The figures are those of scikit-learn and of texts held out; whoever saw a text is not judged by it (A3)."""

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
from tests.classifier.training_examples import MATTERS, lessons

pytestmark = pytest.mark.requirement("A3")

LABELLED = Path(__file__).parents[3] / "shared" / "data" / "labelled_zh.csv.gz"
KEY = SECRET.encode()


@pytest.fixture(scope="module")
def model() -> Model:
    from dataclasses import replace

    known = lessons()
    seen = np.array(marks(known, KEY), np.int64)
    return replace(fit_model(corpus_of(known)).model, marks=seen, about={"version": "classifier-0001"})


def judged_at_random(many: int, seed: int) -> list[JudgedPrediction]:
    chance, names = Random(seed), [*MATTERS, "never_said"]
    return [JudgedPrediction(chance.choice(names), chance.choice(names[:3]), chance.random(), 60) for _ in range(many)]


@pytest.mark.parametrize("seed", range(5))
def test_the_figures_are_those_of_scikit_learn(seed: int):
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    support: Any = precision_recall_fscore_support
    judged = judged_at_random(40, seed)
    truth, said = [one.truth for one in judged], [one.predicted for one in judged]
    found = metrics(judged)
    assert found.accuracy == pytest.approx(accuracy_score(truth, said), abs=1e-4)
    labels = sorted({*truth, *said})
    rows = zip(*support(truth, said, labels=labels, zero_division=0), strict=True)
    for label, row in zip(labels, rows, strict=True):
        assert list(found.per_class[label].values()) == pytest.approx(list(row), abs=1e-4)
    f1 = support(truth, said, average="macro", zero_division=0)[2]
    assert found.macro_f1 == pytest.approx(f1, abs=1e-4)


def test_the_calibration_error_is_the_distance_between_how_sure_and_how_right():
    right, wrong = JudgedPrediction("a", "a", 0.95, 60), JudgedPrediction("a", "b", 0.95, 60)
    assert calibration_error([right] * 19 + [wrong]) == 0
    assert calibration_error([right, wrong]) == 0.45
    assert calibration_error([right, JudgedPrediction("a", "b", 0.05, 60)]) == 0.05
    assert calibration_error([JudgedPrediction("a", "a", 1.0, 60)]) == 0


def test_the_threshold_is_the_lowest_that_is_precise_enough():
    right, wrong = JudgedPrediction("a", "a", 0.9, 60), JudgedPrediction("a", "b", 0.9, 60)
    judged = [right] * 19 + [wrong] + [JudgedPrediction("a", "b", 0.5, 60)] * 20
    found = metrics(judged)
    assert found.at_95 == {"threshold": 51, "wanted": 0.95, "precision": 0.95, "share": 0.5}
    assert found.trusted == {"precision": 0.95, "share": 0.5}
    assert metrics([JudgedPrediction("a", "b", 0.9, 60)] * 20).at_95["threshold"] is None


def test_every_text_is_judged_once_and_every_matter_in_every_fold():
    labels = [one.label for one in lessons(10)]
    parted = list(folds(labels, 5, seed=4))
    assert sorted(place for _, judge in parted for place in judge) == list(range(30))
    for learn, judge in parted:
        assert set(learn) & set(judge) == set()
        assert [labels[place] for place in judge].count("delay") == 2
    assert [judge.tolist() for _, judge in folds(labels, 5, seed=4)] == [judge.tolist() for _, judge in parted]


def test_a_model_is_judged_by_what_it_never_saw(model: Model):
    new = lessons(10, seed=2)
    found = evaluate([*new, *lessons()[:6]], model, KEY)
    assert (found.method, found.seen, found.version, found.figures.rows) == ("held_out", 6, "classifier-0001", 30)
    assert found.figures.accuracy > 0.9


def test_what_it_saw_proves_nothing_so_the_folds_are_judged(model: Model):
    found = evaluate(lessons(), model, KEY)
    assert (found.method, found.seen, found.figures.rows) == ("folds", 60, 60)


def test_without_a_model_or_when_asked_the_folds_are_judged(model: Model):
    new = lessons(10, seed=2)
    for found in (evaluate(new, None, KEY), evaluate(new, model, KEY, count=3)):
        assert (found.method, found.seen, found.version) == ("folds", 0, None)


def test_silver_is_learned_from_and_never_judged_by():
    wrong = [one.with_label("delay") for one in lessons(10, gold=False, seed=5)]
    found = cross_validate([*lessons(10), *wrong])
    assert (found.figures.rows, found.silver) == (30, 30)


def test_too_few_to_judge_by_are_refused(model: Model):
    assert refusal(lambda: cross_validate(lessons(3))).code == "too_few_examples"
    assert refusal(lambda: evaluate([], model, KEY)).code == "too_few_examples"


@pytest.mark.long
@pytest.mark.skipif(not LABELLED.exists(), reason=f"real messages are not here: {LABELLED}")
def test_on_real_messages_it_is_right_and_knows_how_sure_it_is():
    """Held out by folds, with everything that is chosen chosen within the folds it learns from."""
    found = cross_validate(examples_in(LABELLED)).figures
    assert found.accuracy >= 0.83
    assert found.macro_f1 >= 0.83
    assert found.calibration_error <= 0.05
    assert found.at_95["share"] >= 0.4
    assert found.trusted["precision"] >= 0.92
