"""Reads which cases of customers an interruption of the service affects (G1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.store import Store
from models.columns import to_micros
from statemachines.kinds import lifecycles

AFFECTED = "affected"
"""The relation of an interruption to the cases that it affects."""
PAGE = 200

FIND = """
SELECT c.id, c.number, p.email FROM cases c LEFT JOIN party p ON p.id = c.party_id
 WHERE c.kind = :kind AND NOT c.closed AND c.id > :after
   AND (CAST(:department AS TEXT) IS NULL OR c.department = :department)
   AND (CAST(:category AS TEXT) IS NULL OR c.category = :category)
   AND (CAST(:opened_since AS BIGINT) IS NULL OR c.opened_at >= :opened_since)
   AND (CAST(:opened_until AS BIGINT) IS NULL OR c.opened_at <= :opened_until)
   AND NOT EXISTS (SELECT 1 FROM link l WHERE l.child_id = c.id AND l.parent_id = :interruption
                      AND l.relation = :relation AND l.at < :asked_at)
 ORDER BY c.id LIMIT :page
"""
LINKED = """
SELECT c.id, c.number, p.email FROM link l JOIN cases c ON c.id = l.child_id LEFT JOIN party p ON p.id = c.party_id
 WHERE l.parent_id = :interruption AND l.relation = :relation ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class AffectedCase:
    """A case that is affected, and where its customer gets mail, if anywhere."""

    id: int
    number: str
    email: str | None


def affected(store: Store, interruption: int, criteria: Mapping[str, Any], asked_at: int) -> Iterator[AffectedCase]:
    """The open cases of customers that meet the criteria, as the form of ``find_affected`` records them.

    ``asked_at`` (microseconds) is when it was asked: what was found before that is left out. Internal kinds are
    nobody's cases: none of them is affected. Read page by page, each by itself.
    """
    table = lifecycles().get(criteria["kind"])
    if table is None or table.internal:
        return
    told: dict[str, Any] = {name: criteria.get(name) for name in ("department", "category")}
    told |= {name: _micros(criteria.get(name)) for name in ("opened_since", "opened_until")}
    after = 0
    while page := _page(store, told, kind=table.kind, interruption=interruption, asked_at=asked_at, after=after):
        yield from page
        after = page[-1].id


def linked(store: Store, interruption: int) -> list[AffectedCase]:
    """The cases that were found to be affected, closed ones included."""
    with store.looking() as tx:
        return [AffectedCase(*row) for row in tx.rows(LINKED, interruption=interruption, relation=AFFECTED)]


def _page(store: Store, told: Mapping[str, Any], **asked: Any) -> list[AffectedCase]:
    with store.looking() as tx:
        return [AffectedCase(*row) for row in tx.rows(FIND, **told, **asked, relation=AFFECTED, page=PAGE)]


def _micros(text: str | None) -> int | None:
    return None if text is None else to_micros(datetime.fromisoformat(text))
