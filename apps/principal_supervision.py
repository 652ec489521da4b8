"""The audit of records as a principal may see it, for any door that serves principals (F1)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from apps.principal_reports import refuse_others
from engine.access.principal import Principal
from engine.access.scope import UNLIMITED, cases_in_scope
from engine.rules.in_force import rules_in
from engine.store import Store
from models.columns import to_micros
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
    if principal.kind not in UNLIMITED:
        refuse_others(principal, SUPERVISES)
    if as_of > at:
        raise Refused("as_of_ahead", as_of=as_of.isoformat(), now=at.isoformat())
    with store.looking() as tx:
        rules = rules_in(tx)
        audit = audit_in(tx, rules, _period(period, at, audit_zone(rules, to_micros(at))), as_of)
        numbers = {number for lack in audit.lacks for number in lack.numbers}
        known = known_among(tx, numbers, cases_in_scope(principal, at))
        findings = dict(newest_findings(tx))
        shown = known_among(tx, {each.number for each in findings.values()}, cases_in_scope(principal, at))
    lacks = tuple(replace(lack, numbers=tuple(filter(known.__contains__, lack.numbers))) for lack in audit.lacks)
    return SeenAudit(
        replace(audit, lacks=lacks), {group: each for group, each in findings.items() if each.number in shown}
    )


def _period(name: str | None, at: datetime, zone: ZoneInfo) -> Period:
    return month_before(at.astimezone(zone).date()) if name is None else period_of(name)
