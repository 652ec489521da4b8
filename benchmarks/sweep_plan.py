"""When which rungs of the sweep's store fall due, so that one store serves every round of every way to fire them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.seeding import DUE, MINUTE, MIXED, planted
from engine.store import Store
from models.columns import to_micros

MOST = 10
"""Parts of the store that fall due by themselves, a minute after each other; all others fall due with the last."""
ALL = (
    (timedelta(minutes=45), 1), (timedelta(minutes=105), 2), (timedelta(minutes=165), 3),
    (timedelta(hours=17), 0), (timedelta(hours=23), 1), (timedelta(hours=35), 2), (timedelta(hours=47), 3),
)  # fmt: skip
"""How long after the first part's instant one more rung of each case has fallen due, and its place on the ladder."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An instant in microseconds at which so many cases have one rung due each, and its place on the ladder."""

    at: int
    rung: int
    cases: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A store of so many cases, and the turns in which its rungs fall due."""

    begins: datetime
    cases: int
    due: int

    @property
    def parts(self) -> int:
        """How many turns there are in which only some fall due."""
        return min(self.cases // self.due, MOST)

    def fill(self, store: Store) -> None:
        """Plant the cases. Within a turn they fall due in another order than that of their keys."""
        apart = self.cases // self.due

        def earlier(n: int) -> int:
            return DUE - min(n % apart, MOST) * MINUTE + n * MIXED % MINUTE

        planted(store, self.cases, earlier, at=self.begins)
        with store.writing() as tx:  # the case of which all are copies is not one of them
            tx.run("UPDATE timer SET fires_at = NULL WHERE case_id = (SELECT min(id) FROM cases)")

    def some(self) -> Iterator[Turn]:
        """A part of the cases, one after another."""
        for part in range(self.parts):
            yield Turn(to_micros(self.begins) + part * MINUTE, 0, self.due)

    def rest(self) -> int:
        """By then each case has its first rung due."""
        return to_micros(self.begins + timedelta(minutes=20))

    def all(self) -> Iterator[Turn]:
        """All of the cases, once what is due by ``rest`` has fired."""
        for after, rung in ALL:
            yield Turn(to_micros(self.begins + after), rung, self.cases)
