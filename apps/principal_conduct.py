"""Samples of contacts and their sheets as a principal may see, score and answer them, for any door (F5).

The quality team draws and scores; the evaluation group, auditors and the general manager read; everybody reads the
sheets about his own contacts.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from apps.case_history import HistoryMove
from apps.principal_reports import refuse_others
from apps.principal_views import log_shown, moves_in, text_fields
from engine.access.masking import CONTACT_FIELDS, disclosure
from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.access.scope import UNLIMITED, case_for, cases_in_scope
from engine.conduct.draws import REVIEWERS, DrawnAgain, WantedSample, draw, draw_again, draw_row
from engine.conduct.objections import answer_objection, object_to_sheet
from engine.conduct.sheet_rows import (
    DrawnContact,
    DrawRow,
    SheetRow,
    drawn_contacts,
    newest_draws,
    one_draw,
    sheets_of_contact,
    sheets_of_person,
)
from engine.conduct.sheets import GivenSheet, contact_to_score, score_contact
from engine.rules.checklists import Checklist, ChecklistItem
from engine.rules.in_force import Rules, rules_in
from engine.store import Store
from locales.zone import reader_zone
from models.columns import from_micros, to_micros
from reports.conduct_figures import GroupedBy, GroupFigures, conduct_figures
from statemachines.refused import Refused
from statemachines.roles import Role

SCORES_CONDUCT: Final = frozenset(REVIEWERS)
READS_CONDUCT: Final = frozenset({Role.QUALITY_TEAM, Role.EVALUATION_GROUP, Role.AUDITOR, Role.GENERAL_MANAGER})
SHOWN = 200
"""The most draws, and the most sheets of one person, of a list."""


@dataclass(frozen=True, slots=True)
class SeenDraw:
    """A draw, what it drew, and whether it gives the same when it is made again now."""

    draw: DrawRow
    contacts: list[DrawnContact]
    again: DrawnAgain


@dataclass(frozen=True, slots=True)
class SeenContact:
    """A drawn contact with its text as the principal may see it, its checklist, and its sheets, the newest first.

    ``own`` says that the principal made the contact himself, so that he does not score it.
    """

    draw_id: int
    position: int
    drawn: int
    number: str
    kind: str
    channel: str
    staff: str
    occurred_at: datetime
    move: HistoryMove
    checklist: Checklist
    sheets: list[SheetRow]
    own: bool

    @property
    def revision(self) -> int:
        """Return the revision of the newest sheet, 0 where there is none."""
        return self.sheets[0].revision if self.sheets else 0


@dataclass(frozen=True, slots=True)
class SeenSheet:
    """A sheet about a contact of one's own, and what was looked at where its version of the checklist is known."""

    sheet: SheetRow
    items: tuple[ChecklistItem, ...]
    newest: bool


