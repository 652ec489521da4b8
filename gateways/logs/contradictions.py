"""Find times that contradict each other in a log of wide rows, by the rules of its mapping."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from gateways.logs.mapping import Part
from gateways.logs.mapping_schema import Rule
from models.columns import to_micros
from models.log_event import LogEvent

Times = dict[str, int]
"""The time of each word in a case, in microseconds since 1970."""


class Contradictions:
    """The rules of a mapping, and the times of the cases so far, in a temporary SQLite database."""

    def __init__(self, rules: Sequence[Rule], *, beside: bool) -> None:
        """Keep the times of a case if tables beside the log hold further ones (``beside``)."""
        self._rules = rules
        self._database = sqlite3.connect("", isolation_level=None) if rules and beside else None
        if self._database:
            self._database.execute("CREATE TABLE times (log_case TEXT PRIMARY KEY, times TEXT) WITHOUT ROWID")
            self._database.execute("BEGIN")

    def close(self) -> None:
        """Delete the database."""
        if self._database:
            self._database.close()

    def flags(self, row: Sequence[LogEvent], values: Mapping[str, str], part: Part) -> dict[str, list[str]]:
        """Return the names of the broken rules, keyed by the word of the event that breaks them."""
        if not self._rules or not row:
            return {}
        here = {event.word: to_micros(event.at) for event in row if event.at}
        known = self._earlier_times(row[0].case) | here if part.file else here
        flags: dict[str, list[str]] = {}
        for rule, word in self._broken(here, known, values, part):
            flags.setdefault(word or row[0].word, []).append(rule.name)
        if self._database and not part.file:
            self._database.execute("INSERT OR REPLACE INTO times VALUES (?, ?)", (row[0].case, json.dumps(here)))
        return flags

    def _earlier_times(self, case: str) -> Times:
        assert self._database is not None
        with closing(self._database.execute("SELECT times FROM times WHERE log_case = ?", (case,))) as cursor:
            row = cursor.fetchone()
        return json.loads(row[0]) if row else {}

    def _broken(
        self, here: Times, known: Times, values: Mapping[str, str], part: Part
    ) -> Iterator[tuple[Rule, str | None]]:
        """Yield each broken rule with the word that breaks it, None if a word is missing."""
        words = {wide.word for wide in part.wide}
        for rule in self._rules:
            if not rule.applies_to(values):
                continue
            if rule.wants in words and rule.wants not in here:
                yield rule, None
            if rule.never in here:
                yield rule, rule.never
            if rule.earlier in known and rule.later in known and known[rule.later] < known[rule.earlier]:
                if rule.later in here:
                    yield rule, rule.later
                elif rule.earlier in here:
                    yield rule, rule.earlier
