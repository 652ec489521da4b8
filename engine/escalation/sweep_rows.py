"""The rows that a thousand rungs come to, reckoned in memory case by case."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from engine.commands.case_context import BY_TIMER, KEEP_RUNG, Fired
from engine.escalation.sweep_plan import Due, Step, Way, Ways
from engine.ledger.chain import canonical, chain_hash
from engine.ledger.record import INSERT, TELL, plain, record_of
from engine.transaction import Tx
from models.columns import from_micros
from statemachines.form_model import StepFired

Row = dict[str, Any]

CASE = """
UPDATE cases SET version = :version, head = :head, level = :level, changed_at = :changed_at
 WHERE cases.id = :id AND cases.version = CAST(:was AS integer)
"""
CLOCK = "UPDATE timer SET steps_fired = :steps_fired, fires_at = :fires_at, level = :level WHERE timer.id = :id"


class _Falls(NamedTuple):
    """A rung that falls due; of several of one case the least is the next to fire."""

    turn: int
    timer_id: int
    rung: int
    at: int
    step: Step
    way: Way
    due: Due


class Rows:
    """What the rungs of a chunk add and change; ``fired`` tells of them if somebody listens."""

    def __init__(self, ways: Ways, at: int, tell: bool, least: int = 0) -> None:
        """``at`` is now; nothing is recorded before ``least``, whatever the clock says."""
        self._ways = ways
        self._at = at
        self._least = max(at, least)
        self._tell = tell
        self._cases: list[Row] = []
        self._clocks: list[Row] = []
        self._transitions: list[Row] = []
        self._rungs: list[Row] = []
        self.fired: list[Fired] = []

    def __len__(self) -> int:
        return len(self._rungs)

    def add(self, clocks: Sequence[Due]) -> bool:
        """Fire what is due of one case, whose clocks these are; False, and nothing is added, where it is unusual."""
        falling: list[_Falls] = []
        risen: list[Row] = []
        for due in clocks:
            way = self._ways.of(due)
            if way is None or due.steps_fired >= len(way.steps) or due.fires_at is None or due.fires_at > self._at:
                return False
            risen.append(self._climb(due, way, falling))
        self._chain(clocks[0], sorted(falling))
        self._clocks += risen
        return True

    def _climb(self, due: Due, way: Way, falling: list[_Falls]) -> Row:
        """A clock's rungs fire in their order, also where a later one was due sooner; returns the clock after them."""
        at, turn, level = due.fires_at, 0, due.its_level
        rung = due.steps_fired
        while at is not None and at <= self._at:
            step, turn = way.steps[rung], max(turn, at)
            falling.append(_Falls(turn, due.timer_id, rung, at, step, way, due))
            rung, level = rung + 1, max(level, step.level)
            at = self._ways.falls(due, way.steps[rung].percent) if rung < len(way.steps) else None
        return {"id": due.timer_id, "steps_fired": rung, "fires_at": at, "level": level}

    def _chain(self, case: Due, falling: list[_Falls]) -> None:
        seq, head, level = case.version, case.head, case.level
        recorded_at = max(self._least, case.changed_at)
        moves: list[Row] = []
        fired: list[Fired] = []
        for one in falling:
            seq, level = seq + 1, max(level, one.step.level)
            row = self._transition(case, one, seq, level, recorded_at)
            row["hash"] = head = chain_hash(head, record_of(case.number, row))
            moves.append(row)
            if self._tell:
                fired.append(Fired(case.number, case.kind, level, one.step.move, _told(one)))
        self._transitions += moves
        self.fired += fired
        self._rungs += [_rung(case, one, case.version + n, recorded_at) for n, one in enumerate(falling, 1)]
        told = {"id": case.case_id, "was": case.version, "version": seq, "head": head, "level": level}
        self._cases.append(told | {"changed_at": recorded_at})

    def _transition(self, case: Due, one: _Falls, seq: int, level: int, recorded_at: int) -> Row:
        form = {
            "clause": one.due.clause,
            "cycle": one.due.its_cycle,
            "percent": one.step.percent,
            "level": one.step.level,
            "due_at": plain(from_micros(one.at)),
        }
        return {
            "case_id": case.case_id,
            "seq": seq,
            "move": one.step.move,
            "source": case.state,
            "dest": case.state,
            "cycle": case.cycle,
            "level": level,
            "actor_id": self._ways.system.id,
            "via": BY_TIMER,
            "occurred_at": one.at,
            "recorded_at": recorded_at,
            "inferred": False,
            "lifecycle": one.way.lifecycle,
            "form": canonical(form),
        }

    def put(self, tx: Tx) -> None:
        """Have all of it written with the next statement that reads, or at the end.

        That raises ``Conflict`` where a case has moved on since it was read, or a rung fired before.
        """
        for sql, rows in ((CASE, self._cases), (CLOCK, self._clocks), (INSERT, self._transitions)):
            for row in rows:
                tx.put(sql, **row)
        for row in self._rungs:
            tx.put(KEEP_RUNG, **row)
            tx.put(TELL, case_id=row["case_id"], seq=row["seq"])
        tx.wakes = tx.wakes or bool(self._rungs)


def _rung(case: Due, one: _Falls, seq: int, recorded_at: int) -> Row:
    return {
        "timer_id": one.timer_id,
        "step": one.rung,
        "case_id": case.case_id,
        "seq": seq,
        "clause": one.due.clause,
        "cycle": one.due.its_cycle,
        "percent": one.step.percent,
        "level": one.step.level,
        "due_at": one.at,
        "recorded_at": recorded_at,
    }


def _told(one: _Falls) -> StepFired:
    return StepFired(
        clause=one.due.clause,
        cycle=one.due.its_cycle,
        percent=one.step.percent,
        level=one.step.level,
        due_at=from_micros(one.at),
    )
