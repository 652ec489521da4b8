"""Writes a case on paper for people: what is known, what happened, what was promised, its files, and what proves it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from apps.case_timeline import TimelineEntry
from apps.principal_case_page import SeenCasePage
from apps.variable_views import entered, field_label
from engine.audit.proof import Proof
from locales.translation import label, translate, when
from models.columns import from_micros
from models.paper import Paper, PaperSection, PaperTable

CODES: Final = ("channel", "customer_type", "category", "severity", "department")


def case_paper(page: SeenCasePage, proof: Proof, locale: str) -> Paper:
    """Return a closed case as a report; instants are in the zone of the reader."""
    case = page.seen.case
    kind, state = label(locale, "", "kind", case.kind), label(locale, case.kind, "state", case.state)
    title = translate(locale, "bundle.title", number=case.number, kind=kind)
    closed = next(entry.at for entry in page.timeline if entry.state)  # later moves, as a note, leave the state alone
    opened = when(from_micros(case.opened_at))
    texts = [translate(locale, "bundle.summary", state=state, opened=opened, closed=when(closed))]
    sections = [
        _section(locale, "known", ("what", "value"), list(_known(page, locale))),
        _section(locale, "promises", ("clause", "opened", "due", "outcome"), list(_promises(page, locale))),
        _section(locale, "happened", ("at", "what", "who", "told"), list(_happened(page, locale))),
        _section(locale, "files", ("file", "type", "size", "id"), list(_files(page, locale))),
    ]
    anchor = proof.anchor
    proven = translate(
        locale, "bundle.proven", leaf=proof.leaf, line=anchor.line, at=when(from_micros(anchor.at)), root=anchor.root
    )
    sections.append(PaperSection(_text(locale, "proof"), _text(locale, "proof"), [proven, _text(locale, "verify")]))
    return Paper(title, texts, sections)


def _section(locale: str, name: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> PaperSection:
    table = PaperTable([_text(locale, head) for head in heads], rows) if rows else None
    return PaperSection(_text(locale, name), _text(locale, name), () if rows else (_text(locale, "none"),), table)


def _known(page: SeenCasePage, locale: str) -> Iterator[tuple[str, str]]:
    case = page.seen.case
    for name in CODES:
        if code := getattr(case, name):
            yield field_label(locale, case.kind, name), entered(locale, case.kind, name, code)
    customer = {} if page.seen.customer is None else asdict(page.seen.customer)
    for name, value in customer.items():
        if value:
            yield translate(locale, f"cli.reading.{name}"), str(value)
    for link in page.seen.links:
        yield link.row(locale)


def _promises(page: SeenCasePage, locale: str) -> Iterator[tuple[str, str, str, str]]:
    for timer, _ in page.timers.timers:
        due = "–" if timer.due_at is None else when(timer.due_at)
        outcome = "–" if timer.outcome is None else label(locale, "", "outcome", timer.outcome)
        yield label(locale, page.timers.kind, "clause", timer.clause), when(timer.opened_at), due, outcome


def _happened(page: SeenCasePage, locale: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield what happened, the oldest first."""
    for entry in reversed(page.timeline):
        what = f"{entry.title} → {entry.state}" if entry.state else entry.title
        yield when(entry.at), what, entry.actor, " · ".join(_told(entry, locale))


def _told(entry: TimelineEntry, locale: str) -> Iterator[str]:
    erased = translate(locale, "cli.attachments.gone")
    for name, value in (*entry.facts, *entry.statements):
        yield f"{name}: {erased if value is None else value}"
    for file in entry.files:
        yield file.name or erased


def _files(page: SeenCasePage, locale: str) -> Iterator[tuple[str, str, str, str]]:
    for file in page.files:
        yield file.name or translate(locale, "cli.attachments.gone"), file.type, str(file.size), file.id


def _text(locale: str, key: str) -> str:
    return translate(locale, f"bundle.{key}")
