"""Find the rules in force, of each sort: the published edition of a name, else the shipped file."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from engine.caches import PublishedEdition
from engine.calendars.calendar import Calendar, calendar, calendars_in, shipped
from engine.rules.checklists import Checklist, checklists, parsed_checklist
from engine.rules.indicator_definition import Indicator
from engine.rules.indicators import indicators, parsed_indicator
from engine.rules.policy import Pack, names, pack, parsed
from engine.rules.questionnaires import Questionnaire, asked_of, parsed_questionnaire, questionnaires
from engine.rules.record_checklists import RecordChecklist, parsed_record_checklist, record_checklists
from engine.store import Store
from engine.transaction import Tx
from statemachines.refused import Refused

T = TypeVar("T")

ANY = "SELECT max(id) AS id FROM edition"
ALL = "SELECT id, sort, name, version, content, effective_from FROM edition ORDER BY effective_from, id"


LONG_AGO = -(2**62)
"""Before every edition."""


class Sort(StrEnum):
    """The kinds of rules that can be published."""

    PACK = "pack"
    CALENDAR = "calendar"
    SURVEY = "survey"
    CHECKLIST = "checklist"
    INDICATOR = "indicator"
    RECORD = "record"


WITHOUT_TIMERS = frozenset({Sort.SURVEY, Sort.CHECKLIST, Sort.INDICATOR, Sort.RECORD})
"""The sorts that no timer of a case follows."""


@dataclass(frozen=True, slots=True)
class Rules:
    """All published rules up to some edition; ``editions`` in the order in which they take effect."""

    editions: tuple[PublishedEdition, ...] = ()

    def pack(self, name: str, at: int) -> Pack:
        """Return the pack in force at an instant: its newest edition in effect, else the shipped file.

        Raises ``Refused('unknown_pack')``.
        """
        edition = self.in_force(Sort.PACK, name, at)
        if edition is not None:
            return pack_of(edition.content, edition.edition)
        try:
            return pack(name)
        except Refused as refused:
            if refused.code != "unknown_pack":
                raise
            raise Refused("unknown_pack", pack=name, known=self.names(Sort.PACK)) from None

    def calendar(self, name: str) -> Calendar:
        """Return the calendar: its newest edition, else the shipped one.

        Its days carry their own dates, so an edition of a calendar holds as soon as it is published.
        Raises ``Refused('unknown_calendar')``.
        """
        edition = self.in_force(Sort.CALENDAR, name)
        if edition is not None:
            return calendar_of(edition.content, edition.edition)
        if name not in shipped():
            raise Refused("unknown_calendar", calendar=name, known=self.names(Sort.CALENDAR))
        return calendar(name)

    def questionnaires(self, at: int) -> Mapping[str, Questionnaire]:
        """Return the questionnaires in force at an instant, by name."""
        return self._named(Sort.SURVEY, questionnaires(), questionnaire_of, at)

    def questionnaire(self, name: str, at: int) -> Questionnaire:
        """Return a questionnaire in force at an instant. Raises ``Refused('unknown_questionnaire')``."""
        known = self.questionnaires(at)
        if name not in known:
            raise Refused("unknown_questionnaire", name=name, known=list(known))
        return known[name]

    def asked_after(self, kind: str, customer_type: str | None, at: int) -> Questionnaire | None:
        """Return the questionnaire for a kind of case and a type of customer; None if he is asked nothing."""
        return asked_of(self.questionnaires(at).values(), kind, customer_type)

    def checklists(self, at: int) -> Mapping[str, Checklist]:
        """Return the checklists in force at an instant, by name."""
        return self._named(Sort.CHECKLIST, checklists(), checklist_of, at)

    def checklist(self, name: str, at: int) -> Checklist:
        """Return a checklist in force at an instant. Raises ``Refused('unknown_checklist')``."""
        known = self.checklists(at)
        if name not in known:
            raise Refused("unknown_checklist", name=name, known=list(known))
        return known[name]

    def checklist_for(self, channel: str, at: int) -> Checklist:
        """Return the checklist for the contacts of a channel. Raises ``Refused('no_checklist')``."""
        found = next((each for each in self.checklists(at).values() if channel in each.channels), None)
        if found is None:
            raise Refused("no_checklist", channel=channel)
        return found

    def indicators(self, at: int) -> Mapping[str, Indicator]:
        """Return the indicators in force at an instant, by name."""
        return self._named(Sort.INDICATOR, indicators(), indicator_of, at)

    def indicator(self, name: str, at: int) -> Indicator:
        """Return an indicator in force at an instant. Raises ``Refused('unknown_indicator')``."""
        known = self.indicators(at)
        if name not in known:
            raise Refused("unknown_indicator", name=name[:40], known=list(known))
        return known[name]

    def record_checklists(self, at: int) -> Mapping[str, RecordChecklist]:
        """Return the checklists of records in force at an instant, by name."""
        return self._named(Sort.RECORD, record_checklists(), record_checklist_of, at)

    def _named(
        self, sort: Sort, shipped_rules: Mapping[str, T], parse: Callable[[str, str], T], at: int
    ) -> Mapping[str, T]:
        """Return the rules of a sort in force at an instant, by name: published ones before shipped ones."""
        published = {name: self.in_force(sort, name, at) for name in self.names(sort)}
        editions = {name: parse(each.content, each.edition) for name, each in published.items() if each}
        return dict(sorted({**shipped_rules, **editions}.items()))

    def in_force(self, sort: Sort, name: str, at: int | None = None) -> PublishedEdition | None:
        """Return the newest edition in effect at an instant; None if there is none."""
        if not self.editions:
            return None
        effective = (edition for edition in reversed(self.editions) if at is None or edition.effective_from <= at)
        return next((edition for edition in effective if (edition.sort, edition.name) == (sort, name)), None)

    def unchanged_since(self, at: int) -> int:
        """Return the instant since which the rules in force at this one are in force; long ago for shipped ones.

        Calendars aside, which hold as soon as they are published.
        """
        begins = (edition.effective_from for edition in self.editions if edition.effective_from <= at)
        return max(begins, default=LONG_AGO)

    def names(self, sort: Sort) -> list[str]:
        """Return every name that is shipped or published."""
        files: Iterable[str] = _FILES[sort]()
        return sorted({*files, *(edition.name for edition in self.editions if edition.sort == sort)})


_FILES: Mapping[Sort, Callable[[], Iterable[str]]] = {
    Sort.PACK: names,
    Sort.CALENDAR: shipped,
    Sort.SURVEY: questionnaires,
    Sort.CHECKLIST: checklists,
    Sort.INDICATOR: indicators,
    Sort.RECORD: record_checklists,
}
"""What returns the names of the shipped files of each sort."""

SHIPPED = Rules()
"""The rules of the shipped files alone."""


def rules_in(tx: Tx) -> Rules:
    """Return the rules as this transaction sees them; editions are read only where one was published since."""
    editions = tx.cache.editions
    return rules_up_to(tx, tx.row(ANY).id) if editions is None else Rules(editions)


def rules_up_to(tx: Tx, newest: int | None) -> Rules:
    """Return the rules up to the newest edition that the transaction sees; an edition never changes."""
    known, editions = tx.kept.published
    if known != newest:
        editions = tuple(PublishedEdition(**row._asdict()) for row in tx.rows(ALL))
        if not tx.wrote:  # what this transaction wrote may still be undone
            tx.kept.published = newest, editions
    tx.cache.editions = editions
    return Rules(editions)


def rules_of(store: Store) -> Rules:
    """Return the rules as a store has them now."""
    with store.looking() as tx:
        return rules_in(tx)


# Editions were checked when they were published. The caches are keyed by content, so that stores cannot mix.
@lru_cache(maxsize=256)
def pack_of(content: str, edition: str) -> Pack:
    """Parse the pack of an edition. Raises ``Refused('bad_pack')`` if this release cannot read it."""
    return parsed(content, edition)


@lru_cache(maxsize=256)
def calendar_of(content: str, edition: str) -> Calendar:
    """Parse the calendar of an edition. Raises ``Refused('bad_calendar')`` if this release cannot read it."""
    [only] = calendars_in(content, edition).values()
    return only


@lru_cache(maxsize=256)
def questionnaire_of(content: str, edition: str) -> Questionnaire:
    """Parse the questionnaire of an edition. Raises ``Refused('bad_questionnaire')`` if this release cannot read it."""
    return parsed_questionnaire(content, edition)


@lru_cache(maxsize=256)
def checklist_of(content: str, edition: str) -> Checklist:
    """Parse the checklist of an edition. Raises ``Refused('bad_checklist')`` if this release cannot read it."""
    return parsed_checklist(content, edition)


@lru_cache(maxsize=256)
def indicator_of(content: str, edition: str) -> Indicator:
    """Parse the indicator of an edition. Raises ``Refused('bad_indicator')`` if this release cannot read it."""
    return parsed_indicator(content, edition)


@lru_cache(maxsize=256)
def record_checklist_of(content: str, edition: str) -> RecordChecklist:
    """Parse the checklist of records of an edition.

    Raises ``Refused('bad_record_checklist')`` if this release cannot read it.
    """
    return parsed_record_checklist(content, edition)
