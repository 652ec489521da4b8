"""The page of staffing: a form first, then the check, a chart with its table, and what it must not be used for."""

from datetime import timedelta

import pytest

from benchmarks.synthetic_year import BEGIN, DAYS, add_people, drawn_complaints, write_complaints
from engine.create_store import set_clock
from tests.apps.web_site import Served, check_accessible, picture

pytestmark = [pytest.mark.requirement("K3"), pytest.mark.long]


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_a_manager_sees_the_check_before_the_figures_and_a_chart_of_them(sqlite_console: Served, locale: str):
    add_people(sqlite_console.store)
    write_complaints(sqlite_console.store, drawn_complaints(2_000, seed=18))
    set_clock(sqlite_console.store, BEGIN + timedelta(days=DAYS + 30))
    with sqlite_console.person("gao", locale) as page:
        page.set_default_timeout(180_000)
        page.goto("/console/staffing")
        assert page.locator("table").count() == 0
        page.fill("#people", "many")
        page.click("main button[name=simulate]")
        assert page.locator("[role=alert]").count() == 1
        page.fill("#people", "-1")
        page.click("main button[name=simulate]")
        page.wait_for_selector("canvas")
        captions = page.locator("main caption, main h2").all_inner_texts()
        assert len(captions) == 4
        assert page.locator("table[data-chart] tbody tr").count() == 2
        check_accessible(page)
        picture(page, "staffing", locale)
