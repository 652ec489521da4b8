"""Judge the promises of simulated cases by the rules of living ones: the clocks of ``reports/whatif`` (K3, ADR 87)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

import orjson

from engine.commands.case_context import BY_TIMER
from reports.staffing.lives import Life, Move
from reports.whatif.effects import LeftOut, effect_of
from reports.whatif.other_rules import OtherRules
from reports.whatif.recomputed_case import RecomputedCase
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused

Promise = tuple[str, str]
"""The kind of a case, and a clause of its lifecycle."""
MEMO: Final = 60_000
"""How many judged lives are kept: where nobody waits longer, another roster changes nothing about a case."""


class Verdict(NamedTuple):
    """Whether a promise was kept."""

    promise: Promise
    kept: bool


class Judge:
    """Judges lives under rules; what was judged once is kept."""

    def __init__(self, rules: OtherRules) -> None:
        self.rules = rules
        self.left_out = 0
        self._known: dict[tuple[int, ...], tuple[Verdict, ...]] = {}

    def recorded(self, case: object, moves: Iterable[Move], until: int) -> tuple[Verdict, ...]:
        """Return how the promises of a recorded case ended by an instant under the rules; open ones are missing."""
        lived = RecomputedCase(case, self.rules)
        try:
            lived.recompute(moves, until)
        except (LeftOut, Refused):
            self.left_out += 1
            return ()
        table = lived.table
        verdicts: list[Verdict] = []
        for timer in lived.timers:
            clause = table.clause[timer.clause]
            if clause.name in table.timer_only or clause.due_field:
                continue  # what was agreed with a customer is no matter of a pack
            broken = lived.is_broken(timer)
            if broken or timer.outcome == "met":
                verdicts.append(Verdict((table.kind, clause.name), not broken))
        return tuple(verdicts)

    def simulated(self, life: Life, opened_at: int, ends: Sequence[int], until: int) -> tuple[Verdict, ...]:
        """Return how the promises of a life end that came in at an instant and whose steps were done at ``ends``."""
        key = (id(life), opened_at, until, *ends)
        if key not in self._known:
            if len(self._known) >= MEMO:
                self._known.clear()
            case = life.case._replace(opened_at=opened_at)
            self._known[key] = self.recorded(case, _moved(life, opened_at, ends, until), until)
        return self._known[key]


def _moved(life: Life, opened_at: int, ends: Sequence[int], until: int) -> Iterable[Move]:
    """Yield the moves of a life at other instants, those before ``until``."""
    yield _at(life.case.kind, life.opening, opened_at, 1)
    for number, (step, end) in enumerate(zip(life.steps, ends, strict=False), 2):
        if end >= until:
            return
        yield _at(life.case.kind, step.move, end, number)


def _at(kind: str, move: Move, at: int, number: int) -> Move:
    form = move.form
    if instants := _instants(kind, move.move, move.source, move.dest):
        later, values = timedelta(microseconds=at - move.occurred_at), orjson.loads(form)
        for name in instants:
            if values.get(name):
                values[name] = (datetime.fromisoformat(values[name]) + later).isoformat()
        form = orjson.dumps(values).decode()
    return move._replace(occurred_at=at, seq=number, form=form)


@lru_cache(maxsize=1_000)
def _instants(kind: str, move: str, source: str, dest: str) -> tuple[str, ...]:
    return effect_of(lifecycle_of(kind), move, source, dest, reopens=False).instants


def acted(moves: Iterable[Move]) -> int:
    """Return the instant after the last move that no timer made."""
    return max((move.occurred_at for move in moves if move.via != BY_TIMER), default=0) + 1
