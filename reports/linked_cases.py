"""Queries for cases that belong to another one: affected by an interruption, of the same cause, recoveries."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.duplicates.recognition import shipment_key
from engine.retired_names import recorded_as
from engine.store import Store
from models.columns import MICROSECOND, to_micros
from statemachines.finding import FINDING
from statemachines.kinds import lifecycle_of, lifecycles
from statemachines.lifecycle import Lifecycle
from statemachines.recovery import RECOVERY

if TYPE_CHECKING:
    from models import Case

AFFECTED = "affected"
"""The relation of an interruption to the cases that it affects."""
RECOVERS = "recovery"
"""The relation of a complaint to what is claimed back because of it."""
PAGE = 200
YEAR = timedelta(days=365) // MICROSECOND

FIND_AFFECTED = """
SELECT c.id, c.number, p.email, p.locale, c.shipment, c.variables FROM cases c LEFT JOIN party p ON p.id = c.party_id
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
SELECT c.id, c.number, p.email, p.locale FROM link l JOIN cases c ON c.id = l.child_id
  LEFT JOIN party p ON p.id = c.party_id
 WHERE l.parent_id = :interruption AND l.relation = :relation ORDER BY c.id
"""
ADDRESS = "SELECT p.email, p.locale FROM cases c JOIN party p ON p.id = c.party_id WHERE c.number = :number"
NOT_REACHED = "SELECT key FROM mail WHERE key LIKE :keys AND outcome <> 'sent'"
# Up to this case's own measure, so that the same question has the same answer whenever it is asked.
MEASURES = """
SELECT c.number, t.form FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.kind = :kind AND c.department = :department AND t.move IN ({propose_measure}) AND t.recorded_at > :since
   AND (t.recorded_at < :until OR (t.recorded_at = :until AND t.case_id <= :case_id))
 ORDER BY t.recorded_at, t.case_id
"""
CLAIMS = """
SELECT c.number, p.number AS complaint, c.state, c.variables FROM cases c
  LEFT JOIN link l ON l.child_id = c.id AND l.relation = :relation LEFT JOIN cases p ON p.id = l.parent_id
 WHERE c.kind = :kind ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class AffectedCase:
    """A case affected by an interruption, and the mail address and the language of its customer, where known."""

    id: int
    number: str
    email: str | None
    locale: str | None


def affected(
    store: Store, interruption: int, criteria: Mapping[str, Any], asked_at: int, waybills: str | None = None
) -> Iterator[AffectedCase]:
    """Yield the open customer cases that meet the criteria, as recorded by the form of ``find_affected``.

    ``waybills`` lists the numbers of shipments, where the form names them. ``asked_at`` (microseconds) is when it was
    asked: cases linked before that are left out. Internal kinds are never affected. Each page is read in its own
    transaction.
    """
    lifecycle = lifecycles().get(criteria["kind"])
    if lifecycle is None or lifecycle.internal:
        return
    params: dict[str, Any] = {name: criteria.get(name) for name in ("department", "category")}
    params |= {name: _micros(criteria.get(name)) for name in ("opened_since", "opened_until")}
    params |= {"kind": lifecycle.kind, "interruption": interruption, "asked_at": asked_at}
    shipments = None if waybills is None else _shipments(store.secret, waybills)
    route, port = criteria.get("route"), criteria.get("port")
    after = 0
    while page := _page(store, params, after):
        for row in page:
            meant = shipments is None or row.shipment in shipments
            if meant and _goes_along(lifecycle, row.variables, route, port):
                yield AffectedCase(row.id, row.number, row.email, row.locale)
        after = page[-1].id


def _shipments(secret: bytes, waybills: str) -> set[str | None]:
    """Return the keys of the shipments that a list of numbers names."""
    return {shipment_key(secret, number) for number in re.split(r"[,;，；、\s]+", waybills)} - {None}


def _goes_along(lifecycle: Lifecycle, variables: str, route: str | None, port: str | None) -> bool:
    """Return whether a case goes by the route, and by the port: its plan names it, or its goods are there now."""
    known = lifecycle.resolver.variables(json.loads(variables)) if route or port else {}
    ports = {*str(known.get("ports", "")).split(","), known.get("position")}
    return (route is None or known.get("route") == route) and (port is None or port in ports)


def linked(store: Store, interruption: int) -> list[AffectedCase]:
    """Return the cases linked to an interruption as affected, closed ones included."""
    with store.looking() as tx:
        return [AffectedCase(*row) for row in tx.rows(LINKED, interruption=interruption, relation=AFFECTED)]


class Addressee(NamedTuple):
    """How a customer is written to; ``locale`` is his own language if it is known."""

    email: str | None
    locale: str | None


def customer_address(store: Store, number: str) -> Addressee | None:
    """Return how the customer of a case is written to; None without a customer."""
    with store.looking() as tx:
        row = tx.row(ADDRESS, number=number)
    return None if row is None else Addressee(*row)


def unreached(store: Store, interruption: str, cases: Sequence[AffectedCase]) -> int:
    """Return how many of the affected cases' customers no mail about the interruption has reached."""
    with store.looking() as tx:
        failed = {
            row.key.rpartition(":")[2] for row in tx.rows(NOT_REACHED, keys=f"{interruption}:%:service_interrupted:%")
        }
    return sum(not case.email or case.number in failed for case in cases)


def _page(store: Store, params: Mapping[str, Any], after: int) -> list[Any]:
    with store.looking() as tx:
        return tx.rows(FIND_AFFECTED, **params, after=after, relation=AFFECTED, page=PAGE)


def _micros(text: str | None) -> int | None:
    return None if text is None else to_micros(datetime.fromisoformat(text))


def same_cause(store: Store, case: "Case", cause: str, at: int) -> list[str]:
    """Return the numbers of the findings with this cause in the case's department, the case itself last.

    They are those of the year up to ``at`` (microseconds), when the case's own measure was recorded.
    """
    params = {"kind": FINDING.kind, "department": case.department, "case_id": case.id, "since": at - YEAR, "until": at}
    with store.looking() as tx:
        rows = tx.rows(MEASURES.format(propose_measure=recorded_as("move", "propose_measure")), **params)
    table = lifecycle_of(FINDING.kind)
    forms = ((row.number, table.resolved_form("propose_measure", json.loads(row.form))) for row in rows)
    return list(dict.fromkeys(number for number, form in forms if form.get("cause") == cause))


@dataclass(frozen=True, slots=True)
class RecoveryClaim:
    """A claim: its number, the complaint it came from if any, the amounts in fen, and its state."""

    number: str
    complaint: str | None
    claimed: int
    recovered: int
    written_off: int
    state: str

    @property
    def outstanding(self) -> int:
        """The amount that may still come in, in fen."""
        return self.claimed - self.recovered - self.written_off


def recovery_claims(store: Store) -> list[RecoveryClaim]:
    """Return every claim, oldest first."""
    with store.looking() as tx:
        rows = tx.rows(CLAIMS, kind=RECOVERY.kind, relation=RECOVERS)
    resolver = lifecycle_of(RECOVERY.kind).resolver
    return [
        _claim(row.number, row.complaint, resolver.state(row.state), resolver.variables(json.loads(row.variables)))
        for row in rows
    ]


def _claim(number: str, complaint: str | None, state: str, variables: Mapping[str, Any]) -> RecoveryClaim:
    amounts = {name: variables.get(name, 0) for name in ("claimed", "recovered", "written_off")}
    return RecoveryClaim(number, complaint, **amounts, state=state)
