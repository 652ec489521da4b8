"""Who may subscribe other systems, what a subscription is sent, and what becomes of its secret."""

import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from engine.access.principal import Scope
from engine.audit.verify import verify
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from engine.webhooks.messages import trial_message
from engine.webhooks.subscription_views import webhook_views
from engine.webhooks.subscriptions import (
    MOST,
    NewWebhook,
    add_webhook,
    remove_webhook,
    rotate_secret,
)
from models.columns import MICROSECOND
from statemachines.roles import Role
from tests.case_actions import (
    DAY,
    HOUR,
    START,
    contact,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    refusal,
)
from tests.engine.webhooks.subscribers import URL, administrator, fan_out, principal, queued, subscribe


@pytest.mark.requirement("H1")
def test_only_an_administrator_manages_webhooks(store: Store):
    agent = principal(store, "guest", Role.AGENT)
    hook, _ = subscribe(store)
    assert refusal(lambda: add_webhook(store, NewWebhook(URL), agent, START)).code == "not_in_charge"
    assert refusal(lambda: rotate_secret(store, hook.id, agent, START)).code == "not_in_charge"
    assert refusal(lambda: remove_webhook(store, hook.id, agent, START)).code == "not_in_charge"
    assert refusal(lambda: webhook_views(store, agent, START)).code == "not_in_charge"
    assert refusal(lambda: trial_message(store, URL, agent, START)).code == "not_in_charge"
    assert len(webhook_views(store, administrator(store), START)) == 1


@pytest.mark.requirement("H1")
def test_a_token_of_an_administrator_needs_the_scope_and_for_personal_fields_all_of_his_authority(store: Store):
    reading = administrator(store, Scope.READ_CASES)
    assert refusal(lambda: add_webhook(store, NewWebhook(URL), reading, START)).params == {"scope": "webhooks:write"}
    narrow = administrator(store, Scope.WEBHOOKS)
    add_webhook(store, NewWebhook(URL), narrow, START)
    personal = NewWebhook(URL, personal=True)
    assert refusal(lambda: add_webhook(store, personal, narrow, START)).code == "scope_missing"
    whole = administrator(store, Scope.WEBHOOKS, Scope.ADMINISTER, Scope.READ_CONTACTS)
    assert add_webhook(store, personal, whole, START)[0].personal


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewWebhook("http://hooks.example.com/"), "bad_webhook_url"),
        (NewWebhook("https://user:secret@hooks.example.com/"), "bad_webhook_url"),
        (NewWebhook(URL, events=("case.exploded",)), "unknown_event"),
        (NewWebhook(URL, events=("webhook.test",)), "unknown_event"),
        (NewWebhook(URL, kinds=("riddle",)), "unknown_kind"),
        (NewWebhook(URL, departments=("moon",)), "unknown_department"),
    ],
)
def test_what_cannot_be_subscribed_is_refused_and_adds_nothing(store: Store, new: NewWebhook, code: str):
    assert refusal(lambda: add_webhook(store, new, administrator(store), START)).code == code
    assert query_rows(store, "SELECT id FROM webhook") == []


def test_there_are_only_so_many_webhooks(store: Store):
    hooks = [subscribe(store)[0] for _ in range(MOST)]
    assert refusal(lambda: subscribe(store)).code == "webhooks_full"
    remove_webhook(store, hooks[0].id, administrator(store), START)
    assert subscribe(store)[0].id == MOST + 1, "the id of a removed one is not given again"


def test_secrets_differ_and_the_database_holds_none(store: Store):
    (_, first), (_, second) = subscribe(store), subscribe(store)
    rows = json.dumps(query_rows(store, "SELECT * FROM webhook"), default=str)
    assert first != second
    assert first.startswith("whsec_")
    assert first.removeprefix("whsec_") not in rows
    views = [view.document() for view in webhook_views(store, administrator(store), START)]
    assert "secret" not in json.dumps(views)
    assert "nonce" not in json.dumps(views)


def signatures(store: Store, webhook_id: int, after: timedelta) -> tuple[dict[str, str], bytes]:
    message, _ = trial_message(store, str(webhook_id), administrator(store), START + after)
    return message.headers, message.body


def verifies(secret: str, signed: tuple[dict[str, str], bytes]) -> bool:
    headers, body = signed
    verifier: Any = Verifier(secret)
    expected = verifier.sign(headers["webhook-id"], at_of(headers), body.decode())
    return expected in headers["webhook-signature"].split()


def at_of(headers: dict[str, str]) -> Any:
    return START.fromtimestamp(int(headers["webhook-timestamp"]), START.tzinfo)


