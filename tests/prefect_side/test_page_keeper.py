"""The Prefect UI has a current page for each open case, whether a run left one, none did, or Prefect was wiped."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apps.prefect_server import Server
from engine.create_store import create_store
from engine.settings import Settings
from flows.work import Work
from gateways.mail import FakeMailer
from gateways.telephone import FakeTelephone
from tests.case_actions import HOUR, START, add_staff, make_move, new_case
from tests.prefect_side.test_operator_actions import prefect_at

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = [pytest.mark.prefect, pytest.mark.requirement("I1"), pytest.mark.long]

DESK = ("closeloop", "sla-board", "morning-report", "escalation-ledger", "callback-list")
BEGIN = START + timedelta(days=364)
"""Another year than the other tests': a case's number carries it, so its pages on the shared server are its own."""


@pytest.fixture
def work(server: Server, tmp_path: Path) -> Iterator[Work]:
    settings = Settings(home=tmp_path, database_url=None, secret="a-secret-of-the-tests")
    create_store(settings, BEGIN, BEGIN)
    work = Work(settings.store(), FakeMailer(), FakeTelephone(), "en")
    add_staff(work.store)
    with prefect_at(server):
        yield work
    work.store.close()


def new(work: Work) -> str:
    return new_case(work.store, BEGIN - START)


def pages(client: "SyncPrefectClient", key: str) -> list[Any]:
    from prefect.client.schemas.filters import ArtifactFilter
    from prefect.client.schemas.sorting import ArtifactSort

    only = ArtifactFilter.model_validate({"key": {"any_": [key]}})
    return client.read_artifacts(artifact_filter=only, sort=ArtifactSort.CREATED_DESC)


def wipe(client: "SyncPrefectClient") -> None:
    """Remove every artifact, as when Prefect's database was lost."""
    while found := client.read_artifacts(limit=200):
        for artifact in found:
            client.delete_artifact(artifact.id)


def test_every_case_has_a_page_and_only_one_that_is_out_of_date_is_replaced(client: "SyncPrefectClient", work: Work):
    from flows.prefect_ui.page_keeper import PageKeeper

    numbers = [new(work) for _ in range(3)]

    async def scene() -> list[int]:
        keeper = PageKeeper(work)
        kept = [await keeper.keep(0.0), await keeper.keep(0.0)]
        make_move(work.store, numbers[0], "escalate", after=BEGIN - START, level=2)
        return [*kept, await keeper.keep(0.0)]

    assert asyncio.run(scene()) == [3, 0, 1]
    [page] = pages(client, numbers[0])
    assert "asks: Department manager" in str(page.description)
    assert all(len(pages(client, number)) == 1 for number in numbers), "the older page of the keeper's is removed"


def test_a_keeper_that_starts_anew_leaves_current_pages_alone(client: "SyncPrefectClient", work: Work):
    from flows.prefect_ui.page_keeper import PageKeeper

    number = new(work)
    assert asyncio.run(PageKeeper(work).keep(0.0)) == 1
    [before] = pages(client, number)
    assert asyncio.run(PageKeeper(work).keep(0.0)) == 0
    assert [page.id for page in pages(client, number)] == [before.id]


def test_after_prefect_was_wiped_all_pages_are_left_again(client: "SyncPrefectClient", work: Work):
    from flows.prefect_ui.page_keeper import PageKeeper

    numbers = [new(work) for _ in range(3)]

    async def scene() -> int:
        keeper = PageKeeper(work)
        await keeper.keep(0.0)
        await asyncio.to_thread(wipe, client)
        return await keeper.keep(0.0)

    assert asyncio.run(scene()) == 3
    assert all(pages(client, key) for key in (*numbers, *DESK))


@pytest.mark.parametrize("writes", range(1, 9))
def test_pages_are_complete_when_prefect_was_wiped_while_they_were_left(
    client: "SyncPrefectClient", work: Work, monkeypatch: pytest.MonkeyPatch, writes: int
):
    from prefect.client.orchestration import PrefectClient

    from flows.prefect_ui.page_keeper import PageKeeper

    numbers = [new(work) for _ in range(3)]
    wipe(client)
    done: list[str] = []
    write = PrefectClient.create_artifact

    async def write_and_lose(self: PrefectClient, artifact: Any) -> Any:
        written = await write(self, artifact)
        done.append(artifact.key)
        if len(done) == writes:
            await asyncio.to_thread(wipe, client)
        return written

    async def scene() -> None:
        monkeypatch.setattr(PrefectClient, "create_artifact", write_and_lose)
        keeper = PageKeeper(work)
        for _ in range(2):
            await keeper.keep(0.0)

    asyncio.run(scene())
    assert len(done) >= writes, "the wipe came while pages were left"
    assert all(pages(client, key) for key in (*numbers, *DESK))


def test_pages_that_were_left_before_the_deployments_came_back_get_their_forms(
    server: Server, client: "SyncPrefectClient", work: Work, tmp_path: Path
):
    from flows.prefect_ui.page_keeper import PageKeeper
    from tests.prefect_side.test_browser import deployed

    wipe(client)
    number = new(work)
    keeper = PageKeeper(work)

    async def keep() -> int:
        return await keeper.keep(0.0)

    assert (asyncio.run(keep()), asyncio.run(keep())) == (1, 0)
    assert "[Show it as of now]" not in str(pages(client, number)[0].data)
    with deployed(server, tmp_path):
        assert (asyncio.run(keep()), asyncio.run(keep())) == (1, 0)
        [page] = pages(client, number)
    assert "[Show it as of now]" in str(page.data)


def test_the_start_page_links_to_all_and_to_what_is_overdue(client: "SyncPrefectClient", work: Work):
    from flows.prefect_ui.page_keeper import PageKeeper
    from tests.flows.scenes import DAMAGE, drained

    wipe(client)
    number = new_case(work.store, BEGIN - START, text=DAMAGE)
    drained(work, BEGIN - START + 5 * HOUR)
    asyncio.run(PageKeeper(work).keep(0.0))
    [start] = pages(client, "closeloop")
    for text in (str(start.data), str(start.description)):
        assert f"[{number}](../../artifacts/key/{number})" in text
        assert all(f"(../key/{key})" in text for key in ("sla-board", "morning-report", "escalation-ledger"))
