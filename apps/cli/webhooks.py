"""Commands of administrators over webhooks: webhook add, list, remove, rotate, test, replay."""

from datetime import timedelta
from typing import Annotated

import typer

from apps.cli.context import As, Json, cli, instant, local, table
from apps.cli.number_options import whole_argument, whole_option
from engine.access.principal import Principal
from locales.translation import translate
from statemachines.refused import Refused

webhook = typer.Typer(no_args_is_help=True)

Names = Annotated[list[str] | None, typer.Option()]
Id = Annotated[int, whole_argument(least=1)]
LATEST = "2199-12-31T00:00:00+00:00"
"""The end of a period that has none."""


@webhook.command()
def add(
    url: str,
    event: Names = None,
    kind: Names = None,
    department: Names = None,
    personal: Annotated[bool, typer.Option("--personal")] = False,
    as_: As = None,
    json: Json = False,
) -> None:
    """Subscribe another system to events; print its signing secret, once."""
    from engine.webhooks.address_rules import AddressRules
    from engine.webhooks.subscriptions import NewWebhook, add_webhook

    new = NewWebhook(url, tuple(event or ()), tuple(kind or ()), tuple(department or ()), personal)
    store = cli.store
    hook, secret = add_webhook(store, new, _principal(as_), store.now(), None, AddressRules.of(cli.settings))
    cli.give({"id": hook.id, "url": hook.url, "secret": secret}, _text("added", id=hook.id), *_secret(secret))


@webhook.command("list")
def list_(as_: As = None, json: Json = False) -> None:
    """The subscriptions, what each is sent, and how many events wait or were given up."""
    from engine.webhooks.subscription_views import webhook_views

    views = webhook_views(cli.store, _principal(as_), cli.store.now())
    rows = [
        (
            view.id,
            view.url,
            ", ".join(view.events) or _text("all"),
            ", ".join(view.kinds) or _text("all"),
            ", ".join(view.departments) or _text("all"),
            _text("personal" if view.personal else "codes_only"),
            view.waiting,
            view.dead,
        )
        for view in views
    ]
    columns = ("id", "url", "events", "kinds", "departments", "content", "waiting", "dead")
    shown = table(_text("title"), [_text(f"column.{name}") for name in columns], rows)
    cli.give({"webhooks": [view.document() for view in views]}, shown if rows else _text("none"))


@webhook.command()
def remove(id_: Id, as_: As = None, json: Json = False) -> None:
    """End a subscription; what was not sent yet is not sent any more."""
    from engine.webhooks.subscriptions import remove_webhook

    unsent = remove_webhook(cli.store, id_, _principal(as_), cli.store.now())
    cli.give({"id": id_, "unsent": unsent}, _text("removed", id=id_, unsent=unsent))


@webhook.command()
def rotate(
    id_: Id, hours: Annotated[int, whole_option(least=0, most=720)] = 24, as_: As = None, json: Json = False
) -> None:
    """Give a subscription a new signing secret; the former one signs, too, for some hours."""
    from engine.webhooks.subscriptions import rotate_secret

    hook, secret = rotate_secret(cli.store, id_, _principal(as_), cli.store.now(), timedelta(hours=hours))
    document = {"id": hook.id, "secret": secret, "former_until": hook.former_until}
    cli.give(document, _text("rotated", id=hook.id, until=local(hook.former_until)), *_secret(secret))


@webhook.command("test")
def send_test(to: str, as_: As = None, json: Json = False) -> None:
    """Send a signed test message to a subscription, or to an address before subscribing it."""
    from engine.webhooks.address_rules import AddressRules
    from engine.webhooks.messages import trial_message
    from flows.work import webhook_sender
    from gateways.webhook_sender import WebhookFailed

    principal, settings = _principal(as_), cli.settings
    sender = webhook_sender(settings)
    message, secret = trial_message(cli.store, to, principal, cli.store.now(), AddressRules.of(settings))
    try:
        sender.send(message.url, message.headers, message.body)
    except WebhookFailed as failed:
        outcome = translate(cli.locale, f"webhook_failure.{failed.code.partition('_')[0]}", code=failed.code)
        raise Refused("webhook_not_accepted", url=message.url, failure=failed.code, outcome=outcome) from None
    document = {"url": message.url, "accepted": True, "id": message.headers["webhook-id"], "secret": secret}
    cli.give(document, _text("accepted", url=message.url), *(_secret(secret) if secret else ()))


@webhook.command()
def replay(
    id_: Id,
    dead: Annotated[bool, typer.Option("--dead")] = False,
    since: Annotated[str | None, typer.Option()] = None,
    until: Annotated[str | None, typer.Option()] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    """Send again what was given up, or the events of a period, under the ids they had."""
    from engine.webhooks.replay import Period, replay_dead, replay_period

    if dead == (since is not None) or (dead and until is not None):
        raise Refused("dead_or_period")
    principal, store = _principal(as_), cli.store
    if dead:
        count = replay_dead(store, id_, principal, store.now())
    else:
        period = Period(instant(since or ""), instant(until or LATEST))
        count = replay_period(store, id_, period, principal, store.now())
    cli.give({"id": id_, "queued": count}, _text("replayed", count=count))


def _principal(as_: str | None) -> Principal:
    """Return who acts at this command line. Raises ``Refused('no_actor')`` if nobody is named."""
    return cli.principal(cli.actor(as_))


def _secret(secret: str) -> tuple[str, str]:
    return _text("secret", secret=secret), _text("secret_once")


def _text(key: str, /, **params: object) -> str:
    return cli.translate(f"webhook.{key}", **params)
