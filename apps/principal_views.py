"""Cases as a principal may see them, for any door that serves principals: what he may not see is masked or left out.

Each function raises ``Refused('unknown_case')`` for a case of which he may not know, and logs the personal data that it
shows.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from apps import views
from apps.case_history import ATTACHMENTS, HistoryMove, history
from apps.timer_explanation import CountedDay, counted_days
from apps.timer_views import TimerView
from apps.variable_views import LinkView
from engine.access.masking import Disclosure, PersonalData, disclosure
from engine.access.moves import OfferedMove, moves_for
from engine.access.principal import Principal
from engine.access.reading_log import log_reading
from engine.access.scope import case_for, find_case, known_cases
from engine.attachments.reading import masked_name
from engine.ledger.record import CaseRow
from engine.rules.in_force import rules_of
from engine.store import Store
from engine.transaction import Tx
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class SeenCase:
    """A case, its customer as the principal sees him, and the relatives of which he may know."""

    case: CaseRow
    customer: views.CustomerView | None
    masked: bool
    unusable: list[str]
    links: list[LinkView]


@dataclass(frozen=True, slots=True)
class SeenHistory:
    """The kind of a case and its moves; the statements in them as the principal sees them."""

    kind: str
    masked: bool
    moves: list[HistoryMove]


@dataclass(frozen=True, slots=True)
class SeenTimers:
    """The kind of a case, each timer with the days by which it was counted, and the clauses without a limit."""

    kind: str
    timers: list[tuple[TimerView, list[CountedDay]]]
    unset: list[str]


def case_seen(
    store: Store, principal: Principal, number: str, at: datetime, unmasked: Disclosure | None = None
) -> SeenCase:
    """Return one case with its customer and its relatives; ``unmasked`` is what he has just unmasked, and logged."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        seen = unmasked or disclosure(tx, principal, case.id, at)
    view = views.case(store, case.number, principal.actor.handle)
    links = _known_links(store, principal, view.links, at)
    customer = view.customer
    if customer is not None:
        shown = views.CustomerView(seen.name(customer.name), seen.phone(customer.phone), seen.email(customer.email))
        fields = [
            field
            for field in (PersonalData.NAME, PersonalData.PHONE, PersonalData.EMAIL)
            if getattr(customer, field) is not None and field in seen.clear
        ]
        if unmasked is None:
            _log(store, principal, case, fields, at)
        customer = shown
    return SeenCase(case, customer, _masks(seen), view.unusable, links)


def links_seen(store: Store, principal: Principal, number: str, at: datetime) -> tuple[CaseRow, list[LinkView]]:
    """Return the case, and those of its relatives of which the principal may know."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
    view = views.case(store, case.number, principal.actor.handle)
    return case, _known_links(store, principal, view.links, at)


def _known_links(store: Store, principal: Principal, links: list[LinkView], at: datetime) -> list[LinkView]:
    with store.looking() as tx:
        return [link for link in links if _knows(tx, principal, link.case, at)]


def history_seen(
    store: Store, principal: Principal, number: str, at: datetime, unmasked: Disclosure | None = None
) -> SeenHistory:
    """Return every move of a case in order; ``unmasked`` is what he has just unmasked, and logged."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        seen = unmasked or disclosure(tx, principal, case.id, at)
    found = history(store, case.number)
    if unmasked is None and (PersonalData.TEXTS in seen.clear or seen.redacted):
        _log(store, principal, case, [PersonalData.TEXTS], at)
    return SeenHistory(found.kind, _masks(seen), [_seen_move(move, seen) for move in found.moves])


def _seen_move(move: HistoryMove, seen: Disclosure) -> HistoryMove:
    form = {name: seen.text(name, value) if name in move.statements else value for name, value in move.form.items()}
    if ATTACHMENTS in move.form and PersonalData.TEXTS not in seen.clear:
        files = [{"id": file["id"], "name": masked_name(file["name"])} for file in move.form[ATTACHMENTS]]
        return replace(move, form={**form, ATTACHMENTS: files})
    return replace(move, form=form)


def timers_seen(store: Store, principal: Principal, number: str, at: datetime, locale: str) -> SeenTimers:
    """Return the timers of a case, oldest first, each explained day by day."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
    found = views.timers(store, case.number)
    rules = rules_of(store)
    explained = [(timer, list(counted_days(timer, rules.calendar(timer.calendar), locale))) for timer in found.timers]
    return SeenTimers(found.kind, explained, found.unset)


def moves_seen(store: Store, principal: Principal, number: str, at: datetime) -> tuple[CaseRow, list[OfferedMove]]:
    """Return the case, and the moves that its table offers to the principal now."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        return case, moves_for(tx, principal, case, at)


def _knows(tx: Tx, principal: Principal, number: str, at: datetime) -> bool:
    try:
        find_case(tx, number, known_cases(principal, at))
    except Refused:
        return False
    return True


def _masks(seen: Disclosure) -> bool:
    return not seen.clear.issuperset(PersonalData)


def _log(store: Store, principal: Principal, case: CaseRow, fields: list[PersonalData], at: datetime) -> None:
    if fields:
        with store.writing() as tx:
            log_reading(tx, principal, [case.id], fields, at)
