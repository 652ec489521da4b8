"""Composes the mails that ask a member of staff for a case: why he is asked, what is late, and what he can do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.escalation.recipients import awaited_role
from locales.translation import label, translate
from models import Actor, Case
from models.columns import MICROSECOND
from reports.case_promises import OpenPromise
from reports.discovered_model import span
from reports.markdown import department
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Facts, Lifecycle
from statemachines.roles import TOP_LEVEL, Role

SUPERVISING = ("assign", "extend", "escalate", "close_unsatisfied")
"""Moves by which somebody above the handler gets a case going again, in the order in which a notice names them."""
AWAITED = "awaited"
"""The reason of a notice to whom a state awaits."""
NAMED = 4
"""The most moves that a notice names."""


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What a notice says of a case; the instants are rendered in ``zone``.

    ``vacant`` are the roles that should have been asked before ``role``, and that nobody holds. ``page`` is the
    address of the case's page.
    """

    case: Case
    promises: Sequence[OpenPromise]
    level: int
    role: Role
    vacant: Sequence[Role]
    reason: str
    """Why somebody is asked: overdue, own_overdue (level 0), due_soon, by_hand, by_severity, new_round, awaited …"""
    at: datetime
    zone: str
    page: str | None
    remind_days: int


def subject(facts: NoticeFacts, locale: str) -> str:
    """Return the subject: the case, the promise that is longest overdue, and who is asked."""
    role = label(locale, "", "role", facts.role)
    if facts.reason == AWAITED:
        state = label(locale, facts.case.kind, "state", facts.case.state)
        return translate(locale, "notice.subject.awaited", number=facts.case.number, state=state, role=role)
    if not facts.promises:
        return translate(locale, "notice.subject.escalated", number=facts.case.number, role=role)
    promise = facts.promises[0]
    clause, lateness = _clause(facts.case.kind, promise, locale), _lateness(promise, facts.at, locale)
    return translate(
        locale, "notice.subject.promise", number=facts.case.number, clause=clause, lateness=lateness, role=role
    )


def body(facts: NoticeFacts, reader: Actor) -> str:
    """Return the text for one reader, in his language."""
    return "\n\n".join(_paragraphs(facts, reader))


def line(facts: NoticeFacts, locale: str) -> str:
    """Return the one line that stands for the notice in a digest, which is read later: it names deadlines."""
    kind, state = facts.case.kind, label(locale, facts.case.kind, "state", facts.case.state)
    promises = (
        translate(locale, "notice.deadline", clause=_clause(kind, promise, locale), due=_due(promise, facts.zone))
        for promise in facts.promises
    )
    return " · ".join([facts.case.number, *promises, state])


def _paragraphs(facts: NoticeFacts, reader: Actor) -> Iterator[str]:
    locale, case = reader.locale, facts.case
    role = label(locale, "", "role", facts.role)
    yield translate(locale, "notice.greeting", handle=reader.handle)
    yield translate(
        locale, f"notice.why.{facts.reason}", number=case.number, kind=label(locale, "", "kind", case.kind), role=role
    )
    if facts.vacant:
        vacant = translate(locale, "notice.list").join(label(locale, "", "role", one) for one in facts.vacant)
        yield translate(locale, "notice.vacant", vacant=vacant, role=role)
    yield "\n".join([_facts(case, locale), *(_promise(case.kind, one, facts, locale) for one in facts.promises)])
    yield expectation(facts, reader)
    if facts.page is not None:
        yield translate(locale, "notice.page", page=facts.page)
    if facts.remind_days and facts.level:
        key = "notice.reminded_daily" if facts.remind_days == 1 else "notice.reminded"
        yield translate(locale, key, days=facts.remind_days)
    yield translate(locale, "notice.footer", zone=facts.zone)


def _facts(case: Case, locale: str) -> str:
    severity = label(locale, "", "severity", case.severity) if case.severity else "–"
    return translate(
        locale,
        "notice.facts",
        state=label(locale, case.kind, "state", case.state),
        severity=severity,
        department=department(locale, case.department),
        owner=case.owner or "–",
    )


def _promise(kind: str, promise: OpenPromise, facts: NoticeFacts, locale: str) -> str:
    lateness = _lateness(promise, facts.at, locale)
    if promise.paused:
        lateness = translate(locale, "notice.paused", lateness=lateness)
    return translate(
        locale,
        "notice.promise",
        clause=_clause(kind, promise, locale),
        due=_due(promise, facts.zone),
        lateness=lateness,
    )


def _clause(kind: str, promise: OpenPromise, locale: str) -> str:
    name = label(locale, kind, "clause", promise.clause)
    return name if promise.occurrence <= 1 else translate(locale, "cli.desk.turn", clause=name, turn=promise.occurrence)


def _due(promise: OpenPromise, zone: str) -> str:
    return f"{promise.due_at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _lateness(promise: OpenPromise, at: datetime, locale: str) -> str:
    overdue = at - promise.due_at
    if timedelta() <= overdue < timedelta(minutes=1):
        return translate(locale, "notice.just_late")
    return translate(
        locale,
        "notice.late" if overdue >= timedelta() else "notice.left",
        length=span(locale, abs(overdue) // MICROSECOND),
    )


def expectation(facts: NoticeFacts, reader: Actor) -> str:
    """Return what the reader is expected to do: by which moves he meets the promises, or gets others to meet them."""
    locale, case = reader.locale, facts.case
    table = lifecycle_of(case.kind)
    allowed = _allowed(table, case, reader)
    meeting = _meeting(table, facts.promises)
    own = [move for move in meeting if move in allowed][:NAMED]
    if facts.level == 0 and own:
        return translate(locale, "notice.expected.meet", moves=_labels(own, case.kind, locale))
    leading = _leading_on(table, case)
    wanted = leading if facts.reason == AWAITED else [*SUPERVISING, *leading]
    supervising = [move for move in wanted if move in allowed][:NAMED]
    doer = case.owner or label(locale, "", "role", awaited_role(case.kind, case.state))
    params = {"doer": doer, "moves": _labels(supervising or own, case.kind, locale)}
    if facts.level == 0 or not meeting:
        return translate(locale, "notice.expected.act" if supervising or own else "notice.expected.look", **params)
    key = "supervise" if supervising else "see_to_it"
    return translate(locale, f"notice.expected.{key}", meeting=_labels(meeting[:NAMED], case.kind, locale), **params)


def _allowed(table: Lifecycle, case: Case, reader: Actor) -> frozenset[str]:
    facts = Facts(state=table.resolver.state(case.state), actor=reader.handle)
    allowed = frozenset(table.allowed(facts, [Role(role) for role in reader.roles.split()]))
    return allowed if case.level < TOP_LEVEL else allowed - {"escalate"}


def _meeting(table: Lifecycle, promises: Sequence[OpenPromise]) -> list[str]:
    """Return the moves that meet the promises, without doubles."""
    clauses = [table.clause[promise.clause] for promise in promises if promise.clause in table.clause]
    return list(dict.fromkeys(move for clause in clauses for move in clause.met_by))


def _leading_on(table: Lifecycle, case: Case) -> list[str]:
    """Return the moves by which the work goes on: out of the case's state, neither to an end nor to the customer."""
    state = table.resolver.state(case.state)
    dests = {row.name: table.state[row.dest] for row in table.moves if state in row.sources and row.dest}
    return [
        move for move, dest in dests.items() if dest.name != state and not dest.final and dest.owner != Role.CUSTOMER
    ]


def _labels(moves: Sequence[str], kind: str, locale: str) -> str:
    return translate(locale, "notice.list").join(label(locale, kind, "move", move) for move in moves)
