"""Record whom a case asks at an escalation level, and choose between a mail for each notice and a digest.

Note [One notice a level]: a person gets one notice of a case at a level for as long as the promise that asked, or the
escalation by hand, lasts. Later steps of that level, and steps of other promises that reach it meanwhile, ask nothing
new. Once the promise is met, another promise that reaches the level asks again: nobody would know of it otherwise.

Note [Awaited]: a notice that a case awaits somebody in a state stands by itself: it neither hinders a notice of a level
nor is hindered by one. In a digest it is moot once the case left the state or awaits somebody else there.

Note [Made again]: a delivery that is made again after its process was lost may find the case changed, and ask somebody
else or nobody. Whom it asked before was asked: once it is done, mails of its notices that nobody sent are queued. A
notice that is moot by then is forgotten, as in a digest.

Note [Digests]: whoever got ``Limits.digest_after`` notices within ``Limits.window`` gets the next ones, and all of a
group that exceeds the limit together, in one mail at the end of a window that begins with the first of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.contention import retrying
from engine.outbox.mails import REFUSED, ComposedMail, compose_in, queue_composed, withdraw
from engine.store import Store
from engine.transaction import Tx
from models.columns import MICROSECOND, to_micros

LOCK = "SELECT id FROM cases WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE"
# A timer that ended asks nobody any more; an escalation by hand lasts as long as its cycle.
KNOWN = """
SELECT n.case_id, n.seq, n.recipient, n.level, n.cycle, n.awaiting, k.closed_at,
       CASE WHEN n.digest_at IS NULL THEN n.mail END AS mail
  FROM notice n LEFT JOIN timer k ON k.id = n.timer_id WHERE n.case_id = ANY(:ids)
"""
RECENT = (
    "SELECT recipient, count(*) AS n FROM notice WHERE recipient = ANY(:names) AND asked_at > :since GROUP BY recipient"
)
PENDING = """
SELECT recipient, min(digest_at) AS at FROM notice
 WHERE mail IS NULL AND recipient = ANY(:names) AND digest_at > :at GROUP BY recipient
"""
INSERT = """
INSERT INTO notice (case_id, seq, recipient, level, cycle, timer_id, asked_at, digest_at, line, mail, awaiting)
VALUES (:case_id, :seq, :recipient, :level, :cycle, :timer_id, :asked_at, :digest_at, :line, :mail, :awaiting)
ON CONFLICT DO NOTHING
"""
INSERT_POSTGRES = """
INSERT INTO notice (case_id, seq, recipient, level, cycle, timer_id, asked_at, digest_at, line, mail, awaiting)
SELECT * FROM json_to_recordset(%(rows)s::json) AS r(
  case_id bigint, seq integer, recipient text, level integer, cycle integer, timer_id bigint, asked_at bigint,
  digest_at bigint, line text, mail text, awaiting text) ON CONFLICT DO NOTHING
"""
ASKED = """
SELECT n.recipient, c.number FROM notice n JOIN cases c ON c.id = n.case_id
 WHERE n.recipient = ANY(:names) AND n.asked_at > :since AND n.awaiting IS NULL
"""
MOOT = """
c.closed OR k.closed_at IS NOT NULL OR (n.awaiting IS NOT NULL AND (c.state <> n.awaiting OR EXISTS (
  SELECT 1 FROM notice later WHERE later.case_id = n.case_id AND later.seq > n.seq AND later.awaiting IS NOT NULL)))
"""
UNSENT = f"""
SELECT n.case_id, n.seq, n.recipient, n.mail, m.outcome, {MOOT} AS moot
  FROM notice n JOIN mail m ON m.key = n.mail JOIN cases c ON c.id = n.case_id LEFT JOIN timer k ON k.id = n.timer_id
 WHERE n.case_id = ANY(:ids) AND n.digest_at IS NULL AND m.next_at IS NULL
   AND (m.outcome IS NULL OR m.outcome = '{REFUSED}')
"""
FORGET_SENDING = "DELETE FROM notice WHERE case_id = :case_id AND seq = :seq AND recipient = :recipient"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many notices a person gets one by one within a window; the pack says it."""

    digest_after: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class DraftNotice:
    """A notice for one person: the mail, and the line that stands for it in a digest."""

    recipient: str
    line: str
    mail: ComposedMail


@dataclass(frozen=True, slots=True)
class NoticeRequest:
    """A transition by which a case asks people at a level, or comes into the state ``awaiting`` that awaits them.

    ``timer_id`` is None unless a promise asks.
    """

    case_id: int
    seq: int
    cycle: int
    level: int
    timer_id: int | None
    drafts: tuple[DraftNotice, ...]
    limits: Limits
    awaiting: str | None = None


@dataclass(frozen=True, slots=True)
class NoticeState:
    """A recorded notice, and the key of its mail; None where a digest carries it."""

    recipient: str
    mail: str | None


