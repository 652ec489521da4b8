"""Tells managers a day ahead when nobody will be on duty, each time once (B11)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.duty.gaps import Turn
from engine.escalation.recipients import holders
from engine.outbox.mails import NOBODY, ComposedMail, mails_by_key, queue_mails
from flows.case_address import site
from flows.group_messages import message_to
from flows.mailing import send_queued
from flows.run_text import RunText
from flows.work import Work, off_loop
from gateways.groups import GroupAlert, GroupSettings
from locales.translation import translate
from locales.zone import reader_zone
from models.columns import to_micros
from reports.duty import gaps_ahead
from reports.duty_text import post_text
from reports.staff import Staff, StaffRow
from statemachines.roles import Role


async def tell_gaps(work: Work) -> int:
    """Queue a mail for each time of the next two days at which nobody is on duty, tell groups, and send what is queued.

    The key of a mail names the gap and the recipient: the next night sends none of it again. Returns how many gaps are
    new.
    """
    new = await off_loop(_queue, work, await work.now(), await off_loop(work.groups.listed))
    await send_queued(work)
    work.log(RunText("log.duty_gaps", count=new))
    return new


def _queue(work: Work, now: datetime, groups: Sequence[GroupSettings]) -> int:
    with work.store.looking() as tx:
        gaps = gaps_ahead(tx, now)
        staff = Staff.read(tx, now)
        mails = {_key(gap): [*_mails(work, gap, staff, now), *_to_groups(work, gap, groups)] for gap in gaps}
        known = mails_by_key(tx, [mail.key for each in mails.values() for mail in each])
    queue_mails(work.store, [mail for each in mails.values() for mail in each], now)
    return sum(not any(mail.key in known for mail in each) for each in mails.values())


def _key(gap: Turn) -> str:
    return f"duty_gap:{gap.department}:{gap.level}:{to_micros(gap.starts_at)}"


def _mails(work: Work, gap: Turn, staff: Staff, now: datetime) -> Iterator[ComposedMail]:
    """Yield a mail to each manager of the department, for the whole house to each general manager."""
    role = Role.DEPARTMENT_MANAGER if gap.department else Role.GENERAL_MANAGER
    managers = holders(staff.rows, role, gap.department or None, at=now)
    for manager in managers:
        yield _mail(work, gap, manager)
    if not managers:
        yield ComposedMail(f"{_key(gap)}:", "", "", "", NOBODY)


def _to_groups(work: Work, gap: Turn, groups: Sequence[GroupSettings]) -> Iterator[ComposedMail]:
    for group in groups:
        if group.wants(GroupAlert.GAP, gap.department or None, gap.level):
            yield message_to(group, _key(gap), lambda to: _text(work, gap, to.locale, reader_zone()))


def _mail(work: Work, gap: Turn, manager: StaffRow) -> ComposedMail:
    zone = ZoneInfo(manager.zone) if manager.zone else reader_zone()
    subject, body = _text(work, gap, manager.locale, zone)
    return ComposedMail(f"{_key(gap)}:{manager.handle}", manager.handle, subject, body)


def _text(work: Work, gap: Turn, locale: str, zone: ZoneInfo) -> tuple[str, str]:
    address = site(work.public_url, work.store.home)
    params = {
        "post": post_text(gap, locale),
        "begin": f"{gap.starts_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "end": f"{gap.ends_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "zone": zone.key,
        "away": translate(locale, "duty.named_away", people=", ".join(gap.named)) if gap.named else "",
        "page": "" if address is None else f"\n  {address}/console/duty",
    }
    return translate(locale, "mail.duty_gap.subject", **params), translate(locale, "mail.duty_gap.body", **params)
