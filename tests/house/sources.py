"""Reads the project's Python files as syntax trees, for the house rules that are checked on them."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "statemachines", "models", "engine", "gateways", "locales", "classifier", "reports", "forecast", "flows", "apps",
)  # fmt: skip

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One module: its path (from the root, with slashes), its text and its tree."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def room(self) -> str:
        return self.path.partition("/")[0]

    @property
    def name(self) -> str:
        """Return the module's own name: ``complaint`` for ``statemachines/complaint.py``."""
        return PurePosixPath(self.path).stem

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def imported(self) -> dict[str, str]:
        """Return what each imported name refers to: ``{"dt": "datetime.datetime"}``."""
        return dict(imported_names(self.nodes))

    def at(self, node: ast.AST, what: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


Rule = Callable[[Source], Iterator[str]]


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Return all modules of the folders; a folder that is missing or has none is an error, not a pass."""
    modules: list[Source] = []
    for folder in folders:
        inside = [read(path) for path in sorted((ROOT / folder).rglob("*.py"))]
        if not inside:
            raise FileNotFoundError(f"{ROOT / folder} has no modules: is the root of the project right?")
        modules += inside
    return tuple(modules)


def read(path: Path) -> Source:
    return Source(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


def findings(rule: Rule, over: Iterable[Source]) -> list[str]:
    return [finding for source in over for finding in rule(source)]


def hold(rule: Rule, over: Iterable[Source]) -> None:
    """Fail the test with a line for each breach of the rule in these modules."""
    if broken := findings(rule, over):
        pytest.fail("\n".join(broken), pytrace=False)


def imported_names(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or whole, whole
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module or ''}.{alias.name}"


def imported_modules(node: ast.AST) -> Iterator[str]:
    """Yield the modules that an import statement may load, with dots."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def dotted(node: ast.AST, imported: dict[str, str]) -> str:
    """Return the full name of an expression, imports resolved; empty if it is not a plain name."""
    if isinstance(node, ast.Name):
        return imported.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value, imported)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def called_name(call: ast.Call) -> str:
    """Return the last part of a called name: ``writing`` for ``store.writing()``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def strings(source: Source) -> Iterator[tuple[ast.Constant, str]]:
    """Yield every string of the module except docstrings."""
    prose = {id(node.value) for node in source.nodes if isinstance(node, ast.Expr)}
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node, node.value


def texts(node: ast.AST | None) -> list[str]:
    """Return the texts that an expression may be: one, either of two, or none that can be read off."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    return [*texts(node.body), *texts(node.orelse)] if isinstance(node, ast.IfExp) else []


def functions(source: Source) -> Iterator[Function]:
    return (node for node in source.nodes if isinstance(node, FUNCTIONS))


def at_import(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when the module is imported: not those in functions or for types only."""
    for statement in body:
        if isinstance(statement, FUNCTIONS):
            continue
        yield statement
        if isinstance(statement, ast.If) and dotted(statement.test, {}).endswith("TYPE_CHECKING"):
            yield from at_import(statement.orelse)
            continue
        for block in ("body", "orelse", "finalbody"):
            yield from at_import(getattr(statement, block, []))
        for branch in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
            yield from at_import(branch.body)
