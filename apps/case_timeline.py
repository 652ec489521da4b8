"""What happened on a case in one time-line: moves with what was said, letters, files, and links to other cases."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.case_history import ATTACHMENTS, UNANSWERED, HistoryMove
from apps.variable_views import LinkView, entered, field_label
from engine.attachments.reading import AttachmentView
from engine.ledger.suspensions import SuspensionEntry
from locales.translation import label, translate
from reports.indicators.names import IndicatorNames
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle

ARRIVED, UNDELIVERED = "message_arrived", "message_undelivered"
RECORDED = frozenset({"row_id"})
"""Fields of forms that only programs read."""


@dataclass(frozen=True, slots=True)
class Letter:
    """How the words of a move reached the customer: the medium, and what became of a mail.

    ``outcome`` is ``undelivered`` with its cause, ``arrived`` after all, or empty.
    """

    medium: str
    outcome: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A move of the case, or with ``link`` that it was linked to another case.

    ``facts`` and ``statements`` are pairs of label and value; the text of a statement that was erased is None.
    ``state`` is the label of the state into which the move led, empty where the case stayed in its own.
    """

    at: datetime
    seq: int = 0
    title: str = ""
    state: str = ""
    actor: str = ""
    via: str = ""
    level: int = 0
    inferred: bool = False
    facts: Sequence[tuple[str, str]] = ()
    statements: Sequence[tuple[str, str | None]] = ()
    files: Sequence[AttachmentView] = ()
    letter: Letter | None = None
    link: LinkView | None = None


def timeline(
    kind: str,
    moves: Sequence[HistoryMove],
    files: Iterable[AttachmentView],
    links: Iterable[tuple[datetime, LinkView]],
    suspensions: Iterable[SuspensionEntry],
    locale: str,
    names: IndicatorNames | None = None,
) -> list[TimelineEntry]:
    """Return what happened, the newest first; ``names`` are those of the indicators in force."""
    table, known = lifecycle_of(kind), {file.id: file for file in files}
    letters = _outcomes(moves)
    entries = [_moved(table, move, known, letters, locale, names) for move in moves]
    entries += [TimelineEntry(at, title=link.row(locale)[0], link=link) for at, link in links]
    entries += [_suspended(each, locale) for each in suspensions]
    return sorted(entries, key=lambda entry: (entry.at, entry.seq), reverse=True)


def _suspended(entry: SuspensionEntry, locale: str) -> TimelineEntry:
    """Return that automatic work of the case, or of its kind, was suspended or released, and why."""
    what = f"{suspended_work(entry, locale)}: {label(locale, '', 'act.reason', entry.reason)}"
    title = translate(locale, f"console.suspensions.{entry.act}")
    reason = (translate(locale, "console.suspensions.reason"), what)
    return TimelineEntry(entry.at, title=title, actor=entry.handle, facts=[reason])


def suspended_work(entry: SuspensionEntry, locale: str) -> str:
    """Return in words what was suspended: the work of a case, or that of all cases of a kind."""
    if entry.work is None:
        return translate(locale, "console.suspensions.whole_kind", kind=label(locale, "", "kind", entry.kind))
    return translate(locale, f"parked.{entry.work}")


def _outcomes(moves: Sequence[HistoryMove]) -> Mapping[int, tuple[str, str]]:
    """Return what became of mails, by the step that sent them: the last that the record says."""
    found = dict[int, tuple[str, str]]()
    for move in moves:
        if move.move in (ARRIVED, UNDELIVERED) and "message" in move.form:
            outcome = "arrived" if move.move == ARRIVED else "undelivered"
            found[int(move.form["message"])] = (outcome, str(move.form.get("cause", "")))
    return found


def _moved(
    table: Lifecycle,
    move: HistoryMove,
    files: Mapping[str, AttachmentView],
    letters: Mapping[int, tuple[str, str]],
    locale: str,
    names: IndicatorNames | None,
) -> TimelineEntry:
    form = {name: value for name, value in move.form.items() if name not in RECORDED}
    facts = {name: value for name, value in form.items() if name not in move.statements and name != ATTACHMENTS}
    speaks = any(row.speaks for row in table.rows.get(table.resolver.move(move.move), ()))
    medium = str(facts.pop("medium", "send")) if speaks else ""
    return TimelineEntry(
        at=move.occurred_at,
        seq=move.seq,
        title=label(locale, table.kind, "move", move.move),
        state=label(locale, table.kind, "state", move.dest) if move.dest != move.source else "",
        actor=move.actor,
        via=label(locale, "", "via", move.via),
        level=move.level,
        inferred=move.inferred,
        facts=[_fact(table.kind, move.move, name, value, locale, names) for name, value in facts.items()],
        statements=[
            (field_label(locale, table.kind, name), form[name]) for name in form if name in move.statements
        ],
        files=[files[each["id"]] for each in form.get(ATTACHMENTS, ()) if each["id"] in files],
        letter=Letter(medium, *letters.get(move.seq, ("", ""))) if speaks else None,
    )  # fmt: skip


def _fact(kind: str, move: str, name: str, value: Any, locale: str, names: IndicatorNames | None) -> tuple[str, str]:
    sort = "outcome" if (move, name) == UNANSWERED else name
    shown = translate(locale, "cli.attachments.gone") if value is None else entered(locale, kind, sort, value, names)
    return field_label(locale, kind, name), shown
