"""Plans when the escalation steps of the sweep's store fall due, so that one store serves all rounds and methods."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.seeding import DUE, MINUTE, MIXED, seed_aged
from engine.store import Store
from models.columns import to_micros

MOST = 10
"""Parts of the store that fall due separately, a minute after each other; all others fall due with the last."""
ALL = (
    (timedelta(minutes=45), 1), (timedelta(minutes=105), 2), (timedelta(minutes=165), 3),
    (timedelta(hours=17), 0), (timedelta(hours=23), 1), (timedelta(hours=35), 2), (timedelta(hours=47), 3),
)  # fmt: skip
"""How long after the first part's instant the next step of each case is due, and its place on the ladder."""


@dataclass(frozen=True, slots=True)
class DueBatch:
    """An instant in microseconds at which so many cases have one step due each, and its place on the ladder."""

    at: int
    step: int
    cases: int


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """A store of so many cases, and the batches in which its steps fall due."""

    begins: datetime
    cases: int
    due: int

    @property
    def parts(self) -> int:
        """Return the number of batches in which only some cases are due."""
        return min(self.cases // self.due, MOST)

    def fill(self, store: Store) -> None:
        """Seed the cases. Within a batch they fall due in another order than that of their keys."""
        apart = self.cases // self.due

        def earlier(n: int) -> int:
            return DUE - min(n % apart, MOST) * MINUTE + n * MIXED % MINUTE

        seed_aged(store, self.cases, earlier, at=self.begins)
        with store.writing() as tx:  # the template case takes no part
            tx.run("UPDATE timer SET fires_at = NULL WHERE case_id = (SELECT min(id) FROM cases)")

    def some(self) -> Iterator[DueBatch]:
        """Yield the parts of the cases, one after another."""
        for part in range(self.parts):
            yield DueBatch(to_micros(self.begins) + part * MINUTE, 0, self.due)

    def rest(self) -> int:
        """Return the instant by which each case has its first step due."""
        return to_micros(self.begins + timedelta(minutes=20))

    def all(self) -> Iterator[DueBatch]:
        """Yield all cases again and again, once what is due by ``rest`` has fired."""
        for after, step in ALL:
            yield DueBatch(to_micros(self.begins + after), step, self.cases)
