"""Mails escalation steps that were history when they were recorded once a day, together (law 4)."""

from datetime import date, datetime, time, timedelta

from engine.runs import Done, keep
from engine.store import Store
from flows.notifications import people, write
from flows.work import Work, off_loop
from locales.translation import label, when
from locales.zone import reader_zone
from models import Actor
from reports import figures, run_figures
from statemachines.roles import LEVELS

DAYS_BACK = 7
SHOWN = 50


async def send_digests(work: Work) -> int:
    """Send the digest of each past day that has not been sent; returns how many mails went out.

    A day's content is fixed once the day is over, so a digest sent again says the same under the same key.
    """
    today = (await work.now()).astimezone(reader_zone()).date()
    sent = 0
    for back in range(DAYS_BACK, 0, -1):
        sent += await _send_day(work, today - timedelta(days=back))
    return sent


async def _send_day(work: Work, day: date) -> int:
    name = f"digest:{day.isoformat()}"
    mails = await off_loop(_mails, work.store, name, day)
    for actor, lines in mails:
        cases = "\n".join(lines[:SHOWN])
        key, address = f"{name}:{actor.handle}", actor.email or ""
        await write(work, key, address, actor.locale, "digest", day=day.isoformat(), count=len(lines), cases=cases)
    if mails:
        now = await work.now()
        await off_loop(keep, work.store, Done(name, now, now, observed=True, did=len(mails)))
    return len(mails)


def _mails(store: Store, name: str, day: date) -> list[tuple[Actor, list[str]]]:
    """Return each recipient with one line for each case that asks him."""
    begin = datetime.combine(day, time(), reader_zone())
    end = datetime.combine(day + timedelta(days=1), time(), reader_zone())
    with store.looking() as tx:
        if run_figures.last_run(tx, name) is not None:
            return []
        steps = figures.recorded_late(tx, begin, end)
    mails: dict[str, tuple[Actor, list[str]]] = {}
    for late in steps:
        for actor in people(store, LEVELS[late.level], late.department, late.owner if late.level == 0 else None):
            if actor.email:
                mails.setdefault(actor.handle, (actor, []))[1].append(_line(late, actor.locale))
    return [mails[handle] for handle in sorted(mails)]


def _line(late: figures.LateStep, locale: str) -> str:
    clause = label(locale, late.kind, "clause", late.clause)
    return f"{late.number} · {clause} · {late.percent} % · {when(late.due_at)}"
