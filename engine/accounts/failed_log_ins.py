"""Keeps who failed to log in, from where and when; an auditor or an administrator searches it (H4).

A row names the actor only where somebody has the handle that was entered: what else was typed may be a password. How
many tries come to a row is limited by ``attempt_limits``: a try beyond the limit is not read, and leaves none.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.access.reading_log import READERS
from engine.actors import acting
from engine.commands.refused_attempts import KEPT_FOR
from engine.contention import retrying
from engine.entry_checks import HANDLE_LIMIT, is_word
from engine.store import Store
from models.columns import from_micros, to_micros
from models.printable_text import printable
from statemachines.refused import Refused

MOST: Final = 10_000
"""The most rows that are kept: whoever tries from many addresses fills the list, not the disk."""
ADDRESS_LIMIT: Final = 100

ADD: Final = """
INSERT INTO failed_log_in (at, actor_id, method, address)
VALUES (:at, (SELECT id FROM actor WHERE handle = :handle), :method, :address)
"""
DROP_OLD: Final = """
DELETE FROM failed_log_in WHERE at < :oldest OR id <= (SELECT max(id) FROM failed_log_in) - :most
"""
SEARCH: Final = """
SELECT f.at, a.handle, f.method, f.address FROM failed_log_in f LEFT JOIN actor a ON a.id = f.actor_id
 WHERE {conditions} ORDER BY f.id DESC LIMIT :limit
"""
CONDITIONS: Final = {"handle": "a.handle = :handle", "since": "f.at >= :since"}


@dataclass(frozen=True, slots=True)
class FailedLogIn:
    """A log-in that failed; ``handle`` is None where nobody has the one that was entered."""

    at: datetime
    handle: str | None
    method: str
    address: str


def note_failed_log_in(store: Store, handle: str, method: str, address: str, at: datetime) -> None:
    """Note that somebody failed to log in. The work is the same whether or not somebody has the handle."""
    known = handle if is_word(handle, HANDLE_LIMIT) else ""

    def attempt() -> None:
        with store.writing() as tx:
            now = to_micros(at)
            tx.run(ADD, at=now, handle=known, method=method, address=printable(address)[:ADDRESS_LIMIT])
            tx.run(DROP_OLD, oldest=now - KEPT_FOR // KEPT_FOR.resolution, most=MOST)

    retrying(attempt)


def failed_log_ins(
    store: Store, reader: str, at: datetime, limit: int, handle: str | None = None, since: datetime | None = None
) -> list[FailedLogIn]:
    """Return the log-ins that failed, newest first: of one actor, or since an instant.

    Raises ``Refused('not_in_charge')`` for whoever is neither an auditor nor an administrator.
    """
    given: dict[str, Any] = {}
    if handle is not None:
        given["handle"] = handle
    if since is not None:
        given["since"] = to_micros(since)
    sql = SEARCH.format(conditions=" AND ".join(CONDITIONS[name] for name in given) or "TRUE")
    with store.looking() as tx:
        if not acting(tx, reader, to_micros(at)).roles & READERS:
            raise Refused("not_in_charge", handle=reader, wanted=sorted(role.value for role in READERS))
        rows = tx.rows(sql, limit=limit, **given)
    return [FailedLogIn(from_micros(row.at), row.handle, row.method, row.address) for row in rows]
