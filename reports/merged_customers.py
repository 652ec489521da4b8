"""Finds the customers whose cases were merged into another: they are told and called with its own customer (A6, D1)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from engine.retired_names import recorded_as
from engine.transaction import Tx

ABSORBED = """
SELECT c.number, t.form FROM cases c JOIN transition t ON t.case_id = c.id
 WHERE c.number = ANY(:numbers) AND t.move IN ({absorb})
"""
PEOPLE = """
SELECT c.number, coalesce(p.person_id, p.id) AS person FROM cases c LEFT JOIN party p ON p.id = c.party_id
 WHERE c.number = ANY(:numbers)
"""
CUSTOMERS = """
SELECT c.number, coalesce(p.person_id, p.id) AS person, p.name, p.phone
  FROM cases c LEFT JOIN party p ON p.id = c.party_id WHERE c.number = ANY(:numbers) AND c.closed
"""


@dataclass(frozen=True, slots=True)
class MergedCustomer:
    """The customer of a merged case. Personal: for staff only."""

    number: str
    name: str | None
    phone: str | None


def merged_customers(tx: Tx, numbers: Iterable[str]) -> Mapping[str, list[MergedCustomer]]:
    """Return, by case, the other customers whose cases were merged into it, also through a third one.

    A case whose merge was undone is open again, and its customer is called for that case.
    """
    found: dict[str, list[MergedCustomer]] = defaultdict(list)
    targets = {number: number for number in numbers}
    seen = set(targets)
    known = {(row.number, row.person) for row in _among(tx, PEOPLE, targets)}
    while targets:
        absorbed = _among(tx, ABSORBED.format(absorb=recorded_as("move", "absorb")), targets)
        merged = {orjson.loads(row.form)["case"]: targets[row.number] for row in absorbed}
        rows = _among(tx, CUSTOMERS, merged.keys() - seen)
        targets = {row.number: merged[row.number] for row in rows}
        seen |= targets.keys()
        for row in rows:
            target = targets[row.number]
            if row.person is not None and (target, row.person) not in known:
                known.add((target, row.person))
                found[target].append(MergedCustomer(row.number, row.name, row.phone))
    return found


def _among(tx: Tx, sql: str, numbers: Iterable[str]) -> list[Any]:
    wanted = sorted(numbers)
    return tx.rows_among(sql, numbers=wanted) if wanted else []
