"""All that one page shows of a case to a principal: what is awaited and from whom, promises, time-line, moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.case_timeline import TimelineEntry, timeline
from apps.principal_views import (
    LinkView,
    SeenCase,
    SeenTimers,
    case_in,
    customer_fields,
    explained_timers,
    history_seen,
    log_shown,
    moves_in,
    text_fields,
)
from engine.access.masking import UNMASKING, Disclosure, PersonalData, disclosure, unmask
from engine.access.moves import OfferedMove, moves_for, refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import case_for
from engine.attachments.reading import AttachmentView, attachments_seen
from engine.ledger.suspensions import suspensions_of
from engine.store import Store
from locales.translation import label, translate
from models.columns import to_micros
from reports.case_reasons import Reason, reasons, waits_for
from reports.indicators.names import IndicatorNames, indicator_names
from reports.link_times import linked_at
from reports.staff import Staff
from statemachines.refused import Refused
from statemachines.roles import Role

NEWEST: Final = 50
"""How many of the last moves a page shows of a long history, besides the first."""


@dataclass(frozen=True, slots=True)
class SeenCasePage:
    """A case as its page shows it. ``role`` and ``people`` are those whom it awaits; an ended case awaits nobody.

    ``indicators`` are the names of those in force.
    ``left_out`` counts the moves between the first and the newest that the time-line does not show.
    """

    seen: SeenCase
    indicators: IndicatorNames
    role: Role | None
    people: tuple[str, ...]
    reasons: list[Reason]
    timers: SeenTimers
    timeline: list[TimelineEntry]
    left_out: int
    files: list[AttachmentView]
    offered: list[OfferedMove]
    may_unmask: bool


def case_page_seen(
    store: Store,
    principal: Principal,
    number: str,
    at: datetime,
    locale: str,
    unmasked: Disclosure | None = None,
    *,
    whole: bool = False,
) -> SeenCasePage:
    """Return what the page of a case shows, with the ``whole`` history or its newest moves.

    Raises ``Refused('unknown_case')``.
    """
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        refuse_without(principal, Scope.READ_CASES)
        disclosed = unmasked or disclosure(tx, principal, case.id, at)
        seen = case_in(tx, principal, case, disclosed, at)
        after = 0 if whole else max(0, case.version - NEWEST)
        moves = moves_in(tx, case, disclosed, after)
        files = attachments_seen(tx, case.id, disclosed if unmasked is None else disclosure(tx, principal, case.id, at))
        offered = moves_for(tx, principal, case, at)
        timers = explained_timers(tx, case, at, locale)
        staff = Staff.read(tx, at)
        role, people = waits_for(case, staff)
        found = reasons(tx, case, staff)
        linked = linked_at(tx, case.id)
        suspensions = suspensions_of(tx, case.id)
        names = indicator_names(tx, to_micros(at))
    if unmasked is None:
        log_shown(store, principal, case, at, customer_fields(seen, disclosed), text_fields(disclosed))
    oldest = moves[1].occurred_at if case.version > len(moves) else None
    links = _links_since(oldest, seen.links, linked)
    return SeenCasePage(
        seen=seen,
        indicators=names,
        role=role,
        people=people,
        reasons=found,
        timers=timers,
        timeline=timeline(case.kind, moves, files, links, suspensions, locale, names),
        left_out=case.version - len(moves),
        files=files,
        offered=offered,
        may_unmask=seen.masked and bool(principal.actor.roles & UNMASKING),
    )


def _links_since(
    oldest: datetime | None, links: Iterable[LinkView], linked: Mapping[tuple[str, str], datetime]
) -> list[tuple[datetime, LinkView]]:
    """Return the links that were made since an instant, or all of them, each with when it was made."""
    made = [(linked.get((link.case, link.relation)), link) for link in links]
    return [(when, link) for when, link in made if when is not None and (oldest is None or when >= oldest)]


def unmasked_for(
    store: Store, principal: Principal, number: str, fields: Iterable[str], reason: str, at: datetime
) -> Disclosure:
    """Unmask fields of a case for a reason, which the reading log keeps.

    Raises ``Refused('unknown_case' | 'may_not_unmask' | 'no_reason' | 'bad_text' | 'bad_code')``.
    """
    codes = set(fields)
    if not codes or codes - {field.value for field in PersonalData}:
        raise Refused("bad_code", value=" ".join(sorted(codes))[:40])
    with store.writing() as tx:
        return unmask(tx, principal, number, [PersonalData(code) for code in codes], reason, at)


def why_not(kind: str, offered: OfferedMove, locale: str) -> str:
    """Return in words why an offered move may not be made now; empty where it may."""
    if offered.why_not is None:
        return ""
    sort = {"guard": "guard", "own_work": "move"}.get(offered.why_not, "")
    named = [label(locale, kind, sort, name) if sort else name for name in offered.reasons]
    return translate(locale, f"console.case.why.{offered.why_not}", reasons="; ".join(named))


@dataclass(frozen=True, slots=True)
class MadeMove:
    """A move that somebody made: the step, what it was, who made it and when."""

    seq: int
    title: str
    state: str
    actor: str
    at: datetime


def moves_since(
    store: Store, principal: Principal, number: str, seq: int, at: datetime, locale: str
) -> tuple[int, list[MadeMove]]:
    """Return the last step of a case, and the moves after step ``seq``, in order."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
    moves = history_seen(store, principal, number, at).moves
    later = [
        MadeMove(
            move.seq, label(locale, case.kind, "move", move.move), label(locale, case.kind, "state", move.dest),
            move.actor, move.occurred_at,
        )
        for move in moves
        if move.seq > seq
    ]  # fmt: skip
    return max((move.seq for move in moves), default=0), later
