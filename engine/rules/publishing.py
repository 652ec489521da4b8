"""Publish packs, calendars, questionnaires and checklists: by the evaluation group, checked as files (F4)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engine.actors import Acting, acting
from engine.calendars.calendar import Calendar
from engine.calendars.calendar_changes import imported, overridden, with_hours
from engine.calendars.calendar_reading import years_in
from engine.calendars.calendar_table import Table, written
from engine.entry_checks import check_instant, check_text
from engine.ledger.journal import journal_row
from engine.rules.edition_checks import EditionText, calendar_text, check_editions, checked_text
from engine.rules.in_force import Sort, rules_in
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused
from statemachines.roles import Role

ADD = """
INSERT INTO edition (sort, name, version, content, effective_from, published_at, published_by, reason)
VALUES (:sort, :name, :version, :content, :effective_from, :at, :by, :reason)
RETURNING id
"""
# Publishers take turns, and readers do not wait. SQLite has one writer anyway.
ONE_BY_ONE = "LOCK TABLE edition IN SHARE ROW EXCLUSIVE MODE"


@dataclass(frozen=True, slots=True)
class Published:
    """The result of publishing. ``new`` is False if the same text was published or shipped before."""

    sort: Sort
    name: str
    version: str
    effective_from: datetime | None
    new: bool


def publish(
    store: Store, sort: str, text: str, by: str, at: datetime, effective_from: datetime, reason: str, file: str = ""
) -> Published:
    """Publish the text of a rule of some sort, with effect from an instant, for a reason.

    Publishing the same text again for the same day changes nothing. Raises ``Refused('unknown_actor' |
    'not_evaluation_group' | 'no_reason' | 'bad_pack' | 'bad_calendar' | 'bad_questionnaire' | 'bad_checklist' |
    'bad_indicator' | 'bad_record_checklist' | 'edition_exists' | 'effective_in_the_past' | 'effective_too_early' |
    'calendar_not_later')``; then nothing was written.
    """

    def checked(tx: Tx) -> EditionText:
        return checked_text(tx, rules_in(tx), Sort(sort), text, file, at, effective_from)

    return _published(store, checked, by, at, effective_from, reason)


def import_years(store: Store, name: str, text: str, by: str, at: datetime, reason: str, file: str = "") -> Published:
    """Import published years, written as in `policies/holidays/`, into a calendar; each replaces that year.

    Raises as ``publish`` does, and ``Refused('unknown_calendar')``.
    """
    return _changed(store, name, lambda known: imported(known, years_in(text, file), file), by, at, reason)


def override(
    store: Store,
    name: str,
    off: Iterable[date],
    worked: Iterable[date],
    by: str,
    at: datetime,
    reason: str,
    hours: Mapping[str, Any] | None = None,
) -> Published:
    """Override single days of a calendar: off or worked in its known years, or with ``hours`` of their own.

    ``hours`` are written as under ``exceptions`` in a file. Raises as ``import_years``.
    """
    return _changed(store, name, lambda known: with_hours(overridden(known, off, worked), hours or {}), by, at, reason)


def _changed(
    store: Store, name: str, change: Callable[[Calendar], Table], by: str, at: datetime, reason: str
) -> Published:
    def checked(tx: Tx) -> EditionText:
        rules = rules_in(tx)
        return calendar_text(tx, rules, written(change(rules.calendar(name))), name, at)

    return _published(store, checked, by, at, at, reason)


def _published(
    store: Store, checked: Callable[[Tx], EditionText], by: str, at: datetime, effective_from: datetime, reason: str
) -> Published:
    with store.writing() as tx:
        return publish_in(tx, checked, entitled(tx, by, at), at, effective_from, reason)


def publish_in(
    tx: Tx, checked: Callable[[Tx], EditionText], by: Acting, at: datetime, effective_from: datetime, reason: str
) -> Published:
    """Publish within a transaction of the caller's, for an actor of whom it knows that he may. Raises ``Refused``.

    ``checked`` returns the checked text, and is called when nobody else can publish.
    """
    check_instant(effective_from)
    check_text("reason", reason)
    if not reason.strip():
        raise Refused("no_reason")
    if tx.postgres:
        tx.run(ONE_BY_ONE)
    edition = checked(tx)
    name, version = edition.rules.name, edition.rules.version
    if edition.is_known(effective_from):
        since = from_micros(edition.newest.effective_from) if edition.newest else None
        return Published(edition.sort, name, version, since, new=False)
    check_editions(edition, at, effective_from)
    _add(tx, edition, by, at, effective_from, reason.strip())
    return Published(edition.sort, name, version, effective_from, new=True)


def _add(tx: Tx, edition: EditionText, actor: Acting, at: datetime, effective_from: datetime, reason: str) -> None:
    row = tx.row(
        ADD,
        sort=edition.sort.value,
        name=edition.rules.name,
        version=edition.rules.version,
        content=edition.content,
        effective_from=to_micros(effective_from),
        at=to_micros(at),
        by=actor.id,
        reason=reason,
    )
    journal_row(tx, "edition", (row.id,), actor.handle, to_micros(at))


def entitled(tx: Tx, by: str, at: datetime) -> Acting:
    """Return the actor if he may publish rules (F4).

    Raises ``Refused('not_evaluation_group')`` and what ``acting`` raises.
    """
    actor = acting(tx, by, to_micros(at))
    if Role.EVALUATION_GROUP not in actor.roles:
        raise Refused("not_evaluation_group", handle=by)
    return actor
