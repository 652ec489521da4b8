"""Looks around: is the database there, does the driver beat, does Prefect answer, did the nights run?"""

import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from engine.audit.lifecycle_check import check_lifecycles
from engine.commands.holds import held
from engine.settings import Settings
from engine.store import Store
from engine.timers.next_due import look
from engine.transaction import Tx
from gateways.schedule import business_schedule
from locales.translation import label, translate, when
from models.columns import from_micros
from reports.run_figures import dead, last_run
from statemachines.lifecycle import Refused

LAG_ALLOWED = timedelta(seconds=60)
NIGHT_GRACE = timedelta(hours=1)
"""How late scheduled work may be before somebody should look."""
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
        return translate(locale, f"cli.status.{self.part}_{self.code}", **self.facts)

    def document(self) -> dict[str, Any]:
        """What a program reads."""
        return {"ok": self.ok, "code": self.code, **self.facts}


class OnHold(Health):
    """Kinds on hold are no fault, but nobody should wonder why nothing is heard of them."""

    def text(self, locale: str) -> str:
        words = [
            translate(
                locale,
                "cli.status.holds_since",
                kind=label(locale, "", "kind", one["kind"]),
                since=when(datetime.fromisoformat(one["since"])),
                handle=one["handle"],
            )
            for one in self.facts["kinds"]
        ]
        return translate(locale, "cli.status.holds_held", held=", ".join(words))


def look_around(settings: Settings, store: Store) -> list[Health]:
    """The health of each part. A simulated store has neither driver nor server, and needs none."""
    try:
        now = store.now()
        with store.looking() as tx:
            parts = [_driver(tx, now), _nights(tx, now), _dead(tx), _lifecycles(tx), *_holds(tx)]
    except Refused as refused:
        return [Health("database", False, "away", {"reason": refused.code})]
    agenda = look(store)
    lag = max((now - from_micros(agenda.timer)).total_seconds(), 0.0) if agenda.timer else 0.0
    database = "postgres" if store.postgres else "sqlite"
    found = [
        Health("database", True, "there", {"database": database, "now": now.isoformat()}),
        Health("timers", lag <= LAG_ALLOWED.total_seconds(), "lag", {"seconds": round(lag, 1)}),
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
    plans = business_schedule()
    last = {plan.name: last_run(tx, plan.name) for plan in plans}
    late = [plan.name for plan in plans if (at := last[plan.name]) and plan.after(at) + NIGHT_GRACE <= now]
    told = {name: began.isoformat() if began else None for name, began in last.items()}
    return Health("schedules", not late, "late" if late else "kept", {"late": ", ".join(late), "last": told})


def _dead(tx: Tx) -> Health:
    count = len(dead(tx))
    return Health("outbox", count == 0, "dead", {"count": count})


def _lifecycles(tx: Tx) -> Health:
    """Whether open cases bear names that their lifecycles have retired, or names that nobody retired."""
    checked = check_lifecycles(tx, changes=False)
    code = "unsafe" if not checked.ok else "needs" if checked.to_carry else "current"
    return Health("lifecycles", checked.ok, code, {"count": checked.to_carry})


def _holds(tx: Tx) -> list[Health]:
    kinds = [
        {"kind": one.kind, "since": one.since.isoformat(), "handle": one.handle, "reason": one.reason}
        for one in held(tx)
    ]
    return [OnHold("holds", True, "held", {"kinds": kinds})] if kinds else []


def _server(home: Path) -> Health:
    note = _note(home, "prefect-server.json")
    if note is None:
        return Health("prefect", False, "none")
    import httpx  # only where there is a server to ask

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
