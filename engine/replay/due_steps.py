"""Fires what fell due while another system had a case: the same rows as ever, written together, told to nobody."""

from typing import Any

from engine.actors import SYSTEM, acting
from engine.commands.case_context import BY_TIMER, KEEP_RUNG, CaseContext
from engine.escalation.sweep_plan import leaves_alone
from engine.ledger.chain import canonical, chain_hash
from engine.ledger.record import INSERT, CaseRow, TransitionDraft, plain, record_of, transition
from engine.timers import timer as timing
from engine.timers.timer import RunningTimer
from models.columns import EPOCH, from_micros
from statemachines.form_model import Form, StepFired
from statemachines.lifecycle import Clause

USUAL = "usual rungs"
HEAD = """
UPDATE cases SET version = :version, head = :head, level = :level, changed_at = :changed_at
 WHERE cases.id = :id AND cases.version = CAST(:was AS INTEGER)
"""


def fire_until(hand: CaseContext, until: int) -> None:
    """Fire every rung due at or before ``until``, in order, each with its due instant.

    A rung that neither moves its case nor touches another clock is written together with those after it. Any other,
    and what a clock does itself, is a move like every other.
    """
    firing = _Firing(hand)
    while (clock := _next_due(hand, until)) is not None:
        clause = _clause(hand, clock)
        if clause.then is None and _is_usual(hand, clock):
            firing.fire(clock, clause)
        else:
            firing.write()
            assert clock.fires_at is not None
            hand.fire_until(clock.fires_at)
            firing = _Firing(hand)
    firing.write()


def _next_due(hand: CaseContext, until: int) -> RunningTimer | None:
    due = [clock for clock in hand.clocks if clock.fires_at is not None and clock.fires_at <= until]
    return min(due, key=lambda clock: (clock.fires_at, clock.id), default=None) if due else None


def _is_usual(hand: CaseContext, clock: RunningTimer) -> bool:
    """Whether the clock's next rung does nothing but raise the level; the table is asked once in each transaction."""
    known: dict[tuple[str, str, str], bool] = hand.tx.memory.setdefault(USUAL, {})
    step = hand.pack.ladder[clock.steps_fired]
    asked = (hand.head.kind, hand.head.state, _move(hand, step.percent))
    if asked not in known:
        told = StepFired(clause=clock.clause, cycle=1, percent=step.percent, level=step.level, due_at=EPOCH)
        known[asked] = leaves_alone(hand.table, hand.head.state, asked[-1], told, acting(hand.tx, SYSTEM))
    return known[asked]


def _move(hand: CaseContext, percent: int) -> str:
    return hand.table.breach if percent >= 100 else hand.table.remind


def _clause(hand: CaseContext, clock: RunningTimer) -> Clause:
    return next(clause for clause in hand.table.clauses if clause.name == clock.clause)


class _Firing:
    """Rungs of one case that fired and are not written yet."""

    def __init__(self, hand: CaseContext) -> None:
        self._hand = hand
        self._begin()

    def _begin(self) -> None:
        self._was = self._hand.head.version
        self._transitions: list[dict[str, Any]] = []
        self._rungs: list[dict[str, Any]] = []
        self._clocks: dict[int, RunningTimer] = {}

    def fire(self, clock: RunningTimer, clause: Clause) -> None:
        """Fire the clock's next rung."""
        hand, due, rung = self._hand, clock.fires_at, clock.steps_fired
        assert due is not None
        step = hand.pack.ladder[rung]
        clock.steps_fired += 1
        clock.level = max(clock.level, step.level)
        clock.rearm(clause, hand.pack)
        self._clocks[clock.id] = clock
        told = StepFired(
            clause=clock.clause, cycle=clock.cycle, percent=step.percent, level=step.level, due_at=from_micros(due)
        )
        _advance(hand.head, step.level, hand.now)
        self._transitions.append(_transition(hand, _move(hand, step.percent), told, due))
        self._rungs.append(_rung(hand.head, clock, rung, told, due))

    def write(self) -> None:
        """Write what has fired since the last time."""
        if not self._transitions:
            return
        head, tx = self._hand.head, self._hand.tx
        told = {"id": head.id, "level": head.level, "changed_at": head.changed_at}
        tx.put(HEAD, **told, version=head.version, head=head.head, was=self._was)
        for sql, rows in ((INSERT, self._transitions), (KEEP_RUNG, self._rungs)):
            for row in rows:
                tx.put(sql, **row)
        for clock in self._clocks.values():
            timing.save(tx, clock)
        self._begin()


def _advance(head: CaseRow, level: int, now: int) -> None:
    head.level = max(head.level, level)
    head.version += 1
    head.changed_at = max(now, head.changed_at)


def _transition(hand: CaseContext, move: str, told: Form, due: int) -> dict[str, Any]:
    head = hand.head
    form = canonical({name: plain(getattr(told, name)) for name in type(told).model_fields})
    entry = TransitionDraft(move, head.state, told, acting(hand.tx, SYSTEM).id, BY_TIMER, due, hand.now)
    row = transition(head, head.state, entry, hand.table.version, form)
    head.head = chain_hash(head.head, record_of(head.number, row))
    return row | {"hash": head.head}


def _rung(head: CaseRow, clock: RunningTimer, rung: int, told: StepFired, due: int) -> dict[str, Any]:
    return {
        "timer_id": clock.id,
        "step": rung,
        "case_id": head.id,
        "seq": head.version,
        "clause": told.clause,
        "cycle": told.cycle,
        "percent": told.percent,
        "level": told.level,
        "due_at": due,
        "recorded_at": head.changed_at,
    }
