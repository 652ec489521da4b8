"""Checks the health of the Prefect server and its worker: their processes on this machine, and what they answer."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.health import Health

if TYPE_CHECKING:
    import httpx

SERVER_NOTE, WORKER_NOTE, DRIVER_NOTE = "prefect-server.json", "prefect-worker.json", "driver.json"
POOL = "closeloop"
PROBE_SECONDS = 2.0
KEPT, WAIT = "deadlines_kept", "deadlines_wait"


def process_health(home: Path, driver_lives: bool) -> list[Health]:
    """Return the health of server and worker; deadlines go on without them only where a driver lives."""
    server, worker = read_note(home, SERVER_NOTE), read_note(home, WORKER_NOTE)
    api = server["api_url"] if server else os.environ.get("PREFECT_API_URL")
    if api is None:
        notes = (KEPT if driver_lives else WAIT,)
        server_health = Health("prefect", False, "none", notes=notes)
        return [server_health, Health("worker", False, fault_of(worker) or "none", _known(worker))]
    import httpx  # only where there is a server to ask

    from apps.prefect_settings import with_credential

    with httpx.Client(base_url=with_credential(api), timeout=PROBE_SECONDS, trust_env=False) as http:
        health = _server(http, api, server, driver_lives)
        return [health, _worker(http, worker, health.ok)]


def read_note(home: Path, name: str) -> dict[str, Any] | None:
    """Return the note of a process in this home, if there is one."""
    try:
        return json.loads((home / "run" / name).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def fault_of(note: Mapping[str, Any] | None) -> str | None:
    """Return ``stopped``, ``zombie`` or ``gone`` if the process of a note is that; None if it runs or has no note."""
    if note is None or "pid" not in note:
        return None
    from apps.process_state import ProcessState, state_of

    state = state_of(note)
    return None if state is ProcessState.RUNS else state.value


def _server(http: "httpx.Client", api: str, note: Mapping[str, Any] | None, driver_lives: bool) -> Health:
    code = fault_of(note) or _answer(http)
    facts = {"api": api, **_known(note)}
    notes = _notes(note)
    if code == "there":
        return Health("prefect", True, code, facts, notes)
    return Health("prefect", False, code, facts, (KEPT if driver_lives else WAIT, *notes))


def _answer(http: "httpx.Client") -> str:
    """Ask for a read and for a write: a server whose database is stuck still answers reads."""
    import httpx

    try:
        if http.get("/health").status_code != httpx.codes.OK:
            return "away"
        wrote = http.post("/variables/", json={"name": f"closeloop_status_{os.getpid()}", "value": True})
        http.delete(f"/variables/name/closeloop_status_{os.getpid()}")
    except httpx.ReadTimeout:
        return "stuck"
    except httpx.HTTPError:
        return "away"
    return "there" if wrote.status_code in (httpx.codes.CREATED, httpx.codes.CONFLICT) else "stuck"


def _worker(http: "httpx.Client", note: Mapping[str, Any] | None, server_answers: bool) -> Health:
    facts = _known(note)
    notes = _notes(note)
    if fault := fault_of(note):
        return Health("worker", False, fault, facts, notes)
    if not server_answers:
        return Health("worker", False, "unknown" if note else "none", facts, notes)
    latest = _latest_heartbeat(http)
    if latest is None:
        return Health("worker", False, "unregistered" if note else "none", facts, notes)
    facts["seen_at"] = datetime.fromisoformat(latest["last_heartbeat_time"])
    beats = latest["status"] == "ONLINE"
    return Health("worker", beats, "beats" if beats else "silent", facts, notes)


def _latest_heartbeat(http: "httpx.Client") -> dict[str, Any] | None:
    """Return the worker of our pool that Prefect heard from last."""
    import httpx

    try:
        answer = http.post(f"/work_pools/{POOL}/workers/filter", json={})
    except httpx.HTTPError:
        return None
    workers = [each for each in answer.json() if each["last_heartbeat_time"]] if answer.is_success else []
    return max(workers, key=lambda each: each["last_heartbeat_time"], default=None)


def _known(note: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the number of a process, and how often ``up`` has started it again, if it has."""
    return {name: note[name] for name in ("pid", "restarts") if note.get(name)} if note else {}


def _notes(note: Mapping[str, Any] | None) -> tuple[str, ...]:
    return ("restarted",) if "restarts" in _known(note) else ()
