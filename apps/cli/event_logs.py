"""Reads another system's event log by its mapping, whole and checked, before the first of its cases is replayed."""

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from apps.cli.context import cli
from apps.cli.problem_text import problem_text
from engine.commands.open_case import OPEN
from engine.replay.event_buffer import EventBuffer
from gateways.logs.events import UnreadableEvent, events
from gateways.logs.mapping import LogMapping, Named, contact_of, customer_id_of, opened_at
from gateways.mapping_file import BadMapping, load_mapping
from gateways.problems import AddNote, BadCell, Problem, Unreadable, ignore
from gateways.regular_files import is_regular
from locales.translation import translate
from models.log_event import LogEvent
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle, Refused

LAST = (float("inf"),)
"""The order key of an event without a time: it opens a case only if no other event does."""
PROGRESS_STEP = 500
"""The events read between two steps of the progress bar."""


def mapping_of(log: Path, given: Path | None) -> LogMapping:
    """Return the mapping of a log; without one given, the file of its name beside it.

    Raises ``Refused('no_mapping' | 'bad_log_mapping')``.
    """
    path = given or Path(log.parent, f"{log.name.split('.')[0]}.toml")
    if given is None and not is_regular(path):
        raise Refused("no_mapping", file=log.name, expected=path.name)
    try:
        mapping = load_mapping(path, LogMapping)
    except BadMapping as error:
        raise Refused("bad_log_mapping", file=path.name, problems=list(map(problem_text, error.problems))) from None
    if cli.encoding:
        mapping = mapping.in_encoding(cli.encoding)
    table = lifecycle_of(mapping.source.kind)
    if problems := [text for named in mapping.named() if (text := _unknown(path, table, named))]:
        raise Refused("bad_log_mapping", file=path.name, problems=problems)
    return mapping


def _unknown(path: Path, table: Lifecycle, named: Named) -> str:
    """Return what is wrong with the name of a move or state in the mapping, or ""."""
    known = [*table.state] if named.sort == "state" else [OPEN, *table.rows]
    if named.name in known:
        return ""
    near = ", ".join(get_close_matches(named.name, known, 3, 0.4) or known)
    params = {"file": path.name, "key": named.key, "value": named.name, "kind": table.kind, "near": near}
    return translate(cli.locale, f"bad_mapping.unknown_{named.sort}", **params)


def buffer_events(
    log: Path, mapping: LogMapping, buffer: EventBuffer, progress: Callable[[int], None], note: AddNote = ignore
) -> int:
    """Write the log's events to the buffer, each with its step; returns how many cases there are.

    Raises ``Refused('bad_log')`` if the log cannot be read to its end.
    """
    try:
        for n, event in enumerate(events(log, mapping, note), 1):
            _buffer(event, mapping, buffer)
            if n % PROGRESS_STEP == 0:
                progress(PROGRESS_STEP)
    except Unreadable as error:
        raise Refused("bad_log", file=log.name, problems=list(map(problem_text, error.problems))) from None
    return buffer.sort()


def _buffer(event: LogEvent | Problem, mapping: LogMapping, buffer: EventBuffer) -> None:
    if isinstance(event, UnreadableEvent):
        order = _open(event.event, mapping, buffer)
        buffer.refuse(event.event, event.code, order)
        return
    if isinstance(event, Problem):
        buffer.stray(event.row or 0, event.code)
        return
    order = _open(event, mapping, buffer)
    try:
        buffer.add(mapping.step(event), order)
    except BadCell as flaw:
        buffer.refuse(event, flaw.code, order)


def _open(event: LogEvent, mapping: LogMapping, buffer: EventBuffer) -> tuple[float, ...]:
    """Keep the case's opening if no earlier event is known; return the event's order key."""
    order = mapping.order_key(event)
    first = LAST if event.at is None else order
    if buffer.is_earlier(event.case, first):
        buffer.open(event.case, first, _opening(event, mapping))
    return order


def _opening(event: LogEvent, mapping: LogMapping) -> dict[str, object]:
    """Return the fields of the first contact that the log holds; one that cannot be read leaves the others."""
    try:
        at = opened_at(mapping, event)
    except BadCell:
        at = event.at
    without = {"at"}
    while True:
        try:
            contact = contact_of(mapping, event, at or cli.store.now(), without)
        except BadCell as flaw:
            field = str(flaw.params.get("field", ""))
            if field in {"", *without}:
                return {}
            without.add(field)
            continue
        values = contact.model_dump(mode="json", exclude_none=True)
        values |= {"customer_id": known} if (known := customer_id_of(mapping, event)) else {}
        return values if at is not None else {name: value for name, value in values.items() if name != "at"}
