"""Reads a log by its mapping, wholly and checked, before the first of its cases is lived."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from apps.cli.context import cli
from apps.cli.problem_text import problem_text
from engine.commands.open_case import OPEN
from engine.replay.event_buffer import EventBuffer
from gateways.logs.events import events
from gateways.logs.mapping import LogMapping, Named, contact_of, opened_at
from gateways.mapping_file import BadMapping, load_mapping
from gateways.problems import BadCell, Problem, Unreadable
from locales.translation import translate
from models.log_event import LogEvent
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused

LAST = (float("inf"),)
"""What has no time opens a case only where nothing else does."""
TOLD_AT_ONCE = 500
"""So many events are read between two steps of the progress bar."""


def mapped(log: Path, given: Path | None) -> LogMapping:
    """The mapping of a log; beside it under its name where none is given.

    Raises ``Refused('no_mapping' | 'bad_log_mapping')``.
    """
    path = given or log.with_name(f"{log.name.split('.')[0]}.toml")
    if given is None and not path.exists():
        raise Refused("no_mapping", file=log.name, expected=path.name)
    try:
        read = load_mapping(path, LogMapping)
    except BadMapping as error:
        raise Refused("bad_log_mapping", file=path.name, problems=list(map(problem_text, error.problems))) from None
    table = lifecycle_of(read.source.kind)
    if problems := [words for one in read.named() if (words := _unknown(path, table, one))]:
        raise Refused("bad_log_mapping", file=path.name, problems=problems)
    return read


def _unknown(path: Path, table: Lifecycle, named: Named) -> str:
    """What is wrong with a name that the mapping gives a word; empty where nothing is."""
    known = [*table.state] if named.sort == "state" else [OPEN, *table.rows]
    if named.name in known:
        return ""
    near = ", ".join(get_close_matches(named.name, known, 3, 0.4) or known)
    told = {"file": path.name, "key": named.key, "value": named.name, "kind": table.kind, "near": near}
    return translate(cli.locale, f"bad_mapping.unknown_{named.sort}", **told)


def spooled(log: Path, mapping: LogMapping, buffer: EventBuffer, progress: Callable[[int], None]) -> int:
    """Put the log's events down, each with its meaning; how many cases there are.

    Raises ``Refused('bad_log')`` where the log cannot be read to its end.
    """
    try:
        for n, event in enumerate(events(log, mapping), 1):
            _put(event, mapping, buffer)
            if n % TOLD_AT_ONCE == 0:
                progress(TOLD_AT_ONCE)
    except Unreadable as error:
        raise Refused("bad_log", file=log.name, problems=list(map(problem_text, error.problems))) from None
    return buffer.sort()


def _put(event: LogEvent | Problem, mapping: LogMapping, buffer: EventBuffer) -> None:
    if isinstance(event, Problem):
        buffer.stray(event.row or 0, event.code)
        return
    order = mapping.order_key(event)
    first = LAST if event.at is None else order
    if buffer.is_earlier(event.case, first):
        buffer.open(event.case, first, _opening(event, mapping))
    try:
        buffer.add(mapping.step(event), order)
    except BadCell as flaw:
        buffer.refuse(event, flaw.code, order)


def _opening(event: LogEvent, mapping: LogMapping) -> dict[str, object]:
    """What the first contact says, as far as the log tells it in a way that a contact can hold."""
    try:
        at = opened_at(mapping, event)
        said = contact_of(mapping, event, at or cli.store.now()).model_dump(mode="json", exclude_none=True)
    except BadCell as flaw:
        return {"flaw": flaw.code}
    return said if at is not None else {name: value for name, value in said.items() if name != "at"}
