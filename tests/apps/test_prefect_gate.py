"""The gate before Prefect: with the login of people, only what its routes list goes through, built anew."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.prefect_gate import LARGEST_BODY, Gate
from apps.prefect_login import BadCredential, Credentials, ensure_credentials, process_credential
from apps.prefect_process import own_origins
from apps.prefect_routes import NotAllowed, route_of
from apps.prefect_settings import server_environment, worker_environment

BOTH = Credentials("supervisor:a-long-password", "closeloop:another-password")
ID = "5f6d2b0e-3c1f-4a52-9a50-1f0e6f3f7d11"
RUN = f"/api/deployments/{ID}/create_flow_run"
STATE = f"/api/flow_runs/{ID}/set_state"
SCHEDULED = {"type": "SCHEDULED", "state_details": {"scheduled_time": None}}


class Behind:
    """The server behind the gate: notes what reaches it, and demands the process credential as Prefect does."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST", "PATCH", "DELETE"])])

    async def answer(self, request: Request) -> Response:
        user, _, password = BOTH.process.partition(":")
        expected = httpx.BasicAuth(user, password)._auth_header  # pyright: ignore[reportPrivateUsage]
        if request.headers.get("authorization") != expected:
            return Response(status_code=401)
        body = await request.body()
        self.bodies.append(json.loads(body) if body else None)
        return JSONResponse({}, status_code=200)


@pytest.fixture
def behind() -> Behind:
    return Behind()


def ask(behind: Behind, method: str, path: str, body: Any = None, credential: str = BOTH.login) -> httpx.Response:
    async def request() -> httpx.Response:
        gate = Gate(behind.app, behind.app, BOTH, "en")  # pyright: ignore[reportArgumentType]
        transport = httpx.ASGITransport(gate)  # pyright: ignore[reportArgumentType]
        user, _, password = credential.partition(":")
        auth = (user, password) if credential else None
        content = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        async with httpx.AsyncClient(transport=transport, base_url="http://gate", auth=auth) as client:
            return await client.request(method, path, content=content)

    return asyncio.run(request())


@pytest.mark.parametrize("credential", ["", "supervisor:wrong", "closeloop:wrong", "supervisor:another-password"])
def test_without_a_credential_prefect_itself_refuses(behind: Behind, credential: str):
    for method, path in (("GET", "/api/admin/version"), ("POST", "/api/flow_runs/filter"), ("POST", RUN)):
        assert ask(behind, method, path, {}, credential).status_code == 401
    assert behind.bodies == []


def test_our_own_processes_may_do_everything(behind: Behind):
    body = {"job_variables": {"command": "anything"}, "state": {"type": "COMPLETED"}}
    for path in (RUN, "/api/deployments/", "/api/variables/"):
        assert ask(behind, "POST", path, body, BOTH.process).status_code == 200
    assert behind.bodies == [body] * 3


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/admin/version"),
        ("GET", f"/api/flow_runs/{ID}"),
        ("GET", "/api/artifacts/cp-26-000007/latest"),
        ("POST", "/api/flow_runs/filter"),
        ("POST", "/api/artifacts/latest/filter"),
        ("POST", "/api/deployments/paginate"),
        ("POST", "/api/logs/filter"),
    ],
)
def test_the_login_reads_what_the_ui_shows(behind: Behind, method: str, path: str):
    assert ask(behind, method, path, {"limit": 5} if method == "POST" else None).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/deployments/"),
        ("DELETE", f"/api/deployments/{ID}"),
        ("POST", "/api/flows/"),
        ("POST", "/api/flow_runs/"),
        ("DELETE", f"/api/flow_runs/{ID}"),
        ("PATCH", f"/api/flow_runs/{ID}"),
        ("POST", f"/api/deployments/{ID}/create_flow_run/bulk"),
        ("POST", "/api/flow_runs/bulk_set_state"),
        ("POST", "/api/block_documents/"),
        ("POST", "/api/block_documents/filter"),
        ("POST", "/api/block_types/"),
        ("POST", "/api/variables/"),
        ("POST", "/api/work_pools/"),
        ("PATCH", "/api/work_pools/closeloop"),
        ("POST", "/api/work_pools/closeloop/queues"),
        ("POST", "/api/automations/"),
        ("PUT", f"/api/automations/{ID}"),
        ("DELETE", f"/api/automations/{ID}"),
        ("POST", "/api/events"),
        ("POST", "/api/artifacts/"),
        ("POST", "/api/task_runs/"),
        ("PUT", "/api/admin/storage"),
        ("GET", "/api/admin/settings"),
        ("GET", "/api/a/page/of/the/next/release"),
        ("POST", "/api/flow_runs/filter/"),
        ("POST", f"/api/deployments/{ID}/create_flow_run%0A"),
        ("GET", "/api/work_pools/../admin/settings"),
    ],
)
def test_everything_else_is_refused(behind: Behind, method: str, path: str):
    answer = ask(behind, method, path, {})
    assert answer.status_code == 403
    assert "may not do that" in answer.json()["detail"]
    assert behind.bodies == []


