"""House rules: lifecycles do not import each other, and only they compare a state (STYLE 1)."""

import ast
import re
from collections.abc import Collection, Iterator

import pytest

from tests.house.sources import (
    ROOMS,
    Source,
    at_import,
    called_name,
    findings,
    hold,
    imported_modules,
    sources,
    strings,
)

SQL = re.compile(r"\bstate\s*(=|<>|!=|(not\s+)?in\b)\s*\(?\s*'", re.IGNORECASE)


def is_lifecycle(source: Source) -> bool:
    """Say whether it is a module of `statemachines/` that creates a ``Lifecycle`` when it is imported."""
    made = (
        call
        for statement in at_import(source.tree.body)
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr)
        for call in ast.walk(statement)
        if isinstance(call, ast.Call)
    )
    return source.room == "statemachines" and any(called_name(call) == "Lifecycle" for call in made)


def is_checked(source: Source) -> bool:
    """Say whether a module checks the laws of its lifecycle when it is imported."""
    statements = (statement for statement in at_import(source.tree.body) if isinstance(statement, ast.Expr))
    calls = (statement.value for statement in statements if isinstance(statement.value, ast.Call))
    return any(called_name(call) == "lawful" for call in calls)


def entangled(all_sources: Collection[Source]) -> Iterator[str]:
    lifecycles = [source for source in all_sources if is_lifecycle(source)]
    names = {f"statemachines.{source.name}" for source in lifecycles}
    for source in lifecycles:
        for node in source.nodes:
            imported = {".".join(module.split(".")[:2]) for module in imported_modules(node)}
            for other in sorted(imported & names - {f"statemachines.{source.name}"}):
                yield source.at(node, f"imports {other}; what two lifecycles share is vocabulary")


def compared_states(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            compared = any(is_state(side) for side in sides) and any(is_literal(side) for side in sides)
        elif isinstance(node, ast.Match):
            patterns = [part for case in node.cases for part in ast.walk(case.pattern)]
            literal = any(isinstance(part, ast.MatchValue) and is_literal(part.value) for part in patterns)
            compared = is_state(node.subject) and literal
        else:
            continue
        if compared:
            yield source.at(node, "compares a state with a word; ask the lifecycle's table")
    for node, text in strings(source):
        if SQL.search(text):
            yield source.at(node, f"compares a state with a word in SQL: {text.strip()[:40]!r}")


def is_state(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and node.slice.value == "state"
    return getattr(node, "attr", None) == "state" or getattr(node, "id", None) == "state"


def is_literal(node: ast.AST) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(is_literal(element) for element in node.elts)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_lifecycles_are_independent():
    modules = sources("statemachines")
    assert any(is_lifecycle(source) for source in modules), "no lifecycle found: has Lifecycle a new name?"
    assert list(entangled(modules)) == []


def test_each_lifecycle_is_checked_where_it_is_made():
    assert [source.path for source in sources("statemachines") if is_lifecycle(source) and not is_checked(source)] == []


@pytest.mark.parametrize(
    ("end", "checked"), [("lawful(TABLE)", True), ("", False), ("def later(): lawful(TABLE)", False)]
)
def test_a_lifecycle_that_nobody_checks_is_caught(end: str, checked: bool):
    source = Source("statemachines/new.py", f"TABLE = Lifecycle()\n{end}")
    assert (is_lifecycle(source), is_checked(source)) == (True, checked)


def test_only_a_lifecycle_compares_states():
    rooms = [room for room in ROOMS if room != "statemachines"]
    hold(compared_states, sources(*rooms))


@pytest.mark.parametrize(
    "bad",
    [
        "from statemachines.complaint import COMPLAINT",
        "from statemachines import complaint",
        "import statemachines.complaint as other",
        "def late():\n    from statemachines.complaint import COMPLAINT",
    ],
)
def test_an_entangled_lifecycle_is_caught(bad: str):
    complaint = Source("statemachines/complaint.py", "COMPLAINT = Lifecycle('complaint')")
    order = Source("statemachines/order.py", f"{bad}\nORDER: Lifecycle = Lifecycle('order')")
    assert list(entangled([complaint, order]))


def test_shared_vocabulary_is_allowed():
    vocabulary = Source("statemachines/lifecycle.py", "class Lifecycle: pass\ndef f(): return Lifecycle()")
    complaint = Source(
        "statemachines/complaint.py",
        "from statemachines.lifecycle import Lifecycle\nCOMPLAINT = Lifecycle('complaint')",
    )
    assert not is_lifecycle(vocabulary)
    assert list(entangled([vocabulary, complaint])) == []


@pytest.mark.parametrize(
    "bad",
    [
        "if case.state == 'resolved': pass",
        "if 'resolved' != state: pass",
        "if case.state in ('resolved', 'archived'): pass",
        "late = [c for c in cases if c.state not in {'archived'}]",
        "if row['state'] == 'resolved': pass",
        "select(Case).where(Case.state == 'resolved')",
        "text(\"select id from cases where state not in ('archived')\")",
        "match case.state:\n    case 'resolved' | 'archived': pass",
    ],
)
def test_a_compared_state_is_caught(bad: str):
    assert findings(compared_states, [Source("flows/bad.py", bad)])


@pytest.mark.parametrize(
    "good",
    [
        "if case.state == move.dest: pass",
        "if lifecycle.state[case.state].final: pass",
        "if run.state_name == 'Completed': pass",
        "match case.kind:\n    case 'complaint': pass",
    ],
)
def test_reading_the_table_is_allowed(good: str):
    assert findings(compared_states, [Source("flows/good.py", good)]) == []
