"""Supervises the months that are over: audits their records, and tells auditors what to doubt in their evaluation."""

from functools import partial

from flows.nights.record_audit import Audited, audit_records, last_run
from flows.nights.verification import RETRIES
from flows.notifications import write
from flows.parked_notices import with_roles
from flows.run_text import RunText
from flows.work import Work, off_loop
from models.columns import to_micros
from reports.evaluation_supervision import evaluation_supervision
from reports.evaluation_supervision_text import doubt_text, selective_text
from reports.record_audit import RecordAudit
from statemachines.roles import Role

RECIPIENTS = (Role.AUDITOR,)


async def supervise(work: Work) -> Audited:
    """Audit the months that are due, and mail auditors once about each of them."""
    before = await off_loop(last_run, work.store)
    audited = await audit_records(work)
    for audit in audited.audits:
        if before is None or before < to_micros(audit.as_of):
            mail = partial(_mail, work, audit)
            await work.step("mail-supervision", mail, RunText("step.mail_supervision"), retries=RETRIES)
    return audited


async def _mail(work: Work, audit: RecordAudit) -> None:
    """Mail each auditor what lacks in the records, and the doubts with their cases; sent again it is the same mail."""
    seen = await off_loop(evaluation_supervision, work.store, audit.period, audit.as_of)
    for recipient in await off_loop(with_roles, work.store, RECIPIENTS):
        locale = recipient.locale
        lines = [doubt_text(doubt, locale) for doubt in seen.doubts if doubt.numbers]
        lines += [selective_text(each, locale) for each in seen.selective]
        params = {
            "period": audit.period.name, "closed": sum(each.closed for each in audit.kinds),
            "lacking": sum(lack.count for lack in audit.lacks), "doubts": "\n".join(lines) or "–",
        }  # fmt: skip
        key, address = f"supervision:{audit.period.name}:{recipient.handle}", recipient.email or ""
        await write(work, key, address, locale, "supervision", recipient=recipient.handle, **params)
