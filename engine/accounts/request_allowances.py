"""The requests that one process may still let through without counting each of them in the store.

Note [Allowances]: a token's requests are counted in the store, so that several workers share one limit. A write for
each request would cost as much as a move; so a process takes a share of the window at once and spends it from memory.
All processes together never let through more than the limit; what one has taken and does not need is lost to the
others until the window ends. Of requests that come at once, one takes the share that all of them spend: if each took
its own, twenty of them would empty the window.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from engine.accounts.attempt_limits import Limit, RateLimited, count_try, rate
from engine.store import Store

SHARES = 20
"""Into how many shares a window is divided."""
MOST = 10_000
"""The most tokens whose allowances are remembered."""


@dataclass(slots=True)
class _Allowance:
    """What is left of one share until the window ends; ``full`` where the window had no share to give."""

    left: int
    until: datetime
    full: bool = False


class RequestAllowances:
    """What a process has taken of each token's window."""

    def __init__(self) -> None:
        self._taken: dict[str, _Allowance] = {}
        self._lock = threading.Lock()
        self._taking: dict[str, threading.Lock] = {}

    def spend(self, store: Store, limit: Limit, who: str, at: datetime) -> None:
        """Let one request through. Raises ``RateLimited``. See Note [Allowances]."""
        if self._spent(who, at):
            return
        with self._lock:
            taking = self._taking.setdefault(who, threading.Lock())
        with taking:
            if not self._spent(who, at):
                self._take(store, limit, who, at)

    def _take(self, store: Store, limit: Limit, who: str, at: datetime) -> None:
        """Take a share and spend the first request of it. Raises ``RateLimited``."""
        share = max(1, rate(limit.rate).amount // SHARES)
        try:
            taken = _Allowance(share - 1, count_try(store, [(limit, who)], at, share))
        except RateLimited as limited:
            self._remember(who, _Allowance(0, at + timedelta(seconds=limited.retry_after), full=True))
            raise
        self._remember(who, taken)

    def _spent(self, who: str, at: datetime) -> bool:
        """Take one request from memory; return False where nothing is left there. Raises ``RateLimited``."""
        with self._lock:
            allowance = self._taken.get(who)
            if allowance is None or allowance.until <= at:
                return False
            if allowance.full:
                raise RateLimited(max(1, ceil((allowance.until - at).total_seconds())))
            allowance.left -= 1
            return allowance.left >= 0

    def _remember(self, who: str, allowance: _Allowance) -> None:
        with self._lock:
            if len(self._taken) >= MOST:
                self._taken, self._taking = {}, {}
            self._taken[who] = allowance
