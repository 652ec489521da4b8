"""The model weighs n-grams as scikit-learn does, which trained it, and gives a calibrated confidence (A3)."""

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
from tests.classifier.training_examples import MATTERS, text_about, training_examples

pytestmark = pytest.mark.requirement("A3")

TEXTS = [example.text for example in training_examples()]


@pytest.fixture(scope="module")
def model() -> Model:
    return fit_model(corpus_of(training_examples())).model


@pytest.fixture(scope="module")
def vectorizer() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    analyzer: Any = lambda text_and_subject: ngrams(*text_and_subject)  # noqa: E731
    vectorizer = TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, min_df=MIN_TEXTS)
    return vectorizer.fit([(example.text, example.subject) for example in training_examples()])


def test_its_n_grams_are_those_of_scikit_learn(model: Model, vectorizer: Any):
    assert sorted(model.ngrams) == sorted(vectorizer.vocabulary_)


@given(st.text(alphabet="".join(sorted(set("".join(TEXTS)))) + " ,aQ1", max_size=60), st.sampled_from(["", "外箱"]))
def test_it_weighs_them_as_scikit_learn_does(model: Model, vectorizer: Any, text: str, subject: str):
    places, weights = model.tfidf(text, subject)
    ours = dict(zip((model.ngrams[place] for place in places), weights, strict=True))
    [theirs] = vectorizer.transform([(text, subject)]).toarray()
    names = vectorizer.get_feature_names_out()
    assert {name: weight for name, weight in zip(names, theirs, strict=True) if weight} == pytest.approx(ours, rel=1e-5)


def test_it_predicts_the_matter_of_a_new_text(model: Model):
    chance = Random(99)
    for matter in MATTERS:
        prediction = model.predict(text_about(matter, chance))
        assert prediction.label == matter
        assert 50 < prediction.percent <= 100
        assert sum(prediction.probabilities.values()) == pytest.approx(1)


def test_traditional_characters_give_the_same_prediction(model: Model):
    assert model.predict("外箱壓扁") == model.predict("外箱压扁")


def test_a_text_without_a_known_n_gram_has_no_confidence(model: Model):
    assert model.predict("xyzzy").confidence == 0
    assert model.predict("").confidence == 0


def test_it_names_the_n_grams_that_support_a_matter(model: Model):
    features = dict(model.features("外箱压扁了，请尽快处理", "", "cargo_damage", 50))
    assert {"压扁", "外箱"} <= set(features)
    assert list(features.values()) == sorted(features.values(), reverse=True)


def test_no_text_can_be_read_from_it(model: Model):
    """An n-gram is short, and at least three texts share it."""
    assert max(map(len, model.ngrams)) <= 5
    for gram in model.ngrams:
        assert sum(gram in example.ngrams for example in training_examples()) >= MIN_TEXTS


def test_two_matters_are_enough():
    two = [example for example in training_examples() if example.label != "delay"]
    assert fit_model(corpus_of(two)).model.predict("重复扣款").label == "charge"


def test_the_same_examples_give_the_same_model():
    first, second = (fit_model(corpus_of(training_examples())).model for _ in range(2))
    assert np.array_equal(first.weights, second.weights)
    assert (first.calibration, first.threshold) == (second.calibration, second.threshold)


def test_a_matter_that_cannot_be_learned_is_never_decided():
    chance = Random(3)
    noise = [example.with_label(chance.choice(sorted(MATTERS))) for example in training_examples()]
    fitted = fit_model(corpus_of(noise)).model
    assert fitted.threshold > 80 or fitted.threshold == NEVER


@pytest.mark.parametrize("each", [0, 3])
def test_too_few_examples_are_refused(each: int):
    refused = refusal(lambda: fit_model(corpus_of(training_examples(each))))
    assert (refused.code, refused.params["count"]) == ("too_few_examples", 3 * each)


def test_examples_of_one_matter_alone_are_refused():
    with pytest.raises(Refused, match="too_few_examples"):
        fit_model(corpus_of([example.with_label("delay") for example in training_examples()]))


def test_of_equal_texts_the_last_label_of_a_person_counts():
    [gold, *_] = training_examples(1)
    silver = training_examples(1, gold=False)[0].with_label("charge")
    assert distinct([silver, gold]) == distinct([gold, silver]) == [gold]
    assert distinct([gold, gold.with_label("delay")]) == [gold.with_label("delay")]
