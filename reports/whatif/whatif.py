"""Recompute the past of a store under other rules and count what would have been; nothing is written (K1-K3)."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.store import Store
from models.columns import to_micros
from reports.whatif.comparison import ComparedClock, compared_clocks
from reports.whatif.effects import LeftOut
from reports.whatif.figures import Weeks, WhatIf
from reports.whatif.other_rules import OtherRules
from reports.whatif.recomputed_case import RecomputedCase
from reports.whatif.record import Filter, RecordedCase, recorded_cases, shares
from statemachines.refused import Refused


def whatif(
    store: Store, others: Sequence[OtherRules], chosen: Filter, at: datetime, zone: ZoneInfo, *, processes: int = 1
) -> list[WhatIf]:
    """Return what each of several rules would have done, in their order, as of an instant; weeks are those of a zone.

    The record is read once; the memory needed does not grow with the number of cases. Of many cases several
    ``processes`` read a share each, as of an instant of its own: no case is in two of them.
    """
    with store.looking() as tx:
        ids = shares(tx, processes)
    parts = [replace(chosen, ids=each) for each in ids]
    if len(parts) == 1:
        results = _reckoned(store, others, chosen, at, zone)
    else:
        results = _reckoned_in_processes(store, others, parts, at, zone)
    for rules, result in zip(others, results, strict=True):
        if chosen.pack is not None:
            result.not_reckoned = rules.not_reckoned(chosen.pack)
    return results


def _reckoned_in_processes(
    store: Store, others: Sequence[OtherRules], parts: Sequence[Filter], at: datetime, zone: ZoneInfo
) -> list[WhatIf]:
    where = Opened(store.address, store.home, store.secret)
    context = multiprocessing.get_context("spawn")  # a connection to the database must not be shared by a fork
    with ProcessPoolExecutor(len(parts), mp_context=context) as pool:
        first, *later = [pool.submit(_reckoned_apart, where, others, part, at, zone) for part in parts]
        results = first.result()
        for each in later:
            for result, more in zip(results, each.result(), strict=True):
                result.include(more)
    return results


class Opened(NamedTuple):
    """What another process needs to open a store for reading."""

    address: str
    home: Path
    secret: bytes


def _reckoned_apart(
    where: Opened, others: Sequence[OtherRules], chosen: Filter, at: datetime, zone: ZoneInfo
) -> list[WhatIf]:
    with closing(Store(*where)) as store:
        return _reckoned(store, others, chosen, at, zone)


def _reckoned(store: Store, others: Sequence[OtherRules], chosen: Filter, at: datetime, zone: ZoneInfo) -> list[WhatIf]:
    results = [WhatIf(rules.name) for rules in others]
    weeks, until = Weeks(zone), to_micros(at)
    with store.looking() as tx:
        for recorded in recorded_cases(tx, chosen):
            for rules, result in zip(others, results, strict=True):
                _reckon(recorded, rules, chosen, until, result, weeks)
    return results


def _reckon(
    recorded: RecordedCase, rules: OtherRules, chosen: Filter, until: int, result: WhatIf, weeks: Weeks
) -> None:
    case = _recomputed(recorded, rules, until)
    result.cases += 1
    if isinstance(case, str):
        result.left_out[case] += 1
        return
    result.add(list(compared_clocks(recorded, case, chosen.window)))
    result.add_steps(recorded, case, chosen.window, weeks)


def changed_clocks(store: Store, rules: OtherRules, chosen: Filter, at: datetime) -> Iterator[ComparedClock]:
    """Yield every clock that would have ended otherwise, by case; the store stays open for reading meanwhile."""
    with store.looking() as tx:
        for recorded in recorded_cases(tx, chosen):
            case = _recomputed(recorded, rules, to_micros(at))
            if not isinstance(case, str):
                clocks = compared_clocks(recorded, case, chosen.window)
                yield from (clock for clock in clocks if clock.judged and clock.then != clock.now)


def _recomputed(recorded: RecordedCase, rules: OtherRules, until: int) -> RecomputedCase | str:
    """Return the case under the rules, or the reason why it cannot be reckoned."""
    case = RecomputedCase(recorded.row, rules)
    try:
        case.recompute(recorded.moves, until)
    except LeftOut as left_out:
        return left_out.args[0]
    except Refused as refused:
        return refused.code
    return case
