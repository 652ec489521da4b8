"""A supervisor looks for a case in the real UI: what is overdue, why it climbed, its runs, and the form that acts."""

import asyncio
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apps.prefect_server import Server
from engine.create_store import create_store, set_clock
from engine.settings import Settings
from flows.scheduled_work import watch_scheduled
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from tests.case_actions import DIRECTOR, HOUR, START, SUPERVISOR, add_staff, new_case
from tests.flows.scenes import DAMAGE
from tests.prefect_side.test_browser import deployed
from tests.prefect_side.test_operator_actions import awaiting_approval, prefect_at

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.prefect, pytest.mark.long, pytest.mark.requirement("I1")]

BEGIN = START + timedelta(days=3 * 364)
"""Another year than the other tests': a case's number carries it, so its runs on the shared server are its own."""
LATER = BEGIN - START
CASES = 12
CONSOLE = "https://care.example.com"
"""Where the console of this house is reached."""
SCREENSHOTS = os.environ.get("CLOSELOOP_SCREENSHOTS")
"""The folder into which the pictures of docs/window.md are drawn anew; unset, none are."""


@dataclass(frozen=True)
class House:
    """A house whose complaints nobody answered for a night: their numbers, and one that Prefect never saw a run of.

    ``decided`` waits for the approval of a compensation.
    """

    ui_url: str
    numbers: list[str]
    unseen: str
    decided: str


@pytest.fixture(scope="module")
def house(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    settings = Settings(home=tmp_path_factory.mktemp("pages"), database_url=None, secret="a-secret-of-the-tests")
    create_store(settings, BEGIN, BEGIN)
    work = Work(settings.store(), FakeMailer(), FakeTelephone(), "zh_CN", public_url=CONSOLE)
    add_staff(work.store)
    numbers = [new_case(work.store, LATER, text=DAMAGE) for _ in range(CASES)]
    with deployed(server, tmp_path_factory.mktemp("deployed")), prefect_at(server):
        unseen, decided = asyncio.run(_live(work, server))
        yield House(server.ui_url, numbers, unseen, decided)
    work.store.close()


async def _live(work: Work, server: Server) -> tuple[str, str]:
    from flows.deployments.driver_flows import FLOWS
    from flows.prefect_ui.observer import PrefectObserver
    from flows.prefect_ui.page_keeper import PageKeeper

    patience = {"start_seconds": 20.0, "probe_seconds": 5.0, "breaker_seconds": 0.0}
    async with PrefectObserver(server.api_url, FLOWS, **patience) as observer:
        work.observer = observer
        for after in (0, 2, 5, 18):
            set_clock(work.store, BEGIN + after * HOUR)
            await drain(work)
        await watch_scheduled(work, "morning-report")
        await observer.aclose(30)
    unseen = new_case(work.store, LATER + 18 * HOUR, text=DAMAGE)
    decided = awaiting_approval(work.store, LATER + 18 * HOUR)
    await PageKeeper(work).keep(0.0)
    return unseen, decided


def picture(page: "Page", name: str, height: int = 1400) -> None:
    """Draw a picture of the page for docs/window.md, if a folder is given."""
    if SCREENSHOTS is not None:
        page.wait_for_load_state("networkidle")
        page.set_viewport_size({"width": 1400, "height": height})
        page.screenshot(path=str(Path(SCREENSHOTS) / f"window-{name}.png"))


def newest(page: "Page") -> None:
    """From the history of a key to its newest artifact."""
    page.locator("a[href*='/artifacts/artifact/']").first.click()


def test_from_the_printed_address_overdue_case_reason_and_form_are_two_clicks_away(page: "Page", house: House):
    from playwright.sync_api import expect

    number = house.numbers[4]
    page.goto(f"{house.ui_url}/v2/artifacts/key/closeloop")  # as `closeloop up` prints it
    expect(page.get_by_text("超时，现由总经理负责")).to_be_visible()
    expect(page.get_by_role("link", name="控制台：用本人账号办理")).to_have_attribute("href", f"{CONSOLE}/console/")
    for form in ("升级上报", "指派/转办", "批准/决定", "暂停一类工单的自动处理"):
        expect(page.get_by_role("link", name=form, exact=True)).to_be_visible()
    picture(page, "start", 620)

    page.get_by_role("link", name=number, exact=True).click()
    expect(page.get_by_text(re.compile(r"现由总经理负责.*初步回复已用 200 %，期限为 \d\d-\d\d 11:00"))).to_be_visible()
    picture(page, "key", 620)

    forms = page.get_by_role("link", name="延期：初步回复", exact=True)
    in_console = f"{CONSOLE}/console/cases/{number}/moves/extend?clause=first_reply"
    expect(forms.first).to_have_attribute("href", in_console)  # its lists hold the choices of this case alone
    forms.last.click()
    expect(page.get_by_label("工单编号 / Case number")).to_have_value(number)
    expect(page.get_by_label("时限 / Promise")).to_contain_text("first_reply")
    picture(page, "form")


def test_a_form_for_each_decision_of_the_case_opens_filled_in_and_a_missing_reason_is_asked_for(
    page: "Page", house: House
):
    """Prefect's own list of decisions is that of all cases: the case's page says which are possible now."""
    from playwright.sync_api import expect

    page.goto(f"{house.ui_url}/v2/artifacts/key/{house.decided}")
    for move in ("批准赔付", "不批准赔付"):
        expect(page.get_by_role("link", name=f"批准/决定：{move}", exact=True)).to_have_count(2)
    decisions = page.get_by_role("link").filter(has_text="批准/决定：")
    assert 4 <= decisions.count() < 16, "not the decisions of other cases"
    expect(page.get_by_role("link", name="升级上报：总经理", exact=True).last).to_be_visible()
    picture(page, "decisions", 620)

    page.get_by_role("link", name="批准/决定：不批准赔付", exact=True).last.click()
    expect(page.get_by_label("工单编号 / Case number")).to_have_value(house.decided)
    expect(page.get_by_label("决定 / Decision")).to_contain_text("decline_compensation")
    expect(page.get_by_label("原因 / Reason")).not_to_contain_text("none_needed")
    page.get_by_label("经办账号 / Acting as").fill(SUPERVISOR)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("is not one of").first).to_be_visible()


