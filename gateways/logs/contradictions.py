"""Times that contradict each other in a log of wide rows: found by named rules, flagged, never mended."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from gateways.logs.mapping import Part
from gateways.logs.shape import Rule
from models.columns import to_micros
from models.log_event import LogEvent

Times = dict[str, int]
"""When each word happened in a case, in microseconds."""


class Contradictions:
    """The rules of a mapping, and the times of the cases so far; these in a file without a name, not in memory."""

    def __init__(self, rules: Sequence[Rule], *, beside: bool) -> None:
        """``beside``: there are tables beside the log whose rows belong to cases that came before."""
        self._rules = rules
        self._kept = sqlite3.connect("", isolation_level=None) if rules and beside else None
        if self._kept:
            self._kept.execute("CREATE TABLE times (log_case TEXT PRIMARY KEY, told TEXT) WITHOUT ROWID")
            self._kept.execute("BEGIN")

    def close(self) -> None:
        """Let go of the file."""
        if self._kept:
            self._kept.close()

    def flags(self, row: Sequence[LogEvent], told: Mapping[str, str], part: Part) -> dict[str, list[str]]:
        """The rules that a row contradicts, by the word of the event that shows it."""
        if not self._rules or not row:
            return {}
        here = {event.word: to_micros(event.at) for event in row if event.at}
        known = self._known(row[0].case) | here if part.file else here
        found: dict[str, list[str]] = {}
        for rule, word in self._broken(here, known, told, part):
            found.setdefault(word or row[0].word, []).append(rule.name)
        if self._kept and not part.file:
            self._kept.execute("INSERT OR REPLACE INTO times VALUES (?, ?)", (row[0].case, json.dumps(here)))
        return found

    def _known(self, case: str) -> Times:
        assert self._kept is not None
        with closing(self._kept.execute("SELECT told FROM times WHERE log_case = ?", (case,))) as found:
            row = found.fetchone()
        return json.loads(row[0]) if row else {}

    def _broken(
        self, here: Times, known: Times, told: Mapping[str, str], part: Part
    ) -> Iterator[tuple[Rule, str | None]]:
        """Each broken rule with the word that shows it, None where it is a word that is missing."""
        words = {wide.word for wide in part.wide}
        for rule in self._rules:
            if not rule.asked_of(told):
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
