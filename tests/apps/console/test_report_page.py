"""The morning report as a page: its figures as tables, the charts drawn of them, the cases that the reader may read."""

from datetime import timedelta

import pytest

from engine.create_store import set_clock
from engine.settings import Settings
from engine.store import Store
from flows.nights.day_forecast import keep_day
from forecast.model import ForecastModel
from forecast.model_file import put_forecast
from reports.complaint_analysis import causes
from reports.daily_counts import by_day
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import Served, answers_to, check_accessible, log_in, picture, site_client
from tests.case_actions import (
    AGENT,
    AUDITOR,
    DAY,
    DIRECTOR,
    HANDLER,
    HOUR,
    MANAGER,
    MICROSECOND,
    START,
    SUPERVISOR,
    make_move,
    new_case,
    new_resolved_case,
)
from tests.engine.accounts.people_with_accounts import ADMIN, add_accounts

pytestmark = [pytest.mark.requirement("I2"), pytest.mark.any_database]


def test_each_day_counts_the_moves_of_its_twenty_four_hours(store: Store):
    until = DAY * 3
    for after in (MICROSECOND, DAY, DAY + MICROSECOND, DAY * 2, DAY * 3):
        new_case(store, after)
    make_move(store, new_case(store, HOUR), "classify", after=DAY * 2 + HOUR)
    with store.looking() as tx:
        days = by_day(tx, ("open", "classify"), START + until, 3)
    assert [day.until for day in days] == [START + DAY, START + DAY * 2, START + DAY * 3]
    # a day ends at its last instant: what happens then belongs to it
    assert [day.counts for day in days] == [
        {"open": 3, "classify": 0}, {"open": 2, "classify": 0}, {"open": 1, "classify": 1},
    ]  # fmt: skip


def test_causes_are_counted_by_the_days_on_which_complaints_came_in(store: Store):
    for after, cause in ((timedelta(), "handling"), (DAY, "handling"), (DAY * 2, None)):
        number = new_case(store, after)
        make_move(store, number, "classify", after=after)
        if cause:
            make_move(store, number, "investigate", after=after, cause=cause)
    with store.looking() as tx:
        assert causes(tx, START, START + DAY, START + DAY * 7) == {"handling": 1}
        assert causes(tx, START, START + DAY * 7, START + DAY * 7) == {"handling": 2, "": 1}


def test_the_page_lists_only_cases_that_the_reader_may_read_and_counts_all(settings: Settings, store: Store):
    add_accounts(store, *HANDLES)
    ours, theirs = new_case(store), new_case(store)
    for number, department in ((ours, "claims"), (theirs, "hotline")):
        make_move(store, number, "classify", DIRECTOR, department=department)
    set_clock(store, START + DAY * 4)
    with site_client(settings, store, None) as client:
        log_in(client, store, SUPERVISOR)
        page = client.get("/console/report").text
        assert "Overdue cases: 2," in page
        assert (f'href="/console/cases/{ours}"' in page, theirs in page) == (True, False)
        assert "1 more overdue cases are beyond what you may read." in page
        log_in(client, store, DIRECTOR)
        page = client.get("/console/report").text
        assert (f'href="/console/cases/{ours}"' in page, f'href="/console/cases/{theirs}"' in page) == (True, True)


ACCESS = {
    ("/console/report", AGENT): 403, ("/console/report", HANDLER): 403, ("/console/report", SUPERVISOR): 200,
    ("/console/report", MANAGER): 200, ("/console/report", AUDITOR): 200, ("/console/report", ADMIN): 403,
}  # fmt: skip


def test_who_reads_the_report(sqlite_settings: Settings, sqlite_store: Store):
    add_accounts(sqlite_store, *HANDLES)
    assert answers_to(sqlite_settings, sqlite_store, ACCESS) == ACCESS


def lived_fortnight(store: Store) -> None:
    """Open, resolve and leave cases over two weeks, in two departments."""
    for day in range(13):
        for n in range(1 + day % 3):
            number = new_case(store, DAY * day + HOUR * n)
            make_move(store, number, "classify", after=DAY * day + HOUR * n, department=("claims", "delivery")[n % 2])
            cause = ("handling", "packaging", "routing")[(day + n) % 3]
            if n < 2:
                make_move(store, number, "investigate", after=DAY * day + HOUR * 3, cause=cause)
            if n == 0 and day < 11:
                make_move(store, number, "resolve", after=DAY * day + HOUR * 5)
        new_resolved_case(store, DAY * day)


@pytest.mark.long
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_a_manager_reads_the_morning_report_with_its_charts(sqlite_console: Served, locale: str):
    lived_fortnight(sqlite_console.store)
    set_clock(sqlite_console.store, START + DAY * 13)
    with sqlite_console.person(MANAGER, locale) as page:
        page.goto("/console/report")
        page.locator(".chart canvas").nth(2).wait_for()
        check_accessible(page)
        picture(page, "morning-report", locale)
        page.emulate_media(media="print")
        page.locator(".bar").wait_for(state="hidden")
        assert len(page.pdf(format="A4")) > 20_000
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 360, "height": 700})
        page.wait_for_function("document.querySelector('.chart canvas').clientWidth < 360")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_page_says_what_will_probably_break_of_what_the_reader_may_read(settings: Settings, store: Store):
    add_accounts(store, *HANDLES)
    ours, theirs = new_case(store), new_case(store)
    make_move(store, theirs, "classify", DIRECTOR, department="hotline")
    put_forecast(store.home, ForecastModel({}, 1.5, 0.5, {"adopted": True}))
    assert keep_day(store, START) == 2
    set_clock(store, START)
    with site_client(settings, store, None) as client:
        log_in(client, store, SUPERVISOR)
        page = client.get("/console/report").text
        assert "Of 2 promises that fall due today 1.6 are expected to break (90 %: 1 to 2)." in page
        assert ">82 %</td>" in page
        assert (f'href="/console/cases/{ours}"' in page, theirs in page) == (True, False)
