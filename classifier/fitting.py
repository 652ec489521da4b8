"""Learns from examples: a linear SVC beside a complement naive Bayes, on n-grams weighed by TF-IDF (scikit-learn)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from classifier.calibrating import calibrated, summed, threshold_of
from classifier.corpus import LEAST_TEXTS, SILVER_COUNTS, Corpus
from classifier.folds import folds
from classifier.model import Calibration, Floats, Model, Numbers
from statemachines.refused import Refused

LEAST = 20
"""Fewer examples of people than this teach nothing."""
PENALTY, SMOOTHING = 2.0, 0.05
FAR = 3.0
"""How far below the lowest score a label lies that a fold did not know."""


@dataclass(frozen=True)
class Readers:
    """Both readers, fitted: the n-grams they know and, for each label known, the weights."""

    kept: Numbers
    idf: Floats
    known: Numbers
    margins: Floats
    base: Floats
    frequencies: Floats


@dataclass(frozen=True)
class Learned:
    """A model, and what it makes of the examples of people while each was held out: places, labels, confidences.

    ``chosen`` are places in ``labels``, which are all labels of the corpus.
    """

    model: Model
    labels: tuple[str, ...]
    judged: Numbers
    chosen: Numbers
    confidence: Floats


def learned(
    corpus: Corpus, rows: Numbers | None = None, seed: int = 0, about: Mapping[str, Any] | None = None
) -> Learned:
    """Learn from the rows of a corpus (from all by default), calibrated on those of people, each held out once.

    Raises ``Refused('too_few_examples')``.
    """
    given = np.arange(len(corpus.examples)) if rows is None else rows
    gold, silver = np.intersect1d(given, corpus.gold), np.intersect1d(given, corpus.silver)
    if len(gold) < LEAST or len(set(corpus.told(gold))) < 2:
        raise Refused("too_few_examples", count=len(gold), least=LEAST)
    margins, frequencies = _held_out(corpus, gold, silver, seed)
    calibration = calibrated(margins, frequencies, corpus.truth[gold])
    chances = calibration.chances(summed(calibration, margins, frequencies))
    chosen, confidence = chances.argmax(axis=1), calibration.confidence(chances)
    threshold = threshold_of(confidence, chosen == corpus.truth[gold])
    model = _model(corpus, _read(corpus, given), calibration, threshold, about or {})
    return Learned(model, corpus.labels, gold, chosen, confidence)


def _held_out(corpus: Corpus, gold: Numbers, silver: Numbers, seed: int) -> tuple[Floats, Floats]:
    margins = np.empty((len(gold), len(corpus.labels)))
    frequencies = np.empty_like(margins)
    for learn, judge in folds(corpus.told(gold), seed=seed):
        readers = _read(corpus, np.concatenate([gold[learn], silver]))
        margins[judge], frequencies[judge] = _scores(corpus, readers, gold[judge])
    return margins, frequencies


def _read(corpus: Corpus, rows: Numbers) -> Readers:
    """Fit both readers to the rows."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.naive_bayes import ComplementNB
    from sklearn.svm import LinearSVC

    counts, truth = corpus.counts[rows], corpus.truth[rows]
    kept = np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) >= LEAST_TEXTS)
    weigh = TfidfTransformer(sublinear_tf=True)
    texts = weigh.fit_transform(counts[:, kept])
    worth = np.where(np.isin(rows, corpus.gold), 1.0, SILVER_COUNTS)
    with _settled():
        border = LinearSVC(C=PENALTY, class_weight="balanced", random_state=0).fit(texts, truth, sample_weight=worth)
    counter = ComplementNB(alpha=SMOOTHING).fit(texts, truth, sample_weight=worth)
    margins, base = np.asarray(border.coef_), np.asarray(border.intercept_)
    if len(margins) == 1:  # of two labels scikit-learn scores only the second
        margins, base = np.vstack([-margins, margins]), np.concatenate([-base, base])
    frequencies = counter.feature_log_prob_ - counter.feature_log_prob_.mean(axis=0)
    return Readers(kept, weigh.idf_, border.classes_, margins.T, base, frequencies.T)


@contextmanager
def _settled() -> Iterator[None]:
    """A border that would still move by a hair is good enough."""
    from sklearn.exceptions import ConvergenceWarning

    with catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        yield


def _scores(corpus: Corpus, readers: Readers, rows: Numbers) -> tuple[Floats, Floats]:
    """What both readers say of the rows (rows × labels); a label they do not know lies far below."""
    from sklearn.preprocessing import normalize

    counted: Any = corpus.counts[rows][:, readers.kept]
    counted.data = 1 + np.log(counted.data)
    texts: Any = normalize(counted.multiply(readers.idf).tocsr())
    found: list[Floats] = []
    for scores in (texts @ readers.margins + readers.base, texts @ readers.frequencies):
        every = np.full((len(rows), len(corpus.labels)), scores.min(initial=0.0) - FAR)
        every[:, readers.known] = scores
        found.append(every)
    return found[0], found[1]


def _model(
    corpus: Corpus, readers: Readers, calibration: Calibration, threshold: int, about: Mapping[str, Any]
) -> Model:
    weights = calibration.margin * readers.margins + calibration.frequency * readers.frequencies
    base = calibration.margin * readers.base
    return Model(
        grams=tuple(corpus.grams[place] for place in readers.kept),
        labels=tuple(corpus.labels[place] for place in readers.known),
        idf=readers.idf.astype(np.float32),
        weights=(weights - weights.mean(axis=1, keepdims=True)).astype(np.float32),
        base=(base - base.mean()).astype(np.float64),
        calibration=calibration,
        threshold=threshold,
        marks=np.empty(0, np.int64),
        about=about,
    )
