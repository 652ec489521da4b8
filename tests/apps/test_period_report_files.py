"""The report of a period as people take it: workbook and PDF, at the command line and in the console (E2, B7)."""

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from engine.create_store import set_clock
from engine.settings import Settings
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.apps.pdf_text import pdf_text
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AGENT, DAY, HANDLER, HOUR, MANAGER, START, make_move, new_resolved_case
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = [pytest.mark.requirement("E2"), pytest.mark.requirement("B7")]

MARCH = ("--period", "2026-03")
TITLES = {"zh_CN": "服务质量报告", "zh_TW": "服務品質報告", "en": "Service quality of"}


@pytest.fixture
def lived(simulated: Store) -> Store:
    """Two complaints a month for three months."""
    for month in range(3):
        for hour in range(2):
            after = month * 31 * DAY + hour * HOUR
            number = new_resolved_case(simulated, after, phone=f"138001380{month}{hour}")
            make_move(simulated, number, "revisit", by=AGENT, after=after + HOUR)
    set_clock(simulated, START + 93 * DAY)
    return simulated


@pytest.mark.parametrize(("locale", "title"), TITLES.items())
def test_the_pdf_holds_figures_and_trends(closeloop: Closeloop, lived: Store, tmp_path: Path, locale: str, title: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    document = closeloop.json("kpi", "report", "--period", "2026-05", "--out", tmp_path / "may.pdf")
    assert document["period"] == "2026-05"
    text = pdf_text((tmp_path / "may.pdf").read_bytes())
    assert title in text
    assert "100.0" in text
    assert "2025-05" in text, "where the trend begins"
    assert "period_report." not in text


def test_it_is_taken_as_of_an_instant_that_has_come(closeloop: Closeloop, lived: Store, tmp_path: Path):
    asked = ("kpi", "report", "--period", "2026-Q2", "--out", tmp_path / "quarter.pdf", "--as-of")
    then = closeloop.json(*asked, "2026-05-01T00:00:00+08:00")["as_of"]
    assert then.startswith(("2026-04-30T16:00", "2026-05-01T00:00"))
    assert closeloop.refused(*asked, "2036-05-01T00:00:00+08:00")["code"] == "as_of_ahead"


def test_the_workbook_has_a_sheet_for_each_part(closeloop: Closeloop, lived: Store, tmp_path: Path):
    closeloop.json("kpi", "report", "--period", "2026-Q2", "--out", tmp_path / "quarter.xlsx")
    book = load_workbook(tmp_path / "quarter.xlsx")
    assert book.sheetnames == [
        "Notes", "Indicators", "Causes", "Responsible", "Recurrences", "Handling", "Customer forums",
            "Greetings", "Evaluations",
        "Third parties", "Figures", "Trends", "Definitions",
    ]  # fmt: skip
    assert [cell.value for cell in book["Causes"][2]][1] == 4
    rows = {row[0]: row for row in book["Figures"].iter_rows(values_only=True)}
    listed = closeloop.json("kpi", "list", "--period", "2026-Q2")["indicators"]
    assert {row["name"]: row["value"] for row in listed} == {name: rows[name][3] for name in rows if name != "Name"}


@pytest.mark.parametrize("locale", TITLES)
def test_no_two_sheets_of_a_workbook_have_one_name(closeloop: Closeloop, lived: Store, tmp_path: Path, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    for command in (("kpi", "report"), ("regulator-pack",)):
        closeloop.json(*command, *MARCH, "--out", tmp_path / "book.xlsx")
        assert len(load_workbook(tmp_path / "book.xlsx").sheetnames) >= 8


def test_a_period_that_has_not_begun_and_another_format_are_refused(closeloop: Closeloop, lived: Store):
    assert closeloop.refused("kpi", "report", "--period", "2027-01", "--out", "x.pdf")["code"] == "bad_period"
    assert closeloop.refused("kpi", "report", *MARCH, "--out", "x.doc")["code"] == "paper_format"


def test_a_manager_downloads_it_and_a_handler_does_not(lived: Store, sqlite_settings: Settings):
    add_accounts(lived, HANDLER, MANAGER)
    address = "/console/indicators/report?period=2026-03&file_format="
    with site_client(sqlite_settings, lived, None) as client:
        log_in(client, lived, HANDLER)
        assert client.get(f"{address}pdf").status_code == 403
        log_in(client, lived, MANAGER)
        assert client.get(f"{address}pdf").content.startswith(b"%PDF")
        assert "Indicators" in load_workbook(io.BytesIO(client.get(f"{address}xlsx").content)).sheetnames
        assert client.get(f"{address}doc").status_code == 422
        assert "/console/indicators/report" in client.get("/console/indicators?period=2026-03").text
