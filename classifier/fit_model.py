"""Fits a model to examples: a linear SVC and a complement naive Bayes on TF-IDF of n-grams (scikit-learn)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from classifier.calibration import Calibration, Floats, Numbers, fit_calibration, trust_threshold
from classifier.corpus import Corpus, folds
from classifier.model import Model
from statemachines.refused import Refused

MIN_EXAMPLES = 20
"""Fewer examples labelled by people are too few to learn from."""
MIN_TEXTS = 3
"""An n-gram that fewer texts share is ignored: it identifies a text, not a category."""
SILVER_WEIGHT = 0.3
"""The weight of a machine's label against a person's."""
PENALTY, SMOOTHING = 2.0, 0.05
UNKNOWN_LABEL_DISTANCE = 3.0
"""How far below the lowest score a label is placed that a fold has no example of."""


@dataclass(frozen=True)
class _Classifiers:
    """Both fitted classifiers: the columns of the n-grams used, and the weights for each label known."""

    columns: Numbers
    idf: Floats
    known: Numbers
    margins: Floats
    base: Floats
    frequencies: Floats


@dataclass(frozen=True)
class FittedModel:
    """A model, and its predictions for the rows of people's examples, each made while that row was held out.

    ``predicted`` are indices in ``labels``, which are all labels of the corpus.
    """

    model: Model
    labels: tuple[str, ...]
    rows: Numbers
    predicted: Numbers
    confidence: Floats


def fit_model(
    corpus: Corpus, rows: Numbers | None = None, seed: int = 0, about: Mapping[str, Any] | None = None
) -> FittedModel:
    """Fit a model to rows of a corpus (by default all), calibrated on people's examples, each held out once.

    Raises ``Refused('too_few_examples')``.
    """
    indices = np.arange(len(corpus.examples)) if rows is None else rows
    gold, silver = np.intersect1d(indices, corpus.gold), np.intersect1d(indices, corpus.silver)
    if len(gold) < MIN_EXAMPLES or len(set(corpus.labels_of(gold))) < 2:
        raise Refused("too_few_examples", count=len(gold), least=MIN_EXAMPLES)
    margins, frequencies = _held_out_scores(corpus, gold, silver, seed)
    calibration = fit_calibration(margins, frequencies, corpus.truth[gold])
    probabilities = calibration.probabilities(calibration.sum(margins, frequencies))
    predicted, confidence = probabilities.argmax(axis=1), calibration.confidence(probabilities)
    threshold = trust_threshold(confidence, predicted == corpus.truth[gold])
    model = _model(corpus, _fit_classifiers(corpus, indices), calibration, threshold, about or {})
    return FittedModel(model, corpus.labels, gold, predicted, confidence)


def _held_out_scores(corpus: Corpus, gold: Numbers, silver: Numbers, seed: int) -> tuple[Floats, Floats]:
    margins = np.empty((len(gold), len(corpus.labels)))
    frequencies = np.empty_like(margins)
    for train, evaluate in folds(corpus.labels_of(gold), seed=seed):
        classifiers = _fit_classifiers(corpus, np.concatenate([gold[train], silver]))
        margins[evaluate], frequencies[evaluate] = _scores(corpus, classifiers, gold[evaluate])
    return margins, frequencies


def _fit_classifiers(corpus: Corpus, rows: Numbers) -> _Classifiers:
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.naive_bayes import ComplementNB
    from sklearn.svm import LinearSVC

    counts, truth = corpus.counts[rows], corpus.truth[rows]
    columns = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= MIN_TEXTS)
    weighting = TfidfTransformer(sublinear_tf=True)
    tfidf = weighting.fit_transform(counts[:, columns])
    weights = np.where(np.isin(rows, corpus.gold), 1.0, SILVER_WEIGHT)
    with _without_convergence_warnings():
        svc = LinearSVC(C=PENALTY, class_weight="balanced", random_state=0).fit(tfidf, truth, sample_weight=weights)
    bayes = ComplementNB(alpha=SMOOTHING).fit(tfidf, truth, sample_weight=weights)
    margins, base = np.asarray(svc.coef_), np.asarray(svc.intercept_)
    if len(margins) == 1:  # of two labels scikit-learn scores only the second
        margins, base = np.vstack([-margins, margins]), np.concatenate([-base, base])
    frequencies = bayes.feature_log_prob_ - bayes.feature_log_prob_.mean(axis=0)
    return _Classifiers(columns, weighting.idf_, svc.classes_, margins.T, base, frequencies.T)


@contextmanager
def _without_convergence_warnings() -> Iterator[None]:
    """Accept an SVC that has almost converged."""
    from sklearn.exceptions import ConvergenceWarning

    with catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        yield


def _scores(corpus: Corpus, classifiers: _Classifiers, rows: Numbers) -> tuple[Floats, Floats]:
    """Return both classifiers' scores of the rows (rows × labels); an unknown label scores far below the others."""
    from sklearn.preprocessing import normalize

    counts: Any = corpus.counts[rows][:, classifiers.columns]
    counts.data = 1 + np.log(counts.data)
    tfidf: Any = normalize(counts.multiply(classifiers.idf).tocsr())
    both: list[Floats] = []
    for scores in (tfidf @ classifiers.margins + classifiers.base, tfidf @ classifiers.frequencies):
        every = np.full((len(rows), len(corpus.labels)), scores.min(initial=0.0) - UNKNOWN_LABEL_DISTANCE)
        every[:, classifiers.known] = scores
        both.append(every)
    return both[0], both[1]


def _model(
    corpus: Corpus, classifiers: _Classifiers, calibration: Calibration, threshold: int, about: Mapping[str, Any]
) -> Model:
    weights = calibration.sum(classifiers.margins, classifiers.frequencies)
    base = calibration.margin * classifiers.base
    return Model(
        ngrams=tuple(corpus.ngrams[column] for column in classifiers.columns),
        labels=tuple(corpus.labels[number] for number in classifiers.known),
        idf=classifiers.idf.astype(np.float32),
        weights=(weights - weights.mean(axis=1, keepdims=True)).astype(np.float32),
        base=(base - base.mean()).astype(np.float64),
        calibration=calibration,
        threshold=threshold,
        marks=np.empty(0, np.int64),
        about=about,
    )
