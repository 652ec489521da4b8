"""Try every limit of a pack as the opening of a case would, before the pack or one of its calendars is published."""

from collections.abc import Callable, Iterator
from datetime import datetime

from engine.calendars.calendar import Calendar
from engine.rules.limits import Limit, budget_of
from engine.rules.policy import Pack
from models.columns import to_micros
from statemachines.refused import Refused
from statemachines.rule_faults import Fault, refused_fault

Calendars = Callable[[str], Calendar]


def opening_faults(pack: Pack, calendars: Calendars, at: datetime) -> Iterator[Fault]:
    """Yield what would refuse a case or a callback at an instant, whatever its kind and its traits.

    A limit that is not set refuses nothing (``engine/rules/unset_limits.py``).
    """
    for clause, limit in pack.clauses.items():
        places = [(f"clauses.{clause}", limit)]
        places += [(f"clauses.{clause}.when.{n}", limit.overridden(when)) for n, when in enumerate(limit.when)]
        for field, each in places:
            yield from _faults(field, each.calendar, lambda each=each: _try_limit(each, calendars, at))
    opening_hours = {"callbacks.calendar": pack.callbacks.calendar, "alerts.calendar": pack.alerts.calendar}
    for field, name in opening_hours.items():
        if name is not None:
            yield from _faults(field, name, lambda name=name: calendars(name).next_open(at))


def _try_limit(limit: Limit, calendars: Calendars, at: datetime) -> None:
    if not limit.blank:
        budget_of(limit, calendars(limit.calendar), to_micros(at))


def _faults(field: str, calendar: str, attempt: Callable[[], object]) -> Iterator[Fault]:
    try:
        attempt()
    except Refused as refused:
        yield refused_fault(field, f"{refused.code}: {calendar}", refused)
