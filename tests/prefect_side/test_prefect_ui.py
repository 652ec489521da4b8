"""The supervisor's window on a real server: names, tags, states, artifacts with their history, events, no person."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from apps.prefect_server import Server
from engine.callbacks.attempts import plan
from engine.create_store import create_store, set_clock
from engine.settings import Settings
from flows.fire_timers import Swept
from flows.scheduled_work import run_scheduled, watch_scheduled
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from tests.case_actions import HOUR, MICROSECOND, START, add_staff, make_move, new_case, new_resolved_case
from tests.flows.scenes import DAMAGE
from tests.prefect_side.conftest import until
from tests.prefect_side.test_operator_actions import prefect_at

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = [pytest.mark.prefect, pytest.mark.requirement("I1")]

CANARY = "窗口-canary-13711112222"
NIGHT = HOUR * 18.5


@dataclass(frozen=True)
class Lived:
    """A day and a night under the eyes of the server."""

    late: str
    resolved: str
    unseen: int


A_YEAR_AGO = timedelta(days=-364)
BEGIN = START + A_YEAR_AGO
"""Another year than the other tests': a case's number carries it, so its runs on the shared server are its own."""


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    settings = Settings(home=tmp_path_factory.mktemp("window"), database_url=None, secret="a-secret-of-the-tests")
    create_store(settings, BEGIN, BEGIN)
    work = Work(settings.store(), FakeMailer(), FakeTelephone(), "zh_CN")
    add_staff(work.store)
    person: dict[str, Any] = {"customer": CANARY, "email": "canary@window.example", "subject": CANARY}
    late = new_case(work.store, A_YEAR_AGO, text=f"{DAMAGE}{CANARY}", **person)
    done = new_resolved_case(work.store, A_YEAR_AGO, text=CANARY, **person)
    make_move(work.store, done, "note", after=A_YEAR_AGO, note=CANARY)
    with prefect_at(server):
        unseen = asyncio.run(_live(work, server))
    work.store.close()
    return Lived(late, done, unseen)


async def _live(work: Work, server: Server) -> int:
    from flows.deployments.driver_flows import FLOWS
    from flows.prefect_ui.event_feed import EventFeed
    from flows.prefect_ui.observer import PrefectObserver

    patience = {"start_seconds": 10.0, "probe_seconds": 5.0, "breaker_seconds": 0.0}
    async with PrefectObserver(server.api_url, FLOWS, **patience) as observer:
        work.observer = observer
        for after in (HOUR * 0, HOUR * 1.5, HOUR * 2, HOUR * 3, HOUR * 4):
            set_clock(work.store, BEGIN + after + MICROSECOND)  # a promise is broken after its limit, not at it
            await drain(work)
            await observer.closed(30)  # nobody hurries: each run leaves all it has to leave
        plan(work.store, BEGIN + HOUR * 4)
        await _night(work)
        await observer.aclose(15)
        await EventFeed(work).post_all()
        return observer.counts.plain


async def _night(work: Work) -> None:
    set_clock(work.store, BEGIN + NIGHT)
    await watch_scheduled(work, "overnight-escalation")
    set_clock(work.store, BEGIN + NIGHT + timedelta(hours=4))
    await watch_scheduled(work, "morning-report")


def runs(client: "SyncPrefectClient", lived: Lived, flow: str) -> list[Any]:
    from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    only = FlowFilter.model_validate({"name": {"any_": [flow]}})
    mine = FlowRunFilter.model_validate({"name": {"like_": lived.late}})
    return client.read_flow_runs(flow_filter=only, flow_run_filter=mine, sort=FlowRunSort.START_TIME_ASC)


def artifacts(client: "SyncPrefectClient", key: str) -> list[Any]:
    from prefect.client.schemas.filters import ArtifactFilter
    from prefect.client.schemas.sorting import ArtifactSort

    only = ArtifactFilter.model_validate({"key": {"any_": [key]}})
    return client.read_artifacts(artifact_filter=only, sort=ArtifactSort.CREATED_DESC)


def link_to(number: str) -> str:
    return f"[{number}](../../artifacts/key/{number})"


def events(client: "SyncPrefectClient", number: str) -> list[dict[str, Any]]:
    wanted = {"resource": {"id": [f"closeloop.case.{number}"]}, "occurred": {"since": "2025-01-01T00:00:00Z"}}
    answer = client.request("POST", "/events/filter", json={"filter": wanted, "limit": 50})
    return sorted(answer.json()["events"], key=lambda event: event["payload"]["seq"])


def test_a_run_says_in_its_name_tags_and_state_what_it_is_about(client: "SyncPrefectClient", lived: Lived):
    assert lived.unseen == 0
    fired = runs(client, lived, "fire-timers")
    assert [run.name for run in fired] == [
        f"{lived.late} · 初步回复到点",
        f"{lived.late} · 初步回复到点 · 客服班组长",
        f"{lived.late} · 初步回复到点 · 部门经理",
        f"{lived.late} · 初步回复到点 · 总经理",
    ], "with the level after the run, not before it"
    last = fired[-1]
    assert {"closeloop", "complaint", "timers", "level:3", "dept:claims"} <= set(last.tags)
    assert "level:2" not in last.tags
    assert last.state.message == "触发 1 级时限 · 1 级升级上报到部门经理或以上"
    assert {run.state.name for run in fired} == {"Completed"}


def test_the_ledger_says_what_was_escalated_and_why_and_keeps_its_history(client: "SyncPrefectClient", lived: Lived):
    ledgers = [str(one.data) for one in artifacts(client, "escalation-ledger") if lived.late in str(one.data)]
    assert len(ledgers) >= 4, "one for each sweep"
    row = next(line for ledger in ledgers for line in ledger.splitlines() if "| 200 % |" in line)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:6] == [link_to(lived.late), "初步回复", "200 %", "超时", "总经理", "理赔部"]


def test_a_cases_page_keeps_its_story_under_its_number(client: "SyncPrefectClient", lived: Lived):
    pages = [str(one.data) for one in artifacts(client, lived.late)]
    assert len(pages) > 1, "each run of the case leaves one"
    assert all(page.startswith(f"# {lived.late} · 客诉") for page in pages)
    assert any("| 等谁处理 | 经办人" in page for page in pages)
    assert any("| 初步回复 | 200 % | 03-03 11:00 | 总经理 gao |" in page for page in pages)


def test_board_callbacks_and_report_are_left_with_links_to_each_other(client: "SyncPrefectClient", lived: Lived):
    assert link_to(lived.late) in str(artifacts(client, "sla-board")[0].data)
    assert link_to(lived.late) in str(artifacts(client, "sla-board")[0].description), "also above its history"
    assert len(artifacts(client, "sla-board")) >= 2
    assert any(lived.resolved in str(one.data) for one in artifacts(client, "callback-list"))
    report = next(str(one.data) for one in artifacts(client, "morning-report") if lived.late in str(one.data))
    for key in ("escalation-ledger", "sla-board", "callback-list"):
        assert f"](../key/{key})" in report
        assert artifacts(client, key), f"{key} is there to go to"
    assert "```mermaid" not in report, "all cases took the same way: a picture says nothing"


def test_what_the_case_did_is_in_the_feed_under_its_number(client: "SyncPrefectClient", lived: Lived):
    def told() -> list[str]:
        names = [event["event"] for event in events(client, lived.late)]
        return names if (names.count("timer.breached"), names.count("timer.reminded")) == (3, 2) else []

    names = until(told)
    assert names[0] == "case.opened"
    assert "case.moved" in names
    one = next(event for event in events(client, lived.late) if event["event"] == "timer.breached")
    assert one["resource"]["prefect.resource.name"] == lived.late
    assert any(each["prefect.resource.role"] == "flow-run" for each in one["related"])


@pytest.mark.requirement("H1")
def test_nothing_of_it_is_personal(lived: Lived, home: Path):
    assert lived.late
    files = [path for path in (home / "prefect").rglob("*") if path.is_file()]
    assert any(path.name == "prefect.db" for path in files)
    for path in files:
        held = path.read_bytes()
        assert CANARY.encode() not in held, path.name
        assert CANARY.encode("unicode-escape") not in held, path.name
        assert b"canary@window.example" not in held, path.name


def test_a_worker_leaves_the_same_as_the_driver(server: Server, client: "SyncPrefectClient", tmp_path: Path):
    """The nights of a worker run in a process of their own: what they leave does not depend on the observer."""
    from prefect import flow

    from flows.prefect_ui.artifacts import ProgressArtifact, leave_scheduled
    from flows.prefect_ui.run_states import state_after

    settings = Settings(home=tmp_path, database_url=None, secret="a-secret-of-the-tests")
    create_store(settings, START, START)
    work = Work(settings.store(), FakeMailer(), FakeTelephone(), "en")
    number = new_case(work.store, text=DAMAGE)
    set_clock(work.store, START + NIGHT)

    @flow(name="overnight-escalation", persist_result=False)
    async def night() -> Any:
        work.progress = ProgressArtifact(work, "overnight-escalation")

        async def body() -> None:
            await leave_scheduled(work, await run_scheduled(work, "overnight-escalation"))

        return await state_after(body)

    async def scene() -> Any:
        return await cast(Any, night)(return_state=True)

    with prefect_at(server):
        state = asyncio.run(scene())
    work.store.close()
    assert state.message == "5 escalation steps fired · 2 asked the department manager or higher"
    assert any("# Morning report 2026-03-03" in str(one.data) for one in artifacts(client, "morning-report"))
    assert any(number in str(one.data) for one in artifacts(client, "sla-board"))
    [done, *_] = artifacts(client, "overnight-escalation-progress")
    assert (done.type, done.data, done.description) == ("progress", 100.0, "Overnight escalation")


def test_sweeps_in_quick_succession_link_to_the_board_instead_of_drawing_it_again(
    server: Server, client: "SyncPrefectClient", tmp_path: Path
):
    from prefect import flow

    from flows.prefect_ui.artifacts import leave_sweep

    settings = Settings(home=tmp_path, database_url=None, secret="a-secret-of-the-tests")
    create_store(settings, START, START)
    work = Work(settings.store(), FakeMailer(), FakeTelephone(), "en")
    before = len(artifacts(client, "sla-board"))

    @flow(name="fire-timers", persist_result=False)
    async def sweeps() -> None:
        for _ in range(3):
            await leave_sweep(work, Swept((), ()))

    async def scene() -> None:
        await cast(Any, sweeps)()

    with prefect_at(server):
        asyncio.run(scene())
    work.store.close()
    assert len(artifacts(client, "sla-board")) == before + 1
    assert [str(one.data) for one in artifacts(client, "to-the-board")][:2] == [
        "[The whole picture after this: SLA board](/v2/artifacts/key/sla-board)"
    ] * 2


def test_a_run_of_many_cases_is_found_by_the_number_of_each(
    server: Server, client: "SyncPrefectClient", tmp_path: Path
):
    """The search of the UI asks for part of a run's name, and for nothing else."""
    from prefect.client.schemas.filters import FlowRunFilter

    settings = Settings(home=tmp_path, database_url=None, secret="a-secret-of-the-tests")
    create_store(settings, EARLIER, EARLIER)
    work = Work(settings.store(), FakeMailer(), FakeTelephone(), "en")
    numbers = [new_case(work.store, EARLIER - START, text=DAMAGE) for _ in range(30)]
    asyncio.run(_seen(work, server))
    work.store.close()
    for number in (numbers[0], numbers[14], numbers[29]):
        found = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate({"name": {"like_": number}}))
        assert [run.name.split(" · ")[0] for run in found] == ["30 cases"]
    assert artifacts(client, numbers[0]) == [], "of so many cases the keeper leaves the pages"


async def _seen(work: Work, server: Server) -> None:
    from flows.deployments.driver_flows import FLOWS
    from flows.prefect_ui.observer import PrefectObserver

    async with PrefectObserver(server.api_url, FLOWS, start_seconds=20.0, probe_seconds=5.0) as observer:
        work.observer = observer
        await drain(work)
        await observer.aclose(30)


EARLIER = START - timedelta(days=2 * 364)
