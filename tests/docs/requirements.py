"""Lists the tests of each requirement, by their marks, in the last column of the requirements page.

``python -m tests.docs.requirements`` writes it; ``tests/docs/test_requirements.py`` checks that it is up to date.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "requirements.md"
MARK = "mark.requirement"
ROW = re.compile(r"^\| (?P<id>[A-K]\d+) \| (?P<what>.*?) \| (?P<where>.*?) \| (?P<tests>.*?) \|$")


@cache
def marks() -> dict[str, set[str]]:
    """Return the test files of each requirement."""
    files: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        source = path.read_text("utf-8")
        for name in _marked(ast.parse(source)) if MARK in source else ():
            files.setdefault(name, set()).add(path.relative_to(ROOT).as_posix())
    return files


def _marked(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(MARK):
            [name] = node.args
            assert isinstance(name, ast.Constant)
            yield str(name.value)


def rows() -> list[re.Match[str]]:
    """Return the rows of the page's tables."""
    return [row for line in PAGE.read_text("utf-8").splitlines() if (row := ROW.match(line))]


def filled_in() -> str:
    """Return the page with its last column filled in by the marks."""
    known = marks()

    def fill_in(line: str) -> str:
        row = ROW.match(line)
        if row is None:
            return line
        tests = ", ".join(f"[{Path(path).stem}](../{path})" for path in sorted(known.get(row["id"], ())))
        return f"| {row['id']} | {row['what']} | {row['where']} | {tests or '–'} |"

    return "\n".join(map(fill_in, PAGE.read_text("utf-8").splitlines())) + "\n"


if __name__ == "__main__":
    PAGE.write_text(filled_in(), "utf-8")
    sys.exit(0)
