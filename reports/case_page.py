"""Renders a case on one page: whom it waits for, why it stands at its level, its timers and moves, what to do."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from engine.access.doors import door_of
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from engine.timers.timer import falls_due, spent
from engine.transaction import Tx
from locales.shares import share_text
from locales.translation import label, translate, when
from locales.zone import zone_name
from models.columns import from_micros, to_micros
from reports.case_customer import CaseCustomer, customer_of, doubts, letters_text
from reports.case_reasons import Reason, reasons, waits_for
from reports.figures import timers
from reports.markdown import BOARD, LEDGER, REPORT, department, link, table
from reports.overdue_text import instead_of
from reports.staff import Staff
from statemachines.roles import Role

MOVES = 12
"""How many moves the page lists; ``closeloop case show`` lists all."""
REASONS = 15
"""How many steps and moves the page gives as reasons."""

RUN_NAME = 60
"""The most characters of a run's name that are shown: it may hold the numbers of all its cases."""

CASE = """
SELECT id, number, kind, state, level, cycle, version, category, severity, department, owner, opened_at,
       variables FROM cases
 WHERE number = :number
"""
TIMERS = """
SELECT clause, occurrence, level, running_since, allowance, consumed, unit, calendar FROM timer
 WHERE case_id = :case_id AND closed_at IS NULL ORDER BY id
"""
LAST = """
SELECT t.seq, t.move, t.source, t.dest, t.level, t.via, t.occurred_at, a.handle FROM transition t
  JOIN actor a ON a.id = t.actor_id WHERE t.case_id = :case_id ORDER BY t.seq DESC LIMIT :limit
"""


class CasePage(NamedTuple):
    """A case's page in Markdown, and its summary: ids, codes and labels, no statement of the customer.

    ``version`` is that of the case, by which a page that is out of date is recognised.
    """

    text: str
    summary: str
    version: int


class Form(NamedTuple):
    """A form that acts on the case: what it is called, and its address relative to the page.

    ``console`` is the address of the form in the console that makes the same move, if one is known.
    """

    name: str
    address: str
    console: str | None = None


class CaseRun(NamedTuple):
    """A run that worked on the case: when, its name, and its address relative to the page."""

    at: datetime
    name: str
    address: str


def page(
    store: Store, number: str, at: datetime, locale: str, forms: Sequence[Form] = (), runs: Sequence[CaseRun] = (),
    console: str | None = None,
) -> CasePage | None:  # fmt: skip
    """Return the page of a case at an instant; None if there is no such case.

    ``console`` is the address of the case in the console, to which the page leads if it is known.
    """
    with store.looking() as tx:
        case = tx.row(CASE, number=number)
        if case is None:
            return None
        staff = Staff.read(tx, at)
        found = reasons(tx, case, staff)
        line = _line(case, staff, locale)
        title = f"# {case.number} · {label(locale, '', 'kind', case.kind)}"
        heading = [title, "", line, *_console(console, locale), *_forms(forms, locale)]
        customer = customer_of(tx, case.id, case.number, case.kind)
        details = [*_customer(customer, locale), *_lines(tx, case, staff, found, at, locale), *_runs(runs, locale)]
        lines = [*heading, *details, *_links(case, at, locale)]
        standing = " · ".join([line, *_worst(case, found, locale)])
        summary = "\n\n".join([standing, *_form_lines(forms, locale)])
        return CasePage("\n".join(lines) + "\n", summary, case.version)


def _console(address: str | None, locale: str) -> Iterator[str]:
    if address is not None:
        yield from ("", f"[{translate(locale, 'story.console')}]({address})")


def _line(case: Any, staff: Staff, locale: str) -> str:
    """Say in one line where the case stands, whom it waits for and whom it asks."""
    level = label(locale, "", "level", str(case.level))
    waits = translate(locale, "board.column.waits_for")
    state = label(locale, case.kind, "state", case.state)
    people = asked_people(locale, *waits_for(case, staff))
    return f"{state} · {waits} {people} · {translate(locale, 'story.asks', level=level)}"


