"""Renders how the night went: one line for each cause of trouble with its remedy, then what ran."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from engine.outages import Outage
from locales.translation import label, translate, when
from models.columns import from_micros
from reports.duty_text import gap_lines
from reports.night_health import OUTAGE_REASONS, DueWork, NightHealth

NUMBERS = 5
"""How many cases a line names before it only counts the others."""


def section(health: NightHealth, locale: str) -> Iterator[str]:
    """Yield the section of the system's own work, troubles first."""
    lines = list(troubles(health, locale))
    yield from ("", f"## {translate(locale, 'report.health')}", "")
    yield from (f"- {line}" for line in (*lines, *_facts(health, locale)))


def troubles(health: NightHealth, locale: str) -> Iterator[str]:
    """Yield what a person must look into, one line for each cause with its remedy; nothing while all is well."""
    if health.missed_night:
        yield translate(locale, "report.missed_night", last=_time(health.last_night))
    for outage in health.outages:
        yield _times(_outage(outage, locale), outage.times, locale)
    for name, works in _by_name(health.missing).items():
        work, due = label(locale, "", "work", name), _time(works[-1].due)
        yield _times(translate(locale, "report.missing", work=work, due=due), len(works), locale)
    if health.unseen.begin and health.unseen.end:
        begin, end = _time(health.unseen.begin), _time(health.unseen.end)
        yield translate(locale, "report.unseen", count=health.unseen.count, begin=begin, end=end)
    if health.refused_arrivals:
        yield translate(locale, "report.refused_arrivals", count=health.refused_arrivals)
    if health.unanchored and health.anchored:
        yield translate(locale, "report.unanchored", at=_time(from_micros(health.anchored.at)))
    yield from (line.text(locale) for line in health.undelivered.lines)
    yield from gap_lines(health.duty_gaps, locale)
    parked = _grouped(((case.work, case.reason), case.number) for case in health.parked)
    for (work, reason), cases in parked.items():
        work_name = translate(locale, f"parked.{work}")
        params = {"count": len(cases), "work": work_name, "reason": reason, "numbers": numbers(cases, locale)}
        yield translate(locale, "report.parked.line", **params)
    dead = _grouped(((delivery.reaction, delivery.error or "–"), delivery.number) for delivery in health.dead)
    for (reaction, error), cases in dead.items():
        params = {"count": len(cases), "reaction": reaction, "error": error, "numbers": numbers(cases, locale)}
        yield translate(locale, "report.dead", **params)


def numbers(cases: Sequence[str], locale: str) -> str:
    """Return the first of some cases by number, and how many more there are."""
    different = list(dict.fromkeys(cases))
    more = len(different) - NUMBERS
    shown = ", ".join(different[:NUMBERS])
    return shown if more <= 0 else translate(locale, "report.and_more", numbers=shown, count=more)


def _outage(outage: Outage, locale: str) -> str:
    key = outage.why if outage.why in OUTAGE_REASONS else "other"
    if outage.end is None:
        key = "driver_away_still"
    begin, end = _time(outage.begin), _time(outage.end) if outage.end else ""
    return translate(locale, f"report.gap.{key}", begin=begin, end=end, times=outage.times, why=outage.why)


def _facts(health: NightHealth, locale: str) -> Iterator[str]:
    """Yield what ran, the last anchor, late records, and kinds on hold."""
    if health.works:
        prefect = any(work.run is not None and work.run.observed for work in health.works)
        works = [_work(name, some, locale, prefect) for name, some in _by_name(health.works).items()]
        yield translate(locale, "report.works", works=translate(locale, "report.and").join(works))
    if (made := health.anchored) is not None:
        at = _time(from_micros(made.at))
        yield translate(locale, "report.anchored", line=made.line, at=at, cases=made.cases, root=made.root)
    if health.history:
        yield translate(locale, "report.history", count=health.history)
    for hold in health.on_hold:
        kind, reason = label(locale, "", "kind", hold.kind), label(locale, "act", "reason", hold.reason)
        params = {"kind": kind, "since": _time(hold.since), "by": hold.handle, "reason": reason}
        yield translate(locale, "report.on_hold", **params)


def _work(name: str, works: Sequence[DueWork], locale: str, prefect: bool) -> str:
    """Render one kind of scheduled work: when its last run began, how much its runs did, which of them are missing.

    Where Prefect observed other work of the window, the runs that it did not observe are counted, too.
    """
    runs = [work.run for work in works if work.run is not None]
    params = {"work": label(locale, "", "work", name), "runs": len(runs), "planned": len(works)}
    if not runs:
        return translate(locale, "report.work.not_run", **params)
    unobserved = sum(not run.observed for run in runs) if prefect else 0
    key = "unobserved" if unobserved else "ran" if len(runs) == len(works) else "missing"
    began, did = _time(runs[-1].began_at), sum(run.did for run in runs)
    return translate(locale, f"report.work.{key}", **params, began=began, did=did, unobserved=unobserved)


def _by_name(works: Iterable[DueWork]) -> dict[str, list[DueWork]]:
    by_name: dict[str, list[DueWork]] = defaultdict(list)
    for work in works:
        by_name[work.name].append(work)
    return by_name


def _grouped(pairs: Iterable[tuple[tuple[str, str], str]]) -> dict[tuple[str, str], list[str]]:
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cause, number in pairs:
        grouped[cause].append(number)
    return grouped


def _times(line: str, count: int, locale: str) -> str:
    """Add to a line how often this happened, if more than once."""
    return line if count == 1 else translate(locale, "report.times", line=line, count=count)


def _time(instant: datetime | None) -> str:
    return when(instant, "%m-%d %H:%M") if instant else "–"
