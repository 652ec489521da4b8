"""Finds the evaluation cycles that are due and those in which departments may still be given a plan (E3)."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from engine.rules.in_force import Rules, Sort
from engine.rules.policy import Pack
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros
from reports.current_names import state_of
from reports.indicators.periods import MONTHS, Period, last_over, period_of
from statemachines.evaluation_cycle import COLLECTED, COLLECTING, EVALUATION_CYCLE
from statemachines.kinds import lifecycle_of

CYCLES = "SELECT id, number, pack, state, variables FROM cases WHERE kind = :kind AND pack = :pack ORDER BY id"
ANY_CASE = "SELECT 1 AS one FROM cases WHERE pack = :pack AND opened_at >= :begin AND opened_at < :end LIMIT 1"
PLANS = """
SELECT count(*) AS plans, coalesce(sum(CASE WHEN c.state IN ({settled}) THEN 0 ELSE 1 END), 0) AS open
  FROM link l JOIN cases c ON c.id = l.child_id JOIN cases p ON p.id = l.parent_id
 WHERE p.number = :number AND c.kind = 'improvement_plan'
"""


@dataclass(frozen=True, slots=True)
class Cycle:
    """An evaluation cycle: its number, pack and period, and whether its figures are still being judged."""

    number: str
    pack: str
    period: Period
    unjudged: bool


def evaluated_packs(rules: Rules, at: int) -> list[Pack]:
    """Return the packs in force that say how often the service is evaluated."""
    packs = [rules.pack(name, at) for name in rules.names(Sort.PACK)]
    return [pack for pack in packs if pack.evaluation is not None]


def cycles(tx: Tx, pack: str) -> list[Cycle]:
    """Return the cycles of a pack whose period is known, oldest first."""
    rows = tx.rows(CYCLES, kind=EVALUATION_CYCLE.kind, pack=pack)
    return [_cycle(row, period) for row in rows if (period := _variables(row).get("period")) is not None]


def due_periods(tx: Tx, pack: Pack, at: int) -> list[Period]:
    """Return the periods that are over and have no cycle, oldest first; those without a case are left out.

    They begin after the newest cycle, so that what an outage kept back is opened; a pack without any cycle of such a
    period begins with the last one.
    """
    assert pack.evaluation is not None
    zone, months = ZoneInfo(pack.zone), MONTHS[pack.evaluation.every]
    last = last_over(from_micros(at).astimezone(zone).date(), months)
    opened = [cycle.period.after for cycle in cycles(tx, pack.name) if cycle.period.months == months]
    newest = max(opened, default=last.first)
    wanted = [period for period in _back_from(last) if period.first >= newest] if newest <= last.first else []
    return [period for period in reversed(wanted) if _has_cases(tx, pack.name, period, zone)]


def plan_counts(store: Store, number: str, settled: Sequence[str]) -> tuple[int, int]:
    """Return how many improvement plans came of a cycle, and how many are in none of the settled states."""
    with store.looking() as tx:
        row = tx.row(PLANS.format(settled=", ".join(f"'{state}'" for state in settled)), number=number)
        return row.plans, row.open


def _back_from(last: Period, most: int = 24) -> Iterator[Period]:
    """Yield a period and those before it, newest first."""
    return (last.before(number) for number in range(most))


def _has_cases(tx: Tx, pack: str, period: Period, zone: ZoneInfo) -> bool:
    return tx.row(ANY_CASE, pack=pack, begin=period.begins(zone), end=period.ends(zone)) is not None


def _variables(row: Any) -> dict[str, Any]:
    return lifecycle_of(EVALUATION_CYCLE.kind).resolver.variables(json.loads(row.variables))


def _cycle(row: Any, period: str) -> Cycle:
    state = state_of(EVALUATION_CYCLE.kind, row.state)
    return Cycle(row.number, row.pack, period_of(period), state in {COLLECTING, COLLECTED})
