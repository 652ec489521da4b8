"""The quiet end of a chaos run: nobody is disturbed any more, and everything that is due is done."""

import time
from contextlib import closing

from engine.store import Store
from engine.timers.next_due import look
from models.columns import to_micros
from tests.chaos.processes import Stage

RETRY_JUMP = 11 * 60.0
"""Longer than the longest back-off that is not the last."""
PATIENCE_SECONDS = 2.0
"""How long nothing may be done before the time jumps: what waits may be waiting for its hour."""
STUCK_SECONDS = 120.0
"""How long nothing may be done before nothing more is expected; the audit tells what is missing."""
LOOKED_AGAIN_SECONDS = 0.5
DONE = "SELECT (SELECT count(*) FROM delivery WHERE status = 'done') + (SELECT count(*) FROM escalation_step) AS done"


def quiet(stage: Stage) -> int:
    """Wait until nothing is due; the instant (microseconds) at which that was so."""
    moved = jumped = time.monotonic()
    known = -1
    while True:
        with closing(stage.settings.store()) as store:
            now = to_micros(stage.ahead.now(store))
            if _nothing_due(store, now):
                return now
            done = _done(store)
        if done != known:
            known, moved = done, time.monotonic()
        if time.monotonic() - moved > STUCK_SECONDS:
            return now
        time.sleep(LOOKED_AGAIN_SECONDS)
        if time.monotonic() - max(moved, jumped) > PATIENCE_SECONDS:
            stage.ahead.jump(RETRY_JUMP)
            jumped = time.monotonic()


def _done(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(DONE).done


def _nothing_due(store: Store, now: int) -> bool:
    agenda = look(store)
    ahead = [at for at in (agenda.arrival, agenda.timer, agenda.callback) if at is not None]
    return agenda.outbox_event is None and agenda.delivery is None and all(at > now for at in ahead)
