"""Audits the records of the months that are over, and opens a finding for what they lack (F1).

The audit of a month reads the record as of the instant at which its run was due, however late and however often it
runs: so it always finds the same, and each finding has one key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.rules.in_force import rules_in
from engine.rules.record_checklists import RecordChecklist
from engine.store import Store
from flows.nights.verification import RETRIES
from flows.reaction_context import VIA
from flows.run_text import RunText
from flows.work import Work, off_loop
from gateways.schedule import SUPERVISION, scheduled
from locales.translation import label, translate
from models.columns import from_micros, to_micros
from models.contact import Channel, Contact
from reports.indicators.periods import Period, month_before
from reports.markdown import department
from reports.record_audit import Lack, RecordAudit, audit_in, audit_zone
from reports.record_findings import Group, awaits_owner, newest_findings
from reports.record_owners import person_answering
from statemachines.finding import Origin
from statemachines.refused import Refused

LAST_RUN = "SELECT max(began_at) AS at FROM run WHERE flow = :flow"
MOST_MONTHS = 24
"""How many months back an outage is made up for."""
NAMED = 100
"""How many cases a finding names; the audit lists all of them."""


@dataclass(frozen=True, slots=True)
class Audited:
    """The audits that a run made, oldest first, and the findings that it opened or counted anew."""

    audits: tuple[RecordAudit, ...]
    findings: tuple[str, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers of the findings."""
        return self.findings

    @property
    def did(self) -> int:
        """The number of findings."""
        return len(self.findings)


async def audit_records(work: Work) -> Audited:
    """Audit the months that ended since the last run, at least the last one, and record what their records lack."""
    now = await work.now()
    audits: list[RecordAudit] = []
    findings: list[str] = []
    for period, as_of in await off_loop(months_due, work.store, now):
        audit = partial(off_loop, partial(_audited, work, period, as_of, now))
        made, opened = await work.step("audit-records", audit, RunText("step.audit_records"), retries=RETRIES)
        audits.append(made)
        findings += opened
    work.log(RunText("log.audited", audits=len(audits), findings=len(findings)))
    return Audited(tuple(audits), tuple(findings))


def last_run(store: Store) -> int | None:
    """Return when the last run of the supervision began, in microseconds; None before the first one."""
    with store.looking() as tx:
        at: int | None = tx.row(LAST_RUN, flow=SUPERVISION).at
        return at


def months_due(store: Store, now: datetime) -> list[tuple[Period, datetime]]:
    """Return the months to be audited, oldest first, each with the instant as of which its audit reads the record."""
    last = last_run(store)
    with store.looking() as tx:
        zone = audit_zone(rules_in(tx), to_micros(now))
    [plan] = [each for each in scheduled() if each.name == SUPERVISION]
    newest = month_before(now.astimezone(zone).date())
    since = newest.first if last is None else from_micros(last).astimezone(zone).date()
    months = [newest]
    while months[-1].first > since and len(months) < MOST_MONTHS:
        months.append(months[-1].before(1))
    due = ((month, plan.after(from_micros(month.ends(zone)))) for month in reversed(months))
    return [(month, as_of) for month, as_of in due if as_of <= now]


def _audited(work: Work, period: Period, as_of: datetime, now: datetime) -> tuple[RecordAudit, list[str]]:
    """Audit a month, and count what lacks on the finding that is open for it, else on a new one."""
    with work.store.looking() as tx:
        audit, known = audit_in(tx, rules_in(tx), period, as_of), newest_findings(tx)
    groups: dict[Group, list[Lack]] = {}
    for lack in audit.lacks:
        groups.setdefault(Group(lack.pack, lack.kind, lack.department, lack.item), []).append(lack)
    numbers: list[str] = []
    for group in {**known, **groups}:
        lacks, finding = groups.get(group, []), known.get(group)
        if finding is not None and finding.counts and finding.period <= period.name:
            numbers.append(_counted(work, finding.number, group, audit, lacks, now))
        elif lacks and (finding is None or finding.period < period.name):
            number = _opened(work, audit, group, lacks, now)
            numbers.append(_counted(work, number, group, audit, lacks, now))
    return audit, numbers


def _counted(
    work: Work, number: str, group: Group, audit: RecordAudit, lacks: Sequence[Lack], now: datetime
) -> str:  # fmt: skip
    """Record on a finding how many records lack its item in this month: none, too."""
    form = {
        "audited": group.kind, "of_department": group.department, "item": group.item, "period": audit.period.name,
        "lacking": sum(lack.count for lack in lacks), "figures_at": audit.as_of.isoformat(),
    }  # fmt: skip
    key = f"records:{number}:{audit.period.name}"
    advance(work.store, Command(number, "count_lacks", form, via=VIA, key=key), now)
    return number


def _opened(
    work: Work, audit: RecordAudit, group: Group, lacks: Sequence[Lack], now: datetime
) -> str:  # fmt: skip
    """Open the finding of a group and give it to a person of its department, if one is named and known here."""
    checklist = audit.checklists[group.kind]
    key = f"records:{audit.period.name}:{group.pack}:{group.kind}:{group.department or ''}:{group.item}"
    text = _text(work.locale, audit, group, lacks, checklist)
    contact = Contact.model_validate({"row_id": key, "at": now, "text": text, "channel": Channel.API})
    number = open_case(work.store, Opening(contact, "finding", group.pack, via=VIA, key=key), now).number
    if group.department is not None:
        numbers = [each for lack in lacks for each in lack.numbers]
        _assigned(work, number, group.department, numbers, now + timedelta(days=checklist.measure.days), now)
    return number


def _assigned(
    work: Work, number: str, department_: str, numbers: Sequence[str], due: datetime, now: datetime
) -> None:  # fmt: skip
    """Give a new finding to a person of its department; one of a history of elsewhere waits for the supervision."""
    with work.store.looking() as tx:
        if not awaits_owner(tx, number):  # a run before this one did it, with the date of its own day
            return
        person = person_answering(tx, numbers, department_, now)
    form = {"department": department_, "origin": Origin.AUDIT.value, "due_at": due.isoformat()}
    try:
        advance(work.store, Command(number, "assign_owner", form | {"owner": person}, via=VIA), now)
    except Refused as refused:
        if refused.code != "unknown_department" and person is None:
            raise
        if refused.code != "unknown_department":  # he may not have it: his department has it until somebody is named
            advance(work.store, Command(number, "assign_owner", form, via=VIA), now)


def _text(
    locale: str, audit: RecordAudit, group: Group, lacks: Sequence[Lack], checklist: RecordChecklist
) -> str:  # fmt: skip
    numbers = sorted(number for lack in lacks for number in lack.numbers)
    texts = {item.code: item for item in checklist.items}
    item = texts.get(group.item)
    named, source = (group.item, checklist.source) if item is None else (item.text[locale], item.source)
    words = {
        "item": named, "source": source,
        "kind": label(locale, "", "kind", group.kind), "department": department(locale, group.department),
        "period": audit.period.name, "count": sum(lack.count for lack in lacks), "checklist": checklist.edition,
        "numbers": ", ".join(numbers[:NAMED]),
    }  # fmt: skip
    return translate(locale, "record_audit.text.finding", **words)