def test_a_run_is_started_as_the_ui_does_it(behind: Behind):
    form = {
        "name": "calm-otter",
        "parameters": {"form": {"case": "cp-26-000007"}},
        "tags": ["closeloop", "act"],
        "state": SCHEDULED,
        "enforce_parameter_schema": True,
        "work_queue_name": "default",
    }
    empty = {
        "job_variables": {},
        "empirical_policy": {"retries": 0, "retry_delay": 0},
        "infrastructure_document_id": None,
    }
    assert ask(behind, "POST", RUN, {**form, **empty}).status_code == 200
    assert behind.bodies == [{**form, "state": SCHEDULED}]


@pytest.mark.parametrize(
    "attack",
    [
        {"job_variables": {"command": "touch owned"}},
        {"job_variables": {"env": {"PYTHONPATH": "elsewhere"}}},
        {"job_variables": {"env.PYTHONPATH": "elsewhere"}},
        {"job_variables": {"working_dir": "elsewhere"}},
        {"infrastructure_document_id": ID},
        {"enforce_parameter_schema": False},
        {"enforce_parameter_schema": 0},
        {"work_queue_name": "mine"},
        {"parent_task_run_id": ID},
        {"context": {"a": 1}},
        {"empirical_policy": {"retries": 1000}},
        {"state": {"type": "COMPLETED"}},
        {"state": {"type": "SCHEDULED", "data": {"type": "pickle", "blob": "gASV"}}},
        {"state": {"type": "SCHEDULED", "name": "Done"}},
        {"state": {"type": "SCHEDULED", "state_details": {"flow_run_id": ID}}},
        {"state": "SCHEDULED"},
        {"parameters": {"form": {"case": {"__prefect_kind": "jinja", "template": "{{ 7 * 7 }}"}}}},
        {"parameters": {"form": [{"__prefect_kind": "workspace_variable", "variable_name": "x"}]}},
        {"a_field_of_the_next_release": True},
        [],
        "job_variables",
    ],
    ids=str,
)
def test_a_run_takes_nothing_but_checked_parameters(behind: Behind, attack: Any):
    assert ask(behind, "POST", RUN, attack).status_code == 403
    assert behind.bodies == []


NAMES = st.sampled_from(
    [
        "name",
        "parameters",
        "state",
        "type",
        "data",
        "job_variables",
        "command",
        "env",
        "enforce_parameter_schema",
        "__prefect_kind",
        "work_queue_name",
        "state_details",
        "scheduled_time",
        "pull_steps",
        "infrastructure_document_id",
    ]
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-1, 1), st.sampled_from(["", "SCHEDULED", "COMPLETED", "id"]))
BODIES = st.dictionaries(
    NAMES, st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4))
)


@given(body=BODIES)
def test_whatever_is_asked_a_run_that_goes_through_holds_nothing_that_chooses_its_code(body: dict[str, Any]):
    route = route_of("POST", RUN.removeprefix("/api"))
    assert route is not None
    assert route.check is not None
    try:
        run = route.check(body)
    except NotAllowed:
        return
    assert run.keys() <= {"name", "parameters", "tags", "state", "enforce_parameter_schema", "work_queue_name"}
    assert run.get("enforce_parameter_schema") in (None, True)
    assert run.get("work_queue_name") in (None, "default")
    assert "__prefect_kind" not in json.dumps(run.get("parameters"))
    if state := run.get("state"):
        assert state["type"] == "SCHEDULED"
        assert state.keys() <= {"type", "name", "message", "state_details"}


def test_a_name_given_twice_is_the_one_that_was_checked(behind: Behind):
    twice = b'{"job_variables": {"command": "id"}, "job_variables": {}}'
    assert ask(behind, "POST", RUN, twice).status_code == 200
    assert behind.bodies == [{}]


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a": 1} {}'])
def test_what_is_no_json_is_refused(behind: Behind, body: bytes):
    assert ask(behind, "POST", RUN, body).status_code == 400
    assert ask(behind, "POST", RUN, b'{"parameters": ' + b'{"a": ' * 100_000).status_code in (400, 403)
    assert behind.bodies == []


