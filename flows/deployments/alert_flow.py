"""The flow that Prefect's automations start when a run failed or a night is missing."""

from flows.deployments.deployed_flow import deployed_flow
from flows.prefect_ui.alerts import ALERT, AlertKind, alert
from flows.work import Work


async def _alert(work: Work, what: AlertKind, run: str = "", flow: str = "", state: str = "") -> None:
    """Write to the team supervisors and administrators."""
    await alert(work, what, run, flow, state)


tell_supervisors = deployed_flow(ALERT, "alert · {what} · {flow}", _alert)
