"""Keeps a current page for each open case on the Prefect server: also where no run left one, or Prefect was wiped.

A run leaves the pages of its cases by itself, if it has few and there is time. The keeper does the rest, beside all
runs: it compares the version of each case with that of its newest page. It starts from the beginning when the server
does not have each of the pages any more that every supervisor opens.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import ArtifactCollectionFilter
from prefect.client.schemas.objects import ArtifactCollection

from engine.store import Store
from flows.case_address import site
from flows.prefect_ui.case_pages import VERSION, act_forms, form_address, leave_pages, page_version
from flows.prefect_ui.desk_pages import (
    DESK,
    Page,
    board_page,
    callbacks_page,
    day_ledger_page,
    report_page,
    start_page,
)
from flows.work import Work, off_loop
from models.columns import to_micros
from reports import morning_report

log = logging.getLogger("closeloop.pages")

RECENT = timedelta(days=30)
"""Closed cases that changed this recently have a page, too: as long as Prefect keeps their runs."""
BATCH = 200
WRITES = 20
"""The most pages that are left before a pause, so that runs get their turn on the server."""
PAUSE_SECONDS = 1.0
EVERY_SECONDS = 5.0
SPARE = 50.0
"""The keeper rests this many times as long as it took to look for cases that changed: it scans the table of cases."""
DRAW_SECONDS = 60.0
"""How long the board stays as it is while cases change."""
OVERLAP = timedelta(seconds=30)
ALL_EVERY = timedelta(days=1)
"""How often all cases are compared, not only those that changed: Prefect may have removed a page with its run."""

ALL = """
SELECT id, number, version, changed_at FROM cases
 WHERE id > :after AND (NOT closed OR changed_at >= :recent) ORDER BY id LIMIT :limit
"""
CHANGED = """
SELECT id, number, version, changed_at FROM cases
 WHERE changed_at >= :since AND (changed_at > :since OR id > :after) ORDER BY changed_at, id LIMIT :limit
