"""Attacks a running `closeloop up` through Prefect: as another user of the machine, with the login, and with a stolen
process credential. Nobody runs a command, reads the secret, or makes what only our own processes make.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import websockets

from apps.prefect_routes import ROUTES, route_of
from apps.prefect_server import free_port

pytestmark = [pytest.mark.long, pytest.mark.prefect]

PATIENCE = 240.0
PROGRAM = Path(sys.executable).with_name("closeloop")
NOBODY = 65534
EXEMPT = {("GET", "/api/health"), ("GET", "/api/ready")}
"""What Prefect answers to everybody: whether the server lives."""
WRITES = {
    ("POST", "/deployments/{id}/create_flow_run"),
    ("POST", "/flow_runs/{id}/set_state"),
    ("POST", "/deployments/{id}/pause_deployment"),
    ("POST", "/deployments/{id}/resume_deployment"),
    ("PATCH", "/deployments/{id}"),
    ("PATCH", "/deployments/{id}/schedules/{schedule_id}"),
    ("PATCH", "/automations/{id}"),
}
"""All that the login may write."""
STRANGER = """
import json, sys, urllib.request, urllib.error
seen = []
for method, url, body, token in json.load(sys.stdin):
    headers = {"Content-Type": "application/json"} | ({"Authorization": token} if token else {})
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        seen.append(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).status)
    except urllib.error.HTTPError as error:
        seen.append(error.code)
for path in sys.argv[1:]:
    try:
        seen.append(open(path, "rb").read(8).hex())
    except OSError as error:
        seen.append(type(error).__name__)
