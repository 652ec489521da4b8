"""The first page of what is due is read along an index: neither database sorts the timers of all cases for it."""

from typing import Any

import pytest

from engine.access.principal import Principal
from engine.store import Store
from engine.transaction import Tx
from reports.case_search import CaseQuery, Sort, search
from statemachines.roles import Role
from tests.case_actions import START
from tests.engine.access.people import principal

pytestmark = pytest.mark.requirement("H4")

DUE = CaseQuery(department="claims", states=("investigated",), sort=Sort.DUE)


class Explained(Tx):
    """A transaction that keeps the plans of what it reads."""

    plans: list[str]

    def rows(self, sql: str, **values: Any) -> list[Any]:
        explain = "EXPLAIN" if self.postgres else "EXPLAIN QUERY PLAN"
        self.plans.append("\n".join(row[-1] for row in super().rows(f"{explain} {sql}", **values)))
        return super().rows(sql, **values)


def plan_of_due_page(store: Store, who: Principal) -> str:
    """Return the plan by which the cases that are due are listed, as if the tables were too large to scan them."""
    with store.looking() as tx:
        if store.postgres:
            for other in ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort"):
                tx.rows(f"SELECT set_config('{other}', 'off', true)")
        explained = Explained(tx._raw, tx.postgres, tx.kept)  # pyright: ignore[reportPrivateUsage]
        explained.plans = []
        search(explained, who, DUE, START)
    return explained.plans[0]


def test_a_page_of_what_is_due_sorts_nothing(store: Store):
    plan = plan_of_due_page(store, principal(store, Role.TEAM_SUPERVISOR))
    assert "ix_timer_due" in plan
    assert "Sort" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan
