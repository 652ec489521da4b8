"""A supervisor at the real UI, in a real browser: from the dashboard to the morning report, and an approval made."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.prefect_server import Server, acts_worker, worker
from engine.create_store import create_store
from engine.settings import Settings
from engine.store import Store
from tests.case_actions import START, SUPERVISOR, add_staff, case_of, history_of, new_case
from tests.prefect_side.conftest import until
from tests.prefect_side.test_operator_actions import awaiting_approval

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = [pytest.mark.prefect, pytest.mark.long]

APPROVE = "approve_compensation"


@pytest.fixture
def store(server: Server, tmp_path: Path) -> Iterator[Store]:
    """A store whose worker stands ready, with all deployments of the house."""
    settings = Settings(home=tmp_path, secret=None, database_url=None)
    create_store(settings, START, START)
    store = settings.store()
    add_staff(store)
    with deployed(server, tmp_path), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_WORKER_QUERY_SECONDS", "1")
        patch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
        with worker(tmp_path, server.api_url), acts_worker(tmp_path, server.api_url):
            until(lambda: forms_offer_people(server), 120)
            yield store
    store.close()


def forms_offer_people(server: Server) -> bool:
    """Whether the worker of the acts has started and brought the choices of the house into the forms."""
    from apps.prefect_client import prefect_client

    with prefect_client(server.api_url) as client:
        schema: Any = client.read_deployment_by_name("decide-case/decide-case").parameter_openapi_schema
    return "enum" in schema["definitions"]["DecideForm"]["properties"]["acting_as"]


@contextmanager
def deployed(server: Server, folder: Path) -> Iterator[None]:
    from apps.up_deployments import ensure_pool_and_deployments

    ensure_pool_and_deployments(server.api_url)
    yield
    (folder / "empty.yaml").write_text("deployments: []")
    ensure_pool_and_deployments(server.api_url, folder / "empty.yaml")


def night_has_run(client: "SyncPrefectClient") -> None:
    """The overnight run of this morning: asked for here, made by the worker."""
    night = client.read_deployment_by_name("overnight-escalation/overnight-escalation")
    run = client.create_flow_run_from_deployment(night.id)

    def over() -> Any:
        state = client.read_flow_run(run.id).state
        return state if state is not None and state.is_final() else None

    assert until(over, 60).is_completed()


def reads_the_morning_report(page: "Page", ui_url: str) -> None:
    from playwright.sync_api import expect

    page.goto(f"{ui_url}/v2/dashboard")
    expect(page.get_by_text("Active Work Pools")).to_be_visible()
    page.get_by_role("link", name="Runs", exact=True).click()
    page.get_by_placeholder("Search by flow run name").fill("夜间升级上报")
    page.get_by_role("link", name=re.compile(r"夜间升级上报 · ")).first.click()
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_role("link", name=re.compile("morning-report")).first.click()
    page.locator("a[href*='/artifacts/artifact/']").first.click()  # the key has a history: the newest of it
    expect(page.get_by_role("heading", name=re.compile("晨报")).first).to_be_visible()


def fills_in(page: "Page", ui_url: str, number: str, code: str = "") -> None:
    """The form of the approval, from the list of deployments to its submission and the page of its run."""
    page.goto(f"{ui_url}/v2/deployments")  # also takes the notice of an earlier run away
    page.get_by_role("link", name="decide-case", exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Custom run").click()
    page.get_by_label("经办账号 / Acting as").click()
    page.get_by_role("option", name=SUPERVISOR, exact=True).click()
    page.get_by_label("工单编号 / Case number").fill(number)
    page.get_by_label("决定 / Decision").click()
    page.get_by_role("option", name=re.compile(APPROVE)).click()
    page.get_by_role("tab", name="int").click()
    page.get_by_role("spinbutton").fill("900000")
    if code:
        page.get_by_label("一次性验证码 / One-time code").fill(code)
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("button", name="View run").click()


def ends_as(page: "Page", state: str) -> None:
    from playwright.sync_api import expect

    expect(page.get_by_text(state, exact=True).first).to_be_visible()


def code_in_the_mail(store: Store) -> str:
    """Only the supervisor's mail has it."""
    mails = [json.loads(line) for line in (store.home / "outbox" / "mail.jsonl").read_text("utf-8").splitlines()]
    [mail] = [mail for mail in mails if mail["to"] == "sue@example.com" and mail["key"].startswith("code:")]
    found = re.search(r"^\s*(\d{6})\s*$", mail["body"], re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.requirement("I1")
def test_a_supervisor_reads_the_night_and_approves_what_waits(
    server: Server, store: Store, client: "SyncPrefectClient", page: "Page"
):
    number = awaiting_approval(store)
    before = case_of(store, number)["state"]
    night_has_run(client)

    reads_the_morning_report(page, server.ui_url)

    fills_in(page, server.ui_url, number)
    ends_as(page, "AwaitingCode")
    assert case_of(store, number)["state"] == before, "nothing moves without the code"

    fills_in(page, server.ui_url, number, code_in_the_mail(store))
    ends_as(page, "Done")
    made = {row["move"]: row["via"] for row in history_of(store, number)}  # a flow may have assigned the case since
    assert made.get(APPROVE) == "prefect-form"
    assert case_of(store, number)["state"] != before


def test_the_ui_asks_for_the_login_once_and_refuses_another(anonymous: "Page", server: Server):
    from playwright.sync_api import expect

    page = anonymous
    page.goto(f"{server.ui_url}/v2/dashboard")
    for given, refused in (("supervisor:not-this-one", True), (server.credentials.login, False)):
        page.locator("input[type=password]").fill(given)
        page.get_by_role("button", name="Login").click()
        if refused:
            expect(page.locator("input[type=password]")).to_be_visible()
    expect(page.get_by_text("Active Work Pools")).to_be_visible()
    page.goto(f"{server.ui_url}/v2/runs")
    expect(page.locator("input[type=password]")).to_have_count(0)


def test_show_case_takes_a_number_and_leaves_its_page(page: "Page", server: Server, store: Store):
    from playwright.sync_api import expect

    number = new_case(store)
    page.goto(f"{server.ui_url}/v2/deployments?tags=%5B%22act%22%5D")
    page.get_by_role("link", name="show-case", exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Custom run").click()
    page.get_by_label("工单编号 / Case number").fill(number)
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("button", name="View run").click()
    ends_as(page, "Completed")
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_role("link", name=re.compile(number)).first.click()
    page.locator("a[href*='/artifacts/artifact/']").first.click()
    expect(page.get_by_role("heading", name=re.compile(number))).to_be_visible()
