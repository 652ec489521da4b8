"""Look at what waits to be delivered, without leasing it: enough to name a flow run."""

from dataclasses import dataclass
from datetime import datetime

from engine.outbox.deliveries import IS_FREE
from engine.store import Store
from engine.webhook_reactions import of_webhook
from models.columns import to_micros

PEEK = f"""
SELECT c.number, c.kind, t.dest, t.cycle, m.case_id, m.seq FROM outbox_event m
  JOIN transition t ON t.case_id = m.case_id AND t.seq = m.seq JOIN cases c ON c.id = m.case_id
UNION SELECT c.number, c.kind, t.dest, t.cycle, d.case_id, d.seq FROM delivery d
  JOIN transition t ON t.case_id = d.case_id AND t.seq = d.seq JOIN cases c ON c.id = d.case_id
 WHERE d.status IN ('waiting', 'leased') AND d.next_at <= :at AND NOT {of_webhook("d")}
 ORDER BY 5, 6 LIMIT :limit
"""


WAITING_WEBHOOKS = f"""
SELECT c.number, c.kind, t.dest, t.cycle, d.reaction FROM delivery d
  JOIN transition t ON t.case_id = d.case_id AND t.seq = d.seq JOIN cases c ON c.id = d.case_id
 WHERE {IS_FREE} AND {of_webhook("d")} ORDER BY d.case_id, d.seq, d.reaction LIMIT :limit
"""
SUBSCRIPTIONS_DUE = f"SELECT DISTINCT d.reaction FROM delivery d WHERE {IS_FREE} AND {of_webhook('d')} ORDER BY 1"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a waiting delivery is about: enough to name a flow run."""

    number: str
    kind: str
    step: str
    round: int


def peek(store: Store, at: datetime, limit: int = 200) -> list[Waiting]:
    """Return what waits at ``at``, oldest case first, without leasing it."""
    with store.looking() as tx:
        rows = tx.rows(PEEK, at=to_micros(at), limit=limit)
    return [Waiting(row.number, row.kind, row.dest, row.cycle) for row in rows]


def peek_webhooks(store: Store, at: datetime, limit: int = 200) -> list[Waiting]:
    """Return the webhooks that may be sent at ``at``, oldest case first, without leasing them."""
    with store.looking() as tx:
        rows = tx.rows(WAITING_WEBHOOKS, at=to_micros(at), limit=limit)
    return [Waiting(row.number, row.kind, row.dest, row.cycle) for row in rows]


def subscriptions_due(store: Store, at: datetime) -> list[str]:
    """Return the reactions of the subscriptions to which something may be sent at ``at``."""
    with store.looking() as tx:
        return [row.reaction for row in tx.rows(SUBSCRIPTIONS_DUE, at=to_micros(at))]
