"""The model that is asked weighs n-grams as scikit-learn does that made it, and says how sure it is (A3)."""

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.corpus import corpus_of
from classifier.examples import distinct, ngrams
from classifier.fit_model import MIN_TEXTS, fit_model
from classifier.keyword_rules import NEVER
from classifier.model import Model
from statemachines.refused import Refused
from tests.case_actions import refusal
from tests.classifier.training_examples import MATTERS, lessons, text_about

pytestmark = pytest.mark.requirement("A3")

TEXTS = [one.text for one in lessons()]


@pytest.fixture(scope="module")
def model() -> Model:
    return fit_model(corpus_of(lessons())).model


@pytest.fixture(scope="module")
def weigher() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    cut: Any = lambda one: ngrams(*one)  # noqa: E731
    weigher = TfidfVectorizer(analyzer=cut, sublinear_tf=True, min_df=MIN_TEXTS)
    return weigher.fit([(one.text, one.subject) for one in lessons()])


def test_it_knows_the_n_grams_that_scikit_learn_knows(model: Model, weigher: Any):
    assert sorted(model.ngrams) == sorted(weigher.vocabulary_)


@given(st.text(alphabet="".join(sorted(set("".join(TEXTS)))) + " ,aQ1", max_size=60), st.sampled_from(["", "外箱"]))
def test_it_weighs_them_as_scikit_learn_does(model: Model, weigher: Any, text: str, subject: str):
    places, worth = model.tfidf(text, subject)
    ours = dict(zip((model.ngrams[place] for place in places), worth, strict=True))
    [theirs] = weigher.transform([(text, subject)]).toarray()
    names = weigher.get_feature_names_out()
    assert {name: worth for name, worth in zip(names, theirs, strict=True) if worth} == pytest.approx(ours, rel=1e-5)


def test_it_tells_what_a_new_text_is_about(model: Model):
    chance = Random(99)
    for matter in MATTERS:
        found = model.predict(text_about(matter, chance))
        assert found.label == matter
        assert 50 < found.percent <= 100
        assert sum(found.probabilities.values()) == pytest.approx(1)


def test_traditional_words_mean_the_same(model: Model):
    assert model.predict("外箱壓扁") == model.predict("外箱压扁")


def test_of_a_text_without_a_known_word_it_is_not_sure_at_all(model: Model):
    assert model.predict("xyzzy").confidence == 0
    assert model.predict("").confidence == 0


def test_it_says_what_speaks_for_a_matter(model: Model):
    loud = dict(model.features("外箱压扁了，请尽快处理", "", "cargo_damage", 50))
    assert {"压扁", "外箱"} <= set(loud)
    assert list(loud.values()) == sorted(loud.values(), reverse=True)


def test_no_text_is_spelled_out(model: Model):
    """An n-gram is short, and at least three texts share it."""
    assert max(map(len, model.ngrams)) <= 5
    for gram in model.ngrams:
        assert sum(gram in one.ngrams for one in lessons()) >= MIN_TEXTS


def test_two_matters_are_enough():
    two = [one for one in lessons() if one.label != "delay"]
    assert fit_model(corpus_of(two)).model.predict("重复扣款").label == "charge"


def test_the_same_lesson_teaches_the_same():
    first, second = (fit_model(corpus_of(lessons())).model for _ in range(2))
    assert np.array_equal(first.weights, second.weights)
    assert (first.calibration, first.threshold) == (second.calibration, second.threshold)


def test_a_matter_that_cannot_be_learned_is_never_decided():
    chance = Random(3)
    noise = [one.with_label(chance.choice(sorted(MATTERS))) for one in lessons()]
    found = fit_model(corpus_of(noise)).model
    assert found.threshold > 80 or found.threshold == NEVER


@pytest.mark.parametrize("each", [0, 3])
def test_a_few_examples_teach_nothing(each: int):
    told = refusal(lambda: fit_model(corpus_of(lessons(each))))
    assert (told.code, told.params["count"]) == ("too_few_examples", 3 * each)


def test_one_matter_alone_teaches_nothing():
    with pytest.raises(Refused, match="too_few_examples"):
        fit_model(corpus_of([one.with_label("delay") for one in lessons()]))


def test_of_the_same_text_a_persons_label_counts_and_the_later_one():
    [one, *_] = lessons(1)
    silver = lessons(1, gold=False)[0].with_label("charge")
    assert distinct([silver, one]) == distinct([one, silver]) == [one]
    assert distinct([one, one.with_label("delay")]) == [one.with_label("delay")]
