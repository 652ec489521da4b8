"""The regulator's pack as people take it: workbook and PDF, at the command line and in the console (F1, H1)."""

import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from engine.create_store import set_clock
from engine.settings import Settings
from engine.store import Store
from tests.apps.conftest import Closeloop
from tests.apps.pdf_text import pdf_text
from tests.apps.web_site import log_in, site_client
from tests.case_actions import AGENT, AUDITOR, DAY, DIRECTOR, HANDLER, HOUR, START, make_move, new_resolved_case
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = [pytest.mark.requirement("F1"), pytest.mark.requirement("H1")]

MARCH = ("--period", "2026-03")
NAME, REASON = "Ms Wang", "Letter 12 of the transport bureau"


@pytest.fixture
def lived(simulated: Store) -> Store:
    """Three complaints of one customer, of which one was not satisfied."""
    for hour, outcome in enumerate(("satisfied", "dissatisfied", "satisfied")):
        number = new_resolved_case(simulated, hour * HOUR, customer=NAME, phone=f"1380013800{hour}")
        make_move(simulated, number, "revisit", by=AGENT, after=(hour + 2) * HOUR, outcome=outcome, attitude=4)
    set_clock(simulated, START + 40 * DAY)
    return simulated


def cells(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_the_columns_of_the_workbook_add_up_to_its_figures(closeloop: Closeloop, lived: Store, tmp_path: Path):
    document = closeloop.json("regulator-pack", *MARCH, "--out", tmp_path / "pack.xlsx")
    assert (document["complaints"], document["appeals"], document["named"]) == (3, 0, False)
    sheets = cells((tmp_path / "pack.xlsx").read_bytes())
    assert list(sheets) == [
        "Notes", "Figures", "Seven days", "Received by", "Complaints", "Appeals", "Counted", "Definitions",
    ]  # fmt: skip
    heads, *rows = sheets["Counted"]
    listed = {row["name"]: row for row in closeloop.json("kpi", "list", *MARCH)["indicators"]}
    labels = {row["label"]["en"]: name for name, row in listed.items()}
    for column, head in enumerate(heads[1:], 1):
        label, side = head.split(" · ")
        figure = listed[labels[label]]
        if figure["statistic"] not in {"median", "p90"}:
            assert sum(row[column] or 0 for row in rows) == figure[side], head
    figures = {row[0]: row for row in sheets["Figures"]}
    assert all(figures[name][3] == row["value"] for name, row in listed.items())


@pytest.mark.parametrize(
    ("locale", "title"), [("zh_CN", "投诉情况报送材料"), ("zh_TW", "客訴情況報送材料"), ("en", "Complaints of")]
)
def test_the_pdf_is_written_in_the_readers_language(
    closeloop: Closeloop, lived: Store, tmp_path: Path, locale: str, title: str
):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    paths = [tmp_path / name for name in ("a.pdf", "b.pdf")]
    for path in paths:
        closeloop.json("regulator-pack", *MARCH, "--out", path)
    first, again = (path.read_bytes() for path in paths)
    assert first == again
    text = pdf_text(first)
    assert title in text
    assert "cp-26-000003" in text
    assert "regulator." not in text
    assert NAME not in text


def test_names_are_given_to_an_auditor_with_a_reason_and_that_is_recorded(
    closeloop: Closeloop, lived: Store, tmp_path: Path
):
    asked = ("regulator-pack", *MARCH, "--out", tmp_path / "pack.pdf", "--named")
    assert closeloop.refused(*asked, "--as", AUDITOR)["code"] == "pack_reason"
    assert closeloop.refused(*asked, "--as", DIRECTOR, "--reason", REASON)["code"] == "export_whole"
    assert not (tmp_path / "pack.pdf").exists()
    closeloop.json(*asked, "--as", AUDITOR, "--reason", REASON)
    text = pdf_text((tmp_path / "pack.pdf").read_bytes())
    assert NAME in text
    assert REASON in text


def test_what_is_neither_a_workbook_nor_a_pdf_is_refused(closeloop: Closeloop, lived: Store, tmp_path: Path):
    assert closeloop.refused("regulator-pack", *MARCH, "--out", tmp_path / "pack.doc")["code"] == "paper_format"
    assert closeloop.refused("regulator-pack", "--period", "May", "--out", "x.pdf")["code"] == "bad_period"


def test_whoever_answers_to_the_regulator_downloads_it_and_names_leave_a_trace(lived: Store, sqlite_settings: Settings):
    add_accounts(lived, HANDLER, DIRECTOR, AUDITOR)
    form = {"period": "2026-03", "format": "xlsx"}
    named = form | {"named": "true", "reason": REASON}
    with site_client(sqlite_settings, lived, None) as client:
        csrf = log_in(client, lived, HANDLER)
        assert client.get("/console/regulator-pack").status_code == 403
        assert client.post("/console/regulator-pack", data={"_csrf": csrf, **form}).status_code == 403
        csrf = log_in(client, lived, DIRECTOR)
        taken = client.post("/console/regulator-pack", data={"_csrf": csrf, **form})
        assert NAME not in str(cells(taken.content))
        assert client.post("/console/regulator-pack", data={"_csrf": csrf, **named}).status_code == 403
        csrf = log_in(client, lived, AUDITOR)
        unsaid = client.post("/console/regulator-pack", data={"_csrf": csrf, **form, "named": "true"})
        assert (unsaid.status_code, "Say why" in unsaid.text) == (422, True)
        taken = client.post("/console/regulator-pack", data={"_csrf": csrf, **named})
        assert NAME in str(cells(taken.content))
        trace = client.get("/console/exports").text
        assert REASON in trace
        assert "2026-03" in trace
