"""``look`` returns when each kind of work is due next."""

from datetime import datetime

from engine.backoff import FIRST_WAIT
from engine.callbacks.attempts import plan
from engine.commands.arrivals import Source, record
from engine.outbox.deliveries import lease, settle
from engine.store import Store
from engine.timers.next_due import NextDue, look
from models.columns import to_micros
from tests.case_actions import (
    DAY,
    HOUR,
    MICROSECOND,
    START,
    contact,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
)


def test_nothing_is_due_in_an_empty_store(store: Store):
    assert look(store) == NextDue(None, None, None, None, None, None, None, None)
    assert look(store).next() is None


def due(store: Store, kind: str, after: datetime | None = None) -> int | None:
    return getattr(look(store, after), kind)


def test_the_next_step_is_due_at_its_instant(store: Store):
    new_case(store)
    assert due(store, "timer") == to_micros(START + 3 * HOUR / 2)
    assert due(store, "timer", START + 3 * HOUR / 2) == to_micros(START + 3 * HOUR / 2 + MICROSECOND)
    assert due(store, "timer", START + 3 * HOUR / 2 + MICROSECOND) == to_micros(START + 18 * HOUR)
    assert look(store).next() == START + 3 * HOUR / 2


def test_a_paused_timer_is_not_due(store: Store):
    make_move(store, new_case(store), "ask_customer")
    assert due(store, "timer") == to_micros(START + 7 * DAY * 3 / 4), "three quarters of the customer's own limit"


def test_an_outbox_event_is_due_until_its_deliveries_exist(store: Store):
    new_case(store)
    assert due(store, "outbox_event") == 1
    lease(store, "me", lambda event: [], START)
    assert due(store, "outbox_event") is None


def test_a_failed_delivery_is_due_after_its_wait(store: Store):
    make_move(store, new_case(store), "classify")
    [delivery] = lease(store, "me", lambda event: ["greet"], START)
    settle(store, [(delivery, "SmtpError")], START)
    assert due(store, "delivery") == to_micros(START + FIRST_WAIT)


def test_an_arrival_is_due_until_it_is_processed(store: Store):
    record(store, Source("f", "complaint", "logistics"), [contact(HOUR, row_id="1"), contact(DAY, row_id="2")])
    assert due(store, "arrival") == to_micros(START + HOUR)
    execute_sql(store, "UPDATE arrival SET processed_at = 5 WHERE row_id = '1'")
    assert due(store, "arrival") == to_micros(START + DAY)


def test_a_callback_is_due_until_it_is_handed_over(store: Store):
    new_resolved_case(store)
    plan(store, START)
    assert due(store, "callback") == to_micros(START + DAY)
    execute_sql(store, "UPDATE callback SET outcome = 'handed'")
    assert due(store, "callback") is None


def test_the_earliest_of_all_is_next(store: Store):
    new_case(store)
    record(store, Source("f", "complaint", "logistics"), [contact(HOUR)])
    assert look(store).next() == START + HOUR