def test_the_page_of_a_case_gives_each_breach_with_promise_share_deadline_and_whom_it_asked(page: "Page", house: House):
    from playwright.sync_api import expect

    page.goto(f"{house.ui_url}/v2/artifacts/key/{house.numbers[0]}")
    newest(page)
    expect(page.get_by_role("heading", name="为何在这一层级")).to_be_visible()
    for share, asked in (
        ("100 %", f"客服班组长 {SUPERVISOR}"),
        ("150 %", "部门经理 mei"),
        ("200 %", f"总经理 {DIRECTOR}"),
    ):
        row = page.get_by_role("row", name=re.compile(f"初步回复 {share}")).filter(has_text=asked)
        expect(row.first).to_contain_text("11:00")
    picture(page, "case")


def test_searching_a_number_finds_its_runs_though_it_was_one_of_a_batch(page: "Page", house: House):
    from playwright.sync_api import expect

    number = house.numbers[7]
    page.goto(f"{house.ui_url}/v2/runs")
    page.get_by_placeholder("Search by flow run name").fill(number)
    expect(page).to_have_url(re.compile(f"flow-run-search=.*{number}"))
    expect(page.get_by_role("link", name=re.compile("^晨报"))).to_have_count(0)
    runs = page.get_by_role("link", name=re.compile(rf"^{CASES} 件工单 · .*{number}"))
    expect(runs.first).to_be_visible()
    expect(
        page.get_by_role("link", name=re.compile(rf"^{CASES} 件工单 · .* · 总经理 · .*{number}")).first
    ).to_be_visible()
    picture(page, "search", 1000)


@pytest.mark.parametrize(
    ("key", "drawn"), [("escalation-ledger", "ledger"), ("sla-board", "board"), ("morning-report", "report")]
)
def test_ledger_board_and_report_link_to_the_cases(page: "Page", house: House, key: str, drawn: str):
    from playwright.sync_api import expect

    page.goto(f"{house.ui_url}/v2/artifacts/key/{key}")
    newest(page)
    number = re.compile(r"^cp-\d\d-\d{6}$")
    link = page.locator("a[href*='artifacts/key/cp-']").filter(has_text=number).first
    wanted = link.inner_text()
    picture(page, drawn)
    link.click()
    expect(page).to_have_url(re.compile(f"/v2/artifacts/key/{wanted}"))
    expect(page.get_by_text(f"Created {wanted}")).to_be_visible()


def test_a_case_that_no_run_touched_has_a_page_too(page: "Page", house: House):
    from playwright.sync_api import expect

    page.goto(f"{house.ui_url}/v2/artifacts/key/{house.unseen}")
    expect(page.get_by_text(f"Created {house.unseen}")).to_be_visible()
    newest(page)
    expect(page.get_by_role("heading", name=re.compile(house.unseen))).to_be_visible()
