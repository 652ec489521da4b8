"""Compare the clocks of one case as they were with those that other rules would have given it."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from reports.whatif.recomputed_case import RecomputedCase
from reports.whatif.record import RecordedCase
from statemachines.lifecycle import Clause

MET, BREACHED, STOPPED, OPEN, NONE = "met", "breached", "stopped", "open", "none"
"""How a clock ended; ``none`` where there was none."""
WAITS, MOVES_CASE, EXTENDED = "waits_for_another", "moves_the_case", "extended"
"""Why people would have behaved differently about a clock, besides the doubts of its case."""
BREACH: Final = 100


class Terms(NamedTuple):
    """What a clock was measured by: its limit, its calendar, and its allowance in microseconds."""

    amount: int
    unit: str
    calendar: str
    allowance: int


class ComparedClock(NamedTuple):
    """A clock as it was (``then``) and as it would have been (``now``); terms are None where there was none.

    ``moved`` says whether it would have ended otherwise or at another instant, ``doubts`` why people would have
    behaved differently.
    """

    number: str
    kind: str
    clause: str
    cycle: int
    occurrence: int
    opened_at: int
    then: str
    now: str
    terms_then: Terms | None
    terms: Terms | None
    judged: bool
    moved: bool
    doubts: tuple[str, ...]

    @property
    def why(self) -> str:
        """Return what the difference comes from: ``started``, ``ended``, ``limit``, ``calendar`` or ``course``."""
        if self.terms_then is None:
            return "started"
        if self.terms is None:
            return "ended"
        if self.terms[:2] != self.terms_then[:2]:
            return "limit"
        return "calendar" if self.terms[2:] != self.terms_then[2:] else "course"


def compared_clocks(
    recorded: RecordedCase, recomputed: RecomputedCase, window: tuple[int, int]
) -> Iterator[ComparedClock]:
    """Yield the clocks that were opened within a window of instants, in the record or under the other rules."""
    table, (since, until) = recomputed.table, window
    broken = {step.timer_id for step in recorded.steps if step.percent >= BREACH}
    then = {(table.resolver.clause_or_own(row.clause), row.cycle, row.occurrence): row for row in recorded.timers}
    now = {(timer.clause, timer.cycle, timer.occurrence): timer for timer in recomputed.timers}
    for key in dict.fromkeys([*then, *now]):
        was, becomes = then.get(key), now.get(key)
        opened_at = (was or becomes).opened_at  # pyright: ignore[reportOptionalMemberAccess] - one of them has the key
        clause = table.clause.get(key[0])
        if clause is None or not since <= opened_at < until:
            continue
        yield ComparedClock(
            recorded.row.number, table.kind, *key, opened_at,
            NONE if was is None else _verdict(was.outcome, was.id in broken or was.outcome == BREACHED),
            NONE if becomes is None else _verdict(becomes.outcome, recomputed.is_broken(becomes)),
            _terms(was), _terms(becomes),
            judged=clause.name not in table.timer_only,
            moved=_ending(was) != _ending(becomes),
            doubts=tuple(_doubts(clause, was, recomputed)),
        )  # fmt: skip


def _verdict(outcome: str | None, broken: bool) -> str:
    if broken:
        return BREACHED
    if outcome is None:
        return OPEN
    return MET if outcome == MET else STOPPED


def _terms(timer: Any) -> Terms | None:
    if timer is None:
        return None
    return Terms(timer.amount, str(timer.unit), timer.calendar, timer.allowance - timer.extended)


def _ending(timer: Any) -> tuple[Any, ...] | None:
    return None if timer is None else (timer.closed_at, timer.outcome)


def _doubts(clause: Clause, was: Any, recomputed: RecomputedCase) -> Iterator[str]:
    if clause.waits_for:
        yield WAITS
    if clause.then is not None:
        yield MOVES_CASE
    if was is not None and was.extended:
        yield EXTENDED
    yield from sorted(recomputed.doubts)
