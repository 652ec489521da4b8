"""Small stores in which random cases were lived, and what is known of their timers at an instant."""

from collections.abc import Iterator
from random import Random

from engine.replay.event_buffer import EventBuffer
from engine.replay.replay import ReplayLog, replay
from engine.replay.session import ReplayOptions
from engine.rules.in_force import rules_of
from engine.store import Store
from forecast.past import Example, OpenCases, WatchedCase, examples
from forecast.situation import Load, Situation, situation_of
from models.columns import to_micros
from reports.whatif.other_rules import OtherRules
from reports.whatif.record import Filter, RecordedCase, recorded_cases
from tests.case_actions import START
from tests.engine.replay.logs import NO_TEXT, SOURCE, fill_buffer
from tests.reports.whatif.test_random_packs import publish_random, random_log

NOW = to_micros(START)


def live_random_cases(store: Store, seed: int) -> None:
    """Replay random cases into a store, under a random pack."""
    random = Random(seed)
    publish_random(store, random)
    with EventBuffer(store.home) as buffer:
        options = ReplayOptions(bridge=False, wordless=NO_TEXT)
        replay(
            store, fill_buffer(buffer, random_log(random)), ReplayLog(SOURCE, "complaint", "logistics", options), START
        )


def recorded(store: Store) -> list[RecordedCase]:
    """Return the record of every case."""
    with store.looking() as tx:
        return list(recorded_cases(tx, Filter()))


def rules_for(store: Store) -> OtherRules:
    """Return the rules as of now."""
    return OtherRules(rules_of(store), NOW)


def known_examples(store: Store, cases: list[RecordedCase], until: int = NOW) -> list[Example]:
    """Return the timers of these cases at their landmarks."""
    return list(examples(cases, rules_for(store), until))


def situations_by_the_record(store: Store, at: int) -> dict[tuple[int, str, int], Situation]:
    """Return the situations of all running timers at an instant, by the record recomputed until then."""
    departments, owners, watched = OpenCases(), OpenCases(), list[WatchedCase]()
    for case in recorded(store):
        lived = WatchedCase(case, rules_for(store))
        lived.recompute(case.moves, at)
        departments.add(lived.in_department)
        owners.add(lived.with_owner)
        watched.append(lived)
    departments.sort()
    owners.sort()
    return {key: known for lived in watched for key, known in _running(lived, departments, owners, at)}


def _running(
    lived: WatchedCase, departments: OpenCases, owners: OpenCases, at: int
) -> Iterator[tuple[tuple[int, str, int], Situation]]:
    case = lived.case
    for timer in lived.timers:
        due = timer.due_at(100)
        promise = timer.clause not in lived.table.timer_only
        if timer.closed_at is None and due is not None and due > at and promise and not lived.is_broken(timer):
            load = Load(
                departments.at(case.department, at) if case.department else 0,
                None if case.owner is None else owners.at(case.owner, at),
            )
            transfers = max(len(lived.departments) - 1, 0)
            known = situation_of(timer, case, transfers, timer.place, load, at)
            yield (timer.case_id, timer.clause, timer.occurrence), known
