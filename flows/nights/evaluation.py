"""Opens the evaluation cycles that are due, requires plans where a target is missed, and measures their effect (E3).

A run does what is due, however often and however late it comes: each cycle, plan and measurement has a key of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.rules.in_force import rules_in
from engine.rules.policy import Pack
from engine.store import Store
from flows.reaction_context import VIA
from flows.run_text import RunText
from flows.work import Work, off_loop
from locales.translation import translate
from models.columns import from_micros, to_micros
from models.contact import Channel, Contact
from reports.evaluation_cycles import Cycle, cycles, due_periods, evaluated_packs
from reports.improvement_plans import IndicatorPlan, completed_at, indicator_plans
from reports.indicators.figures import Figure
from reports.indicators.missed_targets import MissedTarget, department_figures, hundredths, missed_targets
from reports.indicators.periods import Period, last_over
from reports.markdown import department

BELOW_TARGET = "below_target"
"""The relation of a cycle to a plan that an indicator of its period required."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The numbers of the cycles that were opened, of the plans required or begun anew, and of those measured."""

    cycles: tuple[str, ...]
    plans: tuple[str, ...]
    measured: tuple[str, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers of all of them."""
        return (*self.cycles, *self.plans, *self.measured)

    @property
    def did(self) -> int:
        """How much was done."""
        return len(self.numbers)


async def evaluate(work: Work) -> Evaluated:
    """Measure the plans that await a figure, open the cycles that are due, and require the plans of their periods.

    Plans are required until the cycle is analysed, so that a figure that is corrected meanwhile counts, too.
    """
    now = await work.now()
    measured = [
        number for plan in await off_loop(_awaiting, work.store) if (number := await _measured(work, plan, now))
    ]
    opened = [number for pack, period in await off_loop(_due, work.store, now)
              for number in [await _opened(work, pack, period, now)]]  # fmt: skip
    required: list[str] = []
    for pack, cycle in await off_loop(_unjudged, work.store, now):
        for missed in await off_loop(_missed, work.store, pack, cycle.period, now):
            number = await off_loop(_required, work, cycle, missed, now)
            required += [number] if number else []
    work.log(RunText("log.evaluated", cycles=len(opened), plans=len(required), measured=len(measured)))
    return Evaluated(tuple(opened), tuple(required), tuple(measured))


def _due(store: Store, now: datetime) -> list[tuple[Pack, Period]]:
    at = to_micros(now)
    with store.looking() as tx:
        return [(pack, period) for pack in evaluated_packs(rules_in(tx), at) for period in due_periods(tx, pack, at)]


def _unjudged(store: Store, now: datetime) -> list[tuple[Pack, Cycle]]:
    with store.looking() as tx:
        packs = evaluated_packs(rules_in(tx), to_micros(now))
        return [(pack, cycle) for pack in packs for cycle in cycles(tx, pack.name) if cycle.unjudged]


def _missed(store: Store, pack: Pack, period: Period, now: datetime) -> list[MissedTarget]:
    with store.looking() as tx:
        return missed_targets(tx, rules_in(tx), pack, period, to_micros(now))


async def _opened(work: Work, pack: Pack, period: Period, now: datetime) -> str:
    key = f"evaluation:{pack.name}:{period.name}"
    text = translate(work.locale, "evaluation_cycle.text.opened", period=period.name, pack=pack.name)
    opening = Opening(_contact(key, text, now), "evaluation_cycle", pack.name, via=VIA, key=key)
    number = (await off_loop(open_case, work.store, opening, now)).number
    begin = Command(number, "begin", {"period": period.name}, via=VIA, key=f"{key}:begin")
    await off_loop(advance, work.store, begin, now)
    return number


def _contact(key: str, text: str, now: datetime) -> Contact:
    return Contact.model_validate({"row_id": key, "at": now, "text": text, "channel": Channel.API})


def _required(work: Work, cycle: Cycle, missed: MissedTarget, now: datetime) -> str | None:
    """Require a plan, or begin the watched one anew; None where one is at work or had been required for the period."""
    with work.store.looking() as tx:
        plans = [plan for plan in indicator_plans(tx) if _is_of(plan, cycle, missed)]
    at_work = next((plan for plan in plans if not plan.closed), None)
    figure = {"actual": _hundredths(missed.figure), "period": cycle.period.name, "figures_at": now.isoformat()}
    if at_work is not None:
        return _begun_anew(work, at_work, cycle, missed, figure, now)
    if any(plan.period == cycle.period for plan in plans):
        return None
    key = f"evaluation:{cycle.pack}:{cycle.period.name}:{missed.indicator.name}:{missed.department}"
    contact = _contact(key, _text(work, "below", cycle, missed), now)
    opening = Opening(
        contact, "improvement_plan", cycle.pack, via=VIA, key=key, parent=cycle.number, relation=BELOW_TARGET
    )
    number = open_case(work.store, opening, now).number
    target = missed.figure.target
    assert target is not None, "what misses a target has one"
    named = {"department": missed.department, "indicator": missed.indicator.name, "target": int(target.amount * 100)}
    form = {**named, **figure}
    advance(work.store, Command(number, "require", form, via=VIA, key=f"{key}:require"), now)
    return number


def _begun_anew(
    work: Work, plan: IndicatorPlan, cycle: Cycle, missed: MissedTarget, figure: dict[str, object], now: datetime
) -> str | None:
    """Begin a plan anew that is watched, where its indicator falls again in a later period; else it is at work (E3)."""
    judged = plan.measured or plan.period
    if not plan.watched or cycle.period.first <= judged.first:
        return None
    form = {"reason": _text(work, "fell_again", cycle, missed), **figure}
    key = f"evaluation:{plan.number}:{cycle.period.name}:recur"
    advance(work.store, Command(plan.number, "recur", form, via=VIA, key=key), now)
    return plan.number


def _is_of(plan: IndicatorPlan, cycle: Cycle, missed: MissedTarget) -> bool:
    return (plan.pack, plan.indicator, plan.department) == (cycle.pack, missed.indicator.name, missed.department)


def _text(work: Work, name: str, cycle: Cycle, missed: MissedTarget) -> str:
    words = {
        "indicator": missed.indicator.label[work.locale],
        "department": department(work.locale, missed.department),
        "period": cycle.period.name,
        "pack": cycle.pack,
    }
    return translate(work.locale, f"improvement_plan.text.{name}", **words)


def _hundredths(figure: Figure) -> int:
    assert figure.exact is not None, "a figure that is judged has a value"
    return hundredths(figure.exact)


def _awaiting(store: Store) -> list[IndicatorPlan]:
    with store.looking() as tx:
        return [plan for plan in indicator_plans(tx) if plan.awaits_figures]


async def _measured(work: Work, plan: IndicatorPlan, now: datetime) -> str | None:
    """Record the first figure of a whole period after the measures that is large enough; None while there is none."""
    figure = await off_loop(partial(_figure_after, work.store, plan, now))
    if figure is None:
        return None
    form = {
        "before": plan.actual,
        "after": _hundredths(figure),
        "on_target": figure.on_target,
        "measured_period": figure.period.name,
        "figures_at": now.isoformat(),
        "sample": figure.sample,
    }
    key = f"evaluation:{plan.number}:{plan.cycle}:measure"
    await off_loop(advance, work.store, Command(plan.number, "measure_effect", form, via=VIA, key=key), now)
    return plan.number


def _figure_after(store: Store, plan: IndicatorPlan, now: datetime) -> Figure | None:
    at = to_micros(now)
    with store.looking() as tx:
        rules, done = rules_in(tx), completed_at(tx, plan)
        indicator = rules.indicators(at).get(plan.indicator)
        if indicator is None:
            return None
        periods = whole_periods(plan.period.months, done, now, ZoneInfo(indicator.zone))
        found = department_figures(tx, rules, indicator, plan.pack, plan.department, periods, at) if periods else []
    return next((figure for figure in found if figure.on_target is not None and not figure.small), None)


def whole_periods(months: int, since: datetime, until: datetime, zone: ZoneInfo) -> Sequence[Period]:
    """Return the periods that begin at or after one instant and are over at another, oldest first."""
    period, found = last_over(until.astimezone(zone).date(), months), list[Period]()
    while from_micros(period.begins(zone)) >= since:
        found.append(period)
        period = period.before(1)
    return found[::-1]
