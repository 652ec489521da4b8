"""What a survey is to ask whom: a period, a population, strata and sizes (E1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.entry_checks import check_instant
from engine.rules.in_force import Rules
from engine.rules.sampling import MOST_SURVEYED, Allocation, SurveyStrata, surveyed_kinds
from models.columns import to_micros
from statemachines.forms import SurveyWay
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """Whom a survey asks: customers with a case of one of ``kinds`` that was opened in [since, until) under a pack.

    ``size`` customers are drawn, divided among the strata by ``method``, at least ``least`` of each where it has them.
    ``period`` names the period of a survey that a schedule opens.
    """

    pack: str
    since: datetime
    until: datetime
    kinds: tuple[str, ...]
    size: int
    by: str = SurveyStrata.CUSTOMER_TYPE
    method: str = Allocation.PROPORTIONAL
    least: int = 0
    way: str = SurveyWay.LINK
    period: str | None = None


def check_kinds(kinds: Iterable[str]) -> None:
    """Raise ``Refused('unknown_kind')`` for kinds whose customers are not surveyed, or for none at all."""
    known = surveyed_kinds()
    wrong = [kind for kind in kinds if kind not in known]
    if wrong or not [*kinds]:
        raise Refused("unknown_kind", kind=", ".join(wrong)[:200], known=known)


def check_plan(plan: SamplingPlan, rules: Rules, at: datetime) -> int | None:
    """Return for how many days whoever was asked is left out, None for no such limit of the pack.

    Raises ``Refused('unknown_pack' | 'unknown_kind' | 'period_reversed' | 'period_not_over' | 'bad_survey_size' |
    'bad_survey_plan')``.
    """
    check_instant(plan.since)
    check_instant(plan.until)
    pack = rules.pack(plan.pack, to_micros(at))
    check_kinds(plan.kinds)
    if plan.since >= plan.until:
        raise Refused("period_reversed")
    if plan.until > at:
        raise Refused("period_not_over", until=plan.until.isoformat(), now=at.isoformat())
    if not 1 <= plan.size <= MOST_SURVEYED or not 0 <= plan.least <= plan.size:
        raise Refused("bad_survey_size", most=MOST_SURVEYED)
    for field, value, known in (
        ("by", plan.by, SurveyStrata),
        ("method", plan.method, Allocation),
        ("way", plan.way, SurveyWay),
    ):
        if value not in set[str](known):
            raise Refused("bad_survey_plan", field=field, value=value[:40], known=list(known))
    return pack.callbacks.recurrence_days if pack.surveys is None else pack.surveys.apart_days
