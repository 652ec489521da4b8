"""Routes of administrators over webhooks: subscribe, list, rotate, test, replay, remove."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from engine.access.principal import Principal
from engine.settings import Settings
from engine.store import Store
from engine.webhooks.messages import trial_message
from engine.webhooks.replay import Period, replay_dead, replay_period
from engine.webhooks.subscription_views import webhook_views
from engine.webhooks.subscriptions import NewWebhook, add_webhook, remove_webhook, rotate_secret
from flows.work import webhook_sender
from gateways.webhook_sender import WebhookFailed

Responses = Mapping[int | str, dict[str, Any]]
LARGEST_ID = 2**31 - 1
URL = "https://hooks.example.com/closeloop"
NO_RESPONSES: Responses = {}
Id = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The number of the subscription.")]


class Caller(Protocol):
    """Who sent a request, and with what it is answered."""

    @property
    def principal(self) -> Principal: ...
    @property
    def store(self) -> Store: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def at(self) -> datetime: ...


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

    hours: float = Field(default=24, ge=0, le=720, allow_inf_nan=False)


class Replay(Body):
    """What is sent again: the events recorded from ``since`` on and before ``until``; without it what was given up."""

    since: AwareDatetime | None = None
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


def webhook_router(
    caller_of: Callable[..., Any],
    key_of: Callable[..., Any],
    read: Responses = NO_RESPONSES,
    write: Responses = NO_RESPONSES,
) -> APIRouter:
    """Return the routes.

    ``caller_of`` and ``key_of`` are the dependencies that authenticate a request and read its idempotency key; ``read``
    and ``write`` document the problems of reading and writing routes.
    """
    router = APIRouter(prefix="/webhooks", tags=["webhooks"])
    reading, writing = dict(read), dict(write)

    @router.get("", responses=reading)
    def list_webhooks(caller: Caller = Depends(caller_of)) -> Subscriptions:
        """Return the subscriptions; an administrator's."""
        views = webhook_views(caller.store, caller.principal, caller.at)
        return Subscriptions(webhooks=[SubscriptionView.model_validate(view.document()) for view in views])

    @router.post("", status_code=201, responses=writing)
    def subscribe(
        body: Subscribe, caller: Caller = Depends(caller_of), key: str | None = Depends(key_of)
    ) -> SubscriptionSecret:
        """Subscribe another system to events. Its signing secret is in this answer and in no later one."""
        new = NewWebhook(body.url, tuple(body.events), tuple(body.kinds), tuple(body.departments), body.personal)
        allowed = caller.settings.webhook_http
        hook, secret = add_webhook(caller.store, new, caller.principal, caller.at, key, http_allowed=allowed)
        return SubscriptionSecret(id=hook.id, url=hook.url, secret=secret, former_until=hook.former_until)

    @router.delete("/{webhook_id}", responses=writing)
    def unsubscribe(webhook_id: Id, caller: Caller = Depends(caller_of), _key: str | None = Depends(key_of)) -> Removed:
        """End a subscription; what was not sent yet is not sent any more."""
        return Removed(id=webhook_id, unsent=remove_webhook(caller.store, webhook_id, caller.principal, caller.at))

    @router.post("/{webhook_id}/rotate", responses=writing)
    def rotate_webhook(
        webhook_id: Id, body: Rotate, caller: Caller = Depends(caller_of), key: str | None = Depends(key_of)
    ) -> SubscriptionSecret:
        """Give a subscription a new signing secret; the former one signs, too, for some hours."""
        overlap = timedelta(hours=body.hours)
        hook, secret = rotate_secret(caller.store, webhook_id, caller.principal, caller.at, overlap, key)
        return SubscriptionSecret(id=hook.id, url=hook.url, secret=secret, former_until=hook.former_until)

    @router.post("/{webhook_id}/test", responses=writing)
    def send_test_message(
        webhook_id: Id, caller: Caller = Depends(caller_of), _key: str | None = Depends(key_of)
    ) -> Tested:
        """Send a signed test message now, and return how it ended. From a simulated store nothing is sent."""
        message, _ = trial_message(caller.store, str(webhook_id), caller.principal, caller.at)
        if caller.store.simulated:
            return Tested(id=webhook_id, accepted=False, failure="simulated")
        try:
            webhook_sender(caller.settings).send(message.url, message.headers, message.body)
        except WebhookFailed as failed:
            return Tested(id=webhook_id, accepted=False, failure=failed.code)
        return Tested(id=webhook_id, accepted=True, failure=None)

    @router.post("/{webhook_id}/replay", responses=writing)
    def replay_webhook(
        webhook_id: Id, body: Replay, caller: Caller = Depends(caller_of), _key: str | None = Depends(key_of)
    ) -> Queued:
        """Send again what was given up, or the events of a period, under the ids they had."""
        if body.since is None:
            queued = replay_dead(caller.store, webhook_id, caller.principal, caller.at)
        else:
            period = Period(body.since, body.until or caller.at)
            queued = replay_period(caller.store, webhook_id, period, caller.principal, caller.at)
        return Queued(id=webhook_id, queued=queued)

    return router