def test_a_large_body_is_refused(behind: Behind):
    assert ask(behind, "POST", "/api/logs/filter", b" " * (LARGEST_BODY + 1)).status_code == 413
    assert behind.bodies == []


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ({"type": "CANCELLING", "name": "Cancelling"}, 200),
        ({"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the UI"}, 200),
        ({"type": "COMPLETED"}, 403),
        ({"type": "COMPLETED", "name": "Scheduled"}, 403),
        ({"type": "RUNNING"}, 403),
        ({"type": "CANCELLING", "data": {"type": "result"}}, 403),
        ({}, 403),
    ],
)
def test_a_run_is_cancelled_or_tried_again_but_never_called_done(behind: Behind, state: dict[str, Any], status: int):
    assert ask(behind, "POST", STATE, {"state": state, "force": True}).status_code == status


@pytest.mark.parametrize(
    ("path", "switch", "other"),
    [
        (f"/api/deployments/{ID}", {"paused": True}, {"paused": True, "entrypoint": "os.system"}),
        (f"/api/deployments/{ID}/schedules/{ID}", {"active": False}, {"active": True, "schedule": {"interval": 1}}),
        (f"/api/automations/{ID}", {"enabled": False}, {"enabled": True, "actions": [{"type": "run-deployment"}]}),
    ],
)
def test_a_pause_changes_nothing_else(behind: Behind, path: str, switch: dict[str, Any], other: dict[str, Any]):
    assert ask(behind, "PATCH", path, switch).status_code == 200
    assert ask(behind, "PATCH", path, other).status_code == 403
    assert ask(behind, "PATCH", path, {}).status_code == 403
    assert behind.bodies == [switch]


def test_the_credentials_are_made_once_and_only_their_owner_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    made = ensure_credentials(tmp_path)
    assert made.login == (tmp_path / "prefect.auth").read_text("ascii")
    assert made.login != made.process
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2
    assert ensure_credentials(tmp_path) == made
    assert made.process not in repr(made)


def test_a_given_login_is_used_and_no_file_is_made_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "desk:a-given-password")
    given = ensure_credentials(tmp_path)
    assert (given.login, given.login_given) == ("desk:a-given-password", True)
    assert [file.name for file in tmp_path.iterdir()] == ["prefect-api.auth"]


@pytest.mark.parametrize(
    "text", ["", "supervisor", "supervisor:short", ":a-long-password", "supervisor:一二三四五六七八九十一二"]
)
def test_a_damaged_login_is_refused_with_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    (tmp_path / "prefect.auth").write_text(text, "utf-8")
    with pytest.raises(BadCredential, match=r"prefect\.auth"):
        ensure_credentials(tmp_path)


def test_a_given_login_may_be_short_but_not_empty():
    assert Credentials("a:b", BOTH.process, login_given=True).check().login == "a:b"
    for login in ("", "a", "a:", ":b"):
        with pytest.raises(BadCredential, match="PREFECT_SERVER_API_AUTH_STRING"):
            Credentials(login, BOTH.process, login_given=True).check()


def test_the_login_is_never_the_credential_of_our_processes():
    with pytest.raises(BadCredential):
        Credentials(BOTH.login, BOTH.login).check()


def test_the_credential_of_a_home_goes_to_its_own_server_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)
    made = ensure_credentials(tmp_path)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "prefect-server.json").write_text(json.dumps({"api_url": "http://127.0.0.1:4200/api"}))
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "for:another-server")
    assert process_credential(tmp_path, "http://127.0.0.1:4200/api") == made.process
    assert process_credential(tmp_path, "http://10.0.0.5:4200/api") == "for:another-server"


def test_the_pages_of_others_may_not_ask_the_api():
    assert own_origins("", "http://127.0.0.1:4200/api") == "http://127.0.0.1:4200,http://localhost:4200"
    assert own_origins("", "https://desk.example/api") == "https://desk.example"
    assert own_origins("https://desk.example", "http://127.0.0.1:4200/api") == "https://desk.example"
    for origins in ("*", "https://desk.example,*"):
        with pytest.raises(BadCredential):
            own_origins(origins, "http://127.0.0.1:4200/api")


def test_a_child_gets_what_it_needs_of_the_environment():
    everything = {
        "PATH": "/usr/bin",
        "CLOSELOOP_SECRET": "s",
        "CLOSELOOP_SMTP_URL": "smtp://u:p@h",
        "PREFECT_SERVER_API_AUTH_STRING": "supervisor:a",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql://u:p@h",
        "PREFECT_HOME": "/h",
        "AWS_SECRET_ACCESS_KEY": "k",
        "SSH_AUTH_SOCK": "/s",
    }
    assert {"CLOSELOOP_SECRET", "CLOSELOOP_SMTP_URL", "AWS_SECRET_ACCESS_KEY"} & set(
        server_environment(everything)
    ) == set()
    assert set(worker_environment(everything)) == {"PATH", "CLOSELOOP_SECRET", "CLOSELOOP_SMTP_URL", "PREFECT_HOME"}
