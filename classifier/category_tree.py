"""The category tree, three levels deep, as the evaluation group publishes it: codes, departments, severities."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from classifier.example_files import TableRow, read_table
from classifier.versioned_files import BrokenError, NewestVersion, newest, put
from engine.categories import replace_categories
from engine.departments import add_departments
from engine.rules.publishing import entitled
from engine.store import Store
from engine.transaction import Tx
from gateways.problems import AddNote, excerpt, ignore
from models.columns import to_micros
from statemachines.form_model import Code
from statemachines.forms import Severity
from statemachines.refused import Refused

SORT, ENDING = "tree", ".json"
FORMAT = 1
LEVELS = 3
DEPARTMENT, SEVERITY, CODE = "department", "severity", "code"
HEADS = {"责任部门": DEPARTMENT, "責任部門": DEPARTMENT, "严重程度": SEVERITY, "嚴重程度": SEVERITY}
HEADS |= {"代码": CODE, "代碼": CODE}
"""The Chinese names of the columns that may follow the three levels."""

CategoryPath = tuple[str, ...]
"""The names of a category from the first level down."""


class CategoryNode(BaseModel):
    """A category: its path, the department that answers for it, its own severity."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    path: Annotated[CategoryPath, Field(min_length=1, max_length=LEVELS)]
    department: Code | None = None
    severity: Severity | None = None
    retired: bool = False

    @property
    def name(self) -> str:
        """Return the names of the path, first level first."""
        return " / ".join(self.path)


class CategoryTree(BaseModel):
    """All categories. A removed one stays as retired, so that its code is never given to another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    by: str
    at: str
    source: str
    nodes: tuple[CategoryNode, ...]

    def __hash__(self) -> int:
        """Hash few fields only: the tree is a cache key."""
        return hash((self.at, self.source, len(self.nodes)))

    @property
    def live(self) -> tuple[CategoryNode, ...]:
        """Return the categories in use."""
        return tuple(node for node in self.nodes if not node.retired)


def newest_tree(home: Path) -> NewestVersion[CategoryTree]:
    """Return the tree in use; ``found`` is None if none was published."""
    return newest(home, SORT, ENDING, _read)


def _read(content: bytes) -> CategoryTree:
    try:
        tree = CategoryTree.model_validate_json(content)
    except ValidationError as error:
        raise BrokenError("damaged") from error
    if tree.format != FORMAT:
        raise BrokenError("other_format")
    return tree


def publish_tree(
    store: Store, path: Path, by: str, encoding: str | None = None, note: AddNote = ignore
) -> CategoryTree:
    """Put the categories of a file into use; only the evaluation group may (F4).

    A category keeps its code for ever, a new one gets the next number. Its department is one of the house's from now
    on, and cases are given no other categories. ``note`` takes the remarks on the file. Raises
    ``Refused('unknown_actor' | 'not_evaluation_group' | 'bad_tree')`` and what ``read_table`` raises.
    """
    with store.looking() as tx:
        entitled(tx, by, store.now())
    current = newest_tree(store.home).found
    nodes = tuple(_with_codes(tree_rows(path, encoding, note), current.nodes if current else (), excerpt(path.name)))
    tree = CategoryTree(by=by, at=store.now().isoformat(), source=excerpt(path.name), nodes=nodes)
    with store.writing() as tx:
        add_departments(tx, [node.department for node in tree.live if node.department], by, to_micros(store.now()))
        _put_into_force(tx, tree, store.now())
        put(store.home, SORT, ENDING, json.dumps(tree.model_dump(), ensure_ascii=False, indent=1).encode())
    return tree


def bring_tree(store: Store) -> None:
    """Put the categories of the newest tree into force in a store whose release kept them in the file alone."""
    tree = newest_tree(store.home).found
    if tree is not None:
        with store.writing() as tx:
            _put_into_force(tx, tree, store.now())


def _put_into_force(tx: Tx, tree: CategoryTree, at: datetime) -> None:
    replace_categories(tx, {node.code: node.name for node in tree.live}, tree.by, to_micros(at))


TreeRow = tuple[int, CategoryPath, dict[str, str]]


def tree_rows(path: Path, encoding: str | None = None, note: AddNote = ignore) -> list[TreeRow]:
    """Return the rows below the header: number, path, and the values of the columns that follow the levels."""
    rows = read_table(path, frozenset(), encoding, note)
    _, columns = next(rows, (0, []))
    if len(columns) < LEVELS:
        raise Refused("bad_tree", file=excerpt(path.name), row=1)
    headers = [HEADS.get(name, name.lower()) for name in columns]
    return [_tree_row(path, row, headers) for row in rows if any(row[1])]


def _tree_row(path: Path, row: TableRow, headers: list[str]) -> TreeRow:
    number, cells = row
    levels = [cell for cell in cells[:LEVELS] if cell]
    if not levels or levels != cells[: len(levels)]:  # a level without the one above it
        raise Refused("bad_tree", file=excerpt(path.name), row=number)
    values = dict(zip(headers[LEVELS:], cells[LEVELS:], strict=False))
    return number, tuple(levels), {name: values[name] for name in (CODE, DEPARTMENT, SEVERITY) if values.get(name)}


def _with_codes(rows: Iterable[TreeRow], before: Iterable[CategoryNode], file: str) -> Iterator[CategoryNode]:
    """Yield each category of the rows and those above it, with its code; then the retired ones."""
    codes = {node.path: node.code for node in before}
    values_of: dict[CategoryPath, dict[str, str]] = {}
    for number, path, values in rows:
        for depth in range(1, len(path) + 1):
            values_of.setdefault(path[:depth], {})
        values_of[path] |= values
        codes |= {path: values[CODE]} if CODE in values else {}
        _node(path, values.get(CODE, "c1"), values_of, file, number)
    for path in values_of:
        codes.setdefault(path, _next_code(path, codes))
    if len({codes[path] for path in values_of}) < len(values_of):
        raise Refused("bad_tree", file=file, row=0)
    yield from (_node(path, codes[path], values_of, file, 0) for path in values_of)
    used = {codes[path] for path in values_of}
    yield from (node.model_copy(update={"retired": True}) for node in before if node.code not in used)


def _node(
    path: CategoryPath, code: str, values_of: dict[CategoryPath, dict[str, str]], file: str, row: int
) -> CategoryNode:
    """Build a category; a value that its row lacks is inherited from the nearest category above."""
    above = [values_of[path[:depth]] for depth in range(len(path), 0, -1)]
    inherited = {
        name: next((values[name] for values in above if name in values), None) for name in (DEPARTMENT, SEVERITY)
    }
    try:
        return CategoryNode.model_validate({"code": code, "path": path, **inherited})
    except ValidationError:
        raise Refused("bad_tree", file=file, row=row) from None


def _next_code(path: CategoryPath, codes: dict[CategoryPath, str]) -> str:
    """Return ``c07``, ``c07_02``, ``c07_02_11``: one more than the highest number ever given among the siblings."""
    prefix = codes[path[:-1]] + "_" if len(path) > 1 else "c"
    siblings = (code.removeprefix(prefix) for code in codes.values() if code.startswith(prefix))
    return f"{prefix}{max((int(number) for number in siblings if number.isdigit()), default=0) + 1:02}"
