"""Checks the health of the database, the driver, the Prefect server and worker, and the schedules."""

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
from reports.notices import notices
from reports.run_figures import dead, last_run
from statemachines.lifecycle import Refused

LAG_ALLOWED = timedelta(seconds=60)
NIGHT_GRACE = timedelta(hours=1)
"""Scheduled work that is later than this is reported as late."""
NOTICES_OF = timedelta(days=1)
"""Notices of this long that reached nobody are a fault; the daily reminders keep it in sight while it lasts."""
HEARTBEATS = "SELECT name, owner, seen_at, until FROM lease WHERE name LIKE :name ORDER BY seen_at DESC"
PROBE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Health:
    """The health of one part of the system, as a code with its facts."""

    part: str
    ok: bool
    code: str
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    def text(self, locale: str) -> str:
        """Return the text for people."""
        return translate(locale, f"cli.status.{self.part}_{self.code}", **self.facts)

    def document(self) -> dict[str, Any]:
        """Return the document for programs."""
        return {"ok": self.ok, "code": self.code, **self.facts}


class Undelivered(Health):
    """The notices of the last day that reached nobody, with the causes."""

    def text(self, locale: str) -> str:
        causes = [translate(locale, f"undelivered.{cause}", count=n) for cause, n in self.facts["causes"].items()]
        return "\n".join([translate(locale, "undelivered.total", count=self.facts["count"]), *causes])


class OnHold(Health):
    """The kinds of case on hold: no fault, but the reason why they send nothing."""

    def text(self, locale: str) -> str:
        holds = [
            translate(
                locale,
                "cli.status.holds_since",
                kind=label(locale, "", "kind", hold["kind"]),
                since=when(datetime.fromisoformat(hold["since"])),
                handle=hold["handle"],
            )
            for hold in self.facts["kinds"]
        ]
        return translate(locale, "cli.status.holds_held", held=", ".join(holds))


def check_health(settings: Settings, store: Store) -> list[Health]:
    """Return the health of each part. A simulated store has no driver and no server, and needs none."""
    try:
        now = store.now()
        with store.looking() as tx:
            parts = [_driver(tx, now), _nights(tx, now), _dead(tx), _notices(tx, now), _lifecycles(tx), *_holds(tx)]
    except Refused as refused:
        return [Health("database", False, "away", {"reason": refused.code})]
    due = look(store)
    lag = max((now - from_micros(due.timer)).total_seconds(), 0.0) if due.timer else 0.0
    database = "postgres" if store.postgres else "sqlite"
    health = [
        Health("database", True, "there", {"database": database, "now": now.isoformat()}),
        Health("timers", lag <= LAG_ALLOWED.total_seconds(), "lag", {"seconds": round(lag, 1)}),
        *parts,
    ]
    return health if store.simulated else [*health, _server(settings.where), _worker(settings.where)]


def _driver(tx: Tx, now: datetime) -> Health:
    row = tx.row(HEARTBEATS, name="driver%")
    if row is None:
        return Health("driver", False, "none")
    seen_at = from_micros(row.seen_at)
    alive = from_micros(row.until) > now
    return Health("driver", alive, "beats" if alive else "silent", {"seen_at": seen_at.isoformat(), "owner": row.owner})


def _nights(tx: Tx, now: datetime) -> Health:
    plans = business_schedule()
    last = {plan.name: last_run(tx, plan.name) for plan in plans}
    late = [plan.name for plan in plans if (at := last[plan.name]) and plan.after(at) + NIGHT_GRACE <= now]
    last_runs = {name: began.isoformat() if began else None for name, began in last.items()}
    return Health("schedules", not late, "late" if late else "kept", {"late": ", ".join(late), "last": last_runs})


def _dead(tx: Tx) -> Health:
    count = len(dead(tx))
    return Health("outbox", count == 0, "dead", {"count": count})


def _notices(tx: Tx, now: datetime) -> Health:
    found = notices(tx, now - NOTICES_OF)
    if found.ok:
        return Health("notices", True, "reached")
    return Undelivered("notices", False, "undelivered", {"count": found.count, "causes": dict(found.causes)})


def _lifecycles(tx: Tx) -> Health:
    """Whether open cases bear names that their lifecycles have retired, or names that nobody retired."""
    checked = check_lifecycles(tx, changes=False)
    code = "unsafe" if not checked.ok else "needs" if checked.to_carry else "current"
    return Health("lifecycles", checked.ok, code, {"count": checked.to_carry})


def _holds(tx: Tx) -> list[Health]:
    kinds = [
        {"kind": hold.kind, "since": hold.since.isoformat(), "handle": hold.handle, "reason": hold.reason}
        for hold in held(tx)
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
