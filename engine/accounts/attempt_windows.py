"""Keep the windows of limited tries in the store, as a storage of the library ``limits``."""

from typing import Any

from limits.storage import Storage

from engine.ledger.chain import keyed
from engine.transaction import Tx

SECOND = 1_000_000
"""Microseconds."""

HIT = """
INSERT INTO attempt_window (key, hits, until) VALUES (:key, :hits, :until)
ON CONFLICT (key) DO UPDATE SET hits = attempt_window.hits + :hits RETURNING hits, until
"""
READ = "SELECT hits, until FROM attempt_window WHERE key = :key AND until > :at"
CLEAR = "DELETE FROM attempt_window WHERE key = :key"


class StoreWindows(Storage):
    """The windows of the store, as one transaction sees them at one instant."""

    STORAGE_SCHEME = None

    @property
    def base_exceptions(self) -> type[Exception]:
        return Exception

    def __init__(self, tx: Tx, secret: bytes, at: int) -> None:
        super().__init__()
        self._tx, self._secret, self._at = tx, secret, at

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        until = self._at + expiry * SECOND
        return self._tx.row(HIT, key=_key(self._secret, key), hits=amount, until=until).hits

    def get(self, key: str) -> int:
        row = self._row(key)
        return 0 if row is None else row.hits

    def get_expiry(self, key: str) -> float:
        row = self._row(key)
        return (self._at if row is None else row.until) / SECOND

    def clear(self, key: str) -> None:
        self._tx.run(CLEAR, key=_key(self._secret, key))

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        return self._tx.run("DELETE FROM attempt_window")

    def _row(self, key: str) -> Any:
        return self._tx.row(READ, key=_key(self._secret, key), at=self._at)


def _key(secret: bytes, text: str) -> str:
    """Return the key of a window in the store; it does not tell who tried."""
    return keyed(secret, "attempt window", text)
