"""Looks around: is the database there, does the driver beat, does Prefect answer, did the nights run?"""

import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from engine.agenda import look
from engine.settings import Settings
from engine.store import Store, Tx
from flows.figures import dead, last_run
from flows.nights import scheduled
from flows.wording import say
from models.columns import from_micros
from statemachines.lifecycle import Refused

LAG_ALLOWED = timedelta(seconds=60)
BEATS = "SELECT name, owner, seen_at, until FROM lease WHERE name LIKE :name ORDER BY seen_at DESC"
PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Health:
    """One part of the house: well or not, and what there is to say of it."""

    part: str
    ok: bool
    code: str
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    def text(self, locale: str) -> str:
        """What a person reads."""
        return say(locale, f"cli.status.{self.part}_{self.code}", **self.facts)

    def document(self) -> dict[str, Any]:
        """What a program reads."""
        return {"ok": self.ok, "code": self.code, **self.facts}


def look_around(settings: Settings, store: Store) -> list[Health]:
    """The health of each part. A simulated store has neither driver nor server, and needs none."""
    try:
        now = store.now()
        with store.looking() as tx:
            parts = [_driver(tx, now), _nights(tx, now), _dead(tx)]
    except Refused as refused:
        return [Health("database", False, "away", {"reason": refused.code})]
    agenda = look(store)
    lag = max((now - from_micros(agenda.clock)).total_seconds(), 0.0) if agenda.clock else 0.0
    database = "postgres" if store.postgres else "sqlite"
    found = [
        Health("database", True, "there", {"database": database, "now": now.isoformat()}),
        Health("clocks", lag <= LAG_ALLOWED.total_seconds(), "lag", {"seconds": round(lag, 1)}),
        *parts,
    ]
    return found if store.simulated else [*found, _server(settings.where), _worker(settings.where)]


def _driver(tx: Tx, now: datetime) -> Health:
    row = tx.row(BEATS, name="driver%")
    if row is None:
        return Health("driver", False, "none")
    seen = from_micros(row.seen_at)
    alive = from_micros(row.until) > now
    return Health("driver", alive, "beats" if alive else "silent", {"seen_at": seen.isoformat(), "owner": row.owner})


def _nights(tx: Tx, now: datetime) -> Health:
    last = {plan.name: last_run(tx, plan.name) for plan in scheduled()}
    late = [name for name, began in last.items() if began is not None and now - began > timedelta(hours=25)]
    told = {name: began.isoformat() if began else None for name, began in last.items()}
    return Health("schedules", not late, "late" if late else "kept", {"late": ", ".join(late), "last": told})


def _dead(tx: Tx) -> Health:
    count = len(dead(tx))
    return Health("outbox", count == 0, "dead", {"count": count})


def _server(home: Path) -> Health:
    note = _note(home, "prefect-server.json")
    if note is None:
        return Health("prefect", False, "none")
    try:
        answer = httpx.get(f"{note['api_url']}/health", timeout=PROBE_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return Health("prefect", False, "away", {"api": note["api_url"]})
    return Health("prefect", answer.status_code == 200, "there", {"api": note["api_url"]})


def _worker(home: Path) -> Health:
    note = _note(home, "prefect-worker.json")
    alive = note is not None and _runs(int(note["pid"]))
    return Health("worker", alive, "there" if alive else "none", {"pid": note["pid"]} if note else {})


def _note(home: Path, name: str) -> dict[str, Any] | None:
    try:
        return json.loads((home / "run" / name).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