def _worst(case: Any, found: Sequence[Reason], locale: str) -> Iterator[str]:
    """Say which promise raised the case to its level."""
    broken = [reason for reason in found if reason.clause and reason.percent and reason.level == case.level > 0]
    if broken and broken[0].deadline is not None:
        promise = label(locale, case.kind, "clause", broken[0].clause or "")
        due = when(broken[0].deadline, "%m-%d %H:%M")
        yield translate(locale, "story.because", promise=promise, percent=broken[0].percent, due=due)


def asked_people(locale: str, role: Role | None, handles: Sequence[str], vacant: Sequence[Role] = ()) -> str:
    """Name the role and who holds it: one person, or all who share it; nobody is said, too."""
    if role is None:
        return "–"
    name = label(locale, "", "role", role)
    if role in (Role.CUSTOMER, Role.SYSTEM):
        return name
    people = f"{name} {', '.join(handles)}" if handles else translate(locale, "story.nobody", role=name)
    return people + instead_of(vacant, locale)


def _customer(customer: CaseCustomer | None, locale: str) -> Iterator[str]:
    """Yield where messages to the customer go, and what is doubtful of him; nothing where nothing is doubtful."""
    if customer is None or not (customer.unusable or customer.questions):
        return
    yield from ("", f"## {translate(locale, 'story.customer')}", "", *doubts(customer, locale))
    where = letters_text(locale, customer.has_address)
    yield f"- {translate(locale, 'cli.customer.letters')}: {where}"


def _lines(tx: Tx, case: Any, staff: Staff, found: Sequence[Reason], at: datetime, locale: str) -> Iterator[str]:
    yield from ("", f"## {translate(locale, 'story.why')}", "")
    heads = [translate(locale, f"story.column.{name}") for name in ("at", "what", "share", "deadline", "asks")]
    shown = [_reason(reason, case.kind, locale) for reason in found[:REASONS]]
    yield from table(heads, shown) if shown else (translate(locale, "story.no_reason"),)
    if len(found) > REASONS:
        yield from ("", translate(locale, "report.more", count=len(found) - REASONS))
    yield from ("", f"## {translate(locale, 'board.promises')}", "")
    rows = [row for row in tx.rows(TIMERS, case_id=case.id) if row.clause not in timers(case.kind)]
    heads = [translate(locale, f"board.column.{name}") for name in ("promise", "used", "level", "due")]
    timer_rows = [_timer(row, case.kind, rules_in(tx), at, locale) for row in rows]
    yield from table(heads, timer_rows) if timer_rows else (translate(locale, "report.none"),)
    yield from ("", f"## {translate(locale, 'story.facts')}", "")
    yield from table((translate(locale, "story.fact"), translate(locale, "story.value")), _facts(case, staff, locale))
    yield from ("", f"## {translate(locale, 'story.moves')}", "")
    heads = [translate(locale, f"board.column.{name}") for name in ("at", "move", "state", "level", "by")]
    yield from table(heads, [_move(row, case.kind, locale) for row in tx.rows(LAST, case_id=case.id, limit=MOVES)])


def _reason(reason: Reason, kind: str, locale: str) -> tuple[str, ...]:
    at = when(reason.at, "%m-%d %H:%M")
    asks = asked_people(locale, *reason.asked)
    if reason.clause is None:
        move = label(locale, kind, "move", reason.move or "")
        return at, translate(locale, "story.raised", move=move, by=reason.by), "–", "–", asks
    promise = label(locale, kind, "clause", reason.clause)
    what = translate(locale, "story.done_since", promise=promise) if reason.done else promise
    deadline = when(reason.deadline, "%m-%d %H:%M") if reason.deadline else translate(locale, "story.resting")
    return at, what, f"{reason.percent} %", deadline, asks


