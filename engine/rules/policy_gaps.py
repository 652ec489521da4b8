"""Where a policy pack leaves a clause or a bound without an amount, or says what nothing asks for: ``policy check``."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from engine.rules.limits import Limit
from engine.rules.pack_sections import POSITION_AGE
from engine.rules.policy import Pack
from engine.rules.unset_limits import needs_limit
from statemachines.lifecycle import Lifecycle


class GapReason(StrEnum):
    """Why a place of a pack is named."""

    BLANK = "blank"
    CONTRADICTORY = "contradictory"
    UNUSED = "unused"
    FUTURE = "future"
    UNBOUNDED = "unbounded"


@dataclass(frozen=True, slots=True)
class Gap:
    """One place; ``clause`` may be a bound, too. Without a source the document has no such clause.

    ``traits`` are those of an override.
    """

    pack: Pack
    reason: GapReason
    clause: str | None = None
    source: str | None = None
    contradicts: str | None = None
    traits: Mapping[str, str] = field(default_factory=dict[str, str])


def asked(tables: Iterable[Lifecycle]) -> list[str]:
    """Return every clause that some lifecycle starts by the limit of a pack, in the order of the tables."""
    return list(dict.fromkeys(name for name, needs in _clauses(tables) if needs))


def agreed(tables: Iterable[Lifecycle]) -> list[str]:
    """Return every clause whose deadline a form must agree on everywhere; a pack may name it."""
    clauses = list(_clauses(tables))
    by_limit = {name for name, needs in clauses if needs}
    return list(dict.fromkeys(name for name, _ in clauses if name not in by_limit))


def _clauses(tables: Iterable[Lifecycle]) -> Iterator[tuple[str, bool]]:
    """Yield each clause and whether it needs the limit of a pack."""
    return ((clause.name, needs_limit(table, clause)) for table in tables for clause in table.clauses)


def asked_bounds(tables: Iterable[Lifecycle]) -> list[str]:
    """Return every bound that a guard of some lifecycle compares with, and those that views compare with."""
    guards = [row.guard for table in tables for row in table.moves if row.guard]
    return list(dict.fromkeys([*(name for guard in guards for name in guard.bounds), POSITION_AGE]))


def gaps(
    pack: Pack, clauses: Iterable[str], today: date, optional: Iterable[str] = (), bounds: Iterable[str] = ()
) -> Iterator[Gap]:
    """Yield the places of a pack that need its owner's decision.

    ``clauses`` and ``bounds`` are what lifecycles ask of it; it may, but need not, speak of the ``optional`` clauses.
    """
    wanted = list(clauses)
    known = {*wanted, *optional}
    if pack.effective_from is not None and pack.effective_from > today:
        yield Gap(pack, GapReason.FUTURE, source=pack.document)
    for clause in wanted:
        if clause not in pack.clauses and clause not in pack.unpromised:
            yield Gap(pack, GapReason.BLANK, clause)
    for clause, limit in pack.clauses.items():
        yield from _open_places(pack, clause, limit)
    sources = {**{clause: limit.source for clause, limit in pack.clauses.items()}, **pack.unpromised}
    for clause, source in sources.items():
        if clause not in known:
            yield Gap(pack, GapReason.UNUSED, clause, source)
    for name in dict.fromkeys([*pack.bounds, *bounds]):
        if pack.bound(name) is None:
            yield Gap(pack, GapReason.UNBOUNDED, name, pack.bounds[name].source if name in pack.bounds else None)


def _open_places(pack: Pack, clause: str, limit: Limit) -> Iterator[Gap]:
    overrides = [(limit.overridden(override), override.traits) for override in limit.when]
    for candidate, traits in [(limit, {}), *overrides]:
        if candidate.contradicts is not None:
            yield Gap(pack, GapReason.CONTRADICTORY, clause, candidate.source, candidate.contradicts, traits)
        elif candidate.blank:
            yield Gap(pack, GapReason.BLANK, clause, candidate.source, None, traits)
