"""A night without the Prefect server leaves the same cases as a night with it, and the morning report says so."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.prefect_server import Server, free_port
from apps.simulation import run_until
from engine.audit.verify import verify
from engine.commands.arrivals import Source, record
from engine.create_store import create_store
from engine.settings import Settings
from flows.work import Work, work_from
from models.contact import Contact
from reports.morning_report import MorningReport, gather
from reports.morning_report_text import render
from tests.case_actions import MICROSECOND, START

pytestmark = [pytest.mark.prefect, pytest.mark.long]

CANARY = "王小明-canary-13900000000"
EVENING, MORNING = START + timedelta(hours=9) + MICROSECOND, START + timedelta(hours=24)
"""The server goes when the breach of the case of hour 7, just after its limit, has been seen."""
CASES = "SELECT number, state, version, level, cycle, attempts, department, owner FROM cases ORDER BY id"
MOVES = "SELECT case_id, seq, move, dest, level, occurred_at, recorded_at FROM transition ORDER BY case_id, seq"


def opened_at(hour: int) -> Contact:
    at = START + timedelta(hours=hour)
    return Contact(row_id=str(hour), at=at, text=f"箱子破损 {CANARY}", customer=CANARY, email="w@example.com")


def a_store(folder: Path) -> Work:
    settings = Settings(home=folder, database_url=None, secret="a-secret-of-the-tests")
    create_store(settings, START, START)
    work = work_from(settings)
    record(work.store, Source("desk", "complaint", "logistics"), [opened_at(hour) for hour in (0, 7, 8)])
    return work


async def lives(work: Work, stretches: list[tuple[str, datetime]]) -> list[int]:
    """Live stretch by stretch, each under the eyes of the server at its address; how much each did unseen."""
    from flows.deployments.driver_flows import FLOWS
    from flows.prefect_ui.observer import PrefectObserver

    unseen: list[int] = []
    for api_url, until in stretches:
        patience = {"start_seconds": 30.0, "probe_seconds": 10.0, "breaker_seconds": 0.0}
        async with PrefectObserver(api_url, FLOWS, **patience) as observer:
            await observer.warm_up()
            work.observer = observer
            await run_until(work, until)
            unseen.append(observer.counts.plain)
    return unseen


def story_of(work: Work) -> list[Any]:
    with work.store.looking() as tx:
        return [*tx.rows(CASES), *tx.rows(MOVES)]


@pytest.fixture(scope="module")
def told(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same day and night twice: watched throughout, and with the server stopped for the night."""
    watched, alone = (a_store(tmp_path_factory.mktemp(name)) for name in ("watched", "alone"))
    nowhere = f"http://127.0.0.1:{free_port()}/api"
    seen = asyncio.run(lives(watched, [(server.api_url, EVENING), (server.api_url, MORNING)]))
    unseen = asyncio.run(lives(alone, [(server.api_url, EVENING), (nowhere, MORNING)]))
    reports = {name: gather(work.store, MORNING) for name, work in (("watched", watched), ("alone", alone))}
    return {"watched": watched, "alone": alone, "seen": seen, "unseen": unseen, "reports": reports}


def test_the_cases_stand_where_they_would_have_stood(told: dict[str, Any]):
    assert told["seen"] == [0, 0]
    assert told["unseen"][0] == 0
    assert told["unseen"][1] > 0
    assert story_of(told["alone"]) == story_of(told["watched"])
    assert verify(told["alone"].store).ok


def test_the_morning_report_says_from_when_to_when_nobody_watched(told: dict[str, Any]):
    watched, alone = told["reports"]["watched"], told["reports"]["alone"]
    assert isinstance(watched, MorningReport)
    assert watched.health.unseen.count == 0
    assert (alone.health.ok, alone.health.unseen.count) == (False, told["unseen"][1])
    assert EVENING < alone.health.unseen.begin <= alone.health.unseen.end <= MORNING
    assert f"work ran {told['unseen'][1]} times without showing in Prefect" in render(alone, "en")


def test_prefect_holds_nothing_that_is_personal(told: dict[str, Any], home: Path):
    assert told["seen"]
    for path in (home / "prefect").rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert CANARY.encode() not in held, path.name
            assert b"w@example.com" not in held, path.name
