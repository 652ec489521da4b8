"""Recompute the record of one case under other rules: which timers it would have had, which steps would have fired.

Note [What is recomputed]: what people did stands as it is recorded, with its instants. What timers did is left out of
the record and done anew, by the functions that start, pause and end the timers of a living case
(``engine/timers/apply.py``): there is one rule for both. What a timer moves by itself, as the archiving of a case, may
then occur at another instant. Where a person's move finds the case in another state than it is recorded from, the move
is made all the same, and the case counts among those in which people would have behaved differently.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from engine.commands.case_context import BY_TIMER
from engine.ledger.chain import GENESIS
from engine.ledger.record import CaseRow, TransitionDraft
from engine.timers.apply import Before, apply
from engine.timers.reschedule import extend, reproject
from engine.timers.start import Occurrences, SpentParts, TimerStarter
from engine.timers.stretches import History
from engine.timers.timer import RunningTimer
from engine.timers.would_run import REPLAY, PastMove, reached_customer
from reports.whatif.effects import Effect, effect_of
from reports.whatif.other_rules import OtherRules
from reports.whatif.record import under_current_names
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Move
from statemachines.refused import Refused
from statemachines.roles import Role

OTHER_STATE: Final = "other_state"
"""People would have behaved differently: a move finds the case in another state than it was made from."""
NOT_EXTENDED: Final = "not_extended"
"""The same: somebody extended a limit that would not have run."""
OTHER_LIFECYCLE: Final = "other_lifecycle"
"""A move was made under an older edition of the lifecycle; it is reckoned by that of today."""
TERMS_KEPT: Final = 20_000
"""How many terms of limits are kept for cases that are alike."""


class RecomputedStep(NamedTuple):
    """An escalation step that would have fired: its timer, its level and instant, and the department of the case."""

    timer: RunningTimer
    level: int
    due_at: int
    department: str | None


class RecordedForm:
    """What timers need of a recorded form, its values as attributes."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


