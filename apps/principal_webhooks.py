"""What a principal does with webhooks that leaves the house: send a test message now."""

from dataclasses import dataclass
from datetime import datetime

from engine.access.principal import Principal
from engine.kept_answers import keep_answer, kept_answer, keyed_request
from engine.settings import Settings
from engine.store import Store
from engine.webhooks.messages import trial_message
from flows.work import webhook_sender
from gateways.webhook_sender import WebhookFailed


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether a receiver accepted a test message, and else the code of why it did not."""

    accepted: bool
    failure: str | None


def send_trial(
    store: Store, settings: Settings, principal: Principal, webhook_id: int, at: datetime, key: str | None
) -> Trial:
    """Send a test message to a subscription, and return how it ended. From a simulated store nothing is sent.

    The same request under the same idempotency ``key`` sends nothing more and gets the same answer. Raises
    ``Refused('unknown_webhook' | 'key_reused' | 'bad_webhook_networks')`` and what ``may_manage`` raises.
    """
    message, _ = trial_message(store, str(webhook_id), principal, at)
    request = keyed_request(store, principal, key, f"webhook {webhook_id} test")
    with store.looking() as tx:
        known = kept_answer(tx, request, at)
    if known is None:
        failure = "simulated" if store.simulated else _failure(settings, message.url, message.headers, message.body)
        known = keep_answer(store, request, at, {"accepted": failure is None, "failure": failure})
    return Trial(known["accepted"], known["failure"])


def _failure(settings: Settings, url: str, headers: dict[str, str], body: bytes) -> str | None:
    """Send a message; return the code of why it was not accepted, None if it was."""
    try:
        webhook_sender(settings).send(url, headers, body)
    except WebhookFailed as failed:
        return failed.code
    return None
