"""Judges what can be learned: a model by texts it never saw, or the way of learning itself by folds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.corpus import corpus_of
from classifier.examples import Example, distinct, marks
from classifier.fitting import LEAST, learned
from classifier.folds import FOLDS, folds
from classifier.measuring import Figures, Judged, figures
from classifier.model import Model
from statemachines.refused import Refused

HELD_OUT, BY_FOLDS = "held_out", "folds"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures and how they came about. ``seen`` texts were learned from: they are left out, or sent to folds."""

    method: str
    figures: Figures
    silver: int
    seen: int = 0
    version: str | None = None


def by_folds(examples: Sequence[Example], many: int = FOLDS, seed: int = 0) -> Evaluation:
    """Learn anew from all but one fold, judge by that one, fold by fold. Silver examples are learned from only.

    Whatever learning chooses it chooses within the folds it learns from. Raises ``Refused('too_few_examples')``.
    """
    corpus = corpus_of(distinct(examples))
    gold = corpus.gold
    least = -(-LEAST * many // (many - 1))  # what is left without one fold must be enough
    if len(gold) < least:
        raise Refused("too_few_examples", count=len(gold), least=least)
    judged: list[Judged] = []
    rows = set(range(len(corpus.examples)))
    for _, judge in folds(corpus.told(gold), many, seed):
        held = gold[judge]
        model = learned(corpus, np.array(sorted(rows - set(held.tolist())), np.int64), seed).model
        judged += [_judged(model, corpus.examples[place]) for place in held.tolist()]
    return Evaluation(BY_FOLDS, figures(judged), silver=len(corpus.examples) - len(gold))


def evaluated(
    examples: Sequence[Example], model: Model | None, secret: bytes, many: int | None = None, seed: int = 0
) -> Evaluation:
    """Judge the model by the examples of people that it never saw; by folds where asked, or where there is no model.

    If it saw most of them it cannot be judged by them: then the folds are, too, and ``seen`` says why.
    Raises ``Refused('too_few_examples')``.
    """
    gold = [one for one in examples if one.gold] or list(examples)
    if not gold:
        raise Refused("too_few_examples", count=0, least=1)
    if model is None or many is not None:
        return by_folds(examples, many or FOLDS, seed)
    known = [mark in model.seen for mark in marks(gold, secret)]
    version = str(model.about.get("version", ""))
    if 2 * sum(known) > len(known):
        folded = by_folds(examples, seed=seed)
        return Evaluation(BY_FOLDS, folded.figures, folded.silver, sum(known), version)
    judged = [_judged(model, one) for one, seen in zip(gold, known, strict=True) if not seen]
    return Evaluation(HELD_OUT, figures(judged), len(examples) - len(gold), sum(known), version)


def _judged(model: Model, example: Example) -> Judged:
    guess = model.guess(example.text, example.subject)
    return Judged(example.label, guess.label, guess.certainty, model.threshold)
