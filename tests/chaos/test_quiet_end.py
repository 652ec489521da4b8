"""The end of a chaos run: once the time stands still nothing more falls due, and work under way is waited for."""

from datetime import timedelta

from engine.outbox.mails import SENT, ComposedMail, MailOutcome, lease_mails, queue_mails, settle_queued
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import START
from tests.chaos.quiet_end import is_quiet
from tests.chaos.shifted_time import TimeOffset


def test_a_stopped_time_jumps_and_does_not_run(store: Store):
    offset = TimeOffset()
    offset.jump(60.0)
    offset.stop(store)
    stopped = offset.now(store)
    assert stopped - store.now() <= timedelta(seconds=60)
    assert offset.now(store) == stopped
    offset.jump(5.0)
    assert offset.now(store) == stopped + timedelta(seconds=5)


def test_a_mail_that_somebody_is_sending_is_waited_for(store: Store):
    queue_mails(store, [ComposedMail("k", "mei", "s", "b")], START)
    [queued] = lease_mails(store, START, 1)
    assert not is_quiet(store, to_micros(START))
    settle_queued(store, [(queued, MailOutcome("k", "mei", SENT))], START)
    assert is_quiet(store, to_micros(START))
