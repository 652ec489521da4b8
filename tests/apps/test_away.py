"""Twelve hours without server, worker, database or driver: the work is caught up in order, once, in few mails."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.audit.verify import verify
from engine.create_store import create_store
from engine.outages import Outage, outages
from engine.settings import Settings
from reports.morning_report import gather
from reports.morning_report_text import render
from tests.apps.house import StoreInfo
from tests.case_actions import (
    DAY,
    HOUR,
    SECRET,
    START,
    add_staff,
    fired_steps_of,
    new_case,
    new_resolved_case,
    query_rows,
)
from tests.flows.scenes import ODD

EVENING, MORNING, NOON = HOUR * 12, HOUR * 24, HOUR * 27
"""Nine in the evening and nine in the morning in Shanghai, and noon, when all of the night's work is done."""
NIGHTLY = {"overnight-escalation": HOUR * 18.5, "callback-plan": HOUR * 22, "morning-report": HOUR * 22.5}
"""When each scheduled run is due, since ``START``."""
LADDER = [HOUR * h for h in (1.5, 2, 3, 4)]
GRACE, QUARTER = timedelta(minutes=20), timedelta(minutes=15)
ALL = ("server", "worker", "database", "driver", "driver worker")
NOBODY = ("database", "driver worker")
"""The outages in which no process can do the work; in the others another process does it."""
StoreAfter = Callable[[str], StoreInfo]
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def store_after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAfter]:
    """Run an evening, a night without some parts, the morning after and a further night, once for each outage."""
    stores: dict[str, StoreInfo] = {}

    def run_once(away: str) -> StoreInfo:
        if away not in stores:
            stores[away] = running = StoreInfo(new_settings(tmp_path_factory.mktemp("store")))
            run_outage(running, away)
        return stores[away]

    yield run_once
    for running in stores.values():
        running.close()


def new_settings(home: Path) -> Settings:
    """Create a simulated store in a home, and return its settings."""
    settings = Settings(home=home, database_url=None, secret=SECRET)
    create_store(settings, START, simulated_at=START)
    return settings


def run_outage(running: StoreInfo, away: str) -> None:
    add_staff(running.store)
    running.live(EVENING)
    for _ in range(3):
        new_case(running.store, EVENING, text=ODD)
    new_resolved_case(running.store, EVENING, text=ODD)
    running.live(MORNING, *away.split())
    running.live(NOON)
    running.live(2 * DAY)


def outages_of(running: StoreInfo) -> list[Outage]:
    with running.store.looking() as tx:
        return outages(tx, START, START + NOON)


def numbers(running: StoreInfo) -> list[str]:
    return [row["number"] for row in query_rows(running.store, "SELECT number FROM cases ORDER BY id")]


@pytest.mark.parametrize("away", ALL)
def test_every_step_fired_once_in_order_at_its_own_instant(store_after: StoreAfter, away: str):
    running = store_after(away)
    for number in numbers(running)[:3]:
        fired = fired_steps_of(running.store, number)
        assert [due for clause, _, due in fired if clause == "first_reply"] == [EVENING + offset for offset in LADDER]
        assert [due for *_, due in fired] == sorted(due for *_, due in fired)
    assert verify(running.store).ok


@pytest.mark.parametrize("away", ALL)
def test_the_nights_work_is_done_once_and_in_order(store_after: StoreAfter, away: str):
    running = store_after(away)
    delays = {name: GRACE if away in ("server", "worker") else timedelta() for name in NIGHTLY}
    if away in NOBODY:
        delays = {name: MORNING - due for name, due in NIGHTLY.items()}
    begins = []
    for name, due in NIGHTLY.items():
        began, *again = [at for at in running.ran(name) if at < NOON]
        assert due + delays[name] <= began <= due + delays[name] + GRACE, name
        # Work done without Prefect is shown there once it is back, by one late run that finds nothing to do.
        assert len(again) == (away == "server"), name
        begins.append(began)
    assert begins == sorted(begins)
    assert running.ran("complaint-analysis") == []


@pytest.mark.parametrize("away", ALL)
def test_each_person_gets_few_mails(store_after: StoreAfter, away: str):
    """Steps older than an hour come in one mail to each, the next morning; younger ones come singly."""
    running = store_after(away)
    steps = query_rows(
        running.store,
        "SELECT c.number, s.seq FROM escalation_step s JOIN cases c ON c.id = s.case_id WHERE s.clause = 'first_reply'",
    )
    keys = {f"{row['number']}:{row['seq']}:tell_escalation_step:" for row in steps}
    singly = Counter(mail.to for mail in running.mails() if any(mail.key.startswith(key) for key in keys))
    together = Counter(mail.to for mail in running.mails("digest:"))
    assert set(singly.values()) == (set() if away in NOBODY else {3})
    assert set(together.values()) == ({1} if away in NOBODY else set())
    assert len({mail.key for mail in running.mails()}) == len(running.mails()), "no mail is sent twice"


def test_without_the_server_the_report_states_begin_and_end(store_after: StoreAfter):
    running = store_after("server")
    unseen = gather(running.store, START + NOON).health.unseen
    assert unseen.begin is not None
    assert unseen.end is not None
    assert EVENING <= unseen.begin - START < unseen.end - START <= MORNING
    assert outages_of(running) == []


def test_without_a_worker_the_driver_did_the_nights_work_and_recorded_it(store_after: StoreAfter):
    [outage] = outages_of(store_after("worker"))
    first, last = NIGHTLY["overnight-escalation"], NIGHTLY["morning-report"] + GRACE
    # The plan of callbacks is due within the grace of the greetings, so their outage explains it.
    assert outage == Outage("worker_away", START + first, START + last, times=3)


@pytest.mark.parametrize(
    ("away", "why"), [("database", "database_away"), ("driver", "driver_away"), ("driver worker", "driver_away")]
)
def test_the_outage_is_recorded_once_with_its_reason_and_no_other(store_after: StoreAfter, away: str, why: str):
    [outage] = outages_of(store_after(away))
    assert outage == Outage(why, START + EVENING, outage.end)
    assert outage.end is not None
    assert MORNING <= outage.end - START <= MORNING + GRACE
    report = render(gather(store_after(away).store, START + NOON), "en")
    reason = "The database could not be reached" if why == "database_away" else "No driver was at work"
    assert f"{reason} from 03-02 21:00 to 03-03 09:" in report


def test_without_a_driver_the_worker_catches_up_every_quarter_of_an_hour(store_after: StoreAfter):
    fired = query_rows(store_after("driver").store, "SELECT due_at, recorded_at FROM escalation_step")
    assert max(timedelta(microseconds=row["recorded_at"] - row["due_at"]) for row in fired) <= QUARTER


def test_an_outage_without_an_end_is_reported_while_it_lasts(tmp_path: Path):
    running = StoreInfo(new_settings(tmp_path))
    running.live(HOUR)
    running.live(HOUR * 2, "driver")
    with running.store.looking() as tx:
        assert outages(tx, START, running.clock.at) == [Outage("driver_away", START + HOUR, None)]
    running.close()
