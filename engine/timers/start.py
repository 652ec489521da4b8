"""Starts a clock on a promise: with the pack's limit, or to the instant that was agreed in the form."""

from typing import Any, NamedTuple

from engine.calendars.deadlines import Unit
from engine.ledger.record import CaseRow
from engine.rules.in_force import Rules
from engine.rules.limits import Limit, budget_of
from engine.rules.policy import Pack
from engine.timers.timer import falls_due, percents
from engine.transaction import Tx
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Clause, Refused

HOUR = 3_600_000_000
AGREED = "agreed"
"""The ``policy`` of a clock whose deadline was agreed with the customer and not read from a pack."""
ALWAYS = "cn-hotline"
PROMISED = "promised"
UNSAID = frozenset({"blank_limit", "contradictory_limit"})

OPEN = """
INSERT INTO timer (case_id, clause, cycle, occurrence, policy, calendar, amount, unit, allowance, consumed, opened_at,
                   running_since, fires_at, steps_fired, level)
VALUES (:case_id, :clause, :cycle,
        (SELECT coalesce(max(occurrence), 0) + 1 FROM timer
          WHERE case_id = :case_id AND clause = :clause AND cycle >= CAST(:counted_from AS INTEGER)),
        :policy, :calendar, :amount, :unit, :allowance, 0, :opened_at, :running_since, :fires_at, 0, 0)
"""


class _Terms(NamedTuple):
    """What a promise comes to: its limit, the microseconds, and when a clock that runs fires first."""

    policy: str
    calendar: str
    amount: int
    unit: Unit
    budget: int
    falls: int


class TimerStarter(NamedTuple):
    """What is needed to arm the promises of one case at one instant."""

    tx: Tx
    rules: Rules
    pack: Pack
    head: CaseRow
    at: int

    def limit(self, clause: Clause) -> Limit | None:
        """The pack's limit for this case; None where nothing of the kind is promised.

        Raises ``Refused('blank_limit' | 'contradictory_limit')`` (law 6), except for a promise among ourselves.
        """
        try:
            return self.pack.limit(self._name_in_pack(clause), self.head.traits)
        except Refused as refused:
            if clause.internal and refused.code in UNSAID:
                return None
            raise

    def _name_in_pack(self, clause: Clause) -> str:
        """The name under which the pack speaks of a clause: an edition of before a rename has the retired one."""
        names = lifecycle_of(self.head.kind).resolver.names("clause", clause.name)
        spoken_of = (name for name in names if name in self.pack.clauses or name in self.pack.unpromised)
        return next(spoken_of, clause.name)

    def start(self, clause: Clause, due: int | None = None) -> None:
        """Start a clock, its turn the next one; at rest where the case stands in one of the clause's pauses."""
        if due is None:
            terms = self._promised(clause)
        elif due <= self.at:
            raise Refused("due_passed", clause=clause.name)
        else:
            amount = max(1, -(-(due - self.at) // HOUR))
            terms = self._terms(clause, AGREED, ALWAYS, amount, Unit.HOURS, due - self.at)
        if terms is not None:
            self._open(clause, terms)

    def _promised(self, clause: Clause) -> _Terms | None:
        """What the pack promises; cases alike in every trait that begin at one instant are promised the same."""
        known: dict[Any, _Terms | None] = self.tx.memory.setdefault(PROMISED, {})
        alike = (self.head.kind, clause.name, self.pack.edition, *self.head.traits.values(), self.at)
        if alike not in known:
            known[alike] = self._reckoned(clause, self.limit(clause))
        return known[alike]

    def _reckoned(self, clause: Clause, limit: Limit | None) -> _Terms | None:
        if limit is None:
            return None
        assert limit.amount is not None
        assert limit.unit is not None
        budget = budget_of(limit, self.rules.calendar(limit.calendar), self.at)
        return self._terms(clause, self.pack.edition, limit.calendar, limit.amount, limit.unit, budget)

    def _terms(self, clause: Clause, policy: str, calendar: str, amount: int, unit: Unit, budget: int) -> _Terms:
        first = budget * percents(clause, self.pack)[0] // 100
        falls = falls_due(unit, self.rules.calendar(calendar), self.at, first)
        return _Terms(policy, calendar, amount, unit, budget, falls)

    def counted_from(self, clause: Clause) -> int:
        """The cycle from which the turns of a clause are counted: its own, or the first where turns outlive rounds."""
        return 0 if clause.started_by or clause.repeats or clause.partition_by else self.head.cycle

    def _open(self, clause: Clause, terms: _Terms) -> None:
        runs = self.head.state in clause.during
        self.tx.put(
            OPEN,
            case_id=self.head.id,
            clause=clause.name,
            cycle=self.head.cycle,
            policy=terms.policy,
            calendar=terms.calendar,
            amount=terms.amount,
            unit=terms.unit,
            allowance=terms.budget,
            opened_at=self.at,
            running_since=self.at if runs else None,
            fires_at=terms.falls if runs else None,
            counted_from=self.counted_from(clause),
        )
