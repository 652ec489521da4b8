"""Alerts whoever is on duty for an escalation level, and the next level where nobody acknowledges in time (B11).

An alert comes besides the notices to those who are responsible anyway. For a level without a roster nobody is alerted,
as before; a climb to such a level alerts whom the case asks there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import select

from engine.actors import available_or_deputies, roles_of
from engine.duty.roster import Roster, on_duty
from engine.duty.stored import read_roster
from engine.escalation.recipients import asked_for
from engine.outbox.duty_alerts import Alert, climb, due_alerts, record_alert
from engine.outbox.duty_links import link_to_acknowledge
from engine.outbox.mails import NO_ADDRESS, NOBODY, ComposedMail
from engine.rules.in_force import Rules, rules_of
from engine.rules.pack_sections import Alerts
from engine.store import Store
from flows.case_address import site, staff_page
from flows.group_messages import to_groups
from flows.notifications import staff_of
from flows.reaction_context import ReactionContext
from flows.work import Work, off_loop
from gateways.groups import GroupAlert, GroupSettings
from locales.translation import label, translate
from locales.zone import reader_zone
from models import Actor, Case
from models.columns import to_micros
from reports.duty_text import department_text
from statemachines.kinds import lifecycle_of
from statemachines.refused import Refused
from statemachines.roles import TOP_LEVEL


@dataclass(frozen=True, slots=True)
class _House:
    """What an alert is decided by: rosters, staff, rules."""

    roster: Roster
    staff: Sequence[Actor]
    rules: Rules


async def raise_alert(context: ReactionContext, level: int, timer_id: int | None) -> None:
    """Alert whoever is on duty for a level of the case; where nobody is, the next level. Made again, it alerts nobody.

    Nothing happens where no roster wants somebody on duty now.
    """
    roster = await context.once(_roster)
    if not roster.editions:
        return
    house = _House(roster, await staff_of(context), await context.once(rules_of))
    case, now = await context.case(), await context.work.now()
    people = _on_duty(house, case, level, now)
    if people is None:
        return
    alert = _alert(house, case, context.event.seq, level, timer_id, people, now)
    mails = [*_mails(context.work, house, case, alert), *await _to_groups(context.work, case, alert)]
    await off_loop(record_alert, context.work.store, alert, mails, now)


async def climb_alerts(work: Work) -> int:
    """Alert the next level of each alert that nobody acknowledged in time; return how many climbed."""
    climbed, now = 0, await work.now()
    while due := await off_loop(due_alerts, work.store, now):
        house, cases = await off_loop(_read, work.store, [alert.case_id for alert in due])
        for alert in due:
            case, level = cases[alert.case_id], alert.level + 1
            people = _on_duty(house, case, level, now)
            if people is None:
                people = tuple(actor.handle for actor in asked_for(case, level, house.staff, now).actors)
            higher = _alert(house, case, alert.seq, level, alert.timer_id, people, now)
            mails = [*_mails(work, house, case, higher), *await _to_groups(work, case, higher)]
            climbed += await off_loop(climb, work.store, alert, higher, mails, now)
    return climbed


def _roster(store: Store) -> Roster:
    with store.looking() as tx:
        return read_roster(tx)


def _read(store: Store, ids: list[int]) -> tuple[_House, dict[int, Case]]:
    with store.reading() as session:
        staff = session.exec(select(Actor).order_by(Actor.handle)).all()
        cases = [session.get_one(Case, case_id) for case_id in set(ids)]
    return _House(_roster(store), staff, rules_of(store)), {case.id: case for case in cases if case.id is not None}


def _on_duty(house: _House, case: Case, level: int, at: datetime) -> tuple[str, ...] | None:
    """Return who is on duty and there, deputies included; nobody, or None where nobody has to be.

    Of a case that only some roles may read, nobody else learns: where no such person is on duty, it is as without one.
    """
    named = on_duty(house.roster, case.department, level, at)
    if named is None:
        return None
    members = [actor for actor in house.staff if actor.handle in named]
    present = available_or_deputies(members, house.staff, lambda actor: actor.available(at))
    readers = lifecycle_of(case.kind).readers
    may_know = [actor for actor in present if not readers or roles_of(actor.roles) & set(readers)]
    return tuple(actor.handle for actor in may_know) if may_know or not present else None


def _alert(
    house: _House, case: Case, seq: int, level: int, timer_id: int | None, people: tuple[str, ...], at: datetime
) -> Alert:
    minutes = _minutes(house.rules, case, at)
    climbs_at: datetime | None = None
    if level < TOP_LEVEL and not people:
        climbs_at = at
    elif level < TOP_LEVEL and minutes:
        climbs_at = at + timedelta(minutes=minutes)
    assert case.id is not None
    return Alert(case.id, seq, level, timer_id, people, at, climbs_at)


def _minutes(rules: Rules, case: Case, at: datetime) -> int:
    """Return how long somebody has to acknowledge; a pack that cannot be read lets no alert wait for ever."""
    try:
        return rules.pack(case.pack, to_micros(at)).alerts.acknowledge_minutes
    except Refused:
        return Alerts().acknowledge_minutes


def _mails(work: Work, house: _House, case: Case, alert: Alert) -> Iterator[ComposedMail]:
    """Yield a mail to each of those who are alerted; a record where nobody is, or where he has no address."""
    if not alert.people:
        yield ComposedMail(f"{alert.key}:", "", "", "", NOBODY)
    for actor in house.staff:
        if actor.handle in alert.people:
            yield _mail(work, case, alert, actor)


def _mail(work: Work, case: Case, alert: Alert, actor: Actor) -> ComposedMail:
    locale, zone = actor.locale, ZoneInfo(actor.zone) if actor.zone else reader_zone()
    params = _facts(work, case, alert, locale, zone) | {"handle": actor.handle, "link": _ways(work, alert, actor)}
    template = "duty_alert" if alert.climbs_at is not None else "duty_alert_last"
    subject = translate(locale, "mail.duty_alert.subject", **params)
    body = translate(locale, f"mail.{template}.body", **params)
    return ComposedMail(f"{alert.key}:{actor.handle}", actor.handle, subject, body, None if actor.email else NO_ADDRESS)


async def _to_groups(work: Work, case: Case, alert: Alert) -> list[ComposedMail]:
    """Return a message to each group that is alerted for the case; none of a case that only some roles may read."""
    if lifecycle_of(case.kind).readers:
        return []

    def compose(group: GroupSettings) -> tuple[str, str]:
        facts = _facts(work, case, alert, group.locale, reader_zone())
        people = ", ".join(alert.people) or translate(group.locale, "duty.nobody_alerted")
        end = "nobody" if not alert.people else "climbs" if alert.climbs_at is not None else "last"
        until = translate(group.locale, f"group.duty_alert.{end}", **facts)
        body = translate(group.locale, "group.duty_alert.body", people=people, answer=until, **facts)
        return translate(group.locale, "mail.duty_alert.subject", **facts), body

    return await to_groups(work, alert.key, GroupAlert.DUTY, compose, case.department, alert.level)


def _facts(work: Work, case: Case, alert: Alert, locale: str, zone: ZoneInfo) -> dict[str, str]:
    """Return what an alert says of a case: codes in the reader's language, and until when it is to be answered."""
    return {
        "number": case.number,
        "level": translate(locale, "duty.level", level=alert.level),
        "kind": label(locale, "", "kind", case.kind),
        "state": label(locale, case.kind, "state", case.state),
        "severity": label(locale, "", "severity", case.severity) if case.severity else "–",
        "department": department_text(locale, case.department or ""),
        "until": "–" if alert.climbs_at is None else f"{alert.climbs_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "zone": zone.key,
        "page": staff_page(work, case.number) or "–",
    }


def _ways(work: Work, alert: Alert, actor: Actor) -> str:
    """Return how one person acknowledges from the mail: by an address, by an answer; empty where neither is set."""
    ways: list[str] = []
    address = site(work.public_url, work.store.home)
    if address is not None and actor.id is not None:
        ending = link_to_acknowledge(work.store.secret, alert.case_id, alert.seq, alert.level, actor.id)
        ways.append(f"{translate(actor.locale, 'duty.link.mail')} {address}/console/duty/alerts/{ending}")
    if work.reply_to:
        ways.append(translate(actor.locale, "duty.link.reply"))
    return "\n".join(ways)
