"""A page names no command for what another page does: whoever reads it has a browser, and perhaps no command line."""

import ast
import re
from collections.abc import Iterator

import grimp
import pytest

from apps.cli.index import ROOMS as COMMANDS
from locales.translation import catalogue, page_key
from tests.apps.web_site import LANGUAGE_TAGS
from tests.house.sources import ROOMS, ROOT, sources

pytestmark = pytest.mark.requirement("H3")

NO_PAGE = frozenset({
    "anchor", "backup", "deploy", "drive", "import-bounces", "init", "lifecycle", "mailbox", "restore", "serve",
    "status", "up", "verify", "worker",
})  # fmt: skip
"""The commands that run and mend the installation, which no page does. To name one on a page helps its reader."""
OF_OTHERS = frozenset({"cli.customer.remedy", "overdue.more", "report.dead", "report.duty_gap", "report.parked.line"})
"""Messages of modules that pages share with commands and with the artifacts of the nights; no page shows them."""
TREE = frozenset({"classifier.unknown_labels"})
"""It names ``classifier tree``: a tree of categories is published at the command line alone."""
GROUPS = frozenset({"cli.status.groups_faulty", "cli.status.groups_fell_back"})
"""They name commands that try the groups of a file of the home, which no page does."""
NAMED = re.compile(
    rf"closeloop ({'|'.join(sorted((name for room in COMMANDS for name in room.commands), reverse=True))})\b"
)
LITERAL = re.compile(r'"([a-z_]+(?:\.[a-z_]+)*\.?)"')


def page_messages(locale: str) -> set[str]:
    """Return the keys of the messages that templates name, and that modules name which the console imports.

    A name that is put together stands for each key that it may become.
    """
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    modules = {"apps.console.app", *graph.find_upstream_modules("apps.console.app")}
    named = {pattern for text in templates() for name in LITERAL.findall(text) for pattern in template_names(name)}
    for source in sources(*ROOMS):
        if source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") in modules:
            named.update(pattern for node in source.nodes for pattern in module_names(node))
    whole = re.compile("|".join(sorted(named)))
    return {key for key in catalogue(locale) if whole.fullmatch(key)}


def templates() -> Iterator[str]:
    yield from (file.read_text("utf-8") for file in sorted((ROOT / "apps").rglob("*.html")))


def template_names(name: str) -> Iterator[str]:
    if "." in name:
        yield re.escape(name) + (r"\w+" if name.endswith(".") else "")


def module_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[a-z_]+(\.\w+)+", node.value):
        yield re.escape(node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in node.values]
        if re.match(r"[a-z_]+\\\.", parts[0]):
            yield "".join(parts)


@pytest.mark.parametrize("locale", LANGUAGE_TAGS)
def test_no_page_names_a_command_for_what_a_page_does(locale: str):
    messages, keys = catalogue(locale), page_messages(locale)
    assert {"console.nav.admin", "cli.status.outbox_dead", "undelivered.nobody", "cli.status.driver_none"} <= keys
    shown = {key: messages[page_key(locale, key)] for key in keys if not key.startswith(("refused.", "mail."))}
    assert {key for key, text in shown.items() if set(NAMED.findall(text)) - NO_PAGE} == OF_OTHERS | TREE | GROUPS


@pytest.mark.parametrize("locale", LANGUAGE_TAGS)
def test_a_text_for_pages_stands_beside_one_that_names_a_command(locale: str):
    messages = catalogue(locale)
    for key in (key.removesuffix("_on_page") for key in messages if key.endswith("_on_page")):
        assert set(NAMED.findall(messages[key])) - NO_PAGE, f"{key} needs no text of its own for pages"
