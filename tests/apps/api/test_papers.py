"""The routes that return reports as files, and the audit of records: for whom, and what is recorded (B7, F1, H1)."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from openpyxl import load_workbook

from engine.actors import NewActor, add_actor
from engine.create_store import set_clock
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role
from tests.apps.api.conftest import client
from tests.case_actions import (
    AGENT,
    AUDITOR,
    DAY,
    DIRECTOR,
    HOUR,
    MANAGER,
    START,
    make_move,
    new_resolved_case,
    query_rows,
)

pytestmark = [pytest.mark.requirement("F1"), pytest.mark.requirement("H1")]

NAME, REASON = "Ms Wang", "Letter 12 of the transport bureau"
EXPORTS = "SELECT note FROM run WHERE flow = 'export'"
XLSX, PDF = {"period": "2026-03", "file_format": "xlsx"}, {"period": "2026-03"}


@pytest.fixture
def caller(sqlite_settings: Settings, sqlite_store: Store) -> Iterator[TestClient]:
    number = new_resolved_case(sqlite_store, customer=NAME)
    make_move(sqlite_store, number, "revisit", by=AGENT, after=2 * HOUR, outcome="satisfied", attitude=4)
    with sqlite_store.writing() as tx:
        add_actor(tx, NewActor("quin", (Role.QUALITY_TEAM,)))
    set_clock(sqlite_store, START + 40 * DAY)
    with client(sqlite_settings) as opened:
        yield opened


def get(caller: TestClient, address: str, who: str, params: dict[str, str]) -> Response:
    return caller.get(f"/api/v1/reports/{address}", params=params, headers={"Authorization": f"Bearer {who}"})


def texts(content: bytes) -> str:
    book = load_workbook(io.BytesIO(content))
    return " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell)


def test_a_manager_downloads_the_report_of_a_period(caller: TestClient):
    answer = get(caller, "period", MANAGER, XLSX)
    assert (answer.status_code, answer.headers["content-disposition"]) == (
        200, 'attachment; filename="closeloop-report-2026-03.xlsx"',
    )  # fmt: skip
    assert "2026-03" in texts(answer.content)
    assert get(caller, "period", MANAGER, PDF).content.startswith(b"%PDF-")
    assert get(caller, "period", AGENT, XLSX).json()["code"] == "not_in_charge"
    assert get(caller, "period", MANAGER, {"period": "2026-13"}).json()["code"] == "bad_period"


def test_the_pack_holds_pseudonyms_and_is_no_export(caller: TestClient, sqlite_store: Store):
    answer = get(caller, "regulator-pack", DIRECTOR, XLSX)
    assert answer.headers["cache-control"] == "private, no-store"
    assert NAME not in texts(answer.content)
    assert get(caller, "regulator-pack", MANAGER, XLSX).json()["code"] == "not_in_charge"
    assert query_rows(sqlite_store, EXPORTS) == []


def test_a_pack_with_names_takes_a_reason_and_a_role_and_is_recorded_first(caller: TestClient, sqlite_store: Store):
    def named(who: str, body: dict[str, Any]) -> Response:
        address, headers = "/api/v1/reports/regulator-pack/named", {"Authorization": f"Bearer {who}"}
        return caller.post(address, params=XLSX, json=body, headers=headers)

    assert named(AUDITOR, {"reason": " "}).json()["code"] == "pack_reason"
    refused = named(DIRECTOR, {"reason": REASON})
    assert (refused.status_code, refused.json()["code"]) == (403, "export_whole")
    assert query_rows(sqlite_store, EXPORTS) == []
    assert NAME in texts(named(AUDITOR, {"reason": REASON}).content)
    [run] = query_rows(sqlite_store, EXPORTS)
    assert REASON in run["note"]


def test_who_supervises_reads_the_audit_of_records(caller: TestClient):
    audit = get(caller, "record-audit", "quin", {"period": "2026-03"}).json()["audit"]
    assert (audit["period"], audit["kinds"]) == ("2026-03", [])
    assert get(caller, "record-audit", AGENT, {}).json()["code"] == "not_in_charge"
    ahead = get(caller, "record-audit", "quin", {"as_of": "2027-01-01T00:00:00Z"})
    assert ahead.json()["code"] == "as_of_ahead"
