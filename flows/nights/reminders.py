"""Reminds whoever is asked for an overdue case until the promise is met: one mail a day for all of his cases (B11)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.outbox.mails import NOBODY, ComposedMail, mails_by_key, queue_mails
from engine.outbox.notices import asked_since
from engine.rules.in_force import Rules, rules_in
from flows.case_address import with_staff_page
from flows.mailing import send_queued
from flows.work import Work, off_loop
from locales.translation import label, translate
from locales.zone import reader_zone
from models.columns import MICROSECOND, to_micros
from reports.discovered_model import span
from reports.markdown import department
from reports.overdue import OverdueCase, by_case, overdue
from reports.staff import Staff, StaffRow

LISTED = 50
"""The most cases that a reminder lists; it gives the number of the others."""
FRESH = timedelta(hours=12)
"""A case of which somebody got a notice within this time is not in his reminder."""
LONGEST = 31
"""The longest interval between reminders, in days, that a policy pack may set."""


@dataclass(slots=True)
class Reminder:
    """The overdue cases that ask one person, and the shortest interval that their packs set."""

    actor: StaffRow
    every: int
    zone: str
    cases: list[OverdueCase] = field(default_factory=list[OverdueCase])


async def send_reminders(work: Work) -> int:
    """Queue today's reminders and send what is queued; returns how many mails went out.

    A mail that the gateway does not accept is sent by the next tick of a driver (law 8), under the same key.
    """
    await off_loop(_queue, work, await work.now())
    return await send_queued(work)


def _queue(work: Work, now: datetime) -> None:
    day = now.astimezone(reader_zone()).date()
    with work.store.looking() as tx:
        staff = Staff.read(tx, now)
        cases = by_case(overdue(tx, now, staff))
        if not cases:
            return
        fresh = asked_since(tx, staff.by_handle, now - FRESH)
        reminders, unasked = _reminders(cases, staff, fresh, rules_in(tx), now)
        keys = [_key(earlier, reminder.actor) for reminder in reminders for earlier in _days_before(day, reminder)]
        recent = mails_by_key(tx, keys)
    due = [
        one for one in reminders if not any(_key(earlier, one.actor) in recent for earlier in _days_before(day, one))
    ]
    mails = [_mail(work, reminder, day, now) for reminder in due]
    nobody = [ComposedMail(f"reminder:{day}:{case.worst.number}", "", "", "", NOBODY) for case in unasked]
    queue_mails(work.store, [*mails, *nobody], now)


def _reminders(
    cases: Iterable[OverdueCase], staff: Staff, fresh: set[tuple[str, str]], rules: Rules, now: datetime
) -> tuple[list[Reminder], list[OverdueCase]]:
    """Return a reminder for each person who is asked, and the cases that nobody is asked for."""
    found: dict[str, Reminder] = {}
    unasked: list[OverdueCase] = []
    for case in cases:
        worst = case.worst
        pack = rules.pack(worst.pack, to_micros(now))
        if pack.alerts.remind_days == 0:
            continue
        actors = [staff.by_handle[handle] for handle in worst.asked]
        if not actors:
            unasked.append(case)
        for actor in (actor for actor in actors if (actor.handle, worst.number) not in fresh):
            reminder = found.setdefault(actor.handle, Reminder(actor, LONGEST, actor.zone or pack.zone))
            reminder.every = min(reminder.every, pack.alerts.remind_days)
            reminder.cases.append(case)
    return [found[handle] for handle in sorted(found)], unasked


def _days_before(day: date, reminder: Reminder) -> list[date]:
    """Return the days on which an earlier reminder still counts; today's is queued once, whatever it says."""
    return [day - timedelta(days=back) for back in range(1, reminder.every)]


def _key(day: date, actor: StaffRow) -> str:
    return f"reminder:{day}:{actor.handle}"


def _mail(work: Work, reminder: Reminder, day: date, now: datetime) -> ComposedMail:
    locale, count = reminder.actor.locale, len(reminder.cases)
    lines = [
        with_staff_page(work, case.worst.number, _line(case, now, reminder.zone, locale))
        for case in reminder.cases[:LISTED]
    ]
    if count > LISTED:
        lines.append(translate(locale, "reminder.more", count=count - LISTED))
    params = {"handle": reminder.actor.handle, "count": count, "cases": "\n".join(lines), "zone": reminder.zone}
    return ComposedMail(
        key=_key(day, reminder.actor),
        recipient=reminder.actor.handle,
        subject=translate(locale, "mail.reminder.subject", **params),
        body=translate(locale, "mail.reminder.body", **params),
    )


def _line(case: OverdueCase, now: datetime, zone: str, locale: str) -> str:
    worst = case.worst
    promise = label(locale, worst.kind, "clause", worst.clause)
    if len(case.promises) > 1:
        promise = translate(locale, "reminder.more_promises", promise=promise, count=len(case.promises))
    return translate(
        locale,
        "reminder.line",
        number=worst.number,
        promise=promise,
        due=f"{case.since.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}",
        length=span(locale, (now - case.since) // MICROSECOND),
        state=label(locale, worst.kind, "state", worst.state),
        severity=label(locale, "", "severity", worst.severity) if worst.severity else "–",
        department=department(locale, worst.department),
        owner=worst.owner or "–",
    )