def record_notices(store: Store, requests: Sequence[NoticeRequest], at: datetime) -> list[list[NoticeState]]:
    """Record notices and compose their mails; return the notices that each request made, now or at an earlier try.

    Whoever was asked before gets none: see Note [One notice a level].
    """
    return retrying(lambda: _record(store, requests, to_micros(at)))


def _record(store: Store, requests: Sequence[NoticeRequest], at: int) -> list[list[NoticeState]]:
    ids = sorted({request.case_id for request in requests})
    with store.writing() as tx:
        if tx.postgres:
            tx.rows(LOCK, ids=ids)
        known = tx.rows_among(KNOWN, ids=ids)
        new = list(_new(requests, known))
        digests = _digest_instants(tx, new, at)
        rows = [_row(request, draft, digests.get(draft.recipient), at) for request, draft in new]
        tx.run_all(INSERT, rows, INSERT_POSTGRES)
        compose_in(tx, (draft.mail for _, draft in new if draft.recipient not in digests), at)
    states = {(row.case_id, row.seq, row.recipient): row.mail for row in known}
    states |= {(row["case_id"], row["seq"], row["recipient"]): row["mail"] for row in rows}
    return [
        [
            NoticeState(draft.recipient, states[key])
            for draft in request.drafts
            if (key := _key(request, draft)) in states
        ]
        for request in requests
    ]


def _key(request: NoticeRequest, draft: DraftNotice) -> tuple[int, int, str]:
    return request.case_id, request.seq, draft.recipient


def _new(requests: Sequence[NoticeRequest], known: Iterable[Any]) -> Iterator[tuple[NoticeRequest, DraftNotice]]:
    """Yield the notices that are not recorded yet and whose person is not asked already."""
    recorded, asked = set[tuple[int, int, str]](), set[tuple[int, int, int, str]]()
    for row in known:
        recorded.add((row.case_id, row.seq, row.recipient))
        if row.closed_at is None and row.awaiting is None:
            asked.add((row.case_id, row.cycle, row.level, row.recipient))
    for request in requests:
        for draft in request.drafts:
            asks = (request.case_id, request.cycle, request.level, draft.recipient)
            if _key(request, draft) in recorded:
                continue
            if request.awaiting is not None:
                yield request, draft
            elif asks not in asked:
                asked.add(asks)
                yield request, draft


def _digest_instants(tx: Tx, new: Sequence[tuple[NoticeRequest, DraftNotice]], at: int) -> dict[str, int]:
    """Return when the digest is due of each recipient who gets one; see Note [Digests]."""
    names = sorted({draft.recipient for _, draft in new if draft.mail.outcome is None})
    if not names:
        return {}
    due: dict[str, int] = {}
    together = Counter(draft.recipient for _, draft in new)
    limits = {draft.recipient: request.limits for request, draft in new}
    for window in {limit.window for limit in limits.values()}:
        since = at - window // MICROSECOND
        recent = {row.recipient: row.n for row in tx.rows_among(RECENT, names=names, since=since)}
        for name in names:
            limit = limits[name]
            if limit.window == window and recent.get(name, 0) + together[name] > limit.digest_after:
                due[name] = at + window // MICROSECOND
    pending = {row.recipient: row.at for row in tx.rows_among(PENDING, names=names, at=at)}
    return due | pending


def _row(request: NoticeRequest, draft: DraftNotice, digest_at: int | None, at: int) -> dict[str, Any]:
    return {
        "case_id": request.case_id,
        "seq": request.seq,
        "recipient": draft.recipient,
        "level": request.level,
        "cycle": request.cycle,
        "timer_id": request.timer_id,
        "asked_at": at,
        "digest_at": digest_at,
        "line": draft.line,
        "mail": draft.mail.key if digest_at is None else None,
        "awaiting": request.awaiting,
    }


def asked_since(tx: Tx, recipients: Iterable[str], since: datetime) -> set[tuple[str, str]]:
    """Return the recipients who got notices since then, each with the number of the case."""
    rows = tx.rows_among(ASKED, names=sorted(recipients), since=to_micros(since))
    return {(row.recipient, row.number) for row in rows}


def queue_unsent(tx: Tx, deliveries: Mapping[str, int], at: int) -> None:
    """Queue the mails that earlier tries of deliveries composed and nobody sent. See Note [Made again].

    ``deliveries`` are keys of deliveries that are done, with the ids of their cases.
    """
    if not deliveries:
        return
    unsent = tx.rows_among(UNSENT, ids=sorted(set(deliveries.values())))
    theirs = [row for row in unsent if ":".join(row.mail.split(":")[:3]) in deliveries]
    queue_composed(tx, [row.mail for row in theirs if not row.moot], at)
    moot = [row for row in theirs if row.moot and row.outcome is None]
    withdraw(tx, [row.mail for row in moot])
    tx.run_all(FORGET_SENDING, [{"case_id": r.case_id, "seq": r.seq, "recipient": r.recipient} for r in moot])
