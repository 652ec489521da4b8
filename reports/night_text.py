"""Renders how the night was: first what needs a person, at the end of the report what ran when."""

from collections.abc import Iterator
from datetime import datetime

from engine.outages import Outage
from locales.translation import label, translate, when
from models.columns import from_micros
from reports.markdown import SHOWN, table
from reports.night_health import Health, Ran

KNOWN_GAPS = frozenset({"driver_away", "worker_away", "database_away", "disk_full", "busy", "trouble"})


def troubles(health: Health, locale: str) -> Iterator[str]:
    """What a person must look into, each with what to do about it; nothing while all is well."""
    found = list(_troubles(health, locale))
    if found:
        yield from ("", f"## {translate(locale, 'report.attention', count=len(found))}", "")
        yield from (f"- {line}" for line in found[:SHOWN])
        if len(found) > SHOWN:
            yield from ("", translate(locale, "report.more", count=len(found) - SHOWN))


def _troubles(health: Health, locale: str) -> Iterator[str]:
    if health.missed_night:
        yield translate(locale, "report.missed_night", last=_time(health.last_night))
    for gap in health.outages:
        yield _gap(gap, locale)
    for work in health.missing:
        yield translate(locale, "report.missing", work=label(locale, "", "work", work.name), due=_time(work.due))
    if health.unseen.begin and health.unseen.end:
        begin, end = _time(health.unseen.begin), _time(health.unseen.end)
        yield translate(locale, "report.unseen", count=health.unseen.count, begin=begin, end=end)
    if health.refused_arrivals:
        yield translate(locale, "report.refused_arrivals", count=health.refused_arrivals)
    if health.unanchored and health.anchored:
        yield translate(locale, "report.unanchored", at=_time(from_micros(health.anchored.at)))
    for one in health.parked:
        work = translate(locale, f"parked.{one.work}")
        yield translate(locale, "report.parked.line", number=one.number, work=work, reason=one.reason)
    for one in health.dead:
        yield translate(locale, "report.dead", number=one.number, reaction=one.reaction, error=one.error or "–")


def _gap(gap: Outage, locale: str) -> str:
    why = gap.why if gap.why in KNOWN_GAPS else "other"
    if gap.end is None:
        why = "driver_away_still"
    end = _time(gap.end) if gap.end else ""
    return translate(locale, f"report.gap.{why}", begin=_time(gap.begin), end=end, times=gap.times, why=gap.why)


def night(health: Health, locale: str) -> Iterator[str]:
    """What ran when, whether Prefect saw it, and what is no trouble but should be known."""
    yield from ("", f"## {translate(locale, 'report.health')}", "")
    if health.works:
        heads = [translate(locale, f"report.column.{name}") for name in ("work", "planned", "began", "did", "seen")]
        yield from table(heads, [_ran(work, locale) for work in health.works])
    else:
        yield translate(locale, "report.none")
    if (made := health.anchored) is not None:
        at = _time(from_micros(made.at))
        yield from ("", translate(locale, "report.anchored", line=made.line, at=at, cases=made.cases, root=made.root))
    if health.history:
        yield from ("", translate(locale, "report.history", count=health.history))
    for one in health.on_hold:
        kind, reason = label(locale, "", "kind", one.kind), label(locale, "act", "reason", one.reason)
        yield from (
            "",
            translate(locale, "report.on_hold", kind=kind, since=_time(one.since), by=one.handle, reason=reason),
        )


def _ran(work: Ran, locale: str) -> tuple[str, ...]:
    name, due = label(locale, "", "work", work.name), _time(work.due)
    if work.run is None:
        return name, due, translate(locale, "report.not_run"), "–", "–"
    seen = translate(locale, "report.seen" if work.run.observed else "report.not_seen")
    return name, due, _time(work.run.began_at), str(work.run.did), seen


def _time(instant: datetime | None) -> str:
    return when(instant, "%m-%d %H:%M") if instant else "–"
