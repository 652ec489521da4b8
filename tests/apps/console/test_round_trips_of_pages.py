"""A page asks Postgres for each thing once, and for as much whether a case has a short history or a long one."""

from collections import Counter
from typing import Any

import psycopg
import pytest

from engine.settings import Settings
from engine.store import CLOCK, Store
from tests.apps.web_site import site_client
from tests.case_actions import AGENT, make_move, new_case
from tests.engine.accounts.people_with_accounts import add_accounts

pytestmark = [pytest.mark.requirement("H4"), pytest.mark.postgres]

AGAIN = ("BEGIN", "COMMIT", CLOCK, "INSERT INTO reading")
"""What may be sent again: each reading of the clock of a simulated store is a statement."""


@pytest.fixture
def sent(postgres_store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are sent from now on, once the list is cleared."""
    statements, execute = list[str](), psycopg.Connection.execute

    def recorded(raw: Any, query: Any, *args: Any, **options: Any) -> Any:
        statements.append(" ".join(str(query).split()))
        return execute(raw, query, *args, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", recorded)
    return statements


def test_the_page_of_a_case_reads_everything_once_in_one_transaction(
    postgres_settings: Settings, postgres_store: Store, sent: list[str]
):
    add_accounts(postgres_store, AGENT)
    short, long = new_case(postgres_store), new_case(postgres_store)
    for number, notes in ((short, 1), (long, 20)):
        for _ in range(notes):
            make_move(postgres_store, number, "note")
    counts = list[int]()
    with site_client(postgres_settings, postgres_store, AGENT) as amy:
        amy.get(f"/console/cases/{short}")  # reads what this process keeps
        for number in (short, long):
            sent.clear()
            assert amy.get(f"/console/cases/{number}").status_code == 200
            counts.append(len(sent))
            begun = sum(sql.startswith("BEGIN") for sql in sent)
            assert begun == 4, "who it is, in which zone he reads, the page, and the log of what he read"
            twice = [sql for sql, times in Counter(sent).items() if times > 1 and not sql.startswith(AGAIN)]
            assert twice == []
    assert counts[0] == counts[1], "a long history takes no more statements"


def test_the_queue_counts_its_lists_once(postgres_settings: Settings, postgres_store: Store, sent: list[str]):
    add_accounts(postgres_store, AGENT)
    new_case(postgres_store)
    with site_client(postgres_settings, postgres_store, AGENT) as amy:
        sent.clear()
        assert amy.get("/console/cases").status_code == 200
    counted = [sql for sql in sent if sql.startswith("SELECT (SELECT count(*)")]
    assert counted
    assert len(counted) == len(set(counted)) <= 3, "the person's lists, the urgent cases, the internal ones"
