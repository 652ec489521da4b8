"""House rule: no call to the outside and no wait inside a transaction (STYLE 4, 12)."""

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.house.sources import (
    FUNCTIONS,
    Source,
    called_name,
    dotted,
    findings,
    hold,
    imported_modules,
    sources,
)

OUTSIDE = {"gateways", "prefect", "httpx", "requests", "urllib", "smtplib", "imaplib", "socket", "subprocess"}
SLEEPS = {"time.sleep", "asyncio.sleep"}


def leaks(source: Source) -> Iterator[str]:
    """Yield what calls the outside or waits inside ``with …writing(…)``."""
    yield from leaks_below(source, source.tree, frozenset())


def leaks_below(source: Source, node: ast.AST, outside_names: frozenset[str]) -> Iterator[str]:
    """Yield the leaks below a node; ``outside_names`` are the names in scope that hold something of ``OUTSIDE``."""
    if isinstance(node, (ast.Module, *FUNCTIONS)):
        outside_names |= frozenset(outside_names_in(source, node))
    if isinstance(node, ast.With | ast.AsyncWith) and opens_a_transaction(node):
        for inner in (part for statement in node.body for part in ast.walk(statement)):
            yield from leak(source, inner, outside_names)
        return
    for child in ast.iter_child_nodes(node):
        yield from leaks_below(source, child, outside_names)


def leak(source: Source, node: ast.AST, outside_names: frozenset[str]) -> Iterator[str]:
    if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
        yield source.at(node, "awaits inside a transaction")
    if isinstance(node, ast.Yield | ast.YieldFrom):
        yield source.at(node, "yields inside a transaction")
    if isinstance(node, ast.Call):
        name = dotted(node.func, source.imported)
        if is_outside(name) or root(node.func) in outside_names:
            yield source.at(node, f"calls {ast.unparse(node.func)} inside a transaction; write an outbox row")
        if name in SLEEPS:
            yield source.at(node, "sleeps inside a transaction")


def opens_a_transaction(node: ast.With | ast.AsyncWith) -> bool:
    opened = (item.context_expr for item in node.items)
    return any(isinstance(part, ast.Call) and called_name(part) == "writing" for part in opened)


def outside_names_in(source: Source, scope: ast.AST) -> Iterator[str]:
    """Yield the names in the scope that are annotated with, or assigned from, something of ``OUTSIDE``."""
    for node in own_parts(scope):
        if isinstance(node, ast.arg) and refers_to_outside(source, node.annotation):
            yield node.arg
        elif isinstance(node, ast.AnnAssign) and refers_to_outside(source, node.annotation):
            yield from names_in([node.target])
        elif isinstance(node, ast.Assign) and refers_to_outside(source, node.value):
            yield from names_in(node.targets)


def own_parts(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of the scope, without those of functions inside it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, FUNCTIONS):
            yield from own_parts(child)


def refers_to_outside(source: Source, expression: ast.expr | None) -> bool:
    parts = ast.walk(expression) if expression else ()
    return any(is_outside(dotted(part, source.imported)) for part in parts)


def is_outside(name: str) -> bool:
    return "." in name and name.partition(".")[0] in OUTSIDE


def names_in(targets: Iterable[ast.expr]) -> Iterator[str]:
    return (part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))


def root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def imports_gateways(source: Source) -> Iterator[str]:
    for node in source.nodes:
        if any(module.partition(".")[0] == "gateways" for module in imported_modules(node)):
            yield source.at(node, "imports gateways; the engine writes what was decided and calls nobody")


def test_nothing_leaves_the_building_inside_a_transaction():
    hold(leaks, sources("engine", "flows", "apps"))


def test_the_engine_imports_no_gateway():
    hold(imports_gateways, sources("engine"))


@pytest.mark.parametrize(
    "bad",
    [
        "async def work():\n    with store.writing() as tx:\n        await anything()",
        "async def work():\n    async with writing(store):\n        async for row in rows: pass",
        "from gateways.mail import send\nwith writing(store): send(letter)",
        "from gateways import mail as post\nwith writing(store): post.send(letter)",
        "import gateways.mail\nwith other(), store.writing() as tx:\n    if due: gateways.mail.send(letter)",
        "from gateways.mail import Mail\ndef tell(mail: Mail):\n    with writing(store): mail.send(letter)",
        "from gateways.mail import Mail\ndef tell(mail: Mail | None):\n    with writing(s): mail.send()",
        "from gateways.mail import Mail\nmail = Mail()\ndef tell():\n    with writing(s): mail.send(letter)",
        "import httpx\nwith store.writing(): httpx.post(url)",
        "import subprocess\nwith store.writing(): subprocess.run(command)",
        "import time\nwith store.writing(): time.sleep(1)",
        "def rows():\n    with store.writing() as tx:\n        yield tx.one()",
    ],
)
def test_a_leak_is_caught(bad: str):
    assert findings(leaks, [Source("flows/bad.py", bad)])


@pytest.mark.parametrize(
    "good",
    [
        "from gateways.mail import send\nwith writing(store) as tx: tx.add(letter)\nsend(letter)",
        "from gateways.mail import send\nwith reading(store) as tx: send(tx.letter())",
        "from gateways.mail import Mail\ndef a(m: Mail): m.send()\ndef b(m):\n    with writing(s): m.note()",
        "async def work():\n    with writing(store) as tx: tx.add(row)\n    await anything()",
    ],
)
def test_calls_after_the_transaction_are_allowed(good: str):
    assert findings(leaks, [Source("flows/good.py", good)]) == []


@pytest.mark.parametrize("bad", ["import gateways.mail", "from gateways import mail", "from gateways.mail import send"])
def test_an_engine_that_imports_a_gateway_is_caught(bad: str):
    assert findings(imports_gateways, [Source("engine/bad.py", bad)])
