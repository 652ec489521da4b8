"""Record mails by their keys: a mail is composed once, and its outcome is kept until it was sent.

A notice is sent by the delivery that asks for it. A mail that belongs to no delivery (a reminder, the digest of a day)
is queued: it has an instant of its own at which it is tried next, and is leased while it is sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from engine.backoff import next_try
from engine.contention import retrying
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from models.mail_marks import ERASED

SENT: Final = "sent"
REFUSED: Final = "refused"
"""The mail server was away or refused the mail; the mail is sent again until its delivery is dead."""
NO_SERVER: Final = "no_server"
"""No mail server is set: the mail went to a file."""
NO_ADDRESS: Final = "no_address"
BOUNCED: Final = "bounced"
"""The mail was sent and came back."""
FELL_BACK: Final = "fell_back"
"""A group did not accept the message: a mail was queued in its place."""
NOBODY: Final = "nobody"
"""Nobody holds the role that was to be asked, at this level or any other."""
UNDELIVERED = (NO_SERVER, NO_ADDRESS, NOBODY, REFUSED, BOUNCED)
"""The outcomes of mails that reached nobody, in the order in which they are reported."""

LEASE = timedelta(seconds=60)
"""How long a queued mail belongs to the process that sends it."""
GIVEN_UP = timedelta(days=1)
"""A queued mail that is older is sent no more: the next day's says what still holds."""

COMPOSE = """
INSERT INTO mail (key, recipient, subject, body, composed_at, outcome, settled_at, next_at)
VALUES (:key, :recipient, :subject, :body, :at, :outcome, :settled_at, :next_at) ON CONFLICT (key) DO NOTHING
"""
COMPOSE_POSTGRES = """
INSERT INTO mail (key, recipient, subject, body, composed_at, outcome, settled_at, next_at)
SELECT r.key, r.recipient, r.subject, r.body, r.at, r.outcome, r.settled_at, r.next_at
  FROM json_to_recordset(%(rows)s::json) AS r(
       key text, recipient text, subject text, body text, at bigint, outcome text, settled_at bigint, next_at bigint)
ON CONFLICT (key) DO NOTHING
"""
DUE = "SELECT key FROM mail WHERE next_at <= :at ORDER BY next_at, key LIMIT :limit"
TAKE = """
UPDATE mail SET next_at = :until, tries = tries + 1 WHERE key = :key AND next_at <= :at
RETURNING key, recipient, subject, body, outcome, tries, composed_at
"""
AGAIN = "UPDATE mail SET next_at = :next_at WHERE key = :key AND next_at IS NOT NULL"
# The text is kept only while it may have to be sent again.
SETTLE = """
UPDATE mail SET outcome = 'sent', settled_at = :at, answer = :answer, subject = '', body = '', next_at = NULL
 WHERE key = :key
"""
SETTLE_POSTGRES = """
UPDATE mail SET outcome = 'sent', settled_at = r.at, answer = r.answer, subject = '', body = '', next_at = NULL
  FROM json_to_recordset(%(rows)s::json) AS r(key text, at bigint, answer text) WHERE mail.key = r.key
"""
# A mail that was sent or erased stays so, whatever another process, which took over its delivery, met with.
FAIL = f"""
INSERT INTO mail (key, recipient, subject, body, composed_at, outcome, settled_at, answer)
VALUES (:key, :recipient, '', '', :at, :outcome, :at, :answer)
ON CONFLICT (key) DO UPDATE SET outcome = excluded.outcome, settled_at = excluded.settled_at, answer = excluded.answer,
       subject = CASE WHEN excluded.outcome = 'refused' THEN mail.subject ELSE '' END,
       body = CASE WHEN excluded.outcome = 'refused' THEN mail.body ELSE '' END
 WHERE coalesce(mail.outcome, '') NOT IN ('sent', 'bounced', '{ERASED}')
"""
QUEUE = "UPDATE mail SET next_at = :at WHERE key = :key"
WITHDRAW = "DELETE FROM mail WHERE key = :key"
BY_KEY = "SELECT key, recipient, subject, body, outcome FROM mail WHERE key = ANY(:keys)"
UNREACHED = "SELECT outcome, count(*) AS n FROM mail WHERE outcome <> 'sent' AND composed_at > :since GROUP BY outcome"


@dataclass(frozen=True, slots=True)
class ComposedMail:
    """A mail with its text; ``recipient`` is empty for a customer, and ``OF_CASE`` and a number where it is queued.

    ``outcome`` is set where it cannot be sent at all.
    """

    key: str
    recipient: str
    subject: str
    body: str
    outcome: str | None = None

    @property
    def settled(self) -> bool:
        """Whether it is not to be sent, or not again: a refused mail is."""
        return self.outcome not in (None, REFUSED)


