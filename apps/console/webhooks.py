"""The page of webhooks: which other systems are told of what; subscribed, tested, rotated, replayed and ended."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.admin_forms import WebhookForm
from apps.console.house_choices import house_choices, named_codes
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_reports import OPERATES, refuse_others
from apps.principal_webhooks import send_trial
from apps.web.form_entries import filled
from apps.web.form_fields import Choices, FormReader, form_fields
from engine.webhooks.address_rules import AddressRules
from engine.webhooks.event_names import SUBSCRIBABLE
from engine.webhooks.replay import replay_dead
from engine.webhooks.subscription_views import webhook_views
from engine.webhooks.subscriptions import NewWebhook, add_webhook, remove_webhook, rotate_secret
from locales.translation import label, refusal
from locales.zone import reader_zone
from statemachines.kinds import lifecycles
from statemachines.refused import Refused

router = APIRouter(prefix="/webhooks")

OVERLAP = timedelta(hours=24)
"""For how long the former secret signs, too, after a rotation."""
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("")
def list_webhooks(visit: Visiting) -> HTMLResponse:
    """List the subscriptions, and offer the form of a new one."""
    refuse_others(visit.principal, OPERATES)
    return _page(visit)


@router.post("")
def subscribe(visit: Visiting, entries: Sent) -> HTMLResponse:
    """Subscribe another system, and show its signing secret this once."""
    refuse_others(visit.principal, OPERATES)
    given = entries.given()
    try:
        form = filled(WebhookForm, given, reader_zone())
        events, kinds, departments = (
            tuple((text or "").split()) for text in (form.events, form.kinds, form.departments)
        )
        new, at = NewWebhook(form.url, events, kinds, departments, form.personal), visit.working_time()
        rules, key = AddressRules.of(visit.settings), entries.text("_key") or None
        _, secret = add_webhook(visit.store, new, visit.principal, at, key, rules)
    except Refused as refused:
        return _page(visit, given, refused)
    return _page(visit, secret=secret)


@router.post("/{webhook_id}/rotate")
def rotate(webhook_id: Id, visit: Visiting, entries: Sent) -> HTMLResponse:
    """Give a subscription a new secret, and show it this once; the former one signs, too, for a day."""
    refuse_others(visit.principal, OPERATES)
    key = entries.text("_key") or None
    _, secret = rotate_secret(visit.store, webhook_id, visit.principal, visit.working_time(), OVERLAP, key)
    return _page(visit, secret=secret)


@router.post("/{webhook_id}/test")
def send_test(webhook_id: Id, visit: Visiting, entries: Sent) -> Response:
    """Send a signed test message now, and say how it ended. From a simulated store nothing is sent."""
    refuse_others(visit.principal, OPERATES)
    key = entries.text("_key") or None
    trial = send_trial(visit.store, visit.settings, visit.principal, webhook_id, visit.at, key)
    if trial.failure == "simulated":
        return visit.go_to("/webhooks?done=webhook_simulated")
    if trial.failure is not None:
        return _page(visit, failed=trial.failure)
    return visit.go_to("/webhooks?done=webhook_tested")


@router.post("/{webhook_id}/replay")
def replay(webhook_id: Id, visit: Visiting, entries: Sent) -> Response:
    """Send again what was given up."""
    refuse_others(visit.principal, OPERATES)
    replay_dead(visit.store, webhook_id, visit.principal, visit.working_time(), entries.text("_key") or None)
    return visit.go_to("/webhooks?done=webhook_replayed")


@router.post("/{webhook_id}/end")
def unsubscribe(webhook_id: Id, visit: Visiting, entries: Sent) -> Response:
    """End a subscription; what was not sent yet is not sent any more."""
    refuse_others(visit.principal, OPERATES)
    remove_webhook(visit.store, webhook_id, visit.principal, visit.working_time(), entries.text("_key") or None)
    return visit.go_to("/webhooks?done=webhook_ended")


def _wanted(form: WebhookForm) -> NewWebhook:
    events, kinds, departments = (tuple((text or "").split()) for text in (form.events, form.kinds, form.departments))
    return NewWebhook(form.url, events, kinds, departments, form.personal)


def _page(
    visit: Visit, entries: dict[str, str] | None = None, refused: Refused | None = None, secret: str = "",
    failed: str = "",
) -> HTMLResponse:  # fmt: skip
    views = webhook_views(visit.store, visit.principal, visit.at)
    by_name = {
        "events": named_codes(visit.locale, "event", SUBSCRIBABLE),
        "kinds": [(kind, label(visit.locale, "", "kind", kind)) for kind in lifecycles()],
        "departments": house_choices(visit.store, visit.locale).departments,
    }
    fields = form_fields(WebhookForm, FormReader(visit.locale, "", Choices(by_name=by_name)), entries or {}, refused)
    status = 200 if refused is None else status_of(refused)
    why = refusal(visit.locale, refused, on_web=True) if refused else ""
    values = {"webhooks": views, "fields": fields, "why": why, "secret": secret, "failed": failed}
    return visit.page("webhooks.html", status, **values)
