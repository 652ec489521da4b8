"""Trains the forecast from the store's own ended timers: every week, or by hand (K1).

Note [Better than both]: a model is always judged on what came later than what it learned from (``evaluation``). One
that is not good enough is kept as well, with the reason, and nothing is forecast until a later one is.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from engine.rules.in_force import rules_of
from engine.store import Store
from forecast.model import ForecastModel
from forecast.model_file import newest_forecast, put_forecast
from forecast.past import Example, examples
from models.columns import to_micros
from reports.whatif.other_rules import OtherRules
from reports.whatif.record import Filter, recorded_cases

ADOPTED, NOT_BETTER, TOO_FEW, FEW_NEW = "adopted", "not_better", "too_few", "few_new"
NO_MODEL: Final = "no_model"
"""Why nothing is forecast: there is no model, or the newest is not better than the baselines."""
MOST_TIMERS: Final = 100_000
"""Of more timers every n-th is learned from."""
LEAST_NEW: Final = 100
"""So many timers must have ended since the newest model learned, or nothing is learned in a week."""
TIMERS = "SELECT count(*) AS count FROM timer"
ENDED = "SELECT count(*) AS count FROM timer WHERE closed_at IS NOT NULL"


@dataclass(frozen=True, slots=True)
class ForecastTraining:
    """What a training came to: ``adopted``, ``not_better``, ``too_few`` or ``few_new``.

    ``scores`` are those of the evaluation. Where too few timers have ended since, ``timers`` is their number.
    """

    at: datetime
    outcome: str
    timers: int
    examples: int
    version: str | None = None
    scores: dict[str, Any] | None = None

    @property
    def did(self) -> int:
        """Return 1 if a model was adopted, otherwise 0."""
        return int(self.outcome == ADOPTED)

    def document(self) -> dict[str, Any]:
        """Return the training as a JSON document."""
        names = ("at", "outcome", "timers", "examples", "version", "scores")
        return {name: getattr(self, name) for name in names}


def train_weekly(store: Store, at: datetime) -> ForecastTraining:
    """Train if enough timers have ended since the newest model learned; where little happens, it learns rarely."""
    newest = newest_forecast(store.home).found
    ended = _ended(store) - (0 if newest is None else newest.about.get("ended", 0))
    return train(store, at) if ended >= LEAST_NEW else ForecastTraining(at, FEW_NEW, ended, 0)


def _ended(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(ENDED).count


def train(store: Store, at: datetime) -> ForecastTraining:
    """Learn from the timers whose end is known, judge what was learned, and keep it. See Note [Better than both]."""
    ended, known = _ended(store), known_examples(store, at)
    judged = _judged(known, at)
    if judged.scores is None:
        return judged
    from forecast.fit import fit

    about = {name: getattr(judged, name) for name in ("timers", "examples", "scores")}
    about |= {"at": at.isoformat(), "adopted": judged.outcome == ADOPTED, "ended": ended}
    model = fit(known)
    return replace(judged, version=put_forecast(store.home, replace(model, about=about)))


def judge(store: Store, at: datetime) -> ForecastTraining:
    """Judge what can be learned from the timers whose end is known; keep nothing."""
    return _judged(known_examples(store, at), at)


def known_examples(store: Store, at: datetime) -> list[Example]:
    """Return the timers of the past at their landmarks, whose end is known at an instant."""
    until = to_micros(at)
    with store.looking() as tx:
        step = -(-tx.row(TIMERS).count // MOST_TIMERS) or 1
        found = examples(recorded_cases(tx, Filter()), OtherRules(rules_of(store), until), until, step)
        return [each for each in found if each.settled(until)]


def _judged(known: list[Example], at: datetime) -> ForecastTraining:
    from forecast.evaluation import evaluate

    evaluation = evaluate(known)
    timers = len({each.key for each in known})
    if evaluation is None:
        return ForecastTraining(at, TOO_FEW, timers, len(known))
    outcome = ADOPTED if evaluation.good else NOT_BETTER
    return ForecastTraining(at, outcome, timers, len(known), scores=evaluation.document())


@dataclass(frozen=True, slots=True)
class InUse:
    """The model that is used, or None and why: ``no_model`` or ``not_better``; and the broken files passed over."""

    model: ForecastModel | None
    why: str = ""
    newest: ForecastModel | None = None
    broken: tuple[tuple[str, str], ...] = ()


def in_use(home: Path) -> InUse:
    """Return the newest model if it is good enough to be used."""
    found = newest_forecast(home)
    if found.found is None:
        return InUse(None, NO_MODEL, None, found.broken)
    if not found.found.adopted:
        return InUse(None, NOT_BETTER, found.found, found.broken)
    return InUse(found.found, "", found.found, found.broken)