@dataclass(frozen=True, slots=True)
class MailOutcome:
    """What became of a mail at one try; ``answer`` is the code that the server gave, if it gave one."""

    key: str
    recipient: str
    outcome: str
    answer: str | None = None


def compose_in(tx: Tx, mails: Iterable[ComposedMail], at: int, next_at: int | None = None) -> None:
    """Keep the texts of mails, unless they are kept already; ``at`` is in microseconds.

    ``next_at`` queues those that can be sent; without it a delivery sends them.
    """
    rows = [
        {
            "key": mail.key,
            "recipient": mail.recipient,
            "subject": mail.subject,
            "body": mail.body,
            "outcome": mail.outcome,
            "at": at,
            "settled_at": None if mail.outcome is None else at,
            "next_at": next_at if mail.outcome is None else None,
        }
        for mail in mails
    ]
    tx.run_all(COMPOSE, rows, COMPOSE_POSTGRES)


def compose(store: Store, mails: Sequence[ComposedMail], at: datetime) -> None:
    """Compose mails that their deliveries send; one that was composed before stays as it was."""

    def write() -> None:
        with store.writing() as tx:
            compose_in(tx, mails, to_micros(at))

    retrying(write)


def queue_mails(store: Store, mails: Sequence[ComposedMail], at: datetime) -> None:
    """Compose mails that belong to no delivery, to be sent at once; one that was queued before stays as it was."""

    def write() -> None:
        with store.writing() as tx:
            compose_in(tx, mails, to_micros(at), to_micros(at))

    if mails:
        retrying(write)


def queue_composed(tx: Tx, keys: Sequence[str], at: int) -> None:
    """Queue mails that were composed, to be sent at once; ``at`` is in microseconds."""
    tx.run_all(QUEUE, [{"key": key, "at": at} for key in keys])


def withdraw(tx: Tx, keys: Sequence[str]) -> None:
    """Forget mails that are not to be sent any more."""
    tx.run_all(WITHDRAW, [{"key": key} for key in keys])


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """A queued mail that this process has leased, and the number of this try."""

    mail: ComposedMail
    tries: int
    composed_at: datetime


def lease_mails(store: Store, at: datetime, limit: int) -> list[QueuedMail]:
    """Lease queued mails that are due, the longest due first."""

    def write() -> list[QueuedMail]:
        now = to_micros(at)
        with store.writing() as tx:
            due = tx.rows(f"{DUE} {tx.skip_locked('mail')}", at=now, limit=limit)
            taken = (tx.row(TAKE, key=row.key, at=now, until=to_micros(at + LEASE)) for row in due)
            return [_queued(row) for row in taken if row is not None]

    return retrying(write)


def _queued(row: Any) -> QueuedMail:
    mail = ComposedMail(row.key, row.recipient, row.subject, row.body, row.outcome)
    return QueuedMail(mail, row.tries, from_micros(row.composed_at))


def settle_queued(store: Store, ended: Sequence[tuple[QueuedMail, MailOutcome]], at: datetime) -> None:
    """Record what became of queued mails. A refused one is tried again, ever less often, for a day."""
    settle_mails(store, [outcome for _, outcome in ended], at)

    def write() -> None:
        with store.writing() as tx:
            for queued, outcome in ended:
                lasts = outcome.outcome == REFUSED and at < queued.composed_at + GIVEN_UP
                next_at = to_micros(next_try(at, queued.tries)) if lasts else None
                tx.run(AGAIN, key=queued.mail.key, next_at=next_at)

    if any(outcome.outcome != SENT for _, outcome in ended):
        retrying(write)


def mails_by_key(tx: Tx, keys: Sequence[str]) -> dict[str, ComposedMail]:
    """Return the composed mails of these keys."""
    return {row.key: ComposedMail(**row._asdict()) for row in tx.rows_among(BY_KEY, keys=list(keys))} if keys else {}


def settle_mails(store: Store, outcomes: Sequence[MailOutcome], at: datetime) -> None:
    """Record what became of mails. Of a mail that was not composed before, only a failure leaves a row."""

    def write() -> None:
        with store.writing() as tx:
            now, sent = to_micros(at), [one for one in outcomes if one.outcome == SENT]
            tx.run_all(SETTLE, [{"key": one.key, "at": now, "answer": one.answer} for one in sent], SETTLE_POSTGRES)
            for one in outcomes:
                if one.outcome != SENT:
                    tx.run(FAIL, at=now, **asdict(one))

    if outcomes:
        retrying(write)


def undelivered(tx: Tx, since: datetime) -> dict[str, int]:
    """Return how many mails since then reached nobody, by outcome; without those that were sent later."""
    counted = {row.outcome: row.n for row in tx.rows(UNREACHED, since=to_micros(since))}
    return {outcome: counted[outcome] for outcome in UNDELIVERED if outcome in counted}
