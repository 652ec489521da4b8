"""Twelve hours without server, worker, database or driver, each in turn: caught up in order, once, without a flood."""

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
"""Nine in the evening and nine in the morning in Shanghai, and past all of the day's hours."""
NIGHTLY = {"overnight-escalation": HOUR * 18.5, "callback-plan": HOUR * 22, "morning-report": HOUR * 22.5}
"""When each is due, since ``START``."""
LADDER = [HOUR * h for h in (1.5, 2, 3, 4)]
GRACE, QUARTER = timedelta(minutes=20), timedelta(minutes=15)
ALL = ("server", "worker", "database", "driver", "driver worker")
NOBODY = ("database", "driver worker")
"""What leaves nobody who could work; in the other nights somebody stands in."""
Lived = Callable[[str], StoreInfo]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """An evening as always, a night without these parts, a morning with them again, and the night after; lived once."""
    houses: dict[str, StoreInfo] = {}

    def live(away: str) -> StoreInfo:
        if away not in houses:
            houses[away] = house = StoreInfo(founded(tmp_path_factory.mktemp("store")))
            lives(house, away)
        return houses[away]

    yield live
    for house in houses.values():
        house.close()


def founded(home: Path) -> Settings:
    settings = Settings(home=home, database_url=None, secret=SECRET)
    create_store(settings, START, simulated_at=START)
    return settings


def lives(house: StoreInfo, away: str) -> None:
    add_staff(house.store)
    house.live(EVENING)
    for _ in range(3):
        new_case(house.store, EVENING, text=ODD)
    new_resolved_case(house.store, EVENING, text=ODD)
    house.live(MORNING, *away.split())
    house.live(NOON)
    house.live(2 * DAY)


def told(house: StoreInfo) -> list[Outage]:
    with house.store.looking() as tx:
        return outages(tx, START, START + NOON)


def numbers(house: StoreInfo) -> list[str]:
    return [row["number"] for row in query_rows(house.store, "SELECT number FROM cases ORDER BY id")]


@pytest.mark.parametrize("away", ALL)
def test_every_rung_fired_once_in_order_with_its_own_instant(lived: Lived, away: str):
    house = lived(away)
    for number in numbers(house)[:3]:
        fired = fired_steps_of(house.store, number)
        assert [due for clause, _, due in fired if clause == "first_reply"] == [EVENING + one for one in LADDER]
        assert [due for *_, due in fired] == sorted(due for *_, due in fired)
    assert verify(house.store).ok


@pytest.mark.parametrize("away", ALL)
def test_the_night_s_work_is_done_once_and_in_order(lived: Lived, away: str):
    house = lived(away)
    late = {name: GRACE if away in ("server", "worker") else timedelta() for name in NIGHTLY}
    if away in NOBODY:
        late = {name: MORNING - due for name, due in NIGHTLY.items()}
    first = []
    for name, due in NIGHTLY.items():
        began, *again = [at for at in house.ran(name) if at < NOON]
        assert due + late[name] <= began <= due + late[name] + GRACE, name
        # What was done unseen is shown in Prefect once it is back: by one late run that finds nothing left to do.
        assert len(again) == (away == "server"), name
        first.append(began)
    assert first == sorted(first)
    assert house.ran("complaint-analysis") == []


@pytest.mark.parametrize("away", ALL)
def test_nobody_is_flooded(lived: Lived, away: str):
    """What is older than an hour is told in one mail to each, the next morning; what is younger one by one."""
    house = lived(away)
    steps = query_rows(
        house.store,
        "SELECT c.number, s.seq FROM escalation_step s JOIN cases c ON c.id = s.case_id WHERE s.clause = 'first_reply'",
    )
    keys = {f"{row['number']}:{row['seq']}:tell_escalation_step:" for row in steps}
    singly = Counter(mail.to for mail in house.mails() if any(mail.key.startswith(key) for key in keys))
    together = Counter(mail.to for mail in house.mails("digest:"))
    assert set(singly.values()) == (set() if away in NOBODY else {3})
    assert set(together.values()) == ({1} if away in NOBODY else set())
    assert len({mail.key for mail in house.mails()}) == len(house.mails()), "nothing is told twice"


def test_without_the_server_the_report_says_from_when_to_when(lived: Lived):
    house = lived("server")
    unseen = gather(house.store, START + NOON).health.unseen
    assert unseen.begin is not None
    assert unseen.end is not None
    assert EVENING <= unseen.begin - START < unseen.end - START <= MORNING
    assert told(house) == []


def test_without_a_worker_the_driver_did_the_nights_and_says_so(lived: Lived):
    [gap] = told(lived("worker"))
    first, last = NIGHTLY["overnight-escalation"], NIGHTLY["morning-report"] + GRACE
    assert gap == Outage("worker_away", START + first, START + last, times=3)


@pytest.mark.parametrize(
    ("away", "why"), [("database", "database_away"), ("driver", "driver_away"), ("driver worker", "driver_away")]
)
def test_the_gap_is_told_once_with_its_reason_and_nobody_else_is_blamed(lived: Lived, away: str, why: str):
    [gap] = told(lived(away))
    assert gap == Outage(why, START + EVENING, gap.end)
    assert gap.end is not None
    assert MORNING <= gap.end - START <= MORNING + GRACE
    said = render(gather(lived(away).store, START + NOON), "en")
    words = "The database could not be reached" if why == "database_away" else "No driver was at work"
    assert f"{words} from 03-02 21:00 to 03-03 09:" in said


def test_without_a_driver_the_worker_catches_up_every_quarter_of_an_hour(lived: Lived):
    fired = query_rows(lived("driver").store, "SELECT due_at, recorded_at FROM escalation_step")
    assert max(timedelta(microseconds=row["recorded_at"] - row["due_at"]) for row in fired) <= QUARTER


def test_a_driver_that_is_still_away_is_told_of_while_it_is(tmp_path: Path):
    house = StoreInfo(founded(tmp_path))
    house.live(HOUR)
    house.live(HOUR * 2, "driver")
    with house.store.looking() as tx:
        assert outages(tx, START, house.clock.at) == [Outage("driver_away", START + HOUR, None)]
    house.close()
