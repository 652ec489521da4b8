"""Subscriptions as administrators see them: without secrets, with what waits and what was given up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.access.principal import Principal
from engine.store import Store
from engine.webhooks.subscriptions import Subscription, may_manage, subscriptions

COUNTS = """
SELECT reaction, status, count(*) AS n FROM delivery
 WHERE reaction = ANY(:reactions) AND status IN ('waiting', 'leased', 'dead') GROUP BY reaction, status
"""


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A subscription and its queue. ``former_until`` is set while a former secret signs, too."""

    id: int
    url: str
    events: tuple[str, ...]
    kinds: tuple[str, ...]
    departments: tuple[str, ...]
    personal: bool
    added_at: datetime
    added_by: str
    former_until: datetime | None
    waiting: int
    dead: int

    def document(self) -> dict[str, Any]:
        """Return the view as a JSON document; empty lists mean all that may be sent."""
        return {
            "id": self.id,
            "url": self.url,
            "events": list(self.events),
            "kinds": list(self.kinds),
            "departments": list(self.departments),
            "personal": self.personal,
            "added_at": self.added_at.isoformat(),
            "added_by": self.added_by,
            "former_until": None if self.former_until is None else self.former_until.isoformat(),
            "waiting": self.waiting,
            "dead": self.dead,
        }


def webhook_views(store: Store, principal: Principal, at: datetime) -> list[WebhookView]:
    """Return the subscriptions, oldest first. Raises what ``may_manage`` raises."""
    with store.looking() as tx:
        may_manage(tx, principal)
        hooks = subscriptions(tx)
        counted = tx.rows_among(COUNTS, reactions=[hook.reaction for hook in hooks]) if hooks else []
    counts = {(row.reaction, row.status): row.n for row in counted}
    return [_view(hook, counts, at) for hook in hooks]


def _view(hook: Subscription, counts: dict[tuple[str, str], int], at: datetime) -> WebhookView:
    rotating = hook.former_until is not None and at < hook.former_until
    return WebhookView(
        hook.id,
        hook.url,
        hook.events,
        hook.kinds,
        hook.departments,
        hook.personal,
        hook.added_at,
        hook.added_by,
        hook.former_until if rotating else None,
        counts.get((hook.reaction, "waiting"), 0) + counts.get((hook.reaction, "leased"), 0),
        counts.get((hook.reaction, "dead"), 0),
    )
