"""Publishes test editions of a pack, as the evaluation group would; of the logistics pack where none is named."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from engine.ledger.journal import journal_row
from engine.rules.policy import POLICIES
from engine.store import Store
from models.columns import to_micros
from tests.case_actions import START, query_rows

EDITION = """
INSERT INTO edition (sort, name, version, content, effective_from, published_at, published_by, reason)
VALUES ('pack', :pack, :version, :content, :at, :at, (SELECT id FROM actor WHERE handle = 'system'), 'a test')
RETURNING id
"""
LATEST = "SELECT content FROM edition WHERE sort = 'pack' AND name = :pack ORDER BY id DESC"


def publishes(store: Store, section: str, pack: str = "logistics", **values: Any) -> None:
    """Publish these values of a section of the pack, effective from ``START``; the rest of the section is unchanged."""
    lines = _lines(values)
    _publish(store, lambda text: _set_values(text, section, lines, values), START, pack)


def in_force(store: Store, limits: dict[str, dict[str, Any]], at: datetime = START, pack: str = "logistics") -> None:
    """Publish these clauses in place of the pack's own, effective from ``at``; default calendar: round the clock."""

    def edited(text: str) -> str:
        for name, limit in limits.items():
            text = _set_limit(text, name, limit)
        return text

    _publish(store, edited, at, pack)


def _publish(store: Store, edit: Callable[[str], str], at: datetime, pack: str = "logistics") -> None:
    editions = query_rows(store, LATEST, pack=pack)
    text = editions[0]["content"] if editions else (POLICIES / f"{pack}.toml").read_text("utf-8")
    version = f"test-{len(editions) + 1}"
    text = re.sub(r"^version = .*$", f'version = "{version}"', edit(text), count=1, flags=re.MULTILINE)
    with store.writing() as tx:
        row = tx.row(EDITION, pack=pack, version=version, content=text, at=to_micros(at))
        journal_row(tx, "edition", (row.id,), "system", to_micros(at))


def _set_limit(text: str, name: str, limit: dict[str, Any]) -> str:
    text = re.sub(rf"^\[\[?clauses\.{name}(\.when)?\]\]?\n(?:[^\[\n].*\n|\n)*", "", text, flags=re.MULTILINE)
    text = re.sub(rf'^{name} = ".*\n', "", text, flags=re.MULTILINE)  # what is promised now is not unpromised
    values: dict[str, Any] = {"calendar": "cn-hotline", "source": "a test", **limit}
    whens = values.pop("when", [])
    text = f"{text.rstrip()}\n\n[clauses.{name}]\n{_lines(values)}"
    return text + "".join(f"\n[[clauses.{name}.when]]\n{_lines({'source': 'a test', **when})}" for when in whens)


def _set_values(text: str, section: str, lines: str, values: dict[str, Any]) -> str:
    head = f"[{section}]\n"
    if head not in text:
        return f"{text.rstrip()}\n\n{head}{lines}"
    before, after = text.split(head)
    own, mark, rest = after.partition("\n[")
    own = "".join(line for line in own.splitlines(keepends=True) if line.split(" = ")[0] not in values)
    return f"{before}{head}{lines}{own}{mark}{rest}"


def _lines(values: dict[str, Any]) -> str:
    return "".join(f"{name} = {_toml_value(value)}\n" for name, value in values.items())


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
