"""Check a text that is to become an edition: by itself, beside the other rules, and after the editions before it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.calendars.calendar import Calendar, calendars_in, shipped
from engine.calendars.calendar_table import written
from engine.rules.checklists import Checklist, bad_checklist, checklists, covered_twice, parsed_checklist
from engine.rules.editions import EditionRow, editions
from engine.rules.in_force import (
    Rules,
    Sort,
    calendar_of,
    checklist_of,
    indicator_of,
    pack_of,
    questionnaire_of,
    record_checklist_of,
)
from engine.rules.indicator_definition import Indicator
from engine.rules.indicator_faults import set_faults
from engine.rules.indicators import bad_indicator, indicators, parsed_indicator
from engine.rules.opening_check import opening_faults
from engine.rules.policy import Pack, checked, names, pack
from engine.rules.questionnaires import (
    Questionnaire,
    asked_twice,
    bad_questionnaire,
    parsed_questionnaire,
    questionnaires,
    weight_faults,
)
from engine.rules.record_checklists import (
    RecordChecklist,
    audited_twice,
    bad_record_checklist,
    parsed_record_checklist,
    record_checklists,
)
from engine.rules.sampling import surveyed_kinds
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.refused import Refused
from statemachines.rule_faults import Fault, rule_fault

AnyRules = Pack | Calendar | Questionnaire | Checklist | Indicator | RecordChecklist


@dataclass(frozen=True, slots=True)
class EditionText:
    """A checked text that is to be published, and the editions of its name so far."""

    sort: Sort
    rules: AnyRules
    content: str
    before: list[EditionRow]

    def earlier(self) -> Iterable[AnyRules]:
        """Yield the rules of this name so far, newest first; the shipped file was the first edition."""
        parse = {
            Sort.PACK: pack_of,
            Sort.CALENDAR: calendar_of,
            Sort.SURVEY: questionnaire_of,
            Sort.CHECKLIST: checklist_of,
            Sort.INDICATOR: indicator_of,
            Sort.RECORD: record_checklist_of,
        }[self.sort]
        for edition in reversed(self.before):
            yield parse(edition.content, f"{edition.name}@{edition.version}")
        if (file := _shipped(self.sort, self.rules.name)) is not None:
            yield file

    @property
    def newest(self) -> EditionRow | None:
        """Return the edition that takes effect last; None where only a shipped file holds, or nothing."""
        return self.before[-1] if self.before else None

    def is_known(self, effective_from: datetime) -> bool:
        """Return whether these very rules are the newest, from the same day on; a calendar has no such date.

        The day is that of the pack's zone, or for other rules of the zone in which the date is given.
        """
        if next(iter(self.earlier()), None) != self.rules:
            return False
        if self.newest is None or self.sort is Sort.CALENDAR:
            return True
        zone = ZoneInfo(self.rules.zone) if isinstance(self.rules, Pack) else effective_from.tzinfo
        return from_micros(self.newest.effective_from).astimezone(zone).date() == effective_from.astimezone(zone).date()


def _shipped(sort: Sort, name: str) -> AnyRules | None:
    if sort is Sort.PACK:
        return pack(name) if name in names() else None
    by_name = {
        Sort.CALENDAR: shipped, Sort.SURVEY: questionnaires, Sort.CHECKLIST: checklists, Sort.INDICATOR: indicators,
        Sort.RECORD: record_checklists,
    }[sort]()  # fmt: skip
    return by_name.get(name)


def checked_text(
    tx: Tx, rules: Rules, sort: Sort, text: str, file: str, at: datetime, effective_from: datetime
) -> EditionText:
    """Check a text by itself and beside the rules in force when it takes effect.

    Raises ``Refused('bad_pack' | 'bad_calendar' | 'bad_questionnaire' | 'bad_checklist' | 'bad_indicator' |
    'bad_record_checklist')`` with every fault.
    """
    if sort is Sort.CALENDAR:
        return calendar_text(tx, rules, text, file, at)
    if sort is Sort.SURVEY:
        return _survey_text(tx, rules, text, file, effective_from)
    if sort is Sort.CHECKLIST:
        return _checklist_text(tx, rules, text, file, effective_from)
    if sort is Sort.INDICATOR:
        return _indicator_text(tx, rules, text, file, effective_from)
    if sort is Sort.RECORD:
        return _record_text(tx, rules, text, file, effective_from)
    pack_ = checked(text, file, rules.calendar)
    _check_date(pack_, effective_from, file)
    _refuse("bad_pack", file, [*opening_faults(pack_, rules.calendar, effective_from), *_survey_faults(pack_)])
    return EditionText(Sort.PACK, pack_, text, editions(tx, Sort.PACK, pack_.name))


def _survey_faults(pack_: Pack) -> Iterator[Fault]:
    """Yield a fault for kinds of case whose customers are not surveyed."""
    known = surveyed_kinds() if pack_.surveys is not None else []
    if pack_.surveys is not None and (unknown := sorted(set(pack_.surveys.kinds) - set(known))):
        why = "{kinds}: customers of such cases are not surveyed; use some of: {known}"
        yield rule_fault("surveys.kinds", "pack.survey_kinds", why, kinds=unknown, known=known)


def calendar_text(tx: Tx, rules: Rules, text: str, file: str, at: datetime) -> EditionText:
    """Check the text of one calendar, and every pack in force with it. Raises ``Refused('bad_calendar')``."""
    tables = list(calendars_in(text, file).values())
    if len(tables) != 1:
        why = "holds {count} calendars; publish one at a time"
        fault = rule_fault("", "calendar.not_one", why, count=len(tables))
        raise Refused("bad_calendar", file=file, faults=[fault])
    _refuse("bad_calendar", file, _pack_faults(rules, tables[0], at))
    before = editions(tx, Sort.CALENDAR, tables[0].name)
    return EditionText(Sort.CALENDAR, tables[0], written(tables[0]), before)


def _survey_text(tx: Tx, rules: Rules, text: str, file: str, effective_from: datetime) -> EditionText:
    """Check a questionnaire beside those that are in force when it takes effect."""
    questionnaire = parsed_questionnaire(text, file)
    known = rules.questionnaires(to_micros(effective_from)).values()
    if faults := [*asked_twice(questionnaire, known), *weight_faults(questionnaire)]:
        raise bad_questionnaire(file, faults)
    return EditionText(Sort.SURVEY, questionnaire, text, editions(tx, Sort.SURVEY, questionnaire.name))


def _checklist_text(tx: Tx, rules: Rules, text: str, file: str, effective_from: datetime) -> EditionText:
    """Check a checklist beside those that are in force when it takes effect."""
    checklist = parsed_checklist(text, file)
    if faults := list(covered_twice(checklist, rules.checklists(to_micros(effective_from)).values())):
        raise bad_checklist(file, faults)
    return EditionText(Sort.CHECKLIST, checklist, text, editions(tx, Sort.CHECKLIST, checklist.name))


def _indicator_text(tx: Tx, rules: Rules, text: str, file: str, effective_from: datetime) -> EditionText:
    """Check an indicator beside those that are in force when it takes effect."""
    indicator = parsed_indicator(text, file)
    if faults := list(set_faults(indicator, rules.indicators(to_micros(effective_from)))):
        raise bad_indicator(file, faults)
    return EditionText(Sort.INDICATOR, indicator, text, editions(tx, Sort.INDICATOR, indicator.name))


def _record_text(tx: Tx, rules: Rules, text: str, file: str, effective_from: datetime) -> EditionText:
    """Check a checklist of records beside those that are in force when it takes effect."""
    checklist = parsed_record_checklist(text, file)
    if faults := list(audited_twice(checklist, rules.record_checklists(to_micros(effective_from)).values())):
        raise bad_record_checklist(file, faults)
    return EditionText(Sort.RECORD, checklist, text, editions(tx, Sort.RECORD, checklist.name))


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


def _check_date(pack_: Pack, effective_from: datetime, file: str) -> None:
    """Check that a date in the text equals the date from which it is published."""
    day = effective_from.astimezone(ZoneInfo(pack_.zone)).date()
    if pack_.effective_from not in {None, day}:
        why = "says {said}, but it is published from {day} on"
        fault = rule_fault("effective_from", "pack.other_date", why, said=pack_.effective_from, day=day)
        raise Refused("bad_pack", file=file, faults=[fault])


def check_editions(edition: EditionText, at: datetime, effective_from: datetime) -> None:
    """Check that published editions stay true: a version is one content in force from one date. Raises ``Refused``.

    The version of a calendar is computed from its content, which may return to what it was.
    """
    newest = edition.newest
    name, version = edition.rules.name, edition.rules.version
    same_content = edition.sort is Sort.CALENDAR
    if any(each.version == version and not (same_content and each == edition.rules) for each in edition.earlier()):
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
    if edition.sort is Sort.CALENDAR and effective_from > at:
        raise Refused("calendar_not_later", calendar=name)
