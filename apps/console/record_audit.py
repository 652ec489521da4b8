"""The page of the audit of records: which are whole, what the others lack, and the findings opened for it (F1)."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from apps.console.indicators import typed_instant
from apps.console.visit import Visiting
from apps.form_choices import periods_before
from apps.principal_supervision import record_audit_seen
from locales.translation import label
from reports.record_audit_text import KINDS, LACKS, group_of, heads, item_texts, kind_row, lack_row

router = APIRouter()

Word = Annotated[str, Query(max_length=40)]
LISTED = 40
"""The most case numbers of a row."""


@router.get("/record-audit")
def show_record_audit(visit: Visiting, period: Word = "", as_of: Word = "") -> HTMLResponse:
    """Show the audit of a period, without one of the last month."""
    then = typed_instant(as_of) if as_of else visit.at
    seen = record_audit_seen(visit.store, visit.principal, period or None, then, visit.at)
    audit, locale = seen.audit, visit.locale
    findings = [seen.findings.get(group_of(lack)) for lack in audit.lacks]
    rows = [
        (lack_row(audit, lack, finding, locale), lack, finding)
        for lack, finding in zip(audit.lacks, findings, strict=True)
    ]
    people = [
        (label(locale, "", "kind", kind), *item_texts(audit, kind, code, locale)) for kind, code in audit.by_people
    ]
    return visit.page(
        "record_audit.html", audit=audit, period=audit.period.name, as_of=as_of, choices=[], by="", why="",
        periods=periods_before(visit.at),
        kinds=[kind_row(each, locale) for each in audit.kinds], kind_heads=heads(locale, KINDS), rows=rows,
        lack_heads=heads(locale, LACKS), people=people, listed=LISTED,
    )  # fmt: skip
