"""Publish editions of packs, calendars and questionnaires: by the evaluation group, checked as files are (F4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.actors import Acting, acting
from engine.calendars.calendar import Calendar, calendars_in, shipped
from engine.calendars.calendar_changes import imported, overridden, with_hours
from engine.calendars.calendar_reading import years_in
from engine.calendars.calendar_table import Table, written
from engine.entry_checks import check_instant, check_text
from engine.ledger.journal import journal_row
from engine.rules.editions import EditionRow, editions
from engine.rules.in_force import Rules, Sort, calendar_of, pack_of, questionnaire_of, rules_in
from engine.rules.opening_check import opening_faults
from engine.rules.policy import Pack, checked, names, pack
from engine.rules.questionnaires import (
    Questionnaire,
    asked_twice,
    bad_questionnaire,
    parsed_questionnaire,
    questionnaires,
)
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused
from statemachines.roles import Role
from statemachines.rule_faults import Fault, rule_fault

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


@dataclass(frozen=True, slots=True)
class _Draft:
    """A checked text that is to be published, and the editions of its name so far."""

    sort: Sort
    rules: Pack | Calendar | Questionnaire
    content: str
    before: list[EditionRow]

    def earlier(self) -> Iterable[Pack | Calendar | Questionnaire]:
        """Yield the rules of this name so far, newest first; the shipped file was the first edition."""
        parse = {Sort.PACK: pack_of, Sort.CALENDAR: calendar_of, Sort.SURVEY: questionnaire_of}[self.sort]
        for edition in reversed(self.before):
            yield parse(edition.content, f"{edition.name}@{edition.version}")
        if (file := _shipped(self.sort, self.rules.name)) is not None:
            yield file


def _shipped(sort: Sort, name: str) -> Pack | Calendar | Questionnaire | None:
    if sort is Sort.PACK:
        return pack(name) if name in names() else None
    return (shipped() if sort is Sort.CALENDAR else questionnaires()).get(name)


def publish(
    store: Store, sort: str, text: str, by: str, at: datetime, effective_from: datetime, reason: str, file: str = ""
) -> Published:
    """Publish the text of a pack, of one calendar, or of a questionnaire, with effect from an instant, for a reason.

    Publishing the same text again for the same day changes nothing. Raises ``Refused('unknown_actor' |
    'not_evaluation_group' | 'no_reason' | 'bad_pack' | 'bad_calendar' | 'bad_questionnaire' | 'edition_exists' |
    'effective_in_the_past' | 'effective_too_early' | 'calendar_not_later')``; then nothing was written.
    """

    def drafted(tx: Tx, rules: Rules) -> _Draft:
        if Sort(sort) is Sort.CALENDAR:
            return _calendar_draft(tx, rules, text, file, at)
        if Sort(sort) is Sort.SURVEY:
            return _survey_draft(tx, rules, text, file, effective_from)
        pack_ = checked(text, file, rules.calendar)
        _dated(pack_, effective_from, file)
        _refuse("bad_pack", file, opening_faults(pack_, rules.calendar, effective_from))
        return _Draft(Sort.PACK, pack_, text, editions(tx, Sort.PACK, pack_.name))

    return _published(store, drafted, by, at, effective_from, reason)


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
    def drafted(tx: Tx, rules: Rules) -> _Draft:
        return _calendar_draft(tx, rules, written(change(rules.calendar(name))), name, at)

    return _published(store, drafted, by, at, at, reason)


def _calendar_draft(tx: Tx, rules: Rules, text: str, file: str, at: datetime) -> _Draft:
    tables = list(calendars_in(text, file).values())
    if len(tables) != 1:
        why = "holds {count} calendars; publish one at a time"
        fault = rule_fault("", "calendar.not_one", why, count=len(tables))
        raise Refused("bad_calendar", file=file, faults=[fault])
    _refuse("bad_calendar", file, _pack_faults(rules, tables[0], at))
    before = editions(tx, Sort.CALENDAR, tables[0].name)
    return _Draft(Sort.CALENDAR, tables[0], written(tables[0]), before)


def _survey_draft(tx: Tx, rules: Rules, text: str, file: str, effective_from: datetime) -> _Draft:
    """Check a questionnaire beside those that are in force when it takes effect."""
    questionnaire = parsed_questionnaire(text, file)
    if faults := list(asked_twice(questionnaire, rules.questionnaires(to_micros(effective_from)).values())):
        raise bad_questionnaire(file, faults)
    return _Draft(Sort.SURVEY, questionnaire, text, editions(tx, Sort.SURVEY, questionnaire.name))


def _pack_faults(rules: Rules, changed: Calendar, at: datetime) -> Iterator[Fault]:
    """Yield the places of the packs in force at which a case would be refused with the changed calendar."""

    def calendars(name: str) -> Calendar:
        return changed if name == changed.name else rules.calendar(name)

    for name in rules.names(Sort.PACK):
        if name in names() or rules.in_force(Sort.PACK, name, to_micros(at)) is not None:
            faults = opening_faults(rules.pack(name, to_micros(at)), calendars, at)
            yield from ({**fault, "field": f"{name}: {fault['field']}"} for fault in faults)


def _refuse(code: str, file: str, faults: Iterable[Fault]) -> None:
    if found := list(faults):
        raise Refused(code, file=file, faults=found)


def _dated(pack_: Pack, effective_from: datetime, file: str) -> None:
    """Check that a date in the text equals the date from which it is published."""
    day = effective_from.astimezone(ZoneInfo(pack_.zone)).date()
    if pack_.effective_from not in {None, day}:
        why = "says {said}, but it is published from {day} on"
        fault = rule_fault("effective_from", "pack.other_date", why, said=pack_.effective_from, day=day)
        raise Refused("bad_pack", file=file, faults=[fault])


def _published(
    store: Store,
    drafted: Callable[[Tx, Rules], _Draft],
    by: str,
    at: datetime,
    effective_from: datetime,
    reason: str,
) -> Published:
    check_instant(effective_from)
    check_text("reason", reason)
    with store.writing() as tx:
        actor = entitled(tx, by, at)
        if not reason.strip():
            raise Refused("no_reason")
        if tx.postgres:
            tx.run(ONE_BY_ONE)
        draft = drafted(tx, rules_in(tx))
        newest = draft.before[-1] if draft.before else None
        if next(iter(draft.earlier()), None) == draft.rules and _for_same_day(draft, newest, effective_from):
            since = from_micros(newest.effective_from) if newest else None
            return Published(draft.sort, draft.rules.name, draft.rules.version, since, new=False)
        _check_editions(draft, newest, at, effective_from)
        _add(tx, draft, actor, at, effective_from, reason.strip())
    return Published(draft.sort, draft.rules.name, draft.rules.version, effective_from, new=True)


def _for_same_day(draft: _Draft, newest: EditionRow | None, effective_from: datetime) -> bool:
    """Return whether the newest edition took effect on that day; a calendar has no such date.

    The day is that of the pack's zone, or for a questionnaire of the zone in which the date is given.
    """
    if newest is None or draft.sort is Sort.CALENDAR:
        return True
    zone = ZoneInfo(draft.rules.zone) if isinstance(draft.rules, Pack) else effective_from.tzinfo
    return from_micros(newest.effective_from).astimezone(zone).date() == effective_from.astimezone(zone).date()


def _check_editions(draft: _Draft, newest: EditionRow | None, at: datetime, effective_from: datetime) -> None:
    """Check that published editions stay true: a version is one content in force from one date. Raises ``Refused``.

    The version of a calendar is computed from its content, which may return to what it was.
    """
    name, version = draft.rules.name, draft.rules.version
    same_content = draft.sort is Sort.CALENDAR
    if any(each.version == version and not (same_content and each == draft.rules) for each in draft.earlier()):
        raise Refused("edition_exists", name=name, version=version)
    if effective_from < at:
        now, begins = at.isoformat(), effective_from.isoformat()
        raise Refused("effective_in_the_past", name=name, effective_from=begins, now=now)
    if newest is not None and to_micros(effective_from) < newest.effective_from:
        raise Refused(
            "effective_too_early",
            name=name,
            effective_from=effective_from.isoformat(),
            newest=from_micros(newest.effective_from).isoformat(),
        )
    if draft.sort is Sort.CALENDAR and effective_from > at:
        raise Refused("calendar_not_later", calendar=name)


def _add(tx: Tx, draft: _Draft, actor: Acting, at: datetime, effective_from: datetime, reason: str) -> None:
    row = tx.row(
        ADD,
        sort=draft.sort.value,
        name=draft.rules.name,
        version=draft.rules.version,
        content=draft.content,
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
