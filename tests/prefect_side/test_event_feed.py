"""The real event feed gets every move once; a case leads to its runs, also as one of many in a batch."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.prefect_server import Server
from engine.create_store import create_store, set_clock
from engine.settings import Settings
from flows.tick import drain
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from tests.case_actions import HOUR, START, SUPERVISOR, add_staff, make_move, new_case
from tests.flows.scenes import DAMAGE
from tests.prefect_side.conftest import until
from tests.prefect_side.test_operator_actions import prefect_at

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = [pytest.mark.prefect, pytest.mark.requirement("I1"), pytest.mark.long]

YEARS = count(5)
"""Each test has a year of its own: a case's number carries it, so its events on the shared server are its own."""
MANY = 25
"""More cases than a run leaves pages for."""


@pytest.fixture
def later() -> timedelta:
    """How long after ``START`` the test begins."""
    return timedelta(days=next(YEARS) * 364)


@pytest.fixture
def work(server: Server, tmp_path: Path, later: timedelta) -> Iterator[Work]:
    settings = Settings(home=tmp_path, database_url=None, secret="a-secret-of-the-tests")
    create_store(settings, START + later, START + later)
    work = Work(settings.store(), FakeMailer(), FakeTelephone(), "en")
    add_staff(work.store)
    with prefect_at(server):
        yield work
    work.store.close()


async def observed(work: Work, server: Server) -> None:
    from flows.deployments.driver_flows import FLOWS
    from flows.prefect_ui.observer import PrefectObserver

    async with PrefectObserver(server.api_url, FLOWS, start_seconds=20.0, probe_seconds=5.0) as observer:
        work.observer = observer
        await drain(work)
        await observer.aclose(30)


def feed_of(client: "SyncPrefectClient", number: str) -> list[tuple[int, str, bool]]:
    """Return the events of a case in their order: step, name, and whether a run is named with it."""
    wanted = {"resource": {"id": [f"closeloop.case.{number}"]}, "occurred": {"since": "2025-01-01T00:00:00Z"}}
    found = client.request("POST", "/events/filter", json={"filter": wanted, "limit": 50}).json()["events"]
    steps = [(event["payload"]["seq"], event["event"], _by_run(event)) for event in found]
    return sorted(steps)


def _by_run(event: Any) -> bool:
    return any(related["prefect.resource.role"] == "flow-run" for related in event["related"])


def test_moves_by_hand_and_moves_while_prefect_was_away_are_in_the_feed_once(
    server: Server, client: "SyncPrefectClient", work: Work, later: timedelta
):
    from flows.prefect_ui.event_feed import EventFeed

    number = new_case(work.store, later, text=DAMAGE)
    asyncio.run(drain(work))  # without an observer, as while Prefect is away
    make_move(work.store, number, "escalate", by=SUPERVISOR, level=1, after=later + HOUR / 2)
    set_clock(work.store, START + later + HOUR / 2)
    first = asyncio.run(EventFeed(work).post_all())
    assert asyncio.run(EventFeed(work).post_all()) == 0, "a new process goes on from the kept position"

    make_move(work.store, number, "note", note="still broken", after=later + HOUR / 2)
    assert asyncio.run(EventFeed(work).post_all()) == 1
    shown = until(lambda: found if len(found := feed_of(client, number)) == first + 1 else None, 60)
    assert [seq for seq, _, _ in shown] == [*range(1, first + 2)], "every step, each once"
    names = [name for _, name, _ in shown]
    assert (names[0], names[-2:]) == ("case.opened", ["case.escalated", "case.worked"])
    assert not any(by_run for _, _, by_run in shown)


def test_one_of_many_cases_leads_to_its_runs_by_its_page_and_by_its_events(
    server: Server, client: "SyncPrefectClient", work: Work, later: timedelta, monkeypatch: pytest.MonkeyPatch
):
    """As for a batch of more than 150 cases, whose name holds the first and the last number only."""
    from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter

    from flows.prefect_ui import final_names
    from flows.prefect_ui.event_feed import EventFeed
    from flows.prefect_ui.page_keeper import PageKeeper

    monkeypatch.setattr(final_names, "IN_NAME", 5)
    numbers = [new_case(work.store, later, text=DAMAGE) for _ in range(MANY)]
    number = numbers[MANY // 2]
    asyncio.run(observed(work, server))
    by_name = FlowRunFilter.model_validate({"name": {"like_": number}})
    assert client.read_flow_runs(flow_run_filter=by_name) == [], "the search does not find it"

    asyncio.run(PageKeeper(work).keep(0.0))
    [page] = client.read_artifacts(artifact_filter=ArtifactFilter.model_validate({"key": {"any_": [number]}}))
    batch = FlowRunFilter.model_validate({"name": {"like_": f"{numbers[0]} … {numbers[-1]}"}})
    runs: list[Any] = client.read_flow_runs(flow_run_filter=batch)
    assert runs
    assert any(f"](../../runs/flow-run/{run.id})" in str(page.data) for run in runs)

    asyncio.run(EventFeed(work).post_all())
    shown = until(lambda: feed_of(client, number), 60)
    assert shown[0] == (1, "case.opened", True), "the run that answered it"


def test_a_server_that_takes_nothing_leaves_the_position_where_it_was(work: Work, later: timedelta):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.prefect_ui.event_feed import EventFeed

    new_case(work.store, later)
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert asyncio.run(EventFeed(work).post_all()) == 0
    assert asyncio.run(EventFeed(work).post_all()) == 1