def test_after_a_rotation_both_secrets_verify_until_the_former_one_has_ended(store: Store):
    hook, former = subscribe(store)
    assert verifies(former, signatures(store, hook.id, timedelta()))
    _, newest = rotate_secret(store, hook.id, administrator(store), START, 2 * HOUR)
    during, after = signatures(store, hook.id, HOUR), signatures(store, hook.id, 2 * HOUR)
    assert (verifies(former, during), verifies(newest, during)) == (True, True)
    assert (verifies(former, after), verifies(newest, after)) == (False, True)
    assert len(during[0]["webhook-signature"].split()) == 2


def test_a_leaked_secret_can_be_ended_at_once(store: Store):
    hook, leaked = subscribe(store)
    rotate_secret(store, hook.id, administrator(store), START, timedelta())
    assert not verifies(leaked, signatures(store, hook.id, timedelta()))


def test_a_former_secret_cannot_sign_for_ever(store: Store):
    hook, _ = subscribe(store)
    longest = timedelta(days=31)
    assert refusal(lambda: rotate_secret(store, hook.id, administrator(store), START, longest)).code == "bad_overlap"


def test_each_change_is_journalled_and_a_forged_one_shows(store: Store):
    hook, _ = subscribe(store)
    rotate_secret(store, hook.id, administrator(store), START)
    entries = query_rows(store, "SELECT made_by, key FROM journal WHERE subject = 'webhook' ORDER BY seq")
    assert [(entry["made_by"], entry["key"]) for entry in entries] == [("root", "[1]"), ("root", "[1]")]
    assert verify(store).ok
    execute_sql(store, "UPDATE webhook SET url = 'https://evil.example/'")
    assert not verify(store).ok


def test_a_subscription_without_filters_is_sent_each_transition(store: Store):
    subscribe(store)
    number = new_resolved_case(store)
    fan_out(store)
    assert queued(store) == [(number, seq) for seq in (1, 2, 3, 4)]


def test_without_a_subscription_nothing_is_queued(store: Store):
    new_resolved_case(store)
    fan_out(store)
    assert queued(store) == []


def opened(store: Store, kind: str, row_id: str) -> str:
    return open_case(store, Opening(contact(row_id=row_id), kind), START).number


def test_filters_by_event_and_department(store: Store):
    subscribe(store, events=("case.moved",), departments=("claims",))
    claims, delivery = new_case(store, row_id="1"), new_case(store, row_id="2")
    make_move(store, claims, "classify", department="claims")
    make_move(store, delivery, "classify", department="delivery")
    fan_out(store)
    assert queued(store) == [(claims, 2)]


def test_a_filter_by_kind(store: Store):
    subscribe(store, kinds=("inquiry",))
    opened(store, "complaint", "1")
    inquiry = opened(store, "inquiry", "2")
    fan_out(store)
    assert queued(store) == [(inquiry, 1)]


@pytest.mark.requirement("H1")
def test_violations_and_appeals_are_sent_only_where_the_subscription_names_the_kind(store: Store):
    hook, _ = subscribe(store)
    violation = opened(store, "violation", "1")
    fan_out(store)
    assert queued(store) == []
    remove_webhook(store, hook.id, administrator(store), START)
    subscribe(store, kinds=("violation",))
    execute_sql(store, "INSERT INTO outbox_event (case_id, seq) SELECT case_id, seq FROM transition")
    fan_out(store)
    assert queued(store) == [(violation, 1)]


def test_history_that_an_import_brings_is_not_sent_and_what_it_brings_within_the_hour_is(store: Store):
    subscribe(store)
    for row_id, ago in (("1", DAY), ("2", HOUR + MICROSECOND), ("3", HOUR)):
        opening = Opening(contact(-ago, row_id=row_id), actor="import", via="import", source="desk")
        newest = open_case(store, opening, START).number
    fan_out(store)
    assert queued(store) == [(newest, 1)]


def test_what_was_not_sent_to_a_removed_webhook_is_dropped(store: Store):
    hook, _ = subscribe(store)
    kept, _ = subscribe(store)
    new_case(store)
    fan_out(store)
    assert remove_webhook(store, hook.id, administrator(store), START) == 1
    rows = query_rows(store, "SELECT reaction, status FROM delivery ORDER BY reaction")
    assert [(row["reaction"], row["status"]) for row in rows] == [("webhook:1", "done"), (kept.reaction, "waiting")]
    assert refusal(lambda: remove_webhook(store, hook.id, administrator(store), START)).code == "unknown_webhook"
    assert verify(store).ok
