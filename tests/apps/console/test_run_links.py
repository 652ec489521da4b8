"""The Prefect runs of a case: linked from the console without asking Prefect, and its artifact links back."""

import json

import pytest

from engine.outbox.deliveries import lease, settle
from engine.settings import Settings
from engine.store import Store
from reports.case_page import page
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AGENT, AUDITOR, HOUR, MICROSECOND, START, new_case
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts

pytestmark = [pytest.mark.requirement("H4"), pytest.mark.any_database]

RUN = "0192f0c4-7a11-7b6e-9f2a-3c5d1e8b7a60"


def delivered_by_a_run(store: Store) -> str:
    """Return the number of a case of which a run delivered the first event."""
    number = new_case(store)
    leased = lease(store, f"4711-ab12cd34-{RUN}", lambda _: ("greet",), START + MICROSECOND)
    settle(store, [(delivery, None) for delivery in leased], START + HOUR)
    return number


def test_a_case_leads_to_its_runs_while_prefect_is_away(settings: Settings, store: Store):
    add_accounts(store, AGENT, AUDITOR)
    number = delivered_by_a_run(store)
    with_ui = settings.model_copy(update={"ui_url": "https://prefect.example.com/"})
    with site_client(with_ui, store, None) as client:
        log_in(client, store, AGENT)
        whole = client.get(f"/console/cases/{number}/runs")
        part = client.get(f"/console/cases/{number}/runs", headers={"HX-Request": "true"})
        log_in(client, store, ADMIN)
        assert client.get(f"/console/cases/{number}/runs").status_code == 404  # who may not read the case
    for answer in (whole, part):
        assert f'href="https://prefect.example.com/v2/runs/flow-run/{RUN}"' in answer.text
    assert ("<html" in whole.text, "<html" in part.text) == (True, False)


def test_a_run_of_the_server_of_this_home_is_found_and_without_any_its_id_stands(settings: Settings, store: Store):
    add_accounts(store, AGENT)
    number = delivered_by_a_run(store)
    with site_client(settings, store, None) as client:
        log_in(client, store, AGENT)
        without = client.get(f"/console/cases/{number}/runs").text
        folder = store.home / "run"
        folder.mkdir()
        (folder / "prefect-server.json").write_text(json.dumps({"api_url": "http://127.0.0.1:4200/api"}), "utf-8")
        served = client.get(f"/console/cases/{number}/runs").text
    assert (RUN in without, "/v2/runs/" in without) == (True, False)
    assert f'href="http://127.0.0.1:4200/v2/runs/flow-run/{RUN}"' in served


def test_the_artifact_of_a_case_leads_back_to_the_console(sqlite_store: Store):
    number = new_case(sqlite_store)
    address = f"https://cases.example.com/console/cases/{number}"
    shown = page(sqlite_store, number, START, "en", console=address)
    assert shown is not None
    assert f"[Open the case in the console]({address})" in shown.text
    without = page(sqlite_store, number, START, "en")
    assert without is not None
    assert "console" not in without.text


def test_the_tools_of_the_flows_know_the_address_of_the_console(settings: Settings, store: Store):
    from flows.case_address import console_page
    from flows.work import work_from

    work = work_from(settings.model_copy(update={"public_url": "https://cases.example.com/"}))
    try:
        assert console_page(work, "cp-26-000001") == "https://cases.example.com/console/cases/cp-26-000001"
    finally:
        work.store.close()


def test_without_a_setting_it_is_the_site_that_runs_at_whatever_port(settings: Settings, store: Store):
    from apps.listening import invitation_link
    from flows.case_address import console_page, staff_page
    from flows.work import work_from

    work = work_from(settings)
    try:
        assert console_page(work, "cp-26-000001") is None
        assert staff_page(work, "cp-26-000001") is None
        (store.home / "run").mkdir()
        note = {"api_url": "http://127.0.0.1:4377/api/v1"}
        (store.home / "run" / "api.json").write_text(json.dumps(note), "utf-8")
        assert console_page(work, "cp-26-000001") == "http://127.0.0.1:4377/console/cases/cp-26-000001"
        assert staff_page(work, "cp-26-000001") == console_page(work, "cp-26-000001"), "where each has an account"
    finally:
        work.store.close()
    assert invitation_link(settings, "abc") == "http://127.0.0.1:4377/login/invitation#abc"
