"""House rule: what a door shows of cases goes through the rules of access (``engine.access``)."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.sources import Source, dotted, findings, hold, sources, strings

READS = re.compile(r"\b(?:FROM|JOIN)\s+(?:cases|party|statement|attachment)\b", re.IGNORECASE)
TABLES = {"Case", "Party", "Statement", "Attachment"}
SCOPED = "{scope}"
"""How a query says where the condition of ``cases_in_scope`` goes."""

OWNER_OF_THE_HOME = "serves the command line, whose user owns the database and can read all of it"
EXEMPT = {
    "apps/views.py": OWNER_OF_THE_HOME,
    "apps/case_history.py": OWNER_OF_THE_HOME,
    "apps/demo.py": "counts the cases of a store that the demo itself made",
    "apps/scenario.py": "looks up the cases that the scenario itself opens",
}
"""The modules whose queries of cases are not narrowed, and why."""

DOORS = ("apps/api/", "apps/console/", "apps/portal/")
"""Where principals are served: these read and move cases by what takes the principal, never around it."""
AROUND = {
    "apps.case_history.history", "apps.views.case", "apps.views.cases", "apps.views.timers",
    "engine.commands.advance.advance", "engine.commands.advance.advance_in",
    "engine.commands.advance_many.advance_many",
    "engine.commands.follow_up.follow_up", "engine.commands.open_case.open_case",
    "engine.commands.open_case.open_unless_known", "engine.ledger.record.case_by_id",
    "engine.ledger.record.case_by_number", "engine.ledger.record.current_case",
}  # fmt: skip


def unscoped(source: Source) -> Iterator[str]:
    """Yield the queries of cases and of personal data that nothing narrows."""
    if source.path in EXEMPT:
        return
    for node, text in strings(source):
        if READS.search(text) and SCOPED not in text:
            yield source.at(node, "reads cases or personal data without {scope}; join cases_in_scope(principal)")
    for node in source.nodes:
        if isinstance(node, ast.Call) and dotted(node.func, source.imported).rpartition(".")[2] == "select":
            names = {dotted(part, source.imported) for each in node.args for part in ast.walk(each)}
            if any(name.startswith("models.") and name.rpartition(".")[2] in TABLES for name in names):
                yield source.at(node, "selects cases or personal data; read them by SQL with {scope}")


def around_the_rules(source: Source) -> Iterator[str]:
    """Yield what a door that serves principals uses although it takes no principal."""
    if not source.path.startswith(DOORS):
        return
    for node in source.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and (name := dotted(node, source.imported)) in AROUND:
            yield source.at(node, f"uses {name}, which takes no principal")


def test_every_query_of_cases_in_the_apps_is_narrowed_by_the_rules_of_access():
    hold(unscoped, sources("apps"))


def test_doors_read_and_move_cases_for_a_principal_only():
    hold(around_the_rules, sources("apps"))


def test_every_exemption_is_needed():
    for source in sources("apps"):
        if source.path in EXEMPT:
            assert any(READS.search(text) for _, text in strings(source)), source.path
    assert EXEMPT.keys() <= {source.path for source in sources("apps")}


@pytest.mark.parametrize(
    "bad",
    [
        'LIST = "SELECT number FROM cases WHERE NOT closed"',
        'def f(tx):\n    return tx.rows("select a.x from arrival a join party p on p.id = a.id")',
        'TEXTS = f"SELECT content FROM statement WHERE case_id = {id}"',
        "from sqlmodel import select\nfrom models import Case\nquery = select(Case)",
        "import sqlmodel\nfrom models.party import Party\nquery = sqlmodel.select(Party.name)",
    ],
)
def test_a_query_that_nothing_narrows_is_caught(bad: str):
    assert findings(unscoped, [Source("apps/bad.py", bad)])


@pytest.mark.parametrize(
    "good",
    [
        'LIST = "SELECT c.number FROM cases c WHERE {scope}"',
        '"""Reads FROM cases."""',
        'ARRIVALS = "SELECT count(*) FROM arrival"',
        "from sqlmodel import select\nfrom models import Arrival\nquery = select(Arrival)",
    ],
)
def test_what_is_narrowed_or_concerns_no_case_is_allowed(good: str):
    assert findings(unscoped, [Source("apps/good.py", good)]) == []


@pytest.mark.parametrize(
    "bad",
    [
        "from engine.ledger.record import current_case\ndef f(tx): return current_case(tx, 'x')",
        "from engine.commands.advance import advance\nadvance(store, command, at)",
        "from engine.commands import advance_many\nadvance_many.advance_many(store, [], at)",
        "from apps import views\nviews.case(store, 'x', None)",
    ],
)
def test_a_door_that_goes_around_the_rules_is_caught(bad: str):
    assert findings(around_the_rules, [Source("apps/api/bad.py", bad)])
    assert findings(around_the_rules, [Source("apps/principal_views.py", bad)]) == []
