"""The end of a chaos run: no process is killed any more, and everything that is due is done."""

import time
from contextlib import closing

from engine.store import Store
from engine.timers.next_due import look
from models.columns import to_micros
from tests.chaos.processes import ChaosSetup

RETRY_JUMP = 11 * 60.0
"""Longer than the longest back-off but the last."""
PATIENCE_SECONDS = 2.0
"""After so many seconds without progress the time jumps: the rest may not be due yet."""
STUCK_SECONDS = 120.0
"""After so many seconds without progress the wait ends; the audit reports what is missing."""
POLL_SECONDS = 0.5
DONE = "SELECT (SELECT count(*) FROM delivery WHERE status = 'done') + (SELECT count(*) FROM escalation_step) AS done"
QUEUED = "SELECT count(*) AS n FROM mail WHERE next_at IS NOT NULL"


def wait_until_quiet(setup: ChaosSetup) -> int:
    """Wait until nothing is due; return the instant (microseconds) of the last check."""
    progressed_at = jumped_at = time.monotonic()
    before = -1
    while True:
        with closing(setup.settings.store()) as store:
            now = to_micros(setup.offset.now(store))
            if is_quiet(store, now):
                return now
            done = _count_done(store)
        if done != before:
            before, progressed_at = done, time.monotonic()
        if time.monotonic() - progressed_at > STUCK_SECONDS:
            return now
        time.sleep(POLL_SECONDS)
        if time.monotonic() - max(progressed_at, jumped_at) > PATIENCE_SECONDS:
            setup.offset.jump(RETRY_JUMP)
            jumped_at = time.monotonic()


def _count_done(store: Store) -> int:
    with store.looking() as tx:
        return tx.row(DONE).done


def is_quiet(store: Store, now: int) -> bool:
    """Return whether nothing is due and nothing is under way: what a driver holds is due again when its lease ends."""
    next_due = look(store)
    instants = next_due.arrival, next_due.timer, next_due.callback, next_due.mail
    if next_due.outbox_event is not None or next_due.delivery is not None:
        return False
    with store.looking() as tx:
        queued = tx.row(QUEUED).n
    return not queued and all(at is None or at > now for at in instants)
