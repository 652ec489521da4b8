"""Wakes a driver when another process commits: ``LISTEN`` on Postgres, ``data_version`` on SQLite."""

import asyncio
import sqlite3
from collections.abc import Callable

import psycopg

from engine.databases import CHANNEL, postgres_conninfo
from engine.store import Store

POLL_SECONDS = 0.1
RETRY_SECONDS = 1.0


async def listen(store: Store, wake: Callable[[], None]) -> None:
    """Call ``wake`` after each commit of another process, until cancelled; reconnect after errors."""
    while True:
        try:
            await (_notifications(store, wake) if store.postgres else _versions(store, wake))
        except (psycopg.Error, sqlite3.Error):
            await asyncio.sleep(RETRY_SECONDS)
            wake()


async def _notifications(store: Store, wake: Callable[[], None]) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_conninfo(store.url), autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        wake()  # for notifications sent before LISTEN
        async for _ in connection.notifies():
            wake()


async def _versions(store: Store, wake: Callable[[], None]) -> None:
    """Poll the file's version on an open connection, which costs some 10 µs each time."""
    raw = sqlite3.connect(store.file, isolation_level=None)
    try:
        last = raw.execute("PRAGMA data_version").fetchone()
        wake()  # for commits before the first poll
        while True:
            await asyncio.sleep(POLL_SECONDS)
            version = raw.execute("PRAGMA data_version").fetchone()
            if version != last:
                last = version
                wake()
    finally:
        raw.close()
