"""A forecast is used only if it is better than simple guesses on what came later (K1)."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from forecast.evaluation import auc, calibration_error, evaluate
from forecast.evaluation_scores import MARGIN, Evaluation, Scores
from forecast.fit import fit, recency
from forecast.model_file import forecast_bytes
from tests.forecast.invented import BEGAN, DAY, invented, situation

pytestmark = pytest.mark.requirement("K1")

GOOD = Scores(1_000, 300, brier=0.15, base=0.21, share=0.18, calibration_error=0.02, auc=0.8)


def by_department(known: object) -> float:
    return 0.9 if getattr(known, "department", "") == "delivery" else 0.1


def test_what_decides_is_found():
    evaluation = evaluate(invented(400, by_department))
    assert evaluation is not None
    assert evaluation.good
    assert evaluation.all.auc is not None
    assert evaluation.all.auc > 0.85
    assert set(evaluation.at) == {25, 50, 75}
    assert all(scores.brier < min(scores.base, scores.share) for scores in evaluation.at.values())
    assert evaluation.time_error < evaluation.time_base


def test_where_nothing_decides_no_model_is_used():
    evaluation = evaluate([each for each in invented(1_200, lambda _: 0.5) if each.landmark == 0])
    assert evaluation is not None
    assert not evaluation.good


def test_with_too_few_promises_nothing_is_said():
    assert evaluate([]) is None
    assert evaluate(invented(60, by_department)) is None
    assert evaluate(invented(600, lambda _: 1.0)) is None, "none was kept"


def test_nothing_is_learned_from_what_was_not_known_yet():
    later = invented(400, by_department)
    unknown = [each._replace(at=each.at, ended=BEGAN + 10_000 * DAY, broke=False) for each in later]
    assert evaluate(unknown) is None


def test_equal_examples_give_an_equal_model():
    examples = invented(300, by_department)
    first, second = (fit(examples) for _ in range(2))
    assert forecast_bytes(first) == forecast_bytes(second)


def test_the_strongest_reason_is_named():
    model = fit(invented(1_000, by_department))
    late, early = situation(25, "delivery"), situation(25, "claims")
    assert model.forecast(late)[0] > 0.7
    assert model.forecast(early)[0] < 0.3
    reasons = model.reasons(late)
    assert (reasons[0].field, reasons[0].value) == ("department", "delivery")
    assert reasons[0].weight > 0 > model.reasons(early)[0].weight
    assert len(reasons) <= 3


def test_the_newest_examples_count_whole_and_older_ones_less():
    examples = [each for each in invented(3, by_department) if each.landmark == 0]
    first, last = examples[0], examples[-1]._replace(at=examples[0].at + 90 * DAY)
    assert recency([first, last]).tolist() == pytest.approx([0.5, 1.0])
    assert recency([first]).tolist() == [1.0], "also where they are of long ago"


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"brier": 0.21 * (1 - MARGIN) + 0.001, "share": 0.3}, False),
        ({"share": 0.149}, False),
        ({"calibration_error": 0.051}, False),
        ({"calibration_error": 0.05}, True),
    ],
)
def test_each_bound_counts(change: dict[str, float], good: bool):
    assert Evaluation(replace(GOOD, **change), {}, 0.1, 0.2).good is good


def test_the_area_under_the_curve_is_the_chance_of_the_right_order():
    probabilities, broke = np.array([0.1, 0.4, 0.4, 0.8, 0.3]), np.array([0.0, 1.0, 0.0, 1.0, 1.0])
    pairs = list(product(probabilities[broke == 1], probabilities[broke == 0]))
    expected = sum(1.0 if one > other else 0.5 * (one == other) for one, other in pairs) / len(pairs)
    assert auc(probabilities, broke) == pytest.approx(expected)
    assert auc(probabilities, np.ones(5)) is None


def test_the_calibration_error_is_the_distance_by_bins():
    probabilities, broke = np.array([0.05, 0.05, 0.85, 0.85]), np.array([0.0, 0.0, 1.0, 0.0])
    assert calibration_error(probabilities, broke) == pytest.approx((0.1 + 0.7) / 4)