"""


class PageKeeper:
    """Compares cases with their pages. It holds up to where it has compared."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._since = 0
        self._all_at: int | None = None
        self._took = 0.0
        self._stale, self._drawn_at = True, float("-inf")
        self._formless = False

    async def run(self) -> None:
        """Keep pages until cancelled. What fails is tried again: Prefect may be away."""
        while True:
            try:
                await self.keep()
            except Exception as error:  # noqa: BLE001 (Prefect may be away, and the driver must go on)
                log.debug("pages could not be kept: %s", type(error).__name__)
            await asyncio.sleep(max(EVERY_SECONDS, SPARE * self._took))

    async def lay_out_first(self) -> None:
        """Leave the pages that every supervisor opens. What fails is tried again by ``run``."""
        with suppress(Exception):
            async with get_client() as client:
                await self.lay_out(client)

    async def keep(self, pause: float = PAUSE_SECONDS) -> int:
        """Leave every page that is missing or out of date; returns how many."""
        now = to_micros(await self._work.now())
        async with get_client() as client:
            everything = await self._starts_over(client, now)
            left = await (self._compare_all(client, now, pause) if everything else self._compare_changed(client, pause))
            if everything:
                self._all_at, self._stale = now, True
            if self._stale and asyncio.get_running_loop().time() - self._drawn_at >= DRAW_SECONDS:
                await self._redraw(client)
            return left

    async def lay_out(self, client: PrefectClient) -> bool:
        """Leave the pages that every supervisor opens, if the server lacks one; returns whether it did.

        One that is there says nothing of the others: it may have been written while Prefect was wiped.
        """
        if len(await _newest(client, DESK)) == len(DESK):
            return False
        report = await off_loop(morning_report.gather, self._work.store, await self._work.now())
        locale = self._work.locale
        pages = [report_page(locale, report), day_ledger_page(locale, report), await callbacks_page(self._work)]
        await self._replace(client, pages)
        await self._redraw(client)
        return True

    async def _redraw(self, client: PrefectClient) -> None:
        """Leave the board and the start page as of now: also after work that Prefect did not see."""
        self._drawn_at = asyncio.get_running_loop().time()
        forms = {name: form_address(form.deployment, {}) for name, form in (await act_forms(client)).items()}
        await self._replace(client, [await board_page(self._work), await start_page(self._work, forms)])
        self._stale = not forms  # after Prefect was wiped, the deployments may come later

    async def _replace(self, client: PrefectClient, pages: Sequence[Page]) -> None:
        known = await _newest(client, [page.key for page in pages])
        for page in pages:
            await client.create_artifact(
                ArtifactCreate(key=page.key, type="markdown", data=page.text, description=page.summary)
            )
            await _remove(client, known.get(page.key))

    async def _starts_over(self, client: PrefectClient, now: int) -> bool:
        """Return whether all cases are to be compared: at the start, once a day, and after Prefect was wiped.

        Pages that were left before there were forms are compared again once there are.
        """
        wiped = await self.lay_out(client)
        if self._formless and await act_forms(client):
            self._formless, wiped = False, True
        return wiped or self._all_at is None or now - self._all_at >= _micros(ALL_EVERY)

    async def _compare_all(self, client: PrefectClient, now: int, pause: float) -> int:
        """Compare every case; changes that come meanwhile are found afterwards."""
        left, after, self._since = 0, 0, now
        recent = now - _micros(RECENT)
        while cases := await off_loop(_rows, self._work.store, ALL, after=after, recent=recent, limit=BATCH):
            left += await self._leave_missing(client, cases, pause)
            after = cases[-1].id
        return left

    async def _compare_changed(self, client: PrefectClient, pause: float) -> int:
        """Compare the cases that changed since the last look, and a little before: a commit may come late."""
        left, since, after = 0, self._since - _micros(OVERLAP), 0
        while cases := await self._changed(since, after):
            left += await self._leave_missing(client, cases, pause)
            since, after = cases[-1].changed_at, cases[-1].id
        self._stale |= since > self._since
        self._since = max(self._since, since)
        return left

    async def _changed(self, since: int, after: int) -> list[Any]:
        clock = asyncio.get_running_loop().time
        began = clock()
        cases = await off_loop(_rows, self._work.store, CHANGED, since=since, after=after, limit=BATCH)
        self._took = clock() - began
        return cases

    async def _leave_missing(self, client: PrefectClient, cases: Sequence[Any], pause: float) -> int:
        known = await _newest(client, [case.number for case in cases])
        missing = self._out_of_date(cases, known, has_forms=True)
        forms = await act_forms(client) if missing else {}
        if missing and not forms:  # after Prefect was wiped, the deployments may come later
            self._formless = True
            bare = self._out_of_date(cases, known, has_forms=False)
            missing = [number for number in missing if number in bare]
        for start in range(0, len(missing), WRITES):
            numbers = missing[start : start + WRITES]
            await leave_pages(client, self._work, numbers, None, forms)
            for number in numbers:
                await _remove(client, known.get(number))
            await asyncio.sleep(pause)
        return len(missing)

    def _out_of_date(self, cases: Sequence[Any], known: Mapping[str, ArtifactCollection], has_forms: bool) -> list[str]:
        console = site(self._work.public_url, self._work.store.home)
        wanted = {case.number: page_version(case.version, console, has_forms) for case in cases}
        return [number for number, version in wanted.items() if _version(known.get(number)) != version]


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _version(page: ArtifactCollection | None) -> str | None:
    return None if page is None else (page.metadata_ or {}).get(VERSION)


async def _remove(client: PrefectClient, page: ArtifactCollection | None) -> None:
    """Remove a page of the keeper's that a newer one replaces: Prefect removes only pages of runs."""
    if page is not None and page.flow_run_id is None:
        await client.delete_artifact(page.latest_id)


def _rows(store: Store, sql: str, **params: int) -> list[Any]:
    with store.looking() as tx:
        return list(tx.rows(sql, **params))


async def _newest(client: PrefectClient, keys: Sequence[str]) -> dict[str, ArtifactCollection]:
    """Return the newest page of each key that the server has."""
    only = ArtifactCollectionFilter.model_validate({"key": {"any_": list(keys)}})
    pages = await client.read_latest_artifacts(artifact_filter=only, limit=len(keys))
    return {str(page.key): page for page in pages}
