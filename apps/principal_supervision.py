"""The audit of records and the supervision of the evaluation as a principal may see them, for any door (F1)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from apps.principal_reports import refuse_others
from engine.access.principal import Principal
from engine.access.scope import UNLIMITED, cases_in_scope
from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
from reports.evaluation_supervision import EvaluationSupervision, evaluation_supervision
from reports.indicators.periods import Period, month_before, period_of
from reports.known_cases import known_among
from reports.record_audit import RecordAudit, audit_in, audit_zone
from reports.record_findings import Group, RecordFinding, newest_findings
from statemachines.refused import Refused
from statemachines.roles import Role

SUPERVISES: Final = frozenset({Role.AUDITOR, Role.EVALUATION_GROUP, Role.QUALITY_TEAM, Role.GENERAL_MANAGER})
"""The roles that supervise the service and its records."""


@dataclass(frozen=True, slots=True)
class SeenAudit:
    """An audit, the numbers of cases that the principal may read in it, and the newest finding of each group."""

    audit: RecordAudit
    findings: dict[Group, RecordFinding]


def record_audit_seen(
    store: Store, principal: Principal, period: str | None, as_of: datetime, at: datetime
) -> SeenAudit:
    """Return the audit of a period as of an instant; without a period, of the last month. ``at`` is now.

    Raises ``Refused('bad_period' | 'as_of_ahead' | 'not_in_charge')``.
    """
    chosen = _asked(store, principal, period, as_of, at)
    with store.looking() as tx:
        audit = audit_in(tx, rules_in(tx), chosen, as_of)
        numbers = {number for lack in audit.lacks for number in lack.numbers}
        known = known_among(tx, numbers, cases_in_scope(principal, at))
        findings = dict(newest_findings(tx))
        shown = known_among(tx, {each.number for each in findings.values()}, cases_in_scope(principal, at))
    lacks = tuple(replace(lack, numbers=tuple(filter(known.__contains__, lack.numbers))) for lack in audit.lacks)
    return SeenAudit(
        replace(audit, lacks=lacks), {group: each for group, each in findings.items() if each.number in shown}
    )


def evaluation_supervision_seen(
    store: Store, principal: Principal, period: str | None, as_of: datetime, at: datetime
) -> EvaluationSupervision:
    """Return the supervision of the evaluation of a period as of an instant, with the cases that he may read.

    Raises as ``record_audit_seen`` does.
    """
    chosen = _asked(store, principal, period, as_of, at)
    seen = evaluation_supervision(store, chosen, as_of)
    with store.looking() as tx:
        numbers = {number for doubt in seen.doubts for number in doubt.numbers} | {part.cycle for part in seen.parts}
        known = known_among(tx, numbers, cases_in_scope(principal, at))
    doubts = (replace(each, numbers=tuple(filter(known.__contains__, each.numbers))) for each in seen.doubts)
    return replace(seen, doubts=tuple(doubts), parts=tuple(part for part in seen.parts if part.cycle in known))


def _asked(store: Store, principal: Principal, period: str | None, as_of: datetime, at: datetime) -> Period:
    """Return the period that is asked for, if the principal supervises the service."""
    if principal.kind not in UNLIMITED:
        refuse_others(principal, SUPERVISES)
    if as_of > at:
        raise Refused("as_of_ahead", as_of=as_of.isoformat(), now=at.isoformat())
    with store.looking() as tx:
        zone = audit_zone(rules_in(tx), to_micros(at))
    return month_before(at.astimezone(zone).date()) if period is None else period_of(period)
