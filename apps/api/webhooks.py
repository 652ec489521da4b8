"""Routes of administrators over webhooks: subscribe, list, rotate, test, replay, remove."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from apps.api.caller import Called, IdempotencyKey
from apps.api.responses import READ, WRITE
from apps.principal_webhooks import send_trial
from engine.access.principal import Scope
from engine.webhooks.address_rules import AddressRules
from engine.webhooks.replay import Period, replay_dead, replay_period
from engine.webhooks.subscription_views import webhook_views
from engine.webhooks.subscriptions import NewWebhook, add_webhook, remove_webhook, rotate_secret

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

LARGEST_ID = 2**31 - 1
URL = "https://hooks.example.com/closeloop"
Id = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The number of the subscription.")]


class Body(BaseModel):
    """The body of a request: a field that is unknown is refused."""

    model_config = ConfigDict(extra="forbid")


class Subscribe(Body):
    """A subscription; empty lists mean all that may be sent."""

    url: str = Field(max_length=500, examples=[URL])
    events: list[str] = Field(default=[], max_length=20, examples=[["case.resolved", "case.breached"]])
    kinds: list[str] = Field(default=[], max_length=40, examples=[["complaint"]])
    departments: list[str] = Field(default=[], max_length=100, examples=[["claims"]])
    personal: bool = Field(default=False, description="Also send the customer's particulars and the move's texts.")


class Rotate(Body):
    """How long the former secret signs, too."""

    hours: int = Field(default=24, ge=0, le=720, examples=[24])


class Replay(Body):
    """What is sent again: the events recorded from ``since`` on and before ``until``; without it what was given up."""

    since: AwareDatetime | None = Field(default=None, examples=["2026-03-02T00:00:00+08:00"])
    until: AwareDatetime | None = None


class SubscriptionSecret(BaseModel):
    """A subscription and its signing secret, which is not shown again."""

    id: int
    url: str
    secret: str
    former_until: datetime | None


class SubscriptionView(BaseModel):
    """A subscription, and how many events wait or were given up."""

    id: int
    url: str
    events: list[str]
    kinds: list[str]
    departments: list[str]
    personal: bool
    added_at: datetime
    added_by: str
    former_until: datetime | None
    waiting: int
    dead: int


class Subscriptions(BaseModel):
    """The subscriptions, oldest first."""

    webhooks: list[SubscriptionView]


class Removed(BaseModel):
    """How many events are not sent any more."""

    id: int
    unsent: int


class Tested(BaseModel):
    """Whether the receiver accepted a test message; ``failure`` is the code of why it did not."""

    id: int
    accepted: bool
    failure: str | None


class Queued(BaseModel):
    """How many events are sent again."""

    id: int
    queued: int


@router.get("", responses=READ)
def list_webhooks(caller: Called) -> Subscriptions:
    """Return the subscriptions; an administrator's."""
    caller.needs(Scope.WEBHOOKS)
    views = webhook_views(caller.store, caller.principal, caller.at)
    return Subscriptions(webhooks=[SubscriptionView.model_validate(view.document()) for view in views])


@router.post("", status_code=201, responses=WRITE)
def subscribe(body: Subscribe, caller: Called, key: IdempotencyKey) -> SubscriptionSecret:
    """Subscribe another system to events. Its signing secret is in this answer and in no later one."""
    caller.needs(Scope.WEBHOOKS)
    new = NewWebhook(body.url, tuple(body.events), tuple(body.kinds), tuple(body.departments), body.personal)
    rules = AddressRules.of(caller.settings)
    hook, secret = add_webhook(caller.store, new, caller.principal, caller.at, key, rules)
    return SubscriptionSecret(id=hook.id, url=hook.url, secret=secret, former_until=hook.former_until)


@router.delete("/{webhook_id}", responses=WRITE)
def unsubscribe(webhook_id: Id, caller: Called, key: IdempotencyKey) -> Removed:
    """End a subscription; what was not sent yet is not sent any more."""
    caller.needs(Scope.WEBHOOKS)
    return Removed(id=webhook_id, unsent=remove_webhook(caller.store, webhook_id, caller.principal, caller.at, key))


@router.post("/{webhook_id}/rotate", responses=WRITE)
def rotate_webhook(webhook_id: Id, body: Rotate, caller: Called, key: IdempotencyKey) -> SubscriptionSecret:
    """Give a subscription a new signing secret; the former one signs, too, for some hours."""
    caller.needs(Scope.WEBHOOKS)
    overlap = timedelta(hours=body.hours)
    hook, secret = rotate_secret(caller.store, webhook_id, caller.principal, caller.at, overlap, key)
    return SubscriptionSecret(id=hook.id, url=hook.url, secret=secret, former_until=hook.former_until)


@router.post("/{webhook_id}/test", responses=WRITE)
def send_test_message(webhook_id: Id, caller: Called, key: IdempotencyKey) -> Tested:
    """Send a signed test message now, and return how it ended. From a simulated store nothing is sent."""
    caller.needs(Scope.WEBHOOKS)
    trial = send_trial(caller.store, caller.settings, caller.principal, webhook_id, caller.at, key)
    return Tested(id=webhook_id, accepted=trial.accepted, failure=trial.failure)


@router.post("/{webhook_id}/replay", responses=WRITE)
def replay_webhook(webhook_id: Id, body: Replay, caller: Called, key: IdempotencyKey) -> Queued:
    """Send again what was given up, or the events of a period, under the ids they had."""
    caller.needs(Scope.WEBHOOKS)
    if body.since is None:
        queued = replay_dead(caller.store, webhook_id, caller.principal, caller.at, key)
    else:
        period = Period(body.since, body.until)
        queued = replay_period(caller.store, webhook_id, period, caller.principal, caller.at, key)
    return Queued(id=webhook_id, queued=queued)
