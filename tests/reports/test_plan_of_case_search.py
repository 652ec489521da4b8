"""A page of the queue is read along an index, or from one: neither database reads all cases or timers for it."""

import re
from typing import Any

import pytest

from engine.access.principal import Principal
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from engine.transaction import Tx
from reports import case_lists, case_order
from reports.case_parts import Sort
from reports.case_search import CaseQuery, search
from reports.queue_order import awaiting
from statemachines.roles import Role
from tests.case_actions import START, contact, make_move, new_case
from tests.engine.access.people import principal

pytestmark = pytest.mark.requirement("H4")

DUE = CaseQuery(department="claims", states=("investigated",), sort=Sort.DUE)


class Explained(Tx):
    """A transaction that keeps the plans of what it reads, by the SQL."""

    plans: dict[str, str]

    def rows(self, sql: str, **values: Any) -> list[Any]:
        explain = "EXPLAIN" if self.postgres else "EXPLAIN QUERY PLAN"
        self.plans[sql] = "\n".join(row[-1] for row in super().rows(f"{explain} {sql}", **values))
        return super().rows(sql, **values)


class Recorded(Tx):
    """A transaction that keeps the statements by which it reads."""

    sent: list[str]

    def rows(self, sql: str, **values: Any) -> list[Any]:
        self.sent.append(sql)
        return super().rows(sql, **values)


def plan_of(store: Store, who: Principal, query: CaseQuery, part_of_sql: str) -> str:
    """Return the plan of a statement by which cases are listed, as if the tables were too large to scan them."""
    with store.looking() as tx:
        if store.postgres:
            for other in ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort"):
                tx.rows(f"SELECT set_config('{other}', 'off', true)")
        explained = Explained(tx._raw, tx.postgres, tx.kept)  # pyright: ignore[reportPrivateUsage]
        explained.plans = {}
        search(explained, who, query, START)
    return next(plan for sql, plan in explained.plans.items() if part_of_sql in sql)


@pytest.fixture
def investigated(store: Store) -> str:
    """A case of the department that is investigated."""
    number = new_case(store)
    for move in ("classify", "investigate"):
        make_move(store, number, move)
    return number


@pytest.mark.usefixtures("investigated")
def test_a_page_of_what_is_due_sorts_nothing(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(case_order, "FEW", 0)
    plan = plan_of(store, principal(store, Role.TEAM_SUPERVISOR), DUE, "k.fires_at AS key_0")
    assert "ix_timer_due" in plan
    assert "Sort" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan


@pytest.mark.usefixtures("investigated")
@pytest.mark.parametrize(
    ("query", "index"),
    [
        (CaseQuery(sort=Sort.QUEUE), "ix_cases_department"),
        (CaseQuery(sort=Sort.QUEUE, owner="han"), "ix_cases_owner"),
        (CaseQuery(sort=Sort.QUEUE, states=("waiting_for_customer",)), "ix_cases_board"),
        (CaseQuery(sort=Sort.QUEUE, level=3), "ix_cases_kind"),
    ],
    ids=["department", "owner", "state", "level"],
)
def test_few_cases_are_read_from_the_index_of_a_list(store: Store, query: CaseQuery, index: str):
    plan = plan_of(store, principal(store, Role.HANDLER), query, "SELECT (SELECT count(*)")
    assert index in plan
    assert not re.search(r"SCAN c\b|Seq Scan on cases", plan), plan


def test_a_list_is_read_once_for_all_ranks_and_sorted_by_statements_that_depend_on_no_list(
    store: Store, investigated: str
):
    make_move(store, investigated, "assign")
    for _ in range(2):
        make_move(store, new_case(store), "classify", severity="urgent")
        open_case(store, Opening(contact(), "interruption"), START)
    who, sent = principal(store, Role.HANDLER), list[str]()
    with store.looking() as tx:
        recorded = Recorded(tx._raw, tx.postgres, tx.kept)  # pyright: ignore[reportPrivateUsage]
        recorded.sent = sent
        search(recorded, who, CaseQuery(sort=Sort.QUEUE, owner="han"), START)
    ids = "SELECT unnest(:find_ids) AS id" if store.postgres else "SELECT value AS id FROM json_each(:find_ids)"
    in_order = [sql.partition("timed AS")[0] for sql in sent if "WITH listed" in sql]
    assert in_order == [f"\nWITH listed AS MATERIALIZED ({ids}), "] * 4
    assert sum(sql.startswith("SELECT c.id FROM cases c") for sql in sent) == 1


@pytest.mark.usefixtures("investigated")
@pytest.mark.parametrize("role", [Role.AGENT, Role.HANDLER])
def test_which_urgent_cases_await_somebody_an_index_tells(store: Store, role: Role, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(case_lists, "FEW", -1)
    who = principal(store, role)
    urgent = "NOT c.closed AND ((NOT c.closed AND c.severity = 'urgent') AND"
    plan = plan_of(store, who, CaseQuery(sort=Sort.QUEUE, also=awaiting(who, START)), urgent)
    assert "ix_cases_urgent" in plan
    assert "cases_pkey" not in plan


@pytest.mark.usefixtures("investigated")
def test_what_no_case_of_the_first_steps_contains_is_searched_in_all_texts_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(case_order, "STEPS_TO_CASES", 0)
    plan = plan_of(store, principal(store, Role.AGENT), CaseQuery(text="大象"), "c.id IN (SELECT find_s.case_id")
    if store.postgres:
        assert "hashed SubPlan" in plan, plan
    else:
        assert "SCAN find_s" in plan, plan
