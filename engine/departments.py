"""The departments of the house: those a new store knows, and those that were added since. Others are refused."""

import re
import tomllib
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from engine.ledger.journal import journal_row
from engine.transaction import Tx
from statemachines.refused import Refused

SHIPPED = Path(__file__).resolve().parent.parent / "policies" / "departments.toml"
CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
KNOWN = "SELECT code FROM department"
ADD = """
INSERT INTO department (code, added_at, added_by) VALUES (:code, :at, :added_by) ON CONFLICT (code) DO NOTHING
"""


@cache
def shipped() -> tuple[str, ...]:
    """Return the departments that a new store knows."""
    return tuple(tomllib.loads(SHIPPED.read_text("utf-8"))["departments"])


def departments(tx: Tx) -> frozenset[str]:
    """Return the codes of all departments, read once in a transaction."""
    if tx.cache.departments is None:
        tx.cache.departments = frozenset(row.code for row in tx.rows(KNOWN))
    return tx.cache.departments


def check_department(tx: Tx, code: str | None) -> None:
    """Raise ``Refused('unknown_department')``, which lists those there are; nothing is no department."""
    if code is not None:
        refuse_unknown_department(code, departments(tx))


def refuse_unknown_department(code: str, known: Collection[str]) -> None:
    """Raise ``Refused('unknown_department')``, which lists the known ones, for a code that is none of them."""
    if code not in known:
        raise Refused("unknown_department", department=code[:40], known=sorted(known))


def add_departments(tx: Tx, codes: Iterable[str], added_by: str, at: int) -> list[str]:
    """Add departments; return those that are new. ``added_by`` is a handle, ``at`` in microseconds.

    Raises ``Refused('bad_code')``.
    """
    codes = list(codes)
    for code in codes:
        if CODE.fullmatch(code) is None:
            raise Refused("bad_code", value=code[:40])
    new = [code for code in dict.fromkeys(codes) if tx.run(ADD, code=code, at=at, added_by=added_by) == 1]
    for code in new:
        journal_row(tx, "department", (code,), added_by, at)
    tx.cache.departments = None
    return new
