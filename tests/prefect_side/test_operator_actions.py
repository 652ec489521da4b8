"""A supervisor acts from the Prefect UI: forms in two languages, a code only he gets, and nothing personal kept."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.prefect_server import Server
from engine.actors import NewActor, add_actor
from engine.commands.one_time_codes import issue_by_hand
from engine.create_store import create_store
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.case_actions import HANDLER, SECRET, START, SUPERVISOR, add_staff, case_of, history_of, make_move, new_case
from tests.prefect_side.conftest import until

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import State

pytestmark = pytest.mark.prefect

CANARY = "canary-zhang-san-13800138000"
ACTS = {
    "show-case",
    "escalate-case",
    "reassign-case",
    "extend-promise",
    "decide-case",
    "acknowledge-alert",
    "pause-kind",
    "resume-kind",
    "sweep-now",
}


@pytest.fixture
def store(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that the shells find by their settings, as they do in a worker."""
    monkeypatch.setenv("CLOSELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("CLOSELOOP_SECRET", SECRET)
    settings = Settings()
    create_store(settings, START, START)
    store = settings.store()
    add_staff(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def deployed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Put the deployments of ``prefect.yaml`` on the server, and remove them afterwards: they have schedules, too."""
    from apps.up_deployments import ensure_pool_and_deployments

    yield ensure_pool_and_deployments(server.api_url)
    empty = tmp_path_factory.mktemp("deployments") / "empty.yaml"
    empty.write_text("deployments: []")
    ensure_pool_and_deployments(server.api_url, empty)


@contextmanager
def prefect_at(server: Server) -> Iterator[None]:
    """Prefect may have been imported long before this server was there."""
    from prefect.context import SyncClientContext
    from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

    settings: dict[Any, Any] = {PREFECT_API_URL: server.api_url, PREFECT_LOGGING_TO_API_ENABLED: False}
    with temporary_settings(settings), SyncClientContext():  # whose client is closed with it
        yield


def awaiting_approval(store: Store, after: timedelta = timedelta()) -> str:
    """A compensation above the desk's limit waits for a second person; all that is said is personal."""
    number = new_case(store, after, text=CANARY, customer=CANARY, phone="13800138000")
    make_move(store, number, "classify", after=after)
    make_move(store, number, "investigate", after=after, findings=CANARY)
    make_move(store, number, "determine_responsibility", by=HANDLER, after=after, evidence=CANARY)
    make_move(store, number, "confirm_responsibility", after=after)
    make_move(store, number, "compensate", by=HANDLER, after=after, compensation=900_000, grounds=CANARY)
    return number


def run_of(client: "SyncPrefectClient", state: "State[Any]") -> Any:
    assert state.state_details.flow_run_id is not None
    return client.read_flow_run(state.state_details.flow_run_id)


def told_in(client: "SyncPrefectClient", run: Any) -> list[str]:
    left = client.request("POST", "/artifacts/filter", json={}).json()
    return [str(each["data"]) for each in left if each["flow_run_id"] == str(run.id)]


def test_each_act_is_a_deployment_whose_form_speaks_both_languages(
    server: Server, client: "SyncPrefectClient", deployed: Any
):
    from apps.declared_deployments import read_acts
    from apps.up_deployments import ensure_pool_and_deployments

    assert {f"{name}/{name}" for name in ACTS} <= {*deployed.made, *deployed.changed, *deployed.unchanged}
    for act in (one for one in read_acts() if "act" in one.tags):
        deployment = client.read_deployment_by_name(f"{act.name}/{act.name}")
        assert (deployment.schedules, deployment.enforce_parameter_schema) == ([], True)
        schema: Any = deployment.parameter_openapi_schema
        for form in schema["definitions"].values():
            assert "No customer's name" in form["description"]
            assert "请勿填写" in form["description"]
            fields = list(form["properties"])
            assert "case" not in fields or fields == ["case"] or fields[-1] == "code", "a look needs no code"
            for field in form["properties"].values():
                assert re.fullmatch(r"[^/]*[\u4e00-\u9fff][^/]*/ [A-Z][\w\s-]+", field["title"]), field
                assert re.search(r"[\u4e00-\u9fff].* / [A-Z]", field["description"], re.DOTALL), field
    again = ensure_pool_and_deployments(server.api_url)
    assert (again.made, again.changed, again.removed) == ((), (), ())


@pytest.mark.usefixtures("deployed")
def test_the_server_refuses_a_form_with_words_in_it(client: "SyncPrefectClient"):
    from prefect.exceptions import PrefectHTTPStatusError

    deployment = client.read_deployment_by_name("escalate-case/escalate-case")
    schema: Any = deployment.parameter_openapi_schema
    shown = {name: field["enum"][0] for name, field in schema["definitions"]["EscalateForm"]["properties"].items()
             if "enum" in field}  # fmt: skip
    form = {"acting_as": SUPERVISOR, "case": "cp-26-000001", **shown}
    for words in ({"reason": CANARY}, {"reference": CANARY}, {"acting_as": "Zhang San"}, {"note": CANARY}):
        with pytest.raises(PrefectHTTPStatusError, match="409"):
            client.create_flow_run_from_deployment(deployment.id, parameters={"act": form | words})
    client.delete_flow_run(client.create_flow_run_from_deployment(deployment.id, parameters={"act": form}).id)


def steps_of(client: "SyncPrefectClient", run: Any) -> list[tuple[str, str]]:
    """Return the tasks of a run that have ended, once there are any: their names and how they ended."""
    from prefect.client.schemas.filters import FlowRunFilter

    only = FlowRunFilter.model_validate({"id": {"any_": [run.id]}})

    def ended() -> list[tuple[str, str]]:
        states = [(task.name, task.state) for task in client.read_task_runs(flow_run_filter=only)]
        return [(name, str(state.type.value)) for name, state in states if state is not None and state.is_final()]

    return until(ended)


@pytest.mark.requirement("F3")
def test_an_approval_takes_the_code_that_was_sent_to_its_actor(
    server: Server, client: "SyncPrefectClient", store: Store, home: Path
):
    from flows.deployments.operator_flows import decide_case
    from flows.deployments.operator_forms import decisions

    number = awaiting_approval(store)
    approve = decisions()["approve_compensation"]
    form = {"acting_as": SUPERVISOR, "case": number, "move": approve, "amount": 900_000}
    flow: Any = decide_case

    def decides(**more: Any) -> Any:
        with prefect_at(server):
            return run_of(client, asyncio.run(flow({**form, **more}, return_state=True)))

    asked = decides()
    assert (asked.name, asked.state_name) == (f"decide-case · {number} · {SUPERVISOR}", "AwaitingCode")
    assert asked.state.type == "COMPLETED"
    assert f"closeloop code --for {SUPERVISOR}" in asked.state.message, "no mail server is set up here"
    assert case_of(store, number)["version"] == len(history_of(store, number)) == 6

    mail = (store.home / "outbox" / "mail.jsonl").read_text("utf-8")
    assert "sue@example.com" in mail
    found = re.search(r"\\n  (\d{6})\\n", mail)
    assert found is not None
    wrong = decides(code=f"{(int(found[1]) + 1) % 10**6:06}")
    assert (wrong.state_name, wrong.state.type) == ("Refused", "FAILED")
    assert "验证码不对" in wrong.state.message
    assert "验证码不对" in told_in(client, wrong)[0]

    done = decides(code=found[1])
    assert (done.state_name, done.state.type) == ("Done", "COMPLETED")
    assert f"{SUPERVISOR} 已完成“批准赔付”：工单 {number}" in done.state.message
    last = history_of(store, number)[-1]
    assert (last["move"], last["via"]) == ("approve_compensation", "prefect-form")
    assert SUPERVISOR in told_in(client, done)[0]
    assert steps_of(client, done) == [(f"批准/决定 · {number}", "COMPLETED")]
    assert steps_of(client, wrong) == [(f"批准/决定 · {number}", "FAILED")]

    ours = "closeloop.db"  # a store of another test; it may hold what Prefect may not
    kept = [file for file in home.rglob("*") if file.is_file() and not file.name.startswith(ours)]
    assert any(file.name == "prefect.db" for file in kept)
    for personal in (CANARY, "13800138000", "sue@example.com"):
        assert [file for file in kept if personal.encode() in file.read_bytes()] == []


@pytest.mark.usefixtures("deployed")
def test_a_refusal_looks_failed_and_alarms_nobody(client: "SyncPrefectClient"):
    """A run's event is named after its state, and no automation watches for ``Refused``."""
    from prefect.states import Failed

    from apps.up_automations import declared

    deployments = {each.name: each.id for each in client.read_deployments()}
    watched = {event for each in declared(deployments) for event in getattr(each.trigger, "expect", ())}
    failures = {event for event in watched if event.endswith(("Failed", "Crashed"))}
    assert failures == {"prefect.flow-run.Failed", "prefect.flow-run.Crashed"}
    assert f"prefect.flow-run.{Failed(name='Refused').name}" not in failures


@pytest.mark.usefixtures("deployed")
@pytest.mark.long
def test_the_acts_are_served_by_a_process_that_stays_up(server: Server, client: "SyncPrefectClient", store: Store):
    """Two acts by forms that offer this house's people and departments; one process runs both."""
    from apps.prefect_server import acts_worker

    number = new_case(store, text=CANARY)
    with store.writing() as tx:
        add_actor(tx, NewActor("ada", (Role.ADMINISTRATOR,)))

    def offered(field: str) -> list[str]:
        schema: Any = client.read_deployment_by_name("reassign-case/reassign-case").parameter_openapi_schema
        return schema["definitions"]["ReassignForm"]["properties"][field].get("enum", [])

    def over(run: Any) -> Any:
        now = client.read_flow_run(run.id)
        return now if now.state is not None and now.state.is_final() else None

    with acts_worker(store.home, server.api_url):
        until(lambda: offered("department"), 120)
        assert "理赔部 · Claims · claims" in offered("department")
        assert {SUPERVISOR, HANDLER} <= {*offered("acting_as")}
        assert offered("owner")[0] == "", "the owner may be left out"
        act = client.read_deployment_by_name("reassign-case/reassign-case")
        schema: Any = act.parameter_openapi_schema
        reason = schema["definitions"]["ReassignForm"]["properties"]["reason"]["enum"][0]
        entries = {"acting_as": SUPERVISOR, "case": number, "reason": reason, "department": "理赔部 · Claims · claims"}
        code = issue_by_hand(store, SUPERVISOR, "ada", store.now()).code
        ended = []
        for more in ({"code": code, "owner": HANDLER}, {"code": code, "owner": "ada"}):
            run = client.create_flow_run_from_deployment(act.id, parameters={"act": {**entries, **more}})
            ended.append(until(lambda: over(run), 60))  # noqa: B023
    done, refused = ended
    assert (done.state_name, refused.state_name, refused.state.type) == ("Done", "Refused", "FAILED")
    assert "han" in done.state.message
    assert "验证码已经使用过" in refused.state.message
    assert done.infrastructure_pid == refused.infrastructure_pid
    assert (case_of(store, number)["department"], case_of(store, number)["owner"]) == ("claims", HANDLER)
