"""The training of the classifier: by hand from files, and every week from what people decided meanwhile (A3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from classifier.choices import choices_in
from engine.store import Store

if TYPE_CHECKING:
    from classifier.examples import Example
    from classifier.measuring import Figures

ENOUGH = 50
"""Fewer decisions of people than this are no ground to learn by oneself."""
NEWS = 20
"""So many decisions must be new to the model that is used."""

TAKEN, TOO_FEW, NOTHING_NEW, WORSE = "taken", "too_few", "nothing_new", "worse"


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training; ``outcome`` is taken, too_few, nothing_new or worse.

    ``figures`` are of texts that were held out. ``compared`` of them are new to the model used so far, or to the rules
    where there is none: so many of these it got ``right``, and the one used so far ``before``.
    """

    at: datetime
    outcome: str
    choices: int
    examples: int = 0
    silver: int = 0
    version: str | None = None
    former: str | None = None
    threshold: int | None = None
    figures: "Figures | None" = None
    compared: int = 0
    right: int = 0
    before: int = 0
    broken: tuple[tuple[str, str], ...] = ()

    @property
    def did(self) -> int:
        """One model was made, or none."""
        return int(self.outcome == TAKEN)


def retrained(store: Store, at: datetime) -> Trained:
    """The weekly training. See Note [Not worse]."""
    chosen = choices_in(store)
    if len(chosen) < ENOUGH:
        return Trained(at, TOO_FEW, len(chosen))
    from classifier.learning import Lesson  # scikit-learn takes a second, and only where there is something

    lesson = Lesson(store, chosen)
    if len(lesson.news()) < NEWS:
        return Trained(at, NOTHING_NEW, len(chosen), former=lesson.former_version, broken=lesson.broken)
    return lesson.learn(at, may_be_worse=False)


def trained_from(store: Store, given: "list[Example]", at: datetime) -> Trained:
    """Learn from files and from what people decided, and take the model: whoever asked for it wants it.

    The files' examples are kept in the place of former ones; without any, the kept ones are learned from again.
    Raises ``Refused('too_few_examples')``; then all is as it was.
    """
    from classifier.learning import Lesson

    return Lesson(store, choices_in(store), given).learn(at, may_be_worse=True)


def told(trained: Trained) -> dict[str, Any]:
    """What came of it, as programs read it."""
    from dataclasses import asdict

    return {**asdict(trained), "broken": [list(one) for one in trained.broken]}


# Note [Not worse]
# A new model is held against the one used so far on what people decided here since: each text was held out when the
# new one was judged by it, and is unknown to the former. Where they get equally many right the new one is taken, for
# it knows more.
