"""What a subscription missed is sent again, under the ids that it had."""

from datetime import timedelta

import pytest

from engine.audit.verify import verify
from engine.outbox.deliveries import lease_webhook, settle
from engine.store import Store
from engine.webhooks import replay
from engine.webhooks.replay import Period, replay_dead, replay_period
from engine.webhooks.subscriptions import Subscription, remove_webhook
from statemachines.roles import Role
from tests.case_actions import HOUR, START, execute_sql, make_move, new_case, query_rows, refusal
from tests.engine.webhooks.subscribers import administrator, fan_out, principal, subscribe

ALWAYS = Period(START - HOUR, START + HOUR)


def sent(store: Store, hook: Subscription) -> list[str]:
    """Send all that may be sent, and return the keys in order."""
    keys: list[str] = []
    while batch := lease_webhook(store, "a-process", hook.reaction, START, 40):
        settle(store, [(leased, None) for leased in batch], START)
        keys += [leased.key for leased in batch]
    return keys


def two_moves(store: Store) -> str:
    number = new_case(store)
    make_move(store, number, "classify")
    return number


def test_the_events_of_a_period_are_sent_again_in_order_and_under_the_same_ids(store: Store):
    hook, _ = subscribe(store)
    number = two_moves(store)
    fan_out(store)
    before = sent(store, hook)
    assert before == [f"{number}:1:webhook:1", f"{number}:2:webhook:1"]
    assert replay_period(store, hook.id, ALWAYS, administrator(store), START) == 2
    assert sent(store, hook) == before


def test_what_happened_before_the_subscription_can_be_sent_and_only_what_it_is_for(store: Store):
    number = two_moves(store)
    fan_out(store)
    hook, _ = subscribe(store, events=("case.opened",))
    assert replay_period(store, hook.id, ALWAYS, administrator(store), START) == 1
    assert sent(store, hook) == [f"{number}:1:webhook:1"]


def test_the_end_of_a_period_is_not_in_it(store: Store):
    hook, _ = subscribe(store)
    new_case(store)
    until_then, from_then = Period(START - HOUR, START), Period(START, START + timedelta(microseconds=1))
    assert replay_period(store, hook.id, until_then, administrator(store), START) == 0
    assert replay_period(store, hook.id, from_then, administrator(store), START) == 1
    empty = Period(START, START)
    assert refusal(lambda: replay_period(store, hook.id, empty, administrator(store), START)).code == "empty_period"


def test_a_long_period_is_queued_batch_by_batch_and_nothing_twice(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replay, "AT_ONCE", 3)
    hook, _ = subscribe(store)
    numbers = [new_case(store, row_id=str(row)) for row in range(7)]
    assert replay_period(store, hook.id, ALWAYS, administrator(store), START) == 7
    assert replay_period(store, hook.id, ALWAYS, administrator(store), START) == 0, "what waits goes out anyway"
    assert sorted(sent(store, hook)) == [f"{number}:1:webhook:1" for number in numbers]


def test_dead_deliveries_get_their_tries_back(store: Store):
    hook, _ = subscribe(store)
    number = two_moves(store)
    fan_out(store)
    execute_sql(store, "UPDATE delivery SET status = 'dead', tries = 5, error = 'Webhook.timeout' WHERE seq = 1")
    assert sent(store, hook) == [f"{number}:2:webhook:1"], "a dead one holds up no later one"
    assert replay_dead(store, hook.id, administrator(store), START) == 1
    assert sent(store, hook) == [f"{number}:1:webhook:1"]
    assert {row["status"] for row in query_rows(store, "SELECT status FROM delivery")} == {"done"}
    entries = query_rows(store, "SELECT made_by, key FROM journal WHERE subject = 'dead_letter'")
    assert entries == [{"made_by": "root", "key": f'[1,1,"{hook.reaction}"]'}]
    assert verify(store).faults == ()


def test_a_replay_is_the_administrator_s_and_needs_a_subscription(store: Store):
    agent = principal(store, "guest", Role.AGENT)
    hook, _ = subscribe(store)
    assert refusal(lambda: replay_dead(store, hook.id, agent, START)).code == "not_in_charge"
    assert refusal(lambda: replay_period(store, hook.id, ALWAYS, agent, START)).code == "not_in_charge"
    remove_webhook(store, hook.id, administrator(store), START)
    root = administrator(store)
    assert refusal(lambda: replay_dead(store, hook.id, root, START)).code == "unknown_webhook"
    assert refusal(lambda: replay_period(store, hook.id, ALWAYS, root, START)).code == "unknown_webhook"
