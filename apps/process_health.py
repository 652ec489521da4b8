"""Checks the health of the children of ``up``: their processes on this machine, and what they answer."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.health import Health
from apps.listening import is_alive

if TYPE_CHECKING:
    import httpx

SERVER_NOTE, DRIVER_NOTE, API_NOTE = "prefect-server.json", "driver.json", "api.json"
WORKERS = (("worker", "prefect-worker.json", "closeloop"), ("acts", "prefect-acts.json", "closeloop-acts"))
"""The workers that ``up`` starts: the name of the part, its note, and the work pool that it serves."""
CHILD_NOTES = (SERVER_NOTE, API_NOTE, *(note for _, note, _ in WORKERS))
"""The notes of the processes that ``up`` starts."""
PROBE_SECONDS = 2.0
KEPT, WAIT = "deadlines_kept", "deadlines_wait"


def process_health(home: Path, driver_lives: bool) -> list[Health]:
    """Return the health of the server and its workers; deadlines go on without them only where a driver lives."""
    server = read_note(home, SERVER_NOTE)
    api = server["api_url"] if server else os.environ.get("PREFECT_API_URL")
    if api is None:
        notes = (KEPT if driver_lives else WAIT,)
        return [Health("prefect", False, "none", notes=notes), *(_unserved(home, *worker) for worker in WORKERS)]
    import httpx  # only where there is a server to ask

    from apps.prefect_login import basic_auth, process_credential

    auth = basic_auth(process_credential(home, api))
    with httpx.Client(base_url=api, auth=auth, timeout=PROBE_SECONDS, trust_env=False) as http:
        health = _server(http, api, server, driver_lives)
        return [health, *(_worker(http, home, *worker, health.ok) for worker in WORKERS)]


def api_health(home: Path) -> Health:
    """Return the health of the REST API that ``up`` started; no fault where it started none."""
    note = read_note(home, API_NOTE)
    if note is None:
        return Health("api", True, "none")
    code = fault_of(note) or ("there" if is_alive(note["api_url"]) else "away")
    return Health("api", code == "there", code, {"api": note["api_url"], **_known(note)}, _notes(note))


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


def _unserved(home: Path, part: str, name: str, _pool: str) -> Health:
    """Return the health of a worker without any server that it could serve."""
    note = read_note(home, name)
    return Health(part, False, fault_of(note) or "none", _known(note), messages="worker")


def _worker(http: "httpx.Client", home: Path, part: str, name: str, pool: str, server_answers: bool) -> Health:
    note = read_note(home, name)
    code, facts = _worker_code(http, note, pool, server_answers)
    return Health(part, code == "beats", code, {**_known(note), **facts}, _notes(note), messages="worker")


def _worker_code(
    http: "httpx.Client", note: Mapping[str, Any] | None, pool: str, server_answers: bool
) -> tuple[str, dict[str, Any]]:
    """Return how a worker is, by its process and by what Prefect heard from it."""
    if fault := fault_of(note):
        return fault, {}
    if not server_answers:
        return "unknown" if note else "none", {}
    latest = _latest_heartbeat(http, pool)
    if latest is None:
        return "unregistered" if note else "none", {}
    seen_at = datetime.fromisoformat(latest["last_heartbeat_time"])
    return "beats" if latest["status"] == "ONLINE" else "silent", {"seen_at": seen_at}


def _latest_heartbeat(http: "httpx.Client", pool: str) -> dict[str, Any] | None:
    """Return the worker of a pool that Prefect heard from last."""
    import httpx

    try:
        answer = http.post(f"/work_pools/{pool}/workers/filter", json={})
    except httpx.HTTPError:
        return None
    workers = [each for each in answer.json() if each["last_heartbeat_time"]] if answer.is_success else []
    return max(workers, key=lambda each: each["last_heartbeat_time"], default=None)


def _known(note: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the number of a process, and how often ``up`` has started it again, if it has."""
    return {name: note[name] for name in ("pid", "restarts") if note.get(name)} if note else {}


def _notes(note: Mapping[str, Any] | None) -> tuple[str, ...]:
    return ("restarted",) if "restarts" in _known(note) else ()
