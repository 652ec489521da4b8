"""Posts what cases did to Prefect's event feed: ids, codes and labels, in batches, never at the work's expense."""

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from engine.clock import system_now
from engine.commands.case_context import BY_TIMER
from engine.commands.open_case import OPEN
from engine.store import Store
from locales.translation import label
from models.columns import from_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle

# Note [Why not Prefect's own client]
# `prefect.events.emit_event` takes one event at a time and does not say whether the server has it. One POST for two
# hundred, with a timeout, does.

SECONDS = 2.0
"""The timeout of a batch; the caller of the work does not wait for it."""
BATCH = 200
MOST = 2_000
"""The most events that one run posts: the feed is a convenience, the record is in our tables."""
ESCALATE = "escalate"
"""The move by which a person escalates a case."""

MOVES = """
SELECT c.number, c.kind, c.department, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.via, t.recorded_at,
       CASE WHEN t.via = :timer THEN t.form ELSE '{}' END AS form
  FROM transition t JOIN cases c ON c.id = t.case_id WHERE c.number = :number AND t.seq >= :seq ORDER BY t.seq
"""
ONE = MOVES.replace("t.seq >= :seq", "t.seq = :seq")

_log = logging.getLogger(__name__)


def events_from(store: Store, locale: str, first: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return what these cases did from the given transition on, as events of Prefect's API."""
    return _events(store, locale, first.items(), MOVES)


def events_of(store: Store, locale: str, moves: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """Return these moves, each a case's number and a transition, as events of Prefect's API."""
    return _events(store, locale, moves, ONE)


def _events(store: Store, locale: str, moves: Iterable[tuple[str, int]], sql: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    shown_at = system_now() if store.simulated else None  # the feed shows events by the real date
    with store.looking() as tx:
        for number, seq in moves:
            rows = tx.rows(sql, number=number, seq=seq, timer=BY_TIMER)
            events += [_event(row, locale, shown_at) for row in rows]
            if len(events) >= MOST:
                break
    return events[:MOST]


def _event(row: Any, locale: str, shown_at: datetime | None) -> dict[str, Any]:
    """Return one event. Its id is derived from the transition, so posting it twice changes nothing."""
    table = lifecycle_of(row.kind)
    payload = {
        "case": row.number,
        "kind": row.kind,
        "seq": row.seq,
        "move": row.move,
        "what": label(locale, row.kind, "move", row.move),
        "from": row.source,
        "to": row.dest,
        "state": label(locale, row.kind, "state", row.dest),
        "round": row.cycle,
        "level": row.level,
        "asks": label(locale, "", "level", str(row.level)),
        "department": row.department,
        "via": row.via,
        **_escalation_step(row, locale),
    }
    resource = {"prefect.resource.id": f"closeloop.case.{row.number}", "prefect.resource.name": row.number}
    labels = {"closeloop.kind": row.kind, "closeloop.level": str(row.level), "closeloop.dept": row.department or ""}
    return {
        "id": str(uuid5(NAMESPACE_URL, f"closeloop:{row.number}:{row.seq}")),
        "event": name_of(table, row.move, row.source, row.dest),
        "occurred": (shown_at or from_micros(row.recorded_at)).isoformat(),
        "resource": resource | labels,
        "payload": payload,
    }


def name_of(table: Lifecycle, move: str, source: str, dest: str) -> str:
    """Return the name of a move's event."""
    if move == OPEN:
        return "case.opened"
    step = table.resolver.move(move)
    if step in (table.remind, table.breach):
        return "timer.reminded" if step == table.remind else "timer.breached"
    if move == ESCALATE:
        return "case.escalated"
    if source == dest:
        return "case.worked"
    state = table.state.get(table.resolver.state(dest))
    return "case.closed" if state is not None and state.final else "case.moved"


def _escalation_step(row: Any, locale: str) -> dict[str, Any]:
    """Return the promise, share and deadline of a timer's move; its form holds nothing personal."""
    form = json.loads(row.form)
    if "clause" not in form:
        return {}
    promise = label(locale, row.kind, "clause", form["clause"])
    return {"clause": form["clause"], "promise": promise, "share": f"{form['percent']} %", "due": form["due_at"]}


async def post(
    api_url: str, auth: str | None, events: list[dict[str, Any]], run: tuple[str, str] | None = None
) -> bool:
    """Post the events; return whether Prefect accepted all. ``run`` is the id and name of the run they belong to.

    Never raises: only the feed misses events that fail.
    """
    related = _related(run)
    user, _, password = (auth or "").partition(":")
    credential = httpx.BasicAuth(user, password) if user else None
    try:
        async with httpx.AsyncClient(
            timeout=SECONDS, trust_env=False, auth=credential, verify=api_url[:5] == "https"
        ) as http:
            for begin in range(0, len(events), BATCH):
                batch = [{**event, "related": related} for event in events[begin : begin + BATCH]]
                if not (await http.post(f"{api_url}/events", json=batch)).is_success:
                    return False
    except (httpx.HTTPError, OSError) as error:
        _log.debug("events were not posted: %s", type(error).__name__)
        return False
    return True


def _related(run: tuple[str, str] | None) -> list[dict[str, str]]:
    if run is None:
        return []
    identity = {"prefect.resource.id": f"prefect.flow-run.{run[0]}", "prefect.resource.name": run[1]}
    return [{**identity, "prefect.resource.role": "flow-run"}]
