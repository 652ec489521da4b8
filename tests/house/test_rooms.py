"""The house rules read something: every room exists where they look and holds code."""

import ast
from collections.abc import Iterator

import pytest

from apps import room_diagram
from apps.room_diagram import circle, circles, direct_imports, edges, room_page
from tests.house.sources import ROOMS, Source, called_name, findings, hold, sources


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_holds_code(room: str):
    assert any(source.tree.body for source in sources(room)), f"{room}/ holds no code"


def test_a_missing_room_is_an_error_and_not_a_pass():
    with pytest.raises(FileNotFoundError, match="cellar"):
        sources("cellar")


def test_a_breach_fails_the_test_with_its_line():
    with pytest.raises(pytest.fail.Exception, match=r"apps/board.py:1: shouts"):
        hold(lambda source: iter([source.at(source.tree, "shouts")]), [Source("apps/board.py", "x = 1")])


def test_no_room_imports_another_in_a_circle():
    assert circles(direct_imports()) == []


def test_the_drawing_shows_every_room_and_counts_its_imports():
    imports = direct_imports()
    assert set(room_diagram.ROOMS) == set(ROOMS)
    assert {room.partition(".")[0] for pair in imports for room in pair} == set(ROOMS)
    page = room_page()
    for (importer, imported), count in edges(imports, "").items():
        assert f"    {importer} -->|{count}| {imported}\n" in page
    assert page.endswith("## Circles\n\nNone.\n")


def test_a_circle_is_found_at_its_level():
    rooms = [("flows.work", "reports.board"), ("reports.night", "flows.schedule"), ("reports.night", "reports.board")]
    assert edges(rooms, "") == {("flows", "reports"): 1, ("reports", "flows"): 1}
    assert circle(edges(rooms, "")) in (["flows", "reports", "flows"], ["reports", "flows", "reports"])
    assert circle(edges(rooms, "reports")) == []
    inner = [("engine.a.x", "engine.a.y"), ("engine.a.y", "engine.b"), ("engine.b", "engine.a.z")]
    assert circles(inner) == [circle(edges(inner, "engine"))]
    assert len(circles([("engine.a.x", "engine.a.y"), ("engine.a.y", "engine.a.x")])) == 1


def writes(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and called_name(node) in {"writing", "run"}
        ):
            yield source.at(node, "writes; a report only reads")


def test_reports_never_write():
    hold(writes, sources("reports"))


@pytest.mark.parametrize("bad", ["with store.writing() as tx: pass", "tx.run('DELETE FROM run')"])
def test_a_report_that_writes_is_caught(bad: str):
    assert findings(writes, [Source("reports/board.py", bad)])
    assert findings(writes, [Source("reports/board.py", "with store.looking() as tx: tx.rows('SELECT 1')")]) == []
