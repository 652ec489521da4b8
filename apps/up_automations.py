"""Declares Prefect's automations for runs that go wrong, and applies them to a server through its API.

Note [Which runs are watched]: only those of our deployments, because they hold a slot that nobody else frees. A
driver's own runs hold none; those that a killed driver leaves open are closed at the next start (`apps/up_runs.py`).

Note [Which runs are dead]: a run is taken for dead if nothing at all is heard of it after a heartbeat, neither another
heartbeat nor any state, whatever its name: our runs also end as `Done` or `Refused`. And nothing is forced: a run that
has ended stays as it ended, also if its last heartbeat arrives after its end.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import (
    Automation,
    AutomationCore,
    EventTrigger,
    Posture,
    ResourceSpecificationDict,
)

from apps.prefect_client import prefect_client
from apps.up_deployments import OURS, Applied
from flows.prefect_ui.alerts import ALERT, NIGHT_MISSING, RUN_FAILED
from gateways.schedule import OVERNIGHT

PREFIX = "closeloop · "
"""The prefix of our automations' names: automations with it are ours to change and to remove."""

SILENT = timedelta(seconds=90)
"""Three missed heartbeats (`HEARTBEAT_SECONDS` in `apps/prefect_settings.py`)."""
PENDING = timedelta(minutes=10)
"""A worker's child begins within 13 s; one that has not by now never will, and holds the only slot."""
NIGHT = timedelta(hours=26)
"""A day, and two hours for a night that is long or begins late."""
PAGE = 200

ANYTHING = "prefect.flow-run.*"
"""Every event of a run: heartbeats, and states of all names."""
HEARTBEAT, WAITING = "prefect.flow-run.heartbeat", "prefect.flow-run.Pending"
RUN: ResourceSpecificationDict = {"prefect.resource.id": "prefect.flow-run.*"}
EACH = {"prefect.resource.id"}


def declared(deployments: Mapping[str, UUID]) -> list[AutomationCore]:
    """Return the automations for our deployments, given by name; without its deployment an automation is left out."""
    automations = [_zombies(deployments), _stuck(deployments)] if deployments else []
    if OVERNIGHT in deployments:
        automations.append(_night_missing(deployments))
    if ALERT in deployments and len(deployments) > 1:
        automations.append(_failures(deployments))
    return automations


def ensure_automations(api_url: str) -> Applied:
    """Create, change and remove our automations until the server has what is declared; equal ones are not touched.

    An automation that a supervisor has switched off stays off.
    """
    changes: dict[str, list[str]] = {"made": [], "changed": [], "unchanged": [], "removed": []}
    with prefect_client(api_url) as client:
        missing = {each.name: each for each in declared(_deployments(client))}
        for there in _ours(client):
            change = _apply(client, there, missing.pop(there.name, None))
            changes[change].append(there.name)
        for each in missing.values():
            client.create_automation(each)
            changes["made"].append(each.name)
    return Applied(**{change: tuple(sorted(names)) for change, names in changes.items()})


def _apply(client: SyncPrefectClient, there: Automation, wanted: AutomationCore | None) -> str:
    if wanted is None:
        client.delete_automation(there.id)
        return "removed"
    if _declaration(there) == _declaration(wanted):
        return "unchanged"
    client.update_automation(there.id, AutomationCore(**{**_declaration(wanted), "enabled": there.enabled}))
    return "changed"


def _declaration(automation: AutomationCore) -> dict[str, Any]:
    """Return the fields that we declare; the others belong to the server or the supervisor."""
    return {name: getattr(automation, name) for name in ("name", "description", "trigger", "actions")}


def _deployments(client: SyncPrefectClient) -> dict[str, UUID]:
    ours = DeploymentFilter.model_validate({"tags": {"all_": [OURS]}})
    found: dict[str, UUID] = {}
    while page := client.read_deployments(deployment_filter=ours, limit=PAGE, offset=len(found)):
        found |= {each.name: each.id for each in page}
    return dict(sorted(found.items()))


def _ours(client: SyncPrefectClient) -> list[Automation]:
    found: list[Automation] = []
    while page := client.read_automations(limit=PAGE, offset=len(found)):
        found += page
    return [each for each in found if each.name.startswith(PREFIX)]


