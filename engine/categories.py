"""The categories that a case may be given: those of the tree in force, else the shipped ones. Others are refused (A3).

A retired category stays in the table, so that its name is known, and is refused like an unknown one.
"""

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from engine.ledger.journal import journal_row
from engine.transaction import Tx

SHIPPED = Path(__file__).resolve().parent.parent / "policies" / "categories.toml"
OTHER = "other"
"""The shipped category of what fits no other one; the keyword rules never propose it."""
MOST_NEAR, RESEMBLANCE = 5, 0.5
"""How many categories a refusal names, and how much their codes or names must resemble what was entered."""
MOST_LISTED = 20
"""How many categories a refusal names where none resembles what was entered."""

LIVE = "SELECT code, name FROM category WHERE retired_at IS NULL ORDER BY code"
IS_LIVE = "SELECT 1 FROM category WHERE code = :code AND retired_at IS NULL"
BORNE = "SELECT 1 FROM cases WHERE category = :code LIMIT 1"
PUT = """
INSERT INTO category (code, name, added_at, added_by) VALUES (:code, :name, :at, :added_by)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, retired_at = NULL
"""
RETIRE = "UPDATE category SET retired_at = :at WHERE code = :code"


@cache
def shipped() -> tuple[str, ...]:
    """Return the categories that a new store knows."""
    rules = tomllib.loads(SHIPPED.read_text("utf-8"))["category"]
    return (*(rule["code"] for rule in rules), OTHER)


def categories(tx: Tx) -> dict[str, str]:
    """Return the names of the categories in force by their codes."""
    return {row.code: row.name for row in tx.rows(LIVE)}


def unknown_category(tx: Tx, code: str, *, borne: bool = False) -> list[str] | None:
    """Return the categories that resemble a code which is none of those in force; None for one that is.

    ``borne`` also takes a category that some case bears, for questions about cases: those of other kinds than
    complaints and inquiries follow no tree.
    """
    if code in tx.cache.categories:
        return None
    if tx.row(IS_LIVE, code=code) is None and not (borne and tx.row(BORNE, code=code) is not None):
        return near(code, categories(tx))
    if not borne:
        tx.cache.categories.add(code)
    return None


def near(entered: str, known: dict[str, str]) -> list[str]:
    """Return the codes that resemble what was entered, by code or name; where none does, the first of all codes."""
    names = {name.rpartition(" / ")[2].casefold(): code for code, name in known.items()} | {
        code: code for code in known
    }
    matches = get_close_matches(entered.casefold(), names, MOST_NEAR, RESEMBLANCE)
    return list(dict.fromkeys(names[match] for match in matches)) or sorted(known)[:MOST_LISTED]


def add_categories(tx: Tx, names: Iterable[tuple[str, str]], added_by: str, at: int) -> None:
    """Add categories by code and name, or put retired ones into use again; ``at`` in microseconds."""
    for code, name in names:
        tx.run(PUT, code=code, name=name, at=at, added_by=added_by)
        journal_row(tx, "category", (code,), added_by, at)


def replace_categories(tx: Tx, names: dict[str, str], added_by: str, at: int) -> None:
    """Put these categories, names by code, into force and retire all others; ``at`` in microseconds."""
    for code in categories(tx).keys() - names.keys():
        tx.run(RETIRE, code=code, at=at)
        journal_row(tx, "category", (code,), added_by, at)
    add_categories(tx, names.items(), added_by, at)
    tx.cache.categories.clear()
