"""Compare open timers with the record: their limits, what they have used, when they fire, and that none is missing.

Note [What a timer can be compared with]: what it has used follows from the history only where the timer is the case's
own and the lifecycle was the same all along: not after time was set back, nor where promises came from another case,
were opened again, or went on from a department's earlier timer. Working time and days depend on a calendar whose years
are published later; of them only bounds are checked.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from engine.audit.row_check import parsed_form
from engine.calendars.deadlines import Unit
from engine.commands.promise_effects import CONVERTED
from engine.ledger.record import CaseRow
from engine.rules.in_force import Rules, Sort, pack_of
from engine.rules.limits import Limit, budget_of
from engine.rules.policy import Pack
from engine.rules.policy import pack as pack_of_file
from engine.rules.unset_limits import name_in_pack
from engine.timers.start import AGREED, HOUR
from engine.timers.stretches import stretches
from engine.timers.timer import falls_due, percents
from engine.timers.would_run import PastMove, would_run
from models.columns import to_micros
from statemachines.lifecycle import Clause, Lifecycle, Move
from statemachines.refused import Refused

MOVABLE = 45 * 24 * HOUR
"""How far days that are published later may move the end of a limit."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class TimerCheck:
    """One case, its history and its timers, under the rules of the store."""

    rules: Rules
    table: Lifecycle
    case: CaseRow
    history: list[dict[str, Any]]
    timers: list[Any]
    steps: list[Any]

    def faults(self) -> Iterator[str]:
        """Yield the faults, each with the name of its clause."""
        for timer in self.timers:
            clause = self.table.clause.get(self.table.resolver.clause_or_own(timer.clause))
            if clause is None and self._of_this_version:
                yield f"timer_clause_{ascii(timer.clause)[1:-1]}"
            elif clause is not None:
                yield from (f"{what}_{timer.clause}" for what in self._timer_faults(timer, clause))
        if self._own and not self.case.closed:
            yield from (f"timer_missing_{name}" for name in self._missing())

    def _timer_faults(self, timer: Any, clause: Clause) -> Iterator[str]:
        if not self._has_terms(timer, clause):
            yield "timer_limit"
        if timer.closed_at is None and not self._fires_rightly(timer, clause):
            yield "timer_due"
        if self._own and timer.closed_at is None and (timer.running_since is not None) != self._runs(clause):
            yield "timer_paused"
        if self._own and self._is_plain(timer):
            if not self._began_rightly(timer):
                yield "timer_began"
            if not self._has_used(timer, clause):
                yield "timer_used"
            if timer.level != max((step.level for step in self.steps if step.timer_id == timer.id), default=0):
                yield "timer_level"
            if timer.closed_at is not None and not self._ended_rightly(timer, clause):
                yield "timer_outcome"

    @property
    def _of_this_version(self) -> bool:
        """Return whether every move was made under the lifecycle in force: then there are no other clauses."""
        return all(row["lifecycle"] == self.table.version for row in self.history)

    @cached_property
    def _own(self) -> bool:
        """Return whether the timers follow from this history alone. See Note [What a timer can be compared with]."""
        instants = [row["occurred_at"] for row in self.history]
        if not instants or parsed_form(self.history[0]["form"]).get("relation") == CONVERTED:
            return False
        if instants != sorted(instants) or not self._of_this_version:
            return False
        rows = [row for made in self.history for row in self.table.rows.get(made["move"], ())]
        return not any(
            row.inherits_timers
            or row.releases_timers
            or row.restores_timers
            or row.reopens_promises
            or row.meets_promises
            for row in rows
        )

    def _runs(self, clause: Clause) -> bool:
        """Return whether a timer of the clause runs in the case's state; else it is paused."""
        return self.case.state in clause.during

    @staticmethod
    def _is_plain(timer: Any) -> bool:
        return not timer.steps_before and timer.part is None

    def _pack(self, timer: Any) -> Pack | None:
        """Return the pack whose limit the timer has; None where this release does not know its edition."""
        published = [each for each in self.rules.editions if (each.sort, each.edition) == (Sort.PACK, timer.policy)]
        if published:
            return _known(lambda: pack_of(published[0].content, published[0].edition))
        shipped = _known(lambda: pack_of_file(timer.policy.partition("@")[0]))
        return shipped if shipped is not None and shipped.edition == timer.policy else None

    def _pack_at(self, at: int) -> Pack | None:
        """Return the pack of the case that was in force at an instant."""
        return _known(lambda: self.rules.pack(self.case.pack, at))

    def _has_terms(self, timer: Any, clause: Clause) -> bool:
        """Return whether the pack, or a form, has a limit such as the timer's."""
        if timer.extended < 0 or (timer.extended > self._granted(clause) * HOUR and self._own):
            return False
        allowance = timer.allowance - timer.extended
        if timer.policy == AGREED:
            return not self._own or allowance in self._agreed(timer, clause)
        pack = self._pack(timer)
        if pack is None:
            return True
        # A clause that was merged into this one had a limit of its own.
        names = {clause.name, timer.clause, *self.table.resolver.names("clause", clause.name)}
        limits = [pack.clauses[name] for name in sorted(names & pack.clauses.keys())]
        stated = [stated for limit in limits for stated in (limit, *map(limit.overridden, limit.when))]
        return any(self._is_limit(timer, allowance, limit) for limit in stated)

    def _is_limit(self, timer: Any, allowance: int, limit: Limit) -> bool:
        if (limit.calendar, limit.amount, limit.unit) != (timer.calendar, timer.amount, timer.unit):
            return False
        expected = budget_of(limit, self.rules.calendar(limit.calendar), timer.opened_at)
        exact = timer.unit in {Unit.HOURS, Unit.BUSINESS_HOURS}
        return allowance == expected if exact else abs(allowance - expected) <= MOVABLE

    def _granted(self, clause: Clause) -> int:
        """Return the hours that were granted on top of the clause's limit in this case."""
        forms = (
            parsed_form(row["form"])
            for row in self.history
            if any(each.extends for each in self.table.rows.get(row["move"], ()))
        )
        return sum(form["hours"] for form in forms if form.get("clause") == clause.name)

    def _agreed(self, timer: Any, clause: Clause) -> set[int]:
        """Return the times from the timer's beginning to the deadlines on which the forms of the case agree."""
        forms = (parsed_form(row["form"]) for row in self.history if row["occurred_at"] == timer.opened_at)
        dues = (form[clause.due_field] for form in forms if clause.due_field in form)
        return {max(to_micros(datetime.fromisoformat(due)) - timer.opened_at, 1) for due in dues}

    def _fires_rightly(self, timer: Any, clause: Clause) -> bool:
        """Return whether a running timer fires when its next step is due, or as soon as a later move let it."""
        if timer.running_since is None:
            return timer.fires_at is None
        if timer.calendar not in self.rules.names(Sort.CALENDAR):
            return True  # ``_has_terms`` finds that no limit has this calendar
        pack = self._pack(timer) if timer.policy != AGREED else self._pack_at(self.case.changed_at)
        if pack is None:
            return True
        left = percents(clause, pack)[timer.steps_fired :]
        if not left or timer.fires_at is None:
            return not left and timer.fires_at is None
        remains = max(timer.allowance * left[0] // 100 - timer.consumed, 0)
        due = falls_due(timer.unit, self.rules.calendar(timer.calendar), timer.running_since, remains)
        if timer.unit == Unit.BUSINESS_HOURS:
            return abs(timer.fires_at - due) <= MOVABLE
        return timer.fires_at == due or (
            timer.fires_at > due and any(row["occurred_at"] == timer.fires_at for row in self.history)
        )

    def _began_rightly(self, timer: Any) -> bool:
        """Return whether a move of the timer's cycle started it, and it counts since a move."""
        if not any((row["occurred_at"], row["cycle"]) == (timer.opened_at, timer.cycle) for row in self.history):
            return False
        if timer.running_since is None:
            return True
        return any(row["occurred_at"] == timer.running_since for row in self.history)

    def _ended_rightly(self, timer: Any, clause: Clause) -> bool:
        """Return whether a timer was met, or broken, by a move that meets its clause, and stopped by another one."""
        moves = [row["move"] for row in self.history if row["seq"] == timer.closed_by]
        decided = timer.outcome in {"met", "breached"}
        if not any(move in clause.met_by for move in moves):
            return not decided
        return decided or clause.answers or bool(clause.occurrence_field or clause.as_of_field)

    def _has_used(self, timer: Any, clause: Clause) -> bool:
        """Return whether the timer used the time in which it ran, of working time no more than that."""
        end = timer.closed_at if timer.closed_at is not None else timer.running_since
        until = end if end is not None else self.history[-1]["occurred_at"]
        ran = stretches([(row["dest"], row["occurred_at"]) for row in self.history], clause, timer.opened_at, until)
        used = sum(end - begin for begin, end in ran)
        return timer.consumed <= used + 1 if timer.unit == Unit.BUSINESS_HOURS else timer.consumed == used

    @cached_property
    def _moves(self) -> list[PastMove]:
        rows: list[dict[str, Any]] = [{**row, "form": parsed_form(row["form"])} for row in self.history]
        return [PastMove(**{name: row[name] for name in PastMove._fields}) for row in rows]

    def _missing(self) -> Iterator[str]:
        """Yield the clauses of which a timer should be open in the case's state, and none is."""
        case, table = self.case, self.table
        open_clauses = {timer.clause for timer in self.timers if timer.closed_at is None}
        first, last = self._pack_at(case.opened_at), self._pack_at(case.changed_at)
        if first is None or last is None:
            return
        for clause in table.clauses:
            if clause.name in open_clauses or clause.waits_for or case.state not in clause.lives_in:
                continue
            if any(pack.limit(name_in_pack(pack, table, clause), case.traits) is None for pack in (first, last)):
                continue
            if would_run(table, last, clause, self._moves):
                yield clause.name


def _known(read: Callable[[], Pack]) -> Pack | None:
    """Return a pack; None where it is not there or cannot be read, which the journal tells."""
    try:
        return read()
    except Refused:
        return None


def moves_promises(row: Move) -> bool:
    """Return whether a row of the table brings promises from elsewhere, or opens some again."""
    taken = row.inherits_timers or row.releases_timers
    return taken or row.restores_timers or row.reopens_promises or row.meets_promises
