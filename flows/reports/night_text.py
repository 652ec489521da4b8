"""Renders how the night was: first what needs a person, at the end of the report what ran when."""

from collections.abc import Iterator
from datetime import datetime

from engine.gaps import Gap
from flows.reports.markdown import SHOWN, table
from flows.reports.night_health import Health, Ran
from flows.wording import label, say, when
from models.columns import from_micros

KNOWN_GAPS = frozenset({"driver_away", "worker_away", "database_away", "disk_full", "busy", "trouble"})


def troubles(health: Health, locale: str) -> Iterator[str]:
    """What a person must look into, each with what to do about it; nothing while all is well."""
    found = list(_troubles(health, locale))
    if found:
        yield from ("", f"## {say(locale, 'report.attention', count=len(found))}", "")
        yield from (f"- {line}" for line in found[:SHOWN])
        if len(found) > SHOWN:
            yield from ("", say(locale, "report.more", count=len(found) - SHOWN))


def _troubles(health: Health, locale: str) -> Iterator[str]:
    if health.missed_night:
        yield say(locale, "report.missed_night", last=_time(health.last_night))
    for gap in health.gaps:
        yield _gap(gap, locale)
    for work in health.missing:
        yield say(locale, "report.missing", work=label(locale, "", "work", work.name), due=_time(work.due))
    if health.unseen.begin and health.unseen.end:
        begin, end = _time(health.unseen.begin), _time(health.unseen.end)
        yield say(locale, "report.unseen", count=health.unseen.count, begin=begin, end=end)
    if health.refused_arrivals:
        yield say(locale, "report.refused_arrivals", count=health.refused_arrivals)
    if health.unanchored and health.anchored:
        yield say(locale, "report.unanchored", at=_time(from_micros(health.anchored.at)))
    for one in health.parked:
        work = say(locale, f"parked.{one.work}")
        yield say(locale, "report.parked.line", number=one.number, work=work, reason=one.reason)
    for one in health.dead:
        yield say(locale, "report.dead", number=one.number, reaction=one.reaction, error=one.error or "–")


def _gap(gap: Gap, locale: str) -> str:
    why = gap.why if gap.why in KNOWN_GAPS else "other"
    if gap.end is None:
        why = "driver_away_still"
    end = _time(gap.end) if gap.end else ""
    return say(locale, f"report.gap.{why}", begin=_time(gap.begin), end=end, times=gap.times, why=gap.why)


def night(health: Health, locale: str) -> Iterator[str]:
    """What ran when, whether Prefect saw it, and what is no trouble but should be known."""
    yield from ("", f"## {say(locale, 'report.health')}", "")
    if health.works:
        heads = [say(locale, f"report.column.{name}") for name in ("work", "planned", "began", "did", "seen")]
        yield from table(heads, [_ran(work, locale) for work in health.works])
    else:
        yield say(locale, "report.none")
    if (made := health.anchored) is not None:
        at = _time(from_micros(made.at))
        yield from ("", say(locale, "report.anchored", line=made.line, at=at, cases=made.cases, root=made.root))
    if health.history:
        yield from ("", say(locale, "report.history", count=health.history))
    for one in health.on_hold:
        kind, reason = label(locale, "", "kind", one.kind), label(locale, "act", "reason", one.reason)
        yield from ("", say(locale, "report.on_hold", kind=kind, since=_time(one.since), by=one.handle, reason=reason))


def _ran(work: Ran, locale: str) -> tuple[str, ...]:
    name, due = label(locale, "", "work", work.name), _time(work.due)
    if work.run is None:
        return name, due, say(locale, "report.not_run"), "–", "–"
    seen = say(locale, "report.seen" if work.run.observed else "report.not_seen")
    return name, due, _time(work.run.began_at), str(work.run.did), seen


def _time(instant: datetime | None) -> str:
    return when(instant, "%m-%d %H:%M") if instant else "–"
