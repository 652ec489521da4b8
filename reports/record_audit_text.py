"""Renders the audit of records as Markdown in the reader's language; codes and case numbers, no personal data."""

from collections.abc import Iterator, Mapping

from locales.shares import share_number
from locales.translation import label, translate, when
from reports.markdown import department, table
from reports.record_audit import AuditedKind, Lack, RecordAudit
from reports.record_findings import Group, RecordFinding

SHOWN = 10
"""How many case numbers a row shows."""
KINDS = ("kind", "closed", "whole", "share", "checklist")
LACKS = ("kind", "department", "item", "source", "count", "finding", "cases")


def render(audit: RecordAudit, findings: Mapping[Group, RecordFinding], locale: str) -> str:
    """Render the whole audit."""
    return "\n".join(_lines(audit, findings, locale)) + "\n"


def kind_row(each: AuditedKind, locale: str) -> tuple[str, ...]:
    """Return the cells of ``KINDS``."""
    kind, closed = label(locale, "", "kind", each.kind), str(each.closed)
    if each.whole is None:
        return kind, closed, "–", "–", _text(locale, "no_checklist")
    share = share_number(each.whole, each.closed, digits=1)
    return kind, closed, str(each.whole), "–" if share is None else f"{share} %", ", ".join(each.checklists)


def lack_row(audit: RecordAudit, lack: Lack, finding: RecordFinding | None, locale: str) -> tuple[str, ...]:
    """Return the cells of ``LACKS`` without the cases."""
    item, source = item_texts(audit, lack.kind, lack.item, locale)
    kind = label(locale, "", "kind", lack.kind)
    return (
        kind, department(locale, lack.department), item, source, str(lack.count), finding.number if finding else "–"
    )  # fmt: skip


def item_texts(audit: RecordAudit, kind: str, code: str, locale: str) -> tuple[str, str]:
    """Return the words of an item and its source; its code where the checklist in force has it no more."""
    checklist = audit.checklists.get(kind)
    items = {item.code: item for item in checklist.items} if checklist else {}
    return (items[code].text[locale], items[code].source) if code in items else (code, "–")


def _lines(audit: RecordAudit, findings: Mapping[Group, RecordFinding], locale: str) -> Iterator[str]:
    yield f"# {_text(locale, 'title', period=audit.period.name)}"
    yield from ("", _text(locale, "as_of", at=when(audit.as_of)), "", f"## {_text(locale, 'kinds')}", "")
    yield from table(heads(locale, KINDS), (kind_row(each, locale) for each in audit.kinds))
    yield from ("", f"## {_text(locale, 'lacks')}", "")
    rows = [
        (*lack_row(audit, each, findings.get(group_of(each)), locale), _numbers(each, locale)) for each in audit.lacks
    ]
    yield from table(heads(locale, LACKS), rows) if rows else [_text(locale, "none")]
    yield from ("", f"## {_text(locale, 'people')}", "", _text(locale, "judge"), "")
    for kind, code in audit.by_people:
        item, source = item_texts(audit, kind, code, locale)
        yield f"- {label(locale, '', 'kind', kind)}: {item} ({source})"


def group_of(lack: Lack) -> Group:
    """Return the group in which the lack is counted on one finding."""
    return Group(lack.pack, lack.kind, lack.department, lack.item)


def heads(locale: str, names: tuple[str, ...]) -> list[str]:
    """Return the heads of a table's columns."""
    return [_text(locale, f"column.{name}") for name in names]


def _numbers(lack: Lack, locale: str) -> str:
    numbers = ", ".join(lack.numbers[:SHOWN])
    more = lack.count - min(SHOWN, len(lack.numbers))
    return _text(locale, "more", numbers=numbers, count=more) if more else numbers


def _text(locale: str, key: str, **params: object) -> str:
    return translate(locale, f"record_audit.{key}", **params)
