"""Find the rules in force: the published edition of a pack, calendar, questionnaire or indicator, else the file."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from engine.caches import PublishedEdition
from engine.calendars.calendar import Calendar, calendar, calendars_in, shipped
from engine.rules.indicator_definition import Indicator
from engine.rules.indicators import indicators, parsed_indicator
from engine.rules.policy import Pack, names, pack, parsed
from engine.rules.questionnaires import Questionnaire, parsed_questionnaire, questionnaires
from engine.store import Store
from engine.transaction import Tx
from statemachines.refused import Refused

ANY = "SELECT max(id) AS id FROM edition"
ALL = "SELECT id, sort, name, version, content, effective_from FROM edition ORDER BY effective_from, id"


class Sort(StrEnum):
    """The kinds of rules that can be published."""

    PACK = "pack"
    CALENDAR = "calendar"
    SURVEY = "survey"
    INDICATOR = "indicator"


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
        published = {name: self.in_force(Sort.SURVEY, name, at) for name in self.names(Sort.SURVEY)}
        editions = {name: questionnaire_of(each.content, each.edition) for name, each in published.items() if each}
        return dict(sorted({**questionnaires(), **editions}.items()))

    def questionnaire(self, name: str, at: int) -> Questionnaire:
        """Return a questionnaire in force at an instant. Raises ``Refused('unknown_questionnaire')``."""
        known = self.questionnaires(at)
        if name not in known:
            raise Refused("unknown_questionnaire", name=name, known=list(known))
        return known[name]

    def asked_after(self, kind: str, at: int) -> Questionnaire | None:
        """Return the questionnaire for a kind of case; None if its customers are asked nothing."""
        return next((each for each in self.questionnaires(at).values() if kind in each.kinds), None)

    def indicators(self, at: int) -> Mapping[str, Indicator]:
        """Return the indicators in force at an instant, by name."""
        published = {name: self.in_force(Sort.INDICATOR, name, at) for name in self.names(Sort.INDICATOR)}
        editions = {name: indicator_of(each.content, each.edition) for name, each in published.items() if each}
        return dict(sorted({**indicators(), **editions}.items()))

    def indicator(self, name: str, at: int) -> Indicator:
        """Return an indicator in force at an instant. Raises ``Refused('unknown_indicator')``."""
        known = self.indicators(at)
        if name not in known:
            raise Refused("unknown_indicator", name=name[:40], known=list(known))
        return known[name]

    def in_force(self, sort: Sort, name: str, at: int | None = None) -> PublishedEdition | None:
        """Return the newest edition in effect at an instant; None if there is none."""
        if not self.editions:
            return None
        effective = (edition for edition in reversed(self.editions) if at is None or edition.effective_from <= at)
        return next((edition for edition in effective if (edition.sort, edition.name) == (sort, name)), None)

    def names(self, sort: Sort) -> list[str]:
        """Return every name that is shipped or published."""
        files: Iterable[str] = _FILES[sort]()
        return sorted({*files, *(edition.name for edition in self.editions if edition.sort == sort)})


_FILES: Mapping[Sort, Callable[[], Iterable[str]]] = {
    Sort.PACK: names,
    Sort.CALENDAR: shipped,
    Sort.SURVEY: questionnaires,
    Sort.INDICATOR: indicators,
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
def indicator_of(content: str, edition: str) -> Indicator:
    """Parse the indicator of an edition. Raises ``Refused('bad_indicator')`` if this release cannot read it."""
    return parsed_indicator(content, edition)
