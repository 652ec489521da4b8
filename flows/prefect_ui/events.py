"""Tells Prefect's event feed what cases did: ids and codes, a batch at a time, and never at the cost of the work."""

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
# `prefect.events.emit_event` hands events to a thread of its own, which holds up the end of the process for ten
# seconds when the server hangs. One POST with a timeout, from within the run, does the same and is over when it is.

SECONDS = 2.0
"""How long a batch may take; the caller of the work is long gone on."""
MOST = 200
"""So many events one run tells at most. The feed is a courtesy, the record is ours."""
ESCALATE = "escalate"
"""The move by which a person raises a case."""

FRESH = """
SELECT c.number, min(m.seq) AS seq FROM outbox_event m JOIN cases c ON c.id = m.case_id
 GROUP BY c.number ORDER BY c.number LIMIT :limit
"""
SINCE = """
SELECT c.number, c.kind, c.department, t.seq, t.move, t.source, t.dest, t.cycle, t.level, t.via, t.recorded_at,
       CASE WHEN t.via = :clock THEN t.form ELSE '{}' END AS form
  FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE c.number = :number AND (t.seq >= :seq OR t.recorded_at >= :began) ORDER BY t.seq
"""
NEVER = 2**31 - 1

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the cases with news stood when a pass began: by number, the first move that nobody has looked at."""

    began: datetime
    first: Mapping[str, int]


def marks(store: Store, began: datetime) -> Marks:
    """Take the marks before the moments are fanned out."""
    with store.looking() as tx:
        return Marks(began, {row.number: row.seq for row in tx.rows(FRESH, limit=MOST)})


def news(store: Store, since: Marks, numbers: Iterable[str]) -> list[dict[str, Any]]:
    """What the marked cases, and those of ``numbers``, did since: events as Prefect's API takes them, oldest first."""
    cases = list(dict.fromkeys([*since.first, *numbers]))
    told: list[dict[str, Any]] = []
    with store.looking() as tx:
        for number in cases:
            told += _of_case(tx, number, since)
            if len(told) >= MOST:
                break
    now = system_now() if store.simulated else None  # the feed shows what Prefect's own clock calls today
    return [{**event, "occurred": (now or event["occurred"]).isoformat()} for event in told[:MOST]]


def _of_case(tx: Tx, number: str, since: Marks) -> list[dict[str, Any]]:
    seq, began = since.first.get(number, NEVER), to_micros(since.began)
    return [_event(row) for row in tx.rows(SINCE, number=number, seq=seq, began=began, clock=BY_TIMER)]


def _event(row: Any) -> dict[str, Any]:
    """One event. Its id is made from the move, so that telling it twice changes nothing."""
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
        **_rung(row.form),
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
    """What a move is called in the feed."""
    if move == OPEN:
        return "case.opened"
    step = table.resolver.move(move)
    if step in (table.remind, table.breach):
        return "timer.reminded" if step == table.remind else "timer.breached"
    if move == ESCALATE:
        return "case.escalated"
    if source == dest:
        return "case.worked"
    end = table.state.get(table.resolver.state(dest))
    return "case.closed" if end is not None and end.final else "case.moved"


def _rung(form: str) -> dict[str, Any]:
    """Which promise a clock's own move was about; its form holds nothing personal."""
    told = json.loads(form)
    return {name: told[name] for name in ("clause", "percent", "due_at") if name in told}


async def tell(
    api_url: str, auth: str | None, events: list[dict[str, Any]], run: tuple[str, str] | None = None
) -> bool:
    """Post the events; whether Prefect took them. ``run`` is the id and the name of the run they belong to.

    It never raises: a feed that misses them misses nothing else.
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
        _log.debug("events were not told: %s", type(error).__name__)
        return False


def _related(run: tuple[str, str] | None) -> list[dict[str, str]]:
    if run is None:
        return []
    identity = {"prefect.resource.id": f"prefect.flow-run.{run[0]}", "prefect.resource.name": run[1]}
    return [{**identity, "prefect.resource.role": "flow-run"}]