def _of(deployments: Mapping[str, UUID]) -> ResourceSpecificationDict:
    ids = [f"prefect.deployment.{each}" for each in deployments.values()]
    return {"prefect.resource.role": "deployment", "prefect.resource.id": ids}


def _zombies(deployments: Mapping[str, UUID]) -> AutomationCore:
    return AutomationCore(
        name=f"{PREFIX}僵死运行 zombie runs",
        description="运行的进程已不在（心跳停止 90 秒）：标记为 Crashed，名额随之释放。"
        " A run whose process is gone (no heartbeat for 90 s) is marked Crashed, and its slot is free again.",
        trigger=EventTrigger(
            match=RUN,
            match_related=_of(deployments),
            after={HEARTBEAT},
            expect={ANYTHING},  # See Note [Which runs are dead]
            for_each=EACH,
            posture=Posture.Proactive,
            within=SILENT,
        ),
        actions=[_crash("no heartbeat: its process is gone")],
    )


def _stuck(deployments: Mapping[str, UUID]) -> AutomationCore:
    return AutomationCore(
        name=f"{PREFIX}滞留 Pending stuck",
        description="领取后 10 分钟仍未开始的运行：标记为 Crashed，释放唯一的名额，以免此后每次都被取消。"
        " A run that was taken and has not begun after 10 minutes is marked Crashed, so that the only slot is free"
        " and the next ones are not cancelled.",
        trigger=EventTrigger(
            match=RUN,
            match_related=_of(deployments),
            after={WAITING},
            expect={ANYTHING},
            for_each=EACH,
            posture=Posture.Proactive,
            within=PENDING,
        ),
        actions=[_crash("taken, but never begun")],
    )


def _night_missing(deployments: Mapping[str, UUID]) -> AutomationCore:
    actions: list[ActionTypes] = [_run(deployments[OVERNIGHT])]
    if ALERT in deployments:
        actions.append(_run(deployments[ALERT], what=NIGHT_MISSING))
    return AutomationCore(
        name=f"{PREFIX}夜间运行缺失 night missing",
        description="26 小时内没有完成的夜间升级上报：立即补跑，并通知客服班组长与管理员。"
        " No overnight escalation was completed within 26 hours: it is run now, and the team supervisors and"
        " administrators are told.",
        trigger=EventTrigger(
            match=RUN,
            match_related={"prefect.resource.role": "flow", "prefect.resource.name": OVERNIGHT},
            expect={"prefect.flow-run.Completed"},
            posture=Posture.Proactive,
            within=NIGHT,
        ),
        actions=actions,
    )


def _failures(deployments: Mapping[str, UUID]) -> AutomationCore:
    others = {
        name: each for name, each in deployments.items() if name != ALERT
    }  # or a failed alert would alert for ever
    templates = {"run": "flow_run.id", "flow": "flow.name", "state": "event.event"}
    return AutomationCore(
        name=f"{PREFIX}运行失败通知 failure notice",
        description="运行失败或崩溃：以邮件通知客服班组长与管理员，每次运行一封，只含运行编号。"
        " A run that failed or crashed: one mail to the team supervisors and administrators, with the run's id alone.",
        trigger=EventTrigger(
            match=RUN,
            match_related=_of(others),
            expect={"prefect.flow-run.Failed", "prefect.flow-run.Crashed"},
            for_each=EACH,
            posture=Posture.Reactive,
        ),
        actions=[
            _run(deployments[ALERT], what=RUN_FAILED, **{name: _template(each) for name, each in templates.items()})
        ],
    )


def _crash(reason: str) -> ChangeFlowRunState:
    return ChangeFlowRunState.model_validate({"state": StateType.CRASHED, "message": reason})


def _template(expression: str) -> dict[str, str]:
    """Return a parameter that Prefect fills in; a bare template would not look up the run and flow."""
    return {"__prefect_kind": "jinja", "template": f"{{{{ {expression} }}}}"}


def _run(deployment: UUID, **parameters: Any) -> RunDeployment:
    return RunDeployment.model_validate({"deployment_id": deployment, "parameters": parameters or None})