class RecomputedCase:
    """A case that is recomputed; ``row`` is its row of ``record.CASES``.

    ``timers`` are all that it would have had, closed ones included, ``steps`` those that would have fired, and
    ``departments`` says with which ``seq`` the case came to which department. ``doubts`` are the reasons why people
    would have behaved differently.
    """

    def __init__(self, row: Any, rules: OtherRules) -> None:
        self.table = lifecycle_of(row.kind)
        self.rules = rules
        self.pack = rules.pack_for(row.pack)
        self.case = _unopened(row)
        self.timers: list[RunningTimer] = []
        self.steps: list[RecomputedStep] = []
        self.departments: list[tuple[int, str | None]] = []
        self.doubts: set[str] = set()
        self._open: list[RunningTimer] = []
        self._history: History = []
        self._latest = 0
        self._occurrences: Occurrences = {}
        self._spent_parts: SpentParts = {}

    def recompute(self, moves: Iterable[Any], until: int) -> None:
        """Make the recorded moves again, and fire what is due before the instant ``until``, in microseconds.

        Raises ``Refused`` where a timer cannot be started, as on a calendar that never opens, and ``LeftOut``.
        """
        for recorded in moves:
            if recorded.lifecycle != self.table.version:
                self.doubts.add(OTHER_LIFECYCLE)
            if recorded.via != BY_TIMER:
                move = under_current_names(self.table, recorded)
                self._fire_before(move.occurred_at)
                self._make(move)
        self._fire_before(until)

    def is_broken(self, timer: RunningTimer) -> bool:
        """Return whether a timer ended too late, or the step of its breach has fired."""
        return timer.outcome == "breached" or timer.broken(self.table.clause[timer.clause], self.pack)

    def _fire_before(self, instant: int) -> None:
        """Fire the steps that are due before an instant, in order; what is due at the instant comes after it (以内)."""
        while True:
            first, earliest = None, instant
            for timer in self._open:
                if timer.fires_at is not None and timer.fires_at < earliest:
                    first, earliest = timer, timer.fires_at
            if first is None:
                return
            self._fire(first, earliest)

    def _fire(self, timer: RunningTimer, due_at: int) -> None:
        """Fire the timer's next step: it raises the level and nothing else, unless the clause names a move."""
        clause, place = self.table.clause[timer.clause], timer.steps_fired
        timer.steps_fired += 1
        timer.rearm(clause, self.pack)
        if clause.then is not None:
            self._move_by_timer(clause.then, due_at)
            return
        level = self.pack.ladder[place].level
        timer.level = max(timer.level, level)
        self._note(self.case.state, due_at)
        self.steps.append(RecomputedStep(timer, level, due_at, self.case.department))

    def _move_by_timer(self, name: str, due_at: int) -> None:
        state = self.case.state
        before = Before(state, self.case.department, self.case.owner)
        allowed = (row for row in self.table.rows[name] if state in row.sources and Role.SYSTEM in row.roles)
        row = next(allowed, None)
        if row is not None:
            self._apply(before, self._draft(name, row, row.dest or state, due_at, {}))

    def _make(self, move: Any) -> None:
        """Make a recorded move of a person, of a reaction or of another system."""
        case, reopens = self.case, move.cycle > self.case.cycle
        effect = self._effect(move, reopens)
        if move.source != case.state:
            self.doubts.add(OTHER_STATE)
        form = effect.form(self.table, move)
        before, traits = Before(case.state, case.department, case.owner), case.traits if effect.on_case else None
        self._put_on_case(effect, form, move.seq)
        case.cycle, case.version = move.cycle, move.seq
        draft = self._draft(move.move, effect.row, move.dest, move.occurred_at, form, move)
        starter = self._apply(before, draft)
        if effect.row is not None and effect.row.extends:
            self._extend(starter, form)
        if traits is not None and traits != case.traits:
            reproject(starter, self.table.clause, self._open, self._history)

    def _effect(self, move: Any, reopens: bool) -> Effect:
        step = (self.table.kind, move.move, move.source, move.dest, reopens)
        if step not in self.rules.effects:
            self.rules.effects[step] = effect_of(self.table, *step[1:4], reopens=reopens)
        return self.rules.effects[step]

    def _put_on_case(self, effect: Effect, form: dict[str, Any], seq: int) -> None:
        """Give the case the columns of the form; a new department ends its owner's work (``ledger/hand_over.py``)."""
        case, department = self.case, self.case.department
        for name in effect.on_case:
            if form.get(name) is not None:
                setattr(case, name, form[name])
        if case.department != department:
            self.departments.append((seq, case.department))
            case.owner = case.owner if form.get("owner") is not None else None

    def _draft(
        self, name: str, row: Move | None, dest: str, at: int, form: dict[str, Any], move: Any = None
    ) -> TransitionDraft:
        """Return the draft of a move; ``move`` is its record, which a timer's move does not have."""
        told, given = True, RecordedForm(form)
        if move is not None and row is not None and row.speaks is not None:
            past = PastMove(move.seq, name, move.source, dest, move.cycle, move.via, form)
            told = reached_customer(self.table, past)
        by_clock = move is not None and move.via != REPLAY
        own: Any = given
        return TransitionDraft(
            name, dest, own, 0, "", at, max(at, self._latest), row=row, reaches_customer=told, by_clock=by_clock
        )

    def _apply(self, before: Before, draft: TransitionDraft) -> TimerStarter:
        """Bring the case into its next state, and its timers with it; return what starts timers at that instant."""
        self.case = self.case.in_state(draft.dest)
        self._note(draft.dest, draft.occurred_at)
        rules = self.rules
        rules.memo.forget(TERMS_KEPT)
        starter = TimerStarter(
            rules.calendar, self.pack, self.case, draft.occurred_at, rules.memo, self._occurrences,
            self._spent_parts, self._history, self._latest if draft.behind_the_record else 0,
        )  # fmt: skip
        started = apply(starter, self.table, self.table.clause, self._open, before, draft)
        self._open = [*(timer for timer in self._open if timer.closed_at is None), *started]
        self.timers += started
        return starter

    def _note(self, state: str, at: int) -> None:
        self._history.append((state, at))
        self._latest = max(self._latest, at)

    def _extend(self, starter: TimerStarter, form: dict[str, Any]) -> None:
        try:
            extend(starter, self.table.kind, self.table.clause, self._open, RecordedForm(form))
        except Refused:
            self.doubts.add(NOT_EXTENDED)


def _unopened(row: Any) -> CaseRow:
    """Return a case of which nothing is known yet but how it came in."""
    return CaseRow(
        id=row.id, number=row.number, kind=row.kind, pack=row.pack, state="", previous_state="", closed=False,
        version=0, head=GENESIS, cycle=1, level=0, attempts=0, category=None, severity=None, department=None,
        owner=None, variables="{}", channel=row.channel, customer_type=None, shipment=None, opened_at=row.opened_at,
        changed_at=row.opened_at,
    )  # fmt: skip
