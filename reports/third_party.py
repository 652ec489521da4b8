"""Compares a third party's scores with our own figures of the same period, by department and criterion (E1)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.rules.in_force import rules_in
from engine.rules.indicator_definition import Indicator, Unit
from engine.store import Store
from engine.transaction import Tx
from reports.indicators.figures import Figure, figures
from reports.indicators.missed_targets import BY, hundredths, of_department
from reports.indicators.periods import Period, period_of
from statemachines.refused import Refused

OF_HUNDRED = frozenset({Unit.PERCENT, Unit.POINTS})
"""The units of figures from 0 to 100, which alone can be compared with a score."""

_ROW = r"[a-z][a-z0-9_]*:[a-z][a-z0-9_]*:\d+:\d*:\d+:(within|gap|small|no_figure)"
RECORDED = re.compile(rf"{_ROW}( {_ROW})*")


class Verdict(StrEnum):
    """What came of a comparison: within the limit, a gap beyond it, or why our own figure says nothing certain."""

    WITHIN = "within"
    GAP = "gap"
    SMALL = "small"
    NO_FIGURE = "no_figure"


@dataclass(frozen=True, slots=True)
class ComparedScore:
    """A score beside our own figure, both in hundredths of a point of 100; ``sample`` is that of our figure."""

    department: str
    criterion: str
    theirs: int
    ours: int | None
    sample: int
    verdict: Verdict

    @property
    def difference(self) -> int | None:
        """Return our figure less the score; positive where we rate ourselves higher."""
        return None if self.ours is None else self.ours - self.theirs

    def recorded(self) -> str:
        """Return the row as the record holds it."""
        ours = "" if self.ours is None else self.ours
        return f"{self.department}:{self.criterion}:{self.theirs}:{ours}:{self.sample}:{self.verdict}"

    @classmethod
    def read(cls, text: str) -> "ComparedScore":
        """Return the row that the record holds."""
        department, criterion, theirs, ours, sample, verdict = text.split(":")
        return cls(department, criterion, int(theirs), int(ours) if ours else None, int(sample), Verdict(verdict))


def rows_recorded(rows: Iterable[ComparedScore]) -> str:
    """Return the rows as the record holds them."""
    return " ".join(row.recorded() for row in rows)


def rows_read(recorded: str) -> list[ComparedScore]:
    """Return the rows that the record holds."""
    return [ComparedScore.read(text) for text in recorded.split()]


@dataclass(frozen=True, slots=True)
class ComparedScores:
    """The rows of an evaluation, by which edition of the pack, and the gap in points that it allows."""

    edition: str
    gap_limit: int
    rows: tuple[ComparedScore, ...]

    @property
    def gaps(self) -> list[ComparedScore]:
        """Return the rows whose gap exceeds the limit."""
        return [row for row in self.rows if row.verdict is Verdict.GAP]


def compared(store: Store, pack: str, period: str, scores: str, as_of: int) -> ComparedScores:
    """Compare recorded scores with the figures as of an instant, in microseconds.

    Raises ``Refused('no_criteria' | 'bad_period')``.
    """
    with store.looking() as tx:
        return _compared(tx, pack, period_of(period), [score.split(":") for score in scores.split()], as_of)


def _compared(tx: Tx, pack_name: str, period: Period, scores: Sequence[Sequence[str]], as_of: int) -> ComparedScores:
    rules = rules_in(tx)
    pack = rules.pack(pack_name, as_of)
    if pack.third_party is None:
        raise Refused("no_criteria", pack=pack.edition)
    known = rules.indicators(as_of)
    wanted = [known[name] for name in dict.fromkeys(score[1] for score in scores) if _comparable(known.get(name))]
    found = figures(tx, rules, wanted, [period], as_of, BY)
    own = {(name, of_department(each)): each for name, listed in found.items() for each in listed}
    limit = pack.third_party.gap
    rows = [
        _row(department, criterion, int(score), own.get((criterion, (pack_name, department))), limit)
        for department, criterion, score in scores
    ]
    return ComparedScores(pack.edition, limit, tuple(rows))


def _comparable(indicator: Indicator | None) -> bool:
    return indicator is not None and indicator.unit in OF_HUNDRED


def _row(department: str, criterion: str, theirs: int, figure: Figure | None, limit: int) -> ComparedScore:
    """Compare one score. A small sample of our own says nothing certain about a department, so it is no gap."""
    if figure is None or figure.exact is None:
        return ComparedScore(department, criterion, theirs, None, 0, Verdict.NO_FIGURE)
    ours = hundredths(figure.exact)
    beyond = ours - theirs > limit * 100
    verdict = Verdict.SMALL if figure.small else Verdict.GAP if beyond else Verdict.WITHIN
    return ComparedScore(department, criterion, theirs, ours, figure.sample, verdict)