def period_of(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the instants between which two days lie, both included, in the reader's zone."""
    zone = reader_zone()
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def draws_seen(store: Store, principal: Principal) -> list[DrawRow]:
    """Return the draws, the newest first. Raises ``Refused('not_in_charge')``."""
    _refuse_others(principal)
    with store.looking() as tx:
        return newest_draws(tx, SHOWN)


def draw_seen(store: Store, principal: Principal, draw_id: int, at: datetime) -> SeenDraw:
    """Return a draw with its contacts. Raises ``Refused('not_in_charge' | 'unknown_draw')``."""
    _refuse_others(principal)
    with store.looking() as tx:
        draw_row(tx, draw_id)
        contacts = drawn_contacts(tx, draw_id, cases_in_scope(principal, at))
        return SeenDraw(one_draw(tx, draw_id), contacts, draw_again(tx, draw_id))


def draw_for(store: Store, principal: Principal, wanted: WantedSample, at: datetime, key: str | None = None) -> int:
    """Draw a sample; return the number of the draw. Raises as ``engine.conduct.draws.draw`` does."""
    refuse_without(principal, Scope.WRITE_CASES)
    return draw(store, principal, wanted, at, key)


def contact_seen(store: Store, principal: Principal, draw_id: int, position: int, at: datetime) -> SeenContact:
    """Return a drawn contact with its text, and log that it was shown.

    Raises ``Refused('not_in_charge' | 'unknown_draw' | 'unknown_contact' | 'unknown_case' | 'no_checklist')``.
    """
    _refuse_others(principal)
    with store.looking() as tx:
        contact, checklist = contact_to_score(tx, principal, draw_id, position, at)
        case = case_for(tx, principal, contact.number, at)
        disclosed = disclosure(tx, principal, case.id, at)
        [move] = [_without_recipient(each) for each in moves_in(tx, case, disclosed) if each.seq == contact.seq]
        drawn = one_draw(tx, draw_id)
        sheets = sheets_of_contact(tx, draw_id, position)
    log_shown(store, principal, case, at, text_fields(disclosed))
    return SeenContact(
        draw_id, position, drawn.drawn, contact.number, case.kind, drawn.channel, contact.staff,
        from_micros(contact.occurred_at), move, checklist, sheets, contact.staff_id == principal.actor.id,
    )  # fmt: skip


def _without_recipient(move: HistoryMove) -> HistoryMove:
    """Return a move without whom it reached and at which address: nobody needs it to score how it was said."""
    return replace(move, form={name: value for name, value in move.form.items() if name not in CONTACT_FIELDS})


def score_for(store: Store, principal: Principal, given: GivenSheet, at: datetime, key: str | None = None) -> SheetRow:
    """Score a drawn contact and return the new sheet. Raises as ``engine.conduct.sheets.score_contact``."""
    refuse_without(principal, Scope.WRITE_CASES)
    revision = score_contact(store, principal, given, at, key)
    with store.looking() as tx:
        sheets = sheets_of_contact(tx, given.draw_id, given.position)
    return next(sheet for sheet in sheets if sheet.revision == revision)


def conduct_figures_seen(
    store: Store, principal: Principal, since: datetime, until: datetime, by: GroupedBy
) -> list[GroupFigures]:
    """Return the figures of the contacts made in [since, until).

    Raises ``Refused('not_in_charge' | 'period_reversed')``.
    """
    _refuse_others(principal)
    if since >= until:
        raise Refused("period_reversed")
    with store.looking() as tx:
        return conduct_figures(tx, since, until, by)


def own_sheets_seen(store: Store, principal: Principal) -> list[SeenSheet]:
    """Return the sheets about the principal's own contacts, the newest contact first, corrected ones included."""
    with store.looking() as tx:
        rules, sheets = rules_in(tx), sheets_of_person(tx, principal.actor.id, SHOWN)
    newest = {(each.draw_id, each.position): each.id for each in sorted(sheets, key=lambda each: each.revision)}
    return [SeenSheet(each, _items(rules, each), newest[each.draw_id, each.position] == each.id) for each in sheets]


def _items(rules: Rules, sheet: SheetRow) -> tuple[ChecklistItem, ...]:
    """Return what a sheet looked at; nothing where its version of the checklist is not known any more."""
    try:
        checklist = rules.checklist(sheet.checklist, to_micros(sheet.occurred_at))
    except Refused:
        return ()
    return checklist.items if checklist.version == sheet.version else ()


def object_for(store: Store, principal: Principal, sheet_id: int, text: str, at: datetime) -> None:
    """Object to a sheet about one's own contact. Raises as ``engine.conduct.objections.object_to_sheet``."""
    refuse_without(principal, Scope.WRITE_CASES)
    object_to_sheet(store, principal, sheet_id, text, at)


def answer_for(store: Store, principal: Principal, sheet_id: int, text: str, at: datetime) -> None:
    """Answer an objection. Raises as ``engine.conduct.objections.answer_objection``."""
    refuse_without(principal, Scope.WRITE_CASES)
    answer_objection(store, principal, sheet_id, text, at)


def _refuse_others(principal: Principal) -> None:
    """Raise ``Refused('not_in_charge')`` for whoever may not read samples; the owner of the store may."""
    if principal.kind not in UNLIMITED:
        refuse_others(principal, READS_CONDUCT)
