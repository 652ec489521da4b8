"""Limit how often somebody may try: windows that all processes of an installation share, because the store holds them.

The arithmetic is that of the library ``limits``. It has no storage in an SQL database, and its others read the clock;
so its storage is a table of ours (`attempt_windows.py`), to which the instant is given.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import ceil
from typing import TYPE_CHECKING

from engine.contention import retrying
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused

if TYPE_CHECKING:
    from limits import RateLimitItem

SECOND = 1_000_000
"""Microseconds."""

FORGET = "DELETE FROM attempt_window WHERE until <= :at"


class RateLimited(Refused):
    """A refusal because of too many tries; ``retry_after`` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("rate_limited", seconds=retry_after)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Limit:
    """How often something may be done by one of a sort: ``rate`` is written as "10 per 15 minute"."""

    sort: str
    rate: str


def hit(tx: Tx, secret: bytes, limits: Iterable[tuple[Limit, str]], at: int, cost: int = 1) -> int:
    """Count a try under each of the limits, for the one named beside it; return when the first of the windows ends.

    Raises ``RateLimited``.
    Every window is counted, also where one is full: what was counted must be committed although the try is refused.
    """
    from limits.strategies import FixedWindowRateLimiter  # see Note [Imported when used] in ``engine/databases.py``

    from engine.accounts.attempt_windows import StoreWindows

    tx.run(FORGET, at=at)
    limiter = FixedWindowRateLimiter(StoreWindows(tx, secret, at))
    windows = [(rate(limit.rate), limit.sort, who) for limit, who in limits]
    full = [window for window in windows if not limiter.hit(*window, cost=cost)]
    ends = [round(limiter.get_window_stats(*window).reset_time * SECOND) for window in full or windows]
    if full:
        raise RateLimited(max(1, ceil((max(ends) - at) / SECOND)))
    return min(ends)


def clear(tx: Tx, secret: bytes, limit: Limit, who: str) -> None:
    """Forget the tries under one limit: whoever made them has proved who he is."""
    from engine.accounts.attempt_windows import StoreWindows

    StoreWindows(tx, secret, at=0).clear(rate(limit.rate).key_for(limit.sort, who))


def count_try(store: Store, limits: Sequence[tuple[Limit, str]], at: datetime, cost: int = 1) -> datetime:
    """Count a try as ``hit`` does, in a transaction of its own, which is durable also where the try is refused."""
    answer = retrying(lambda: _count_try(store, limits, at, cost))
    if isinstance(answer, RateLimited):
        raise answer
    return from_micros(answer)


def _count_try(store: Store, limits: Sequence[tuple[Limit, str]], at: datetime, cost: int) -> int | RateLimited:
    with store.writing() as tx:
        try:
            return hit(tx, store.secret, limits, to_micros(at), cost)
        except RateLimited as limited:
            return limited


@cache
def rate(text: str) -> "RateLimitItem":
    """Return a rate that was written as text. Raises ``Refused('bad_rate')``."""
    from limits import parse

    try:
        item = parse(text)
    except ValueError:
        raise Refused("bad_rate", rate=text[:40]) from None
    if not 0 < item.amount <= 10**6 or not 0 < item.get_expiry() <= 86_400:
        raise Refused("bad_rate", rate=text[:40])
    return item