print(json.dumps(seen))
"""


@dataclass(frozen=True)
class Attacked:
    """A running `closeloop up`, and the mark that a command would leave if an attacker could run one."""

    home: Path
    port: int
    mark: Path

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def credential(self, name: str) -> tuple[str, str]:
        user, _, password = (self.home / name).read_text("ascii").partition(":")
        return user, password

    @property
    def login(self) -> tuple[str, str]:
        return self.credential("prefect.auth")

    @property
    def process(self) -> tuple[str, str]:
        return self.credential("prefect-api.auth")

    def ask(self, auth: tuple[str, str] | None, method: str, path: str, body: Any = None) -> httpx.Response:
        with httpx.Client(auth=auth, trust_env=False, timeout=30.0) as client:
            return client.request(method, f"{self.api}{path}", json=body)

    def deployment(self, name: str) -> dict[str, Any]:
        return self.ask(self.process, "GET", f"/deployments/name/{name}/{name}").json()

    def ended(self, run: str) -> dict[str, Any]:
        """Wait for the end of a run; return its state."""
        ends = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
        path = f"/flow_runs/{run}"
        return until(lambda: (s := self.ask(self.process, "GET", path).json()["state"])["type"] in ends and s)

    @property
    def leave_a_mark(self) -> str:
        return f"{sys.executable} -c \"open('{self.mark}', 'w')\""


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (result := found()):
        assert time.monotonic() < deadline, "nothing within the time"
        time.sleep(0.2)
    return result


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("attacked")
    home, port = folder / "home", free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "CLOSELOOP_"))}
    environment |= {"CLOSELOOP_HOME": str(home), "CLOSELOOP_LOCALE": "en", "PREFECT_WORKER_QUERY_SECONDS": "1"}
    subprocess.run([PROGRAM, "init"], env=environment, check=True, capture_output=True)
    log = folder / "up.log"
    with log.open("wb") as out:
        command = [PROGRAM, "up", "--prefect-port", str(port), "--api-port", str(free_port())]
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        until(lambda: "Ready" in log.read_text("utf-8"))
        yield Attacked(home, port, folder / "mark")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def as_somebody_else(requests: list[list[Any]], *paths: Path) -> list[Any]:
    """Send requests and read files as another user of this machine; without root, as the same one."""
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    command = [python, "-c", STRANGER, *map(str, paths)]
    if os.geteuid() == 0 and (setpriv := shutil.which("setpriv")):
        command = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
    done = subprocess.run(command, input=json.dumps(requests), text=True, capture_output=True, check=True, cwd="/")
    return json.loads(done.stdout)


def operations(attacked: Attacked) -> list[tuple[str, str, str]]:
    """Return every operation of this Prefect: its method, its path below /api, and the path with ids filled in."""
    with httpx.Client(trust_env=False, timeout=60.0) as client:
        schema = client.get(f"http://127.0.0.1:{attacked.port}/openapi.json").json()
    found: list[tuple[str, str, str]] = []
    for path, methods in schema["paths"].items():
        below = path.removeprefix("/api")
        filled = re.sub(r"\{(\w+)\}", lambda each: str(uuid4()) if each[1].endswith("id") else "name", below)
        found += [(method.upper(), below, filled) for method in methods]
    return found


def test_the_routes_of_this_prefect_are_those_that_were_read_when_the_list_was_made(attacked: Attacked):
    """A new version of Prefect may name a route anew; then the list is read again."""
    every = operations(attacked)
    assert len(every) > 150
    for route in ROUTES:
        assert any(route.method == method and route.path.fullmatch(filled) for method, _, filled in every), route
    unchecked = {(m, below) for m, below, filled in every if (route := route_of(m, filled)) and route.check}
    assert unchecked == WRITES


def test_a_stranger_is_answered_401_by_every_route_and_reads_no_secret(attacked: Attacked):
    root = attacked.api.removesuffix("/api")
    every = [(m, f"{attacked.api}{filled}") for m, _, filled in operations(attacked)]
    for token in (None, "Basic c3VwZXJ2aXNvcjp3cm9uZw=="):
        answers = as_somebody_else([[m, url, {} if m != "GET" else None, token] for m, url in every])
        open_to_all = {
            (method, url.removeprefix(root))
            for (method, url), status in zip(every, answers, strict=True)
            if status != 401
        }
        assert open_to_all <= EXEMPT
    run = f"{attacked.api}/deployments/{attacked.deployment('show-case')['id']}/create_flow_run"
    attack = {"job_variables": {"command": attacked.leave_a_mark}}
    assert as_somebody_else([["POST", run, attack, None]]) == [401]
    note = json.loads((attacked.home / "run" / "prefect-worker.json").read_text("utf-8"))
    files = [attacked.home / name for name in ("secret", "prefect.auth", "prefect-api.auth", "anchor.key")]
    if os.geteuid() == 0:
        refused = as_somebody_else([], *files, Path(f"/proc/{note['pid']}/environ"))
        assert refused == ["PermissionError"] * 5
    arguments = Path(f"/proc/{note['pid']}/cmdline").read_text("utf-8")
    assert attacked.process[1] not in arguments
    assert not attacked.mark.exists()


def test_with_the_login_nobody_makes_anything_but_runs_of_our_deployments(attacked: Attacked):
    every, allowed, refused = operations(attacked), 0, 0
    with httpx.Client(auth=attacked.login, trust_env=False, timeout=30.0) as client:
        for method, below, filled in every:
            body = {} if method != "GET" else None
            status = client.request(method, f"{attacked.api}{filled}", json=body).status_code
            assert (status == 403) if route_of(method, filled) is None else (status != 401), (method, below)
            allowed, refused = allowed + (status != 403), refused + (status == 403)
    assert (allowed > 40, refused > 80) == (True, True)


def attacks(attacked: Attacked) -> Iterator[tuple[str, str, Any]]:
    """Yield the requests by which a command would run, or a secret leave."""
    night, act = attacked.deployment("catch-up"), attacked.deployment("show-case")
    command = attacked.leave_a_mark
    for deployment in (night, act):
        run = f"/deployments/{deployment['id']}/create_flow_run"
        yield "POST", run, {"job_variables": {"command": command}}
        yield "POST", run, {"job_variables": {"env": {"PYTHONSTARTUP": "x"}}, "state": {"type": "SCHEDULED"}}
        yield "POST", run, {"job_variables": {"working_dir": str(attacked.mark.parent)}}
        yield "PATCH", f"/deployments/{deployment['id']}", {"job_variables": {"command": command}}
        yield "PATCH", f"/deployments/{deployment['id']}", {"paused": False, "entrypoint": "os.system"}
        yield "PATCH", f"/flow_runs/{uuid4()}", {"job_variables": {"command": command}}
    template = {"job_configuration": {"command": command}, "variables": {}}
    yield "PATCH", "/work_pools/closeloop", {"base_job_template": template}
    yield "POST", "/work_pools/", {"name": "mine", "type": "process", "base_job_template": template}
    yield "POST", "/flows/", {"name": "mine"}
    yield "POST", "/deployments/", {"name": "mine", "flow_id": night["flow_id"], "entrypoint": "mine.flow"}
    yield "POST", "/variables/", {"name": "mine", "value": command}
    yield "POST", "/block_documents/", {"name": "mine", "data": {"url": "http://127.0.0.1:9"}}
    webhook = {"type": "call-webhook", "block_document_id": str(uuid4()), "payload": "{{ flow_run }}"}
    yield "POST", "/automations/", {"name": "mine", "trigger": {"type": "event"}, "actions": [webhook]}


def test_the_login_runs_no_command(attacked: Attacked):
    for method, path, body in attacks(attacked):
        assert attacked.ask(attacked.login, method, path, body).status_code == 403, (method, path, body)
    assert not attacked.mark.exists()


def test_the_login_still_starts_an_act_and_a_night(attacked: Attacked):
    for name, parameters in (("show-case", {"act": {"case": "cp-26-000001"}}), ("catch-up", {})):
        path = f"/deployments/{attacked.deployment(name)['id']}/create_flow_run"
        started = attacked.ask(attacked.login, "POST", path, {"parameters": parameters, "state": {"type": "SCHEDULED"}})
        assert started.status_code == 201, started.text
        assert attacked.ended(started.json()["id"])["type"] in ("COMPLETED", "FAILED")


def test_even_a_stolen_process_credential_runs_no_foreign_code(attacked: Attacked):
    """Only the owner of the home can read it; but who can write to Prefect still cannot choose what a worker runs."""
    night = attacked.deployment("catch-up")
    shell = [{"prefect.deployments.steps.run_shell_script": {"script": attacked.leave_a_mark}}]
    (attacked.mark.parent / "mine.py").write_text(f"open({str(attacked.mark)!r}, 'w')\n")
    foreign = [
        {"entrypoint": "mine.flow", "path": str(attacked.mark.parent)},
        {"entrypoint": f"{attacked.mark.parent}/mine.py:flow", "path": str(attacked.mark.parent)},
        {"entrypoint": night["entrypoint"], "pull_steps": shell},
        {"entrypoint": "os.system"},
    ]
    runs: list[str] = []
    for number, (pool, fields) in enumerate(
        (pool, each) for pool in ("closeloop", "closeloop-acts") for each in foreign
    ):
        body = {"name": f"mine-{number}", "flow_id": night["flow_id"], "work_pool_name": pool, **fields}
        made = attacked.ask(attacked.process, "POST", "/deployments/", body)
        assert made.status_code in (200, 201), made.text
        path = f"/deployments/{made.json()['id']}/create_flow_run"
        runs.append(attacked.ask(attacked.process, "POST", path, {"state": {"type": "SCHEDULED"}}).json()["id"])
    variables = {"job_variables": {"command": attacked.leave_a_mark}, "state": {"type": "SCHEDULED"}}
    refused = attacked.ask(attacked.process, "POST", f"/deployments/{night['id']}/create_flow_run", variables)
    assert refused.status_code in (409, 422), refused.text
    assert [attacked.ended(run)["type"] for run in runs] == ["CRASHED"] * len(runs)
    assert not attacked.mark.exists()


@pytest.mark.parametrize("path", ["/events/in", "/events/out", "/logs/out", "/work_pools/closeloop/workers/connect"])
def test_no_websocket_opens_without_the_process_credential(attacked: Attacked, path: str):
    async def greeted(token: str | None) -> bool:
        url = f"ws://127.0.0.1:{attacked.port}/api{path}"
        async with websockets.connect(url, subprotocols=[websockets.Subprotocol("prefect")], proxy=None) as socket:
            await socket.send(json.dumps({"type": "auth", "token": token}))
            try:
                answer = json.loads(await asyncio.wait_for(socket.recv(), 20))
            except websockets.ConnectionClosed:
                return False
            return answer["type"] == "auth_success"

    for token in (None, "wrong", ":".join(attacked.login)):
        assert not asyncio.run(greeted(token))
    assert asyncio.run(greeted(":".join(attacked.process)))


def test_pages_of_other_addresses_may_not_ask(attacked: Attacked):
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    with httpx.Client(trust_env=False, timeout=30.0) as client:
        for origin, welcome in ((f"http://127.0.0.1:{attacked.port}", True), ("http://elsewhere.example", False)):
            answer = client.options(f"{attacked.api}/flow_runs/filter", headers={"Origin": origin, **wanted})
            assert (answer.headers.get("access-control-allow-origin") == origin) == welcome
            assert answer.headers.get("access-control-allow-origin") != "*"
