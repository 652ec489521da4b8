"""House rule: a case's state changes, and a transaction ends, in `engine/` alone (STYLE 3)."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOMS, Source, called_name, findings, hold, sources, strings

ENDS_A_TRANSACTION = {
    "commit": "commits; only engine/ does",
    "begin": "opens a transaction that commits by itself; only engine/ does",
}
WRITES_CASES = re.compile(
    r"\b(UPDATE(\s+OR\s+\w+)?|INSERT(\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|DELETE\s+FROM)\s+\"?cases?\b\"?"
    r"|^\s*COMMIT\b|;\s*COMMIT\b|^\s*AUTOCOMMIT\s*$",
    re.IGNORECASE,
)


def commits(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if isinstance(node, ast.Attribute):
            yield from of_attribute(source, node)
        elif isinstance(node, ast.Call):
            yield from of_call(source, node)
    for node, text in strings(source):
        if WRITES_CASES.search(text):
            yield source.at(node, f"holds SQL that only engine/ may run: {text.strip()[:40]!r}")


def of_attribute(source: Source, node: ast.Attribute) -> Iterator[str]:
    if isinstance(node.ctx, ast.Store) and node.attr == "state" and not is_cursor(source, node):
        yield source.at(node, "assigns a state; a case moves through engine.advance only")
    if isinstance(node.ctx, ast.Load) and node.attr == "commit":
        yield source.at(node, ENDS_A_TRANSACTION["commit"])


def of_call(source: Source, node: ast.Call) -> Iterator[str]:
    called = called_name(node)
    if called == "begin" and isinstance(node.func, ast.Attribute):
        yield source.at(node, ENDS_A_TRANSACTION["begin"])
    if called in {"update", "insert", "delete"} and any(
        isinstance(argument, ast.Name) and argument.id == "Case" for argument in node.args
    ):
        yield source.at(node, f"{called}s cases; only engine/ does")
    if called == "setattr" and any(isinstance(a, ast.Constant) and a.value == "state" for a in node.args):
        yield source.at(node, "sets a state by name; a case moves through engine.advance only")


def is_cursor(source: Source, node: ast.Attribute) -> bool:
    """Say whether it is the cursor of `transitions`, which keeps its own state, in `statemachines/`."""
    return source.room == "statemachines" and isinstance(node.value, ast.Name) and node.value.id == "self"


def test_only_the_engine_commits_and_moves_cases():
    rooms = [room for room in ROOMS if room != "engine"]
    hold(commits, sources(*rooms))


@pytest.mark.parametrize(
    "bad",
    [
        "session.commit()",
        "await run(session.commit)",
        "with database.begin() as connection: pass",
        "case.state = 'resolved'",
        "self.state = 'resolved'",
        "case.state, case.level = 'resolved', 1",
        "case.state: str = 'resolved'",
        "for case.state in path: pass",
        "setattr(case, 'state', 'resolved')",
        "session.execute(update(Case).values(level=1))",
        "session.execute(text('update cases set level = 1'))",
        "session.execute(text(f'INSERT OR IGNORE INTO cases ({columns})'))",
        "raw.execute('COMMIT')",
        "create_engine(url, isolation_level='AUTOCOMMIT')",
    ],
)
def test_a_stray_commit_or_state_is_caught(bad: str):
    assert findings(commits, [Source("flows/bad.py", bad)])


@pytest.mark.parametrize(
    "good",
    [
        "state = case.state",
        "'''An engine's commit: UPDATE cases.'''",
        "help = 'a commit tells the driver'",
        "run.outcome = 'done'",
    ],
)
def test_reading_a_state_and_naming_a_commit_is_allowed(good: str):
    assert findings(commits, [Source("flows/good.py", good)]) == []


def test_the_cursor_of_a_lifecycle_keeps_its_own_state():
    cursor = "class Cursor:\n    def __init__(self, state):\n        self.state = state"
    assert findings(commits, [Source("statemachines/lifecycle.py", cursor)]) == []
