"""The rules under which the past is recomputed: a pack in place of that of the cases, other calendars, or both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.calendars.calendar import Calendar
from engine.rules.in_force import Rules
from engine.rules.limits import Limit
from engine.rules.policy import Pack
from engine.timers.start import LimitMemo

TIMED = frozenset({"name", "version", "document", "effective_from", "zone", "clauses", "unpromised", "ladder"})
"""The parts of a pack that are reckoned with, and those that decide nothing."""


@dataclass(slots=True)
class OtherRules:
    """A pack in place of those of the cases, and ``changed`` calendars in place of those of ``rules``.

    Without a ``pack`` each case has its own, as it is in force ``at`` an instant, in microseconds. ``calendar_of_all``
    is the calendar of every limit, where it is given. What was computed for cases that are alike is kept.
    """

    rules: Rules
    at: int
    pack: Pack | None = None
    changed: Mapping[str, Calendar] = field(default_factory=dict[str, Calendar])
    calendar_of_all: str = ""
    memo: LimitMemo = field(default_factory=LimitMemo)
    effects: dict[Any, Any] = field(default_factory=dict[Any, Any])
    packs: dict[str, Pack] = field(default_factory=dict[str, Pack])
    calendars: dict[str, Calendar] = field(default_factory=dict[str, Calendar])

    @property
    def name(self) -> str:
        """Return what the rules are called: the pack's edition, or the calendars."""
        calendars = [self.calendar_of_all, *sorted(self.changed)]
        return " + ".join(each for each in (self.pack.edition if self.pack else "", *calendars) if each)

    def with_pack(self, pack: Pack) -> "OtherRules":
        """Return the same calendars with another pack; nothing computed under one serves the other."""
        return OtherRules(self.rules, self.at, pack, self.changed, self.calendar_of_all)

    def pack_for(self, name: str) -> Pack:
        """Return the pack for cases that live under the pack of that name. Raises ``Refused('unknown_pack')``."""
        if name not in self.packs:
            pack = self.pack or self.rules.pack(name, self.at)
            self.packs[name] = on_calendar(pack, self.calendar_of_all) if self.calendar_of_all else pack
        return self.packs[name]

    def calendar(self, name: str) -> Calendar:
        """Return a calendar: the changed one, else that in force. Raises ``Refused('unknown_calendar')``."""
        if name not in self.calendars:
            self.calendars[name] = self.changed[name] if name in self.changed else self.rules.calendar(name)
        return self.calendars[name]

    def not_reckoned(self, of: str) -> list[str]:
        """Return the parts of the pack that differ from the pack ``of`` the cases and change nothing, as its bounds."""
        if self.pack is None:
            return []
        in_force = self.rules.pack(of, self.at)
        parts = [name for name in Pack.model_fields if name not in TIMED]
        return [name for name in parts if getattr(self.pack, name) != getattr(in_force, name)]


def on_calendar(pack: Pack, name: str) -> Pack:
    """Return the pack with every limit on one calendar."""
    return pack.model_copy(update={"clauses": {clause: _moved(limit, name) for clause, limit in pack.clauses.items()}})


def _moved(limit: Limit, name: str) -> Limit:
    when = tuple(override.model_copy(update={"calendar": name}) for override in limit.when)
    return limit.model_copy(update={"calendar": name, "when": when})
