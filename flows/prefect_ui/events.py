"""Posts what cases did to Prefect's event feed: ids and codes, in batches, and never at the expense of the work."""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from engine.clock import system_now
from engine.commands.case_context import BY_TIMER
from engine.commands.open_case import OPEN
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle

# Note [Why not Prefect's own client]
# `prefect.events.emit_event` passes events to a thread that delays the exit of the process by ten seconds when the
# server hangs. One POST with a timeout within the run does the same and ends with it.

SECONDS = 2.0
"""The timeout of a batch; the caller of the work does not wait for it."""
MOST = 200
"""The most events that one run posts: the feed is a convenience, the record is in our tables."""
ESCALATE = "escalate"
"""The move by which a person escalates a case."""

UNHANDLED = """
SELECT c.number, min(m.seq) AS seq FROM outbox_event m JOIN cases c ON c.id = m.case_id
 GROUP BY c.number ORDER BY c.number LIMIT :limit
"""
SINCE = """
SELECT c.number, c.kind, c.department, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.via, t.recorded_at,
       CASE WHEN t.via = :timer THEN t.form ELSE '{}' END AS form
  FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND (t.seq >= :seq OR t.recorded_at >= :began) ORDER BY t.seq
"""
NEVER = 2**31 - 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Marks:
    """Per case number, the first transition that no reaction had handled when a tick began."""

    began: datetime
    first: Mapping[str, int]


def marks(store: Store, began: datetime) -> Marks:
    """Take the marks before the outbox events become deliveries."""
    with store.looking() as tx:
        return Marks(began, {row.number: row.seq for row in tx.rows(UNHANDLED, limit=MOST)})


def events_since(store: Store, since: Marks, numbers: Iterable[str]) -> list[dict[str, Any]]:
    """Return what the marked cases and those of ``numbers`` did since, as events of Prefect's API, oldest first."""
    cases = list(dict.fromkeys([*since.first, *numbers]))
    events: list[dict[str, Any]] = []
    with store.looking() as tx:
        for number in cases:
            events += _of_case(tx, number, since)
            if len(events) >= MOST:
                break
    now = system_now() if store.simulated else None  # the feed shows events by the real date
    return [{**event, "occurred": (now or event["occurred"]).isoformat()} for event in events[:MOST]]


def _of_case(tx: Tx, number: str, since: Marks) -> list[dict[str, Any]]:
    seq, began = since.first.get(number, NEVER), to_micros(since.began)
    return [_event(row) for row in tx.rows(SINCE, number=number, seq=seq, began=began, timer=BY_TIMER)]


def _event(row: Any) -> dict[str, Any]:
    """Return one event. Its id is derived from the transition, so posting it twice changes nothing."""
    table = lifecycle_of(row.kind)
    payload = {
        "case": row.number,
        "kind": row.kind,
        "seq": row.seq,
        "move": row.move,
        "from": row.source,
        "to": row.dest,
        "round": row.cycle,
        "level": row.level,
        "department": row.department,
        "via": row.via,
        **_escalation_step(row.form),
    }
    resource = {"prefect.resource.id": f"closeloop.case.{row.number}", "prefect.resource.name": row.number}
    labels = {"closeloop.kind": row.kind, "closeloop.level": str(row.level), "closeloop.dept": row.department or ""}
    return {
        "id": str(uuid5(NAMESPACE_URL, f"closeloop:{row.number}:{row.seq}")),
        "event": name_of(table, row.move, row.source, row.dest),
        "occurred": from_micros(row.recorded_at),
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


def _escalation_step(form: str) -> dict[str, Any]:
    """Return the clause, percentage and deadline of a timer's move; its form holds nothing personal."""
    fields = json.loads(form)
    return {name: fields[name] for name in ("clause", "percent", "due_at") if name in fields}


async def post(
    api_url: str, auth: str | None, events: list[dict[str, Any]], run: tuple[str, str] | None = None
) -> bool:
    """Post the events; return whether Prefect accepted them. ``run`` is the id and name of the run they belong to.

    Never raises: only the feed misses events that fail.
    """
    if not events:
        return True
    batch = [{**event, "related": _related(run)} for event in events]
    user, _, password = (auth or "").partition(":")
    credential = httpx.BasicAuth(user, password) if user else None
    try:
        async with httpx.AsyncClient(
            timeout=SECONDS, trust_env=False, auth=credential, verify=api_url[:5] == "https"
        ) as http:
            return (await http.post(f"{api_url}/events", json=batch)).is_success
    except (httpx.HTTPError, OSError) as error:
        _log.debug("events were not posted: %s", type(error).__name__)
        return False


def _related(run: tuple[str, str] | None) -> list[dict[str, str]]:
    if run is None:
        return []
    identity = {"prefect.resource.id": f"prefect.flow-run.{run[0]}", "prefect.resource.name": run[1]}
    return [{**identity, "prefect.resource.role": "flow-run"}]