def _forms(forms: Sequence[Form], locale: str) -> Iterator[str]:
    """Yield links to the forms that act on the case, filled in as far as the case says."""
    if forms:
        yield from ("", f"## {translate(locale, 'story.acts')}")
        for line in _form_lines(forms, locale):
            yield from ("", line)


def _form_lines(forms: Sequence[Form], locale: str) -> Iterator[str]:
    """Yield the links to the forms: first those of the console, whose lists hold the choices of this case alone."""
    if not forms:
        return
    here = " · ".join(f"[{form.name}]({form.address})" for form in forms)
    console = " · ".join(f"[{form.name}]({form.console})" for form in forms if form.console is not None)
    if not console:
        yield here
        return
    yield translate(locale, "story.in_console", forms=console)
    yield translate(locale, "story.in_prefect", forms=here)


def _runs(runs: Sequence[CaseRun], locale: str) -> Iterator[str]:
    """Yield links to the runs that worked on the case: the search by its number does not find those of many cases."""
    if runs:
        yield from ("", f"## {translate(locale, 'story.runs')}", "")
        yield from (f"- {when(run.at, '%m-%d %H:%M')} [{_short(run.name)}]({run.address})" for run in runs)


def _short(name: str) -> str:
    return name if len(name) <= RUN_NAME else f"{name[:RUN_NAME]} …"


def _links(case: Any, at: datetime, locale: str) -> Iterator[str]:
    runs = f"[{translate(locale, 'story.runs')}](../../runs?flow-run-search={case.number})"
    yield from (
        "",
        " · ".join([*(link(locale, key) for key in (REPORT, LEDGER, BOARD)), runs, _feed(case.number, locale)]),
    )
    yield from ("", translate(locale, "story.zone", zone=zone_name(at), at=when(at)))


def _feed(number: str, locale: str) -> str:
    """Return a link to the case's events in the event feed, relative as those of ``markdown.link``."""
    resource = quote(f'["closeloop.case.{number}"]')
    return f"[{translate(locale, 'story.feed')}](../../events?resource={resource})"


def _facts(case: Any, staff: Staff, locale: str) -> Iterator[tuple[str, str]]:
    yield translate(locale, "board.column.state"), label(locale, case.kind, "state", case.state)
    yield translate(locale, "board.column.waits_for"), asked_people(locale, *waits_for(case, staff))
    yield translate(locale, "board.column.department"), department(locale, case.department)
    yield translate(locale, "report.column.owner"), case.owner or "–"
    yield translate(locale, "board.column.level"), label(locale, "", "level", str(case.level))
    yield translate(locale, "board.column.round"), str(case.cycle)
    for sort in ("category", "severity"):
        code = getattr(case, sort)
        yield translate(locale, f"story.{sort}"), label(locale, "", sort, code) if code else "–"
    yield translate(locale, "story.opened"), when(from_micros(case.opened_at))


def _timer(row: Any, kind: str, rules: Rules, at: datetime, locale: str) -> tuple[str, ...]:
    calendar, since = rules.calendar(row.calendar), row.running_since
    used = row.consumed + (spent(row.unit, calendar, since, to_micros(at)) if since is not None else 0)
    left = row.allowance - row.consumed
    due = (
        translate(locale, "story.resting")
        if since is None
        else when(from_micros(falls_due(row.unit, calendar, since, left)))
    )
    name = label(locale, kind, "clause", row.clause)
    promise = name if row.occurrence == 1 else translate(locale, "cli.desk.turn", clause=name, turn=row.occurrence)
    return promise, share_text(used, row.allowance), label(locale, "", "level", str(row.level)), due


def _move(row: Any, kind: str, locale: str) -> tuple[str, ...]:
    by = f"{row.handle} · {label(locale, '', 'via', door_of(row.via))}"
    where = label(locale, kind, "state", row.dest) if row.dest != row.source else "–"
    level = label(locale, "", "level", str(row.level))
    return when(from_micros(row.occurred_at), "%m-%d %H:%M"), label(locale, kind, "move", row.move), where, level, by
