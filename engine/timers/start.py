"""Starts a timer on a clause: with the pack's limit, or to the deadline that was agreed in the form."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine.calendars.calendar import Calendar
from engine.calendars.deadlines import Unit
from engine.ledger.record import CaseRow
from engine.rules.limits import Limit, budget_of
from engine.rules.policy import Pack
from engine.rules.unset_limits import name_in_pack
from engine.timers.stretches import History
from engine.timers.timer import RunningTimer, SpentTimer, falls_due, percents
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Clause, Refused

HOUR = 3_600_000_000
AGREED = "agreed"
"""The ``policy`` of a timer whose deadline was agreed with the customer and not read from a pack."""
ALWAYS = "cn-hotline"


class Terms(NamedTuple):
    """What a clause amounts to: its limit, the allowance in microseconds, and when a running timer fires first."""

    policy: str
    calendar: str
    place: Calendar
    amount: int
    unit: Unit
    allowance: int
    fires_at: int


@dataclass(slots=True)
class LimitMemo:
    """What a pack promises, by all that it depends on; a limit is None where the pack promises nothing.

    ``limits`` are shared by cases alike in every trait, ``terms`` by those of them that are alike at one instant.
    """

    limits: dict[tuple[Any, ...], Limit | None] = field(default_factory=dict[tuple[Any, ...], Limit | None])
    terms: dict[tuple[Any, ...], Terms | None] = field(default_factory=dict[tuple[Any, ...], Terms | None])

    def forget(self, most: int) -> None:
        """Forget the terms if there are more than ``most``: those of instants that are over are asked for no more."""
        if len(self.terms) > most:
            self.terms.clear()


Occurrences = dict[str, dict[int, int]]
"""The last occurrence of each clause in each cycle of a case."""
SpentParts = dict[tuple[str, int, str], SpentTimer]
"""The last timer that each department (part of a clause) gave away, by clause, cycle and part."""


class TimerStarter(NamedTuple):
    """What is needed to start the timers of one case at one instant.

    ``occurrences`` is None where it was not read: then the database counts when the row is written. ``spent_parts`` and
    ``history`` are None where they were not read. No timer begins to count before ``not_before``: after a clock was set
    back no time counts twice.
    """

    calendar: Callable[[str], Calendar]
    pack: Pack
    case: CaseRow
    at: int
    memo: LimitMemo
    occurrences: Occurrences | None = None
    spent_parts: SpentParts | None = None
    history: History | None = None
    not_before: int = 0

    def limit(self, clause: Clause) -> Limit | None:
        """Return the pack's limit for this case; None where it promises nothing of the kind or sets no limit.

        A limit that is not set stops nobody from working: ``engine/rules/unset_limits.py`` names it.
        """
        alike, limits = self._alike(clause), self.memo.limits
        if alike not in limits:
            name = name_in_pack(self.pack, lifecycle_of(self.case.kind), clause)
            limits[alike] = self.pack.limit(name, self.case.traits)
        return limits[alike]

    def _alike(self, clause: Clause) -> tuple[Any, ...]:
        """Return what a limit depends on."""
        case = self.case
        return case.kind, clause.name, self.pack.edition, case.severity, case.channel, case.customer_type

    def start(self, clause: Clause, due: int | None = None) -> RunningTimer | None:
        """Return a new timer, paused where the case is in one of the clause's pauses; None if nothing is promised."""
        if due is None:
            if self.not_before > self.at:
                return self._replace(at=self.not_before).start(clause)
            terms = self._promised(clause)
        elif due < self.at:
            raise Refused("due_passed", clause=clause.name)
        else:
            allowance = max(due - self.at, 1)  # due at the instant it is promised: it breaks just after
            hours, fires_at = max(1, -(-allowance // HOUR)), self.at + self._first_share(clause, allowance)
            terms = Terms(AGREED, ALWAYS, self.calendar(ALWAYS), hours, Unit.HOURS, allowance, fires_at)
        return None if terms is None else self._started(clause, terms)

    def _promised(self, clause: Clause) -> Terms | None:
        alike, terms = (self.at, *self._alike(clause)), self.memo.terms
        if alike not in terms:
            terms[alike] = self._computed(clause, self.limit(clause))
        return terms[alike]

    def _computed(self, clause: Clause, limit: Limit | None) -> Terms | None:
        if limit is None:
            return None
        assert limit.amount is not None
        assert limit.unit is not None
        place = self.calendar(limit.calendar)
        allowance = budget_of(limit, place, self.at)
        fires_at = falls_due(limit.unit, place, self.at, self._first_share(clause, allowance))
        return Terms(self.pack.edition, limit.calendar, place, limit.amount, limit.unit, allowance, fires_at)

    def _first_share(self, clause: Clause, allowance: int) -> int:
        return allowance * percents(clause, self.pack)[0] // 100

    def next_occurrence(self, clause: Clause) -> int:
        """Count and return the occurrence of a new timer; 0 where only the database can tell."""
        if self.occurrences is None:
            return 0
        by_cycle, this = self.occurrences.setdefault(clause.name, {}), self.case.cycle
        since = counted_from(clause, this)
        occurrence = 1
        for cycle, last in by_cycle.items():
            if cycle >= since and last >= occurrence:
                occurrence = last + 1
        by_cycle[this] = max(occurrence, by_cycle.get(this, 0))
        return occurrence

    def _started(self, clause: Clause, terms: Terms) -> RunningTimer:
        runs = self.case.state in clause.during
        return RunningTimer(
            id=None,
            case_id=self.case.id,
            clause=clause.name,
            cycle=self.case.cycle,
            occurrence=self.next_occurrence(clause),
            policy=terms.policy,
            calendar=terms.calendar,
            amount=terms.amount,
            unit=terms.unit,
            allowance=terms.allowance,
            consumed=0,
            extended=0,
            opened_at=self.at,
            running_since=self.at if runs else None,
            fires_at=terms.fires_at if runs else None,
            steps_fired=0,
            steps_before=0,
            level=0,
            closed_at=None,
            outcome=None,
            closed_by=None,
            part=getattr(self.case, clause.partition_by) if clause.partition_by else None,
            place=terms.place,
            counted_from=counted_from(clause, self.case.cycle),
            changed=True,
        )


def counted_from(clause: Clause, cycle: int) -> int:
    """Return the cycle from which occurrences are counted: this one, or the first where they outlive a cycle."""
    return 0 if clause.started_by or clause.repeats or clause.partition_by else cycle


def agreed_due(clause: Clause, form: Any) -> Any:
    """Return the deadline that the form agrees on, if the clause takes one."""
    return getattr(form, clause.due_field, None) if clause.due_field else None
