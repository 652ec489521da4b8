"""The page of third parties' evaluations: a file of scores is handed in whole, or each fault of it is named (E1)."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from openpyxl import Workbook

from engine.accounts.invitations import accept, invite
from engine.actors import NewActor, add_actor
from engine.settings import Settings
from engine.store import Store
from reports.indicators.names import indicator_name, indicator_names_at
from reports.third_party import ComparedScore, Verdict
from reports.third_party_text import comparison_text
from statemachines.roles import Role
from tests.apps.console.conftest import HANDLES
from tests.apps.web_site import Served, check_accessible, log_in, site_client
from tests.case_actions import AGENT, MANAGER, START, query_rows
from tests.engine.accounts.people_with_accounts import ADMIN, PASSWORD, RULES, add_accounts
from tests.engine.rules.sample_rules import add_evaluator
from tests.engine.rules.test_indicators import COMPOSITE, published

pytestmark = [pytest.mark.requirement("E1"), pytest.mark.any_database]

OF = {
    "scores_assessor": "SGS", "scores_announcement": "unannounced", "scores_period": "2026-02",
    "scores_pack": "logistics", "scores_case": "",
}  # fmt: skip
HEAD = "department,criterion,score\n"
GOOD = f"{HEAD}claims,attitude,87.5\nhotline,attitude,92\n".encode()


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    with store.writing() as tx:
        add_actor(tx, NewActor("mak", (Role.MARKET,)))
    add_accounts(store, *HANDLES, "mak")
    with site_client(settings, store, None) as opened:
        yield opened


def handed_in(client: TestClient, store: Store, content: bytes, by: str = "mak", name: str = "scores.csv") -> Response:
    entries = {"_csrf": log_in(client, store, by), **OF}
    return client.post("/console/third-party", data=entries, files={"_files": (name, content, "text/csv")})


def evaluations(store: Store) -> int:
    return len(query_rows(store, "SELECT * FROM cases WHERE kind = 'third_party_evaluation'"))


def test_a_file_is_recorded_once_and_read_by_its_names(client: TestClient, store: Store):
    answers = [handed_in(client, store, GOOD) for _ in range(2)]
    assert [answer.status_code for answer in answers] in ([200, 200], [303, 303])
    assert evaluations(store) == 1
    page = client.get("/console/third-party?period=2026-02").text
    assert "SGS" in page
    assert "SGS" not in client.get("/console/third-party?period=2026-01").text


def test_a_workbook_is_read_as_well(client: TestClient, store: Store):
    book, content = Workbook(), BytesIO()
    for row in (("department", "criterion", "score"), ("claims", "attitude", 62.5)):
        book.active.append(row)  # pyright: ignore[reportOptionalMemberAccess]
    book.save(content)
    assert handed_in(client, store, content.getvalue(), name="scores.xlsx").status_code in (200, 303)
    assert evaluations(store) == 1


def test_each_fault_is_named_with_its_row_and_nothing_is_recorded(client: TestClient, store: Store):
    refused = handed_in(client, store, f"{HEAD}clams,attitude,87.5\nclaims,attitude,101\n".encode())
    assert refused.status_code == 422
    assert "scores.csv has 2 faults" in refused.text
    assert 'value="SGS"' in refused.text, "what was typed stays"
    assert "clams" in refused.text
    assert refused.text.count("Row ") + refused.text.count("row ") >= 2
    assert evaluations(store) == 0


def test_without_a_file_and_with_what_is_no_table_it_says_so(client: TestClient, store: Store):
    entries = {"_csrf": log_in(client, store, "mak"), **OF}
    assert "Choose one file" in client.post("/console/third-party", data=entries).text
    assert handed_in(client, store, b"%PDF", name="../scores.pdf").status_code == 422
    assert evaluations(store) == 0


@pytest.mark.requirement("F3")
@pytest.mark.parametrize("who", [MANAGER, AGENT])
def test_whoever_does_not_collect_hands_nothing_in(client: TestClient, store: Store, who: str):
    assert handed_in(client, store, GOOD, by=who).status_code == 403
    assert client.get("/console/third-party").status_code == (200 if who == MANAGER else 403)


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_an_indicator_of_the_house_is_called_by_its_name(store: Store, locale: str):
    add_evaluator(store)
    published(store, COMPOSITE)
    names = indicator_names_at(store, START)
    name = indicator_name(names, locale, "quality")
    row = ComparedScore("claims", "quality", 6250, 9000, 40, Verdict.GAP)
    assert name != "quality"
    assert name in comparison_text(locale, row.recorded(), names)


@pytest.mark.long
def test_in_a_browser_it_can_be_used_by_everybody(sqlite_console: Served, sqlite_store: Store):
    with sqlite_store.writing() as tx:
        add_actor(tx, NewActor("mak", (Role.MARKET,)))
    accept(sqlite_store, invite(sqlite_store, "mak", ADMIN, START).code, PASSWORD, START, RULES)
    with sqlite_console.person("mak", "zh_CN") as page:
        page.goto("/console/third-party")
        check_accessible(page)
