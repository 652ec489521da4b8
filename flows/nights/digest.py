"""Mails escalation steps that were history when they were recorded once a day, together (law 4)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from engine.escalation.recipients import asked_for
from engine.outbox.mails import ComposedMail, queue_mails
from engine.runs import Done, keep
from engine.store import Store
from flows.mailing import send_queued
from flows.notifications import all_staff
from flows.work import Work, off_loop
from locales.translation import label, translate, when
from locales.zone import reader_zone
from models import Actor
from reports import figures, run_figures
from reports.figures import LateStep

DAYS_BACK = 7
LISTED = 50
"""The most cases that a digest lists; it gives the number of the others."""


async def send_digests(work: Work) -> int:
    """Queue the digest of each past day that has none yet, and send what is queued; returns how many mails went out."""
    now = await work.now()
    today = now.astimezone(reader_zone()).date()
    await off_loop(_queue, work.store, today, now)
    return await send_queued(work)


def _queue(store: Store, today: date, now: datetime) -> None:
    with store.looking() as tx:
        if not figures.any_recorded_late(tx, _begin(today - timedelta(days=DAYS_BACK)), _begin(today)):
            return  # as on almost every day
    for back in range(DAYS_BACK, 0, -1):
        _queue_day(store, today - timedelta(days=back), now)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), reader_zone())


def _queue_day(store: Store, day: date, now: datetime) -> None:
    name = f"digest:{day.isoformat()}"
    begin, end = _begin(day), _begin(day + timedelta(days=1))
    with store.looking() as tx:
        steps = [] if run_figures.last_run(tx, name) is not None else figures.recorded_late(tx, begin, end)
    mails = [_mail(name, day, actor, by_case) for actor, by_case in _recipients(store, steps, now)]
    if mails:
        queue_mails(store, mails, now)
        keep(store, Done(name, now, now, observed=True, did=len(mails)))


def _recipients(store: Store, steps: Sequence[LateStep], at: datetime) -> list[tuple[Actor, dict[str, list[LateStep]]]]:
    """Return each recipient with the steps that ask him, by case."""
    if not steps:
        return []
    staff = all_staff(store)
    found: dict[str, dict[str, list[LateStep]]] = defaultdict(lambda: defaultdict(list))
    for step in steps:
        for actor in asked_for(step, step.level, staff, at, person=step.person).actors:
            found[actor.handle][step.number].append(step)
    return [(actor, found[actor.handle]) for actor in staff if actor.handle in found and actor.email]


def _mail(name: str, day: date, actor: Actor, by_case: dict[str, list[LateStep]]) -> ComposedMail:
    locale, count = actor.locale, len(by_case)
    lines = [_line(number, steps, locale) for number, steps in list(by_case.items())[:LISTED]]
    if count > LISTED:
        lines.append(translate(locale, "reminder.more", count=count - LISTED))
    params = {"handle": actor.handle, "day": day.isoformat(), "count": count, "cases": "\n".join(lines)}
    subject, body = (translate(locale, f"mail.digest.{part}", **params) for part in ("subject", "body"))
    return ComposedMail(f"{name}:{actor.handle}", actor.handle, subject, body)


def _line(number: str, steps: list[LateStep], locale: str) -> str:
    """Return a case with its promises, each with the highest share of its allowance and when that was reached."""
    last = {step.clause: step for step in sorted(steps, key=lambda step: step.percent)}
    promises = (
        f"{label(locale, step.kind, 'clause', step.clause)} {step.percent} % {when(step.due_at)}"
        for step in last.values()
    )
    return translate(locale, "notice.digest_line", line=" · ".join([number, *promises]))
