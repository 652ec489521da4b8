"""Cases as a principal may see them, for any door that serves principals: what he may not see is masked or left out.

Each function raises ``Refused('unknown_case')`` for a case of which he may not know, and logs the personal data that it
shows.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from apps import views
from apps.case_history import ATTACHMENTS, HistoryMove, history_in
from apps.timer_explanation import CountedDay, counted_days
from apps.timer_views import TimerView
from apps.variable_views import LinkView, links_of
from engine.access.masking import Disclosure, PersonalData, disclosure
from engine.access.moves import OfferedMove, moves_for
from engine.access.principal import Principal
from engine.access.reading_log import log_reading
from engine.access.scope import case_for, find_case, known_cases
from engine.attachments.reading import masked_name
from engine.ledger.record import CaseRow
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.transaction import Tx
from reports.case_customer import opening_codes
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
        disclosed = unmasked or disclosure(tx, principal, case.id, at)
        seen = case_in(tx, principal, case, disclosed, at)
    if unmasked is None:
        log_shown(store, principal, case, at, customer_fields(seen, disclosed))
    return seen


def case_in(tx: Tx, principal: Principal, case: CaseRow, disclosed: Disclosure, at: datetime) -> SeenCase:
    """Return a case that the principal may read; what ``disclosed`` clears, the caller logs by ``log_shown``."""
    staff = views.is_staff(tx, principal.actor.handle, at)
    customer = views.customer_in(tx, case.id) if staff else None
    return SeenCase(
        case=case,
        customer=customer and views.CustomerView(
            disclosed.name(customer.name), disclosed.phone(customer.phone), disclosed.email(customer.email)
        ),
        masked=_masks(disclosed),
        unusable=opening_codes(tx, case.id, "unusable") if staff else [],
        links=_known_links(tx, principal, case, at),
    )  # fmt: skip


def links_seen(store: Store, principal: Principal, number: str, at: datetime) -> tuple[CaseRow, list[LinkView]]:
    """Return the case, and those of its relatives of which the principal may know."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        return case, _known_links(tx, principal, case, at)


def _known_links(tx: Tx, principal: Principal, case: CaseRow, at: datetime) -> list[LinkView]:
    return [link for link in links_of(tx, case.id) if _knows(tx, principal, link.case, at)]


def history_seen(
    store: Store, principal: Principal, number: str, at: datetime, unmasked: Disclosure | None = None
) -> SeenHistory:
    """Return every move of a case in order; ``unmasked`` is what he has just unmasked, and logged."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
        disclosed = unmasked or disclosure(tx, principal, case.id, at)
        moves = moves_in(tx, case, disclosed)
    if unmasked is None:
        log_shown(store, principal, case, at, text_fields(disclosed))
    return SeenHistory(case.kind, _masks(disclosed), moves)


def moves_in(tx: Tx, case: CaseRow, disclosed: Disclosure, after: int = 0) -> list[HistoryMove]:
    """Return the moves of a case that the principal may read, in order: the first, and all later than step ``after``.

    The caller logs the texts by ``log_shown``.
    """
    return [_seen_move(move, disclosed) for move in history_in(tx, case.id, after)]


def _seen_move(move: HistoryMove, seen: Disclosure) -> HistoryMove:
    form = {name: seen.text(name, value) if name in move.statements else value for name, value in move.form.items()}
    if ATTACHMENTS in move.form and PersonalData.TEXTS not in seen.clear:
        files = [{"id": file["id"], "name": masked_name(file["name"])} for file in move.form[ATTACHMENTS]]
        return replace(move, form={**form, ATTACHMENTS: files})
    return replace(move, form=form)


def timers_seen(store: Store, principal: Principal, number: str, at: datetime, locale: str) -> SeenTimers:
    """Return the timers of a case, oldest first, each explained day by day."""
    with store.looking() as tx:
        return explained_timers(tx, case_for(tx, principal, number, at), at, locale)


def explained_timers(tx: Tx, case: CaseRow, at: datetime, locale: str) -> SeenTimers:
    """Return the timers of a case that the principal may read, oldest first, each explained day by day."""
    rules = rules_in(tx)
    found = views.timers_in(tx, rules, case, at)
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


def customer_fields(seen: SeenCase, disclosed: Disclosure) -> list[PersonalData]:
    """Return the fields of the customer that are shown unmasked."""
    fields = (PersonalData.NAME, PersonalData.PHONE, PersonalData.EMAIL)
    customer = seen.customer
    return [field for field in fields if customer and getattr(customer, field) is not None and field in disclosed.clear]


def text_fields(disclosed: Disclosure) -> list[PersonalData]:
    """Return the texts, if they can be read."""
    return [PersonalData.TEXTS] if PersonalData.TEXTS in disclosed.clear or disclosed.redacted else []


def log_shown(store: Store, principal: Principal, case: CaseRow, at: datetime, *shown: list[PersonalData]) -> None:
    """Log the personal data that a principal was shown, each list as a reading of its own."""
    if any(shown):
        with store.writing() as tx:
            for fields in shown:
                log_reading(tx, principal, [case.id], fields, at)
