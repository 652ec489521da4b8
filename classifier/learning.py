"""One lesson: what is there to learn from, the model that comes of it, and how it does beside the one used so far."""

from dataclasses import replace
from datetime import datetime
from functools import cached_property

import numpy as np

from classifier.categories import categories_of
from classifier.corpus import corpus_of
from classifier.examples import Example, distinct, marks
from classifier.fitting import Learned, learned
from classifier.kept import keep_examples, kept_examples
from classifier.measuring import Figures, Judged, figures
from classifier.model import Model
from classifier.model_file import newest_model, put_model
from classifier.proposing import without_model
from classifier.training import TAKEN, WORSE, Trained
from engine.store import Store


class Lesson:
    """The examples of files (given, or kept from the last time) and people's choices in the store."""

    def __init__(self, store: Store, choices: list[Example], given: list[Example] | None = None) -> None:
        self.store, self.given = store, given or []
        self.choices = choices
        self.categories = categories_of(store.home)
        found = newest_model(store.home)
        self.former, self.broken = found.found, found.broken

    @property
    def former_version(self) -> str | None:
        """The version of the model used so far."""
        return None if self.former is None else str(self.former.about.get("version"))

    @cached_property
    def examples(self) -> list[Example]:
        """Each text once, under the code of its category where the store knows it; a choice made here counts last."""
        files = self.given or kept_examples(self.store.home)
        return distinct(one.named(self.categories.code_of(one.label)) for one in [*files, *self.choices])

    def news(self) -> list[Example]:
        """The choices that the former model did not learn from."""
        known = marks(self.choices, self.store.secret)
        seen = frozenset[int]() if self.former is None else self.former.seen
        return [one for one, mark in zip(self.choices, known, strict=True) if mark not in seen]

    def learn(self, at: datetime, *, may_be_worse: bool) -> Trained:
        """Learn, judge, compare, and take the model unless it is worse and may not be. See Note [Not worse]."""
        corpus = corpus_of(self.examples)
        found = learned(corpus)
        known = np.array(marks(self.examples, self.store.secret), np.int64)
        judged = [self._judged(found, number) for number in range(len(found.judged))]
        asked = None if may_be_worse else frozenset(marks(self.choices, self.store.secret))
        fresh = [number for number, mark in enumerate(known[found.judged].tolist()) if self._fresh(mark, asked)]
        right = sum(judged[number].right for number in fresh)
        before = sum(self._right_before(self.examples[int(found.judged[number])]) for number in fresh)
        told = Trained(
            at=at,
            outcome=TAKEN if may_be_worse or right >= before else WORSE,
            choices=len(self.choices),
            examples=len(self.examples),
            silver=len(self.examples) - len(found.judged),
            former=self.former_version,
            threshold=found.model.threshold,
            figures=figures(judged),
            compared=len(fresh),
            right=right,
            before=before,
            broken=self.broken,
        )
        return self._taken(told, replace(found.model, marks=known)) if told.did else told

    def _taken(self, told: Trained, model: Model) -> Trained:
        assert told.figures is not None
        about = {
            "at": told.at.isoformat(),
            "examples": told.examples,
            "silver": told.silver,
            "choices": told.choices,
            "figures": _brief(told.figures),
        }
        if self.given:
            keep_examples(self.store.home, self.given)
        return replace(told, version=put_model(self.store.home, replace(model, about=about)))

    def _judged(self, found: Learned, number: int) -> Judged:
        truth = self.examples[int(found.judged[number])].label
        said = found.labels[int(found.chosen[number])]
        name, sure = self.categories.name_of, float(found.confidence[number])
        return Judged(name(truth), name(said), sure, found.model.threshold)

    def _fresh(self, mark: int, asked: frozenset[int] | None) -> bool:
        """Whether the former model never saw it; by itself the system asks only after what people decided here."""
        return (self.former is None or mark not in self.former.seen) and (asked is None or mark in asked)

    def _right_before(self, example: Example) -> bool:
        """Whether what was used so far had said the same."""
        if self.former is None:
            said = without_model(self.store.home, example.text, example.subject).proposal.category
        else:
            said = self.categories.code_of(self.former.guess(example.text, example.subject).label)
        return said == example.label or said.startswith(f"{example.label}_")  # a branch of it is no other matter


def _brief(found: Figures) -> dict[str, float]:
    return {name: getattr(found, name) for name in ("accuracy", "macro_f1", "calibration_error")}
