"""The tree of categories, three levels deep, as the evaluation group published it: codes, departments, severities."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from classifier.reading import Line, lines_of
from classifier.versions import BrokenError, Newest, newest, put
from engine.rules.publishing import entitled
from engine.store import Store
from gateways.problems import excerpt
from statemachines.form_model import Code
from statemachines.forms import Severity
from statemachines.refused import Refused

SORT, ENDING = "tree", ".json"
FORMAT = 1
LEVELS = 3
DEPARTMENT, SEVERITY, CODE = "department", "severity", "code"
HEADS = {"责任部门": DEPARTMENT, "責任部門": DEPARTMENT, "严重程度": SEVERITY, "嚴重程度": SEVERITY}
HEADS |= {"代码": CODE, "代碼": CODE}
"""Columns that may follow the three levels, by what people call them."""

Path3 = tuple[str, ...]


class Node(BaseModel):
    """A category: its names from the first level down, and who answers for it, how grave it is in itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    path: Annotated[Path3, Field(min_length=1, max_length=LEVELS)]
    department: Code | None = None
    severity: Severity | None = None
    retired: bool = False

    @property
    def name(self) -> str:
        """Its names, the first level first."""
        return " / ".join(self.path)


class Tree(BaseModel):
    """All categories. One that was taken out stays, retired, so that its code is never given to another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    by: str
    at: str
    source: str
    nodes: tuple[Node, ...]

    def __hash__(self) -> int:
        """Cheap, so that what is made of a tree is made once."""
        return hash((self.at, self.source, len(self.nodes)))

    @property
    def live(self) -> tuple[Node, ...]:
        """Those that are in use."""
        return tuple(node for node in self.nodes if not node.retired)


def newest_tree(home: Path) -> Newest[Tree]:
    """The tree that counts; None where none was published."""
    return newest(home, SORT, ENDING, _read)


def _read(content: bytes) -> Tree:
    try:
        tree = Tree.model_validate_json(content)
    except ValidationError as error:
        raise BrokenError("damaged") from error
    if tree.format != FORMAT:
        raise BrokenError("other_format")
    return tree


def publish_tree(store: Store, path: Path, by: str) -> Tree:
    """Take the categories of a file as the ones in use from now on; only the evaluation group may (F4).

    A category keeps its code for life, a new one gets the next number. Raises ``Refused('unknown_actor' |
    'not_evaluation_group' | 'bad_tree')`` and as ``lines_of`` does.
    """
    with store.looking() as tx:
        entitled(tx, by)
    known = newest_tree(store.home).found
    nodes = tuple(_coded(rows_in(path), known.nodes if known else (), excerpt(path.name)))
    tree = Tree(by=by, at=store.now().isoformat(), source=excerpt(path.name), nodes=nodes)
    put(store.home, SORT, ENDING, json.dumps(tree.model_dump(), ensure_ascii=False, indent=1).encode())
    return tree


Row = tuple[int, Path3, dict[str, str]]


def rows_in(path: Path) -> list[Row]:
    """The rows below the header: their number, the path from the first level down, and what else is told of it."""
    lines = lines_of(path)
    _, names = next(lines, (0, []))
    if len(names) < LEVELS:
        raise Refused("bad_tree", file=excerpt(path.name), row=1)
    heads = [HEADS.get(name, name.lower()) for name in names]
    return [_row(path, line, heads) for line in lines if any(line[1])]


def _row(path: Path, line: Line, heads: list[str]) -> Row:
    number, cells = line
    levels = [cell for cell in cells[:LEVELS] if cell]
    if not levels or levels != cells[: len(levels)]:  # a level without the one above it
        raise Refused("bad_tree", file=excerpt(path.name), row=number)
    told = dict(zip(heads[LEVELS:], cells[LEVELS:], strict=False))
    return number, tuple(levels), {name: told[name] for name in (CODE, DEPARTMENT, SEVERITY) if told.get(name)}


def _coded(rows: Iterable[Row], before: Iterable[Node], file: str) -> Iterator[Node]:
    """Every category of the rows with those above it, under its code; then those that are in use no more."""
    codes = {node.path: node.code for node in before}
    told: dict[Path3, dict[str, str]] = {}
    for number, path, said in rows:
        for depth in range(1, len(path) + 1):
            told.setdefault(path[:depth], {})
        told[path] |= said
        codes |= {path: said[CODE]} if CODE in said else {}
        _node(path, said.get(CODE, "c1"), told, file, number)
    for path in told:
        codes.setdefault(path, _next_code(path, codes))
    if len({codes[path] for path in told}) < len(told):
        raise Refused("bad_tree", file=file, row=0)
    yield from (_node(path, codes[path], told, file, 0) for path in told)
    used = {codes[path] for path in told}
    yield from (node.model_copy(update={"retired": True}) for node in before if node.code not in used)


def _node(path: Path3, code: str, told: dict[Path3, dict[str, str]], file: str, row: int) -> Node:
    """What is not said of a category holds as it is said of the one above."""
    above = [told[path[:depth]] for depth in range(len(path), 0, -1)]
    inherited = {name: next((one[name] for one in above if name in one), None) for name in (DEPARTMENT, SEVERITY)}
    try:
        return Node.model_validate({"code": code, "path": path, **inherited})
    except ValidationError:
        raise Refused("bad_tree", file=file, row=row) from None


def _next_code(path: Path3, codes: dict[Path3, str]) -> str:
    """``c07``, ``c07_02``, ``c07_02_11``: one more than the highest that was ever given beside it."""
    above = codes[path[:-1]] + "_" if len(path) > 1 else "c"
    beside = (code.removeprefix(above) for code in codes.values() if code.startswith(above))
    return f"{above}{max((int(one) for one in beside if one.isdigit()), default=0) + 1:02}"
