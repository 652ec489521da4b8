"""Posts what cases did to Prefect's event feed: ids, codes and labels, in batches, never at the work's expense."""

import json
import logging
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from engine.access.doors import door_of
from engine.commands.open_case import OPEN
from flows.prefect_ui.runs_of_cases import Run
from locales.translation import label
from models.columns import from_micros
from statemachines.kinds import lifecycle_of
from statemachines.lifecycle import Lifecycle

# Note [Why not Prefect's own client]
# `prefect.events.emit_event` takes one event at a time and does not say whether the server has it. One POST for two
# hundred, with a timeout, does.

SECONDS = 2.0
"""The timeout of a batch."""
BATCH = 200
ESCALATE = "escalate"
"""The move by which a person escalates a case."""

_log = logging.getLogger(__name__)


def event_of(row: Any, locale: str, run: Run | None = None, shown_at: datetime | None = None) -> dict[str, Any]:
    """Return a move as an event of Prefect's API, related to the run that answered it.

    Its id is derived from the transition. ``shown_at`` is the instant of moves of a simulated store, for the feed shows
    events by the real date.
    """
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
        "via": door_of(row.via),
        **_escalation_step(row, locale),
    }
    resource = {"prefect.resource.id": f"closeloop.case.{row.number}", "prefect.resource.name": row.number}
    labels = {"closeloop.kind": row.kind, "closeloop.level": str(row.level), "closeloop.dept": row.department or ""}
    return {
        "id": str(uuid5(NAMESPACE_URL, f"closeloop:{row.number}:{row.seq}")),
        "event": name_of(table, row.move, row.source, row.dest),
        "occurred": (shown_at or from_micros(row.recorded_at)).isoformat(),
        "resource": resource | labels,
        "related": _related(run),
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


async def post(api_url: str, auth: str | None, events: list[dict[str, Any]]) -> bool:
    """Post the events; return whether Prefect accepted all. Never raises."""
    user, _, password = (auth or "").partition(":")
    credential = httpx.BasicAuth(user, password) if user else None
    try:
        async with httpx.AsyncClient(
            timeout=SECONDS, trust_env=False, auth=credential, verify=api_url[:5] == "https"
        ) as http:
            for begin in range(0, len(events), BATCH):
                if not (await http.post(f"{api_url}/events", json=events[begin : begin + BATCH])).is_success:
                    return False
    except (httpx.HTTPError, OSError) as error:
        _log.debug("events were not posted: %s", type(error).__name__)
        return False
    return True


def _related(run: Run | None) -> list[dict[str, str]]:
    if run is None:
        return []
    identity = {"prefect.resource.id": f"prefect.flow-run.{run.id}", "prefect.resource.name": run.name}
    return [{**identity, "prefect.resource.role": "flow-run"}]
