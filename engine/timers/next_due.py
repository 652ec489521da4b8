"""Asks by one question when each kind of work is first due; nothing is written."""

from dataclasses import dataclass
from datetime import datetime

from engine.calendars.calling_hours import CALL_WINDOWS
from engine.retired_names import recorded_as
from engine.store import Store
from engine.webhook_reactions import of_webhook
from models.columns import from_micros, to_micros

# A delivery that waits for an earlier one of its reaction is not due, whatever its own time says.
# A limit that ends at the instant itself is broken a microsecond later: whoever acts then is within it (以内).
# Parked work is due at its next try; CROSS JOIN makes SQLite begin with the small table.
LOOK = """
SELECT (SELECT min(at) FROM (
            SELECT * FROM (SELECT CASE WHEN k.fires_at = :after THEN k.fires_at + 1 ELSE k.fires_at END AS at
                             FROM timer k WHERE k.fires_at >= :after AND NOT EXISTS (
                SELECT 1 FROM parked p JOIN cases c ON c.id = p.case_id AND c.version = p.version
                 WHERE p.case_id = k.case_id AND p.work = 'timer') ORDER BY k.fires_at LIMIT 1) free
            UNION ALL SELECT CASE WHEN p.next_at > k.fires_at THEN p.next_at ELSE k.fires_at END
              FROM parked p CROSS JOIN cases c CROSS JOIN timer k
             WHERE p.work = 'timer' AND p.next_at IS NOT NULL AND c.id = p.case_id AND c.version = p.version
               AND k.case_id = p.case_id AND k.fires_at IS NOT NULL) due
         WHERE at > :after) AS timer,
       (SELECT min(d.next_at) FROM delivery d WHERE d.status IN ('waiting', 'leased') AND d.next_at > :after
           AND NOT {webhook} AND NOT EXISTS (
             SELECT 1 FROM delivery e WHERE e.case_id = d.case_id AND e.reaction = d.reaction
                AND e.seq < d.seq AND e.status IN ('waiting', 'leased'))) AS delivery,
       (SELECT min(at) FROM arrival WHERE processed_at IS NULL AND at > :after) AS arrival,
       (SELECT min(at) FROM (
            SELECT CASE WHEN p.next_at > b.planned_at THEN p.next_at ELSE b.planned_at END AS at
              FROM callback b CROSS JOIN timer k LEFT JOIN parked p ON p.case_id = b.case_id AND p.work = 'callback'
             WHERE b.done_at IS NULL AND b.outcome IS NULL AND k.case_id = b.case_id AND k.cycle = b.cycle
               AND k.clause IN ({revisit}) AND k.closed_at IS NULL) due
         WHERE at > :after) AS callback,
       (SELECT min(effective_from) FROM edition WHERE projected_at IS NULL AND effective_from > :after) AS rules,
       (SELECT min(at) FROM (
            SELECT min(next_at) AS at FROM mail WHERE next_at > :after
            UNION ALL SELECT min(next_at) FROM care_greeting WHERE outcome IS NULL AND next_at > :after
            UNION ALL SELECT min(climbs_at) FROM duty_alert WHERE climbs_at > :after
            UNION ALL SELECT min(digest_at) FROM notice WHERE mail IS NULL AND digest_at > :after) due) AS mail,
       (SELECT min(case_id) FROM outbox_event) AS outbox_event,
       (SELECT min(d.next_at) FROM delivery d WHERE d.status IN ('waiting', 'leased') AND d.next_at > :after
           AND {webhook} AND NOT EXISTS (
             SELECT 1 FROM delivery e WHERE e.case_id = d.case_id AND e.reaction = d.reaction
                AND e.seq < d.seq AND e.status IN ('waiting', 'leased'))) AS webhook
"""


@dataclass(frozen=True, slots=True)
class NextDue:
    """When each kind of work is first due, in microseconds; ``outbox_event`` says that one waits to be fanned out.

    ``rules`` is when an edition takes force under which the open timers have not been brought yet. ``mail`` is the next
    try of a queued mail or greeting, or the instant of a digest or at which an alert climbs. ``delivery`` counts no
    webhooks: ``webhook`` does.
    """

    timer: int | None
    delivery: int | None
    arrival: int | None
    callback: int | None
    rules: int | None
    mail: int | None
    outbox_event: int | None
    webhook: int | None

    def next(self) -> datetime | None:
        """Return the first instant at which something is due."""
        kinds = self.timer, self.delivery, self.arrival, self.callback, self.rules, self.mail, self.webhook
        due = [at for at in kinds if at is not None]
        return from_micros(min(due)) if due else None


def look(store: Store, after: datetime | None = None) -> NextDue:
    """Return what is due after an instant, or at all."""
    with store.looking() as tx:
        return NextDue(
            *tx.row(
                LOOK.format(revisit=recorded_as("clause", *CALL_WINDOWS), webhook=of_webhook("d")),
                after=to_micros(after) if after else -(2**62),
            )
        )
