"""What a customer without an account sees and does of his own case, and how he opens one; the portal calls these.

He sees what was promised to him, what he was told and what he said himself; nothing that was written for colleagues.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from apps import views
from apps.case_history import ATTACHMENTS, HistoryMove, history
from apps.principal_moves import WantedMove, move_for, open_for
from engine.access.masking import PersonalData
from engine.access.moves import OfferedMove, moves_for
from engine.access.principal import Principal
from engine.access.reading_log import log_reading
from engine.access.scope import cases_in_scope
from engine.accounts.customer_keys import code_for
from engine.actors import CUSTOMER
from engine.attachments.customer_files import files_for_customer, open_own_file
from engine.attachments.reading import AttachmentView, OpenedAttachment
from engine.commands.command import Answer
from engine.commands.links import id_of
from engine.commands.open_case import OPEN, Opening
from engine.ledger.record import COLUMNS, CaseRow, current_case_of
from engine.outbox.mails import ComposedMail, queue_mails
from engine.rules.sampling import SURVEY
from engine.store import Store
from engine.transaction import Tx
from locales.translation import locales, translate
from models.contact import Contact
from models.mail_marks import OF_CASE
from reports.desk_queries import OrderStatus, track
from statemachines.customer_messages import tells_own_customer
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle
from statemachines.refused import Refused

FIND = f"SELECT {COLUMNS} FROM cases c WHERE ({{scope}})"  # noqa: S608 (our own constants only)
PACK: Final = "logistics"
"""The pack of contacts whose form names none."""
TO_REPORTER: Final = "write_to_reporter"
NO_FILE: Final = frozenset({"unknown_case", "unknown_attachment", "attachment_erased"})
OWN_WORDS: Final = ("subject", "text", "demand", "answer", "words", "consent", "reason", "note", "summary")
"""The fields in which a customer says something himself."""


@dataclass(frozen=True, slots=True)
class PromiseToCustomer:
    """A promise that runs: its clause, and until when it is to be kept; None while we wait for the customer."""

    clause: str
    occurrence: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Said:
    """Words between us and the customer: ``by_us`` or by himself, with the move that recorded them.

    ``files`` are those that he may open.
    """

    at: datetime
    move: str
    by_us: bool
    texts: tuple[str, ...]
    files: tuple[AttachmentView, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerCase:
    """A case as its customer sees it, with the moves that he may make now."""

    case: CaseRow
    criteria: tuple[str, ...]
    promises: list[PromiseToCustomer]
    said: list[Said]
    moves: list[OfferedMove]
    order: OrderStatus | None


def case_of_visit(tx: Tx, principal: Principal, at: datetime) -> CaseRow:
    """Return the only case that the principal knows of. Raises ``Refused('portal_visit_ended')``."""
    scope = cases_in_scope(principal, at)
    row = tx.row(FIND.format(scope=scope.sql), **scope.values)
    if row is None:
        raise Refused("portal_visit_ended")
    return current_case_of(row)


def own_case(store: Store, principal: Principal, at: datetime) -> CustomerCase:
    """Return the case of a customer as he sees it, and log that he was shown his words."""
    with store.looking() as tx:
        case = case_of_visit(tx, principal, at)
        moves = [each for each in moves_for(tx, principal, case, at) if each.why_not is None]
        order = _order(tx, case, at)
        files = files_for_customer(tx, case)
    table = lifecycle_of(case.kind)
    said = [each for move in history(store, case.number).moves if (each := _said(table, move, files)) is not None]
    with store.writing() as tx:
        log_reading(tx, principal, [case.id], (PersonalData.TEXTS,), at)
    criteria = str(json.loads(case.variables).get("criteria", "")).split(",")
    return CustomerCase(case, tuple(filter(None, criteria)), _promises(store, case), said, moves, order)


def _order(tx: Tx, case: CaseRow, at: datetime) -> OrderStatus | None:
    try:
        return track(tx, case.number, at)
    except Refused:  # its kind has no position
        return None


def _promises(store: Store, case: CaseRow) -> list[PromiseToCustomer]:
    """Return the promises to the customer that are open, those first that end first."""
    clauses = lifecycle_of(case.kind).clause
    found = [
        PromiseToCustomer(timer.clause, timer.occurrence, timer.due_at)
        for timer in views.timers(store, case.number).timers
        if timer.outcome is None and timer.clause in clauses and clauses[timer.clause].answers
    ]
    return sorted(found, key=lambda each: (each.due_at is None, each.due_at or case.opened_at, each.occurrence))


def _said(table: Lifecycle, move: HistoryMove, allowed: Mapping[str, AttachmentView]) -> Said | None:
    """Return what a move said to the customer, or he to us; None for what is not his to read."""
    name = table.resolver.move(move.move)
    row = next(iter(table.rows.get(name, ())), None)
    fields: Sequence[str]
    if name == OPEN or move.actor == CUSTOMER:
        fields, by_us = OWN_WORDS, name == OPEN and table.kind == SURVEY
    elif name == TO_REPORTER:
        fields, by_us = ("message",), True
    elif row is not None and row.speaks is not None and tells_own_customer(row, move.form):
        fields, by_us = row.speaks.fields, True
    else:
        return None
    texts = tuple(str(move.form[each]) for each in fields if each in move.statements and move.form[each] is not None)
    files = tuple(allowed[each["id"]] for each in move.form.get(ATTACHMENTS, ()) if each["id"] in allowed)
    if not texts and not files and by_us:
        return None
    return Said(move.occurred_at, name, by_us, texts, files)


def move_own_case(
    store: Store, principal: Principal, move: str, form: Mapping[str, Any], seq: int | None, key: str, at: datetime
) -> Answer:
    """Make a move on the case of a customer. Raises ``Refused``; then nothing was written."""
    with store.looking() as tx:
        number = case_of_visit(tx, principal, at).number
    return move_for(store, principal, WantedMove(number, move, form, seq), f"{number}:{key}", at)


def own_number(store: Store, principal: Principal, at: datetime) -> str:
    """Return the number of the only case that the principal knows of. Raises ``Refused('portal_visit_ended')``."""
    with store.looking() as tx:
        return case_of_visit(tx, principal, at).number


def own_file(
    store: Store, principal: Principal, attachment_id: str, at: datetime, *, thumbnail: bool = False
) -> OpenedAttachment:
    """Return a file of his own case that a customer may open.

    Raises ``Refused('portal_visit_ended' | 'portal_no_file')``: nothing tells a file that is not for him from one that
    is erased or never was.
    """
    number = own_number(store, principal, at)
    try:
        return open_own_file(store, principal, number, attachment_id, at, thumbnail=thumbnail)
    except Refused as refused:
        if refused.code in NO_FILE:
            raise Refused("portal_no_file") from None
        raise


def open_own_case(store: Store, principal: Principal, contact: Contact, nature: str, key: str, at: datetime) -> Answer:
    """Open a case for somebody who writes to us. A contact that was sent before opens no second case."""
    return open_for(store, principal, Opening(contact, nature, PACK, key=key), at, unless_known=False)


def visitor_of(principal: Principal, case_id: int) -> Principal:
    """Return the principal who knows of the case that he has just opened."""
    return replace(principal, case_id=case_id)


def case_id_of(store: Store, number: str) -> int:
    """Return the id of a case that the caller has just opened."""
    with store.looking() as tx:
        return id_of(tx, number)


def send_code(store: Store, ticket: str, house_locale: str, at: datetime) -> None:
    """Queue the mail with the code of a ticket; nothing where no customer can be sent one."""
    code = code_for(store, ticket, at)
    if code is None:
        return
    locale = code.locale if code.locale in locales() else house_locale
    params = {"number": code.number, "code": code.code}
    subject = translate(locale, "mail.portal_code.subject", **params)
    body = translate(locale, "mail.portal_code.body", **params)
    queue_mails(store, [ComposedMail(code.key, f"{OF_CASE}{code.number}", subject, body)], at)
