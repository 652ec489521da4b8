"""Keeps who read which personal data of which case, through which door and why; an auditor searches it (H1, H4).

A row names a case and codes of what was shown, never a name, a number or an address. Whoever reads through the command
line owns the database; his readings are not logged, because he could remove them. Readings are entered in the journal
at each anchor, and kept for three years (``engine/ledger/reading_ranges.py``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.access.principal import Principal
from engine.access.scope import UNLIMITED
from engine.actors import acting
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused
from statemachines.roles import Role

READERS: Final = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})

ADD: Final = """
INSERT INTO reading (at, actor_id, via, kind, case_id, fields, reason)
VALUES (:at, :actor_id, :via, :kind, :case_id, :fields, :reason)
"""
SEARCH: Final = """
SELECT r.at, c.number, a.handle AS actor, r.via, r.kind, r.fields, r.reason
  FROM reading r JOIN actor a ON a.id = r.actor_id JOIN cases c ON c.id = r.case_id
 WHERE {conditions} ORDER BY r.id DESC LIMIT :limit
"""
CONDITIONS: Final = {"number": "c.number = :number", "actor": "a.handle = :actor", "since": "r.at >= :since"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading as an auditor sees it; ``reason`` is empty where nothing was unmasked."""

    at: datetime
    number: str
    actor: str
    via: str
    kind: str
    fields: tuple[str, ...]
    reason: str


def log_reading(
    tx: Tx, principal: Principal, case_ids: Iterable[int], fields: Iterable[str], at: datetime, reason: str = ""
) -> None:
    """Log that a principal was shown these fields of these cases; ``fields`` are codes of ``PersonalData``.

    Nothing is logged where nothing personal was shown, nor of whoever owns the store.
    """
    codes = " ".join(sorted(fields))
    if not codes or principal.kind in UNLIMITED:
        return
    now = to_micros(at)
    row = {"at": now, "actor_id": principal.actor.id, "via": principal.via, "kind": principal.kind.value}
    row |= {"fields": codes, "reason": reason}
    tx.run_all(ADD, [row | {"case_id": case_id} for case_id in case_ids])


def readings(store: Store, reader: str, at: datetime, limit: int, **conditions: Any) -> list[Reading]:
    """Return the readings that meet the conditions, newest first; a condition that is None does not restrict.

    Conditions are ``number``, ``actor`` and ``since``. Raises ``Refused('not_in_charge')`` for whoever is no auditor.
    """
    given: dict[str, Any] = {name: value for name, value in conditions.items() if value is not None}
    if "since" in given:
        given["since"] = to_micros(given["since"])
    sql = SEARCH.format(conditions=" AND ".join(CONDITIONS[name] for name in given) or "TRUE")
    with store.looking() as tx:
        if not acting(tx, reader, to_micros(at)).roles & READERS:
            raise Refused("not_in_charge", handle=reader, wanted=sorted(role.value for role in READERS))
        return [_reading(row) for row in tx.rows(sql, limit=limit, **given)]


def _reading(row: Any) -> Reading:
    columns = row.number, row.actor, row.via, row.kind, tuple(row.fields.split()), row.reason
    return Reading(from_micros(row.at), *columns)
