"""Lists what the login of people may ask of Prefect's API: what the UI reads, and the few writes of a supervisor.

Everything else is refused: deployments, blocks, variables, work pools and automations are made by our own processes
alone. What is passed on of a write is built anew from the fields that were checked.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]
Check = Callable[[Body], dict[str, Any]]
"""Returns the body to pass on. Raises ``NotAllowed``."""


class NotAllowed(Exception):
    """The login may not send this; the message names the field."""


@dataclass(frozen=True, slots=True)
class Route:
    """An allowed route; ``check`` is that of a write."""

    method: str
    path: re.Pattern[str]
    check: Check | None = None


def route_of(method: str, path: str) -> Route | None:
    """Return the allowed route of this method and path below ``/api``, or None."""
    return next((route for route in ROUTES if route.method == method and route.path.fullmatch(path)), None)


def _says(value: Any) -> bool:
    """Return whether a value says anything: the UI sends fields that are empty, false, or hold only such."""
    return any(map(_says, value.values())) if isinstance(value, dict) else bool(value)


def _only(body: Any, *names: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise NotAllowed("body")
    if other := sorted(name for name, value in body.items() if name not in names and _says(value)):
        raise NotAllowed(", ".join(other))
    return {name: body[name] for name in names if name in body}


def _new_run(body: Body) -> dict[str, Any]:
    """A run of one of our deployments, with checked parameters: no job variables, no other infrastructure."""
    run = _only(
        body, "name", "parameters", "tags", "state", "enforce_parameter_schema", "idempotency_key", "work_queue_name"
    )
    if run.get("enforce_parameter_schema") not in (None, True):
        raise NotAllowed("enforce_parameter_schema")
    if run.get("work_queue_name") not in (None, "default"):  # another name would make a queue
        raise NotAllowed("work_queue_name")
    if _has_kinds(run.get("parameters")):
        raise NotAllowed("parameters")
    if run.get("state") is not None:
        run["state"] = _state(run["state"], "SCHEDULED")
    return run


def _has_kinds(value: Any) -> bool:
    """Return whether a parameter is one that Prefect computes: from a template, a variable, or JSON within JSON."""
    if isinstance(value, dict):
        return "__prefect_kind" in value or any(map(_has_kinds, value.values()))
    return isinstance(value, list) and any(map(_has_kinds, value))


def _new_state(body: Body) -> dict[str, Any]:
    """The states of the buttons *Cancel* and *Retry*. A run that has not run is never made to look as if it had."""
    change = _only(body, "state", "force")
    return {**change, "state": _state(change.get("state"), "CANCELLING", "SCHEDULED")}


def _state(body: Any, *types: str) -> dict[str, Any]:
    state = _only(body, "type", "name", "message", "state_details")
    if state.get("type") not in types:
        raise NotAllowed("state.type")
    if state.get("name") not in (None, "Scheduled", "AwaitingRetry", "Cancelling"):
        raise NotAllowed("state.name")
    if state.get("state_details") is not None:
        state["state_details"] = _only(state["state_details"], "scheduled_time")
    return state


def _switch(name: str) -> Check:
    def check(body: Body) -> dict[str, Any]:
        switch = _only(body, name)
        if not isinstance(switch.get(name), bool):
            raise NotAllowed(name)
        return switch

    return check


def _routes(method: str, paths: str, check: Check | None = None) -> list[Route]:
    """Return the routes of some paths; ``{id}`` stands for an id, ``{name}`` for one segment of a path."""
    patterns = {r"\{id\}": "[0-9a-fA-F-]{36}", r"\{name\}": "[^/]+"}
    routes: list[Route] = []
    for path in paths.split():
        pattern = re.escape(path)
        for placeholder, meaning in patterns.items():
            pattern = pattern.replace(placeholder, meaning)
        routes.append(Route(method, re.compile(pattern), check))
    return routes


ROUTES = (
    # What the UI reads.
    *_routes(
        "GET",
        """
        /health /ready /hello /version /csrf-token /admin/version
        /artifacts/{id} /artifacts/{name}/latest
        /automations/{id} /automations/related-to/{name}
        /collections/views/{name}
        /deployments/{id} /deployments/{id}/schedules /deployments/{id}/work_queue_check
        /deployments/name/{name}/{name}
        /events/filter/next
        /flow_run_states/ /flow_run_states/{id} /task_run_states/ /task_run_states/{id}
        /flow_runs/{id} /flow_runs/{id}/graph /flow_runs/{id}/graph-v2 /flow_runs/{id}/logs/download
        /flows/{id} /flows/name/{name}
        /task_runs/{id} /ui/task_runs/{id}
        /work_pools/{name} /work_pools/{name}/queues/{name}
        /work_queues/{id} /work_queues/{id}/status /work_queues/name/{name}
        """,
    ),
    *_routes(
        "POST",
        """
        /artifacts/filter /artifacts/count /artifacts/latest/filter /artifacts/latest/count
        /automations/filter /automations/count
        /concurrency_limits/filter /v2/concurrency_limits/filter
        /deployments/filter /deployments/count /deployments/paginate
        /events/filter /events/count-by/{name}
        /flow_runs/filter /flow_runs/count /flow_runs/paginate /flow_runs/history /flow_runs/lateness
        /flows/filter /flows/count /flows/paginate
        /logs/filter
        /saved_searches/filter
        /task_runs/filter /task_runs/count /task_runs/paginate /task_runs/history
        /ui/flow_runs/history /ui/flow_runs/count-task-runs /ui/flows/count-deployments /ui/flows/next-runs
        /ui/schemas/validate /ui/task_runs/count /ui/task_runs/dashboard/counts
        /work_pools/filter /work_pools/count /work_pools/{name}/concurrency_status
        /work_pools/{name}/queues/filter /work_pools/{name}/workers/filter
        /work_queues/filter /work_queues/{id}/concurrency_status
        """,
    ),
    # What a supervisor does there.
    *_routes("POST", "/deployments/{id}/create_flow_run", _new_run),
    *_routes("POST", "/flow_runs/{id}/set_state", _new_state),
    *_routes("POST", "/deployments/{id}/pause_deployment /deployments/{id}/resume_deployment", _only),
    *_routes("PATCH", "/deployments/{id}", _switch("paused")),
    *_routes("PATCH", "/deployments/{id}/schedules/{id}", _switch("active")),
    *_routes("PATCH", "/automations/{id}", _switch("enabled")),
)
