"""The flow that Prefect's automations run when a run of ours went wrong: a thin shell on `alerts.py`."""

from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from engine.settings import Settings
from flows.prefect_ui.alerts import ALERT, alert
from flows.prefect_ui.run_states import state_after
from flows.work import work_from

What = Literal["run_failed", "night_missing"]


@flow(name=ALERT, flow_run_name="alert · {what} · {flow}", persist_result=False, log_prints=False)
async def tell_supervisors(what: What, run: str = "", flow: str = "", state: str = "") -> State[Any]:
    """Write to the team supervisors and administrators."""

    async def body() -> None:
        work = work_from(Settings())
        try:
            await alert(work, what, run, flow, state)
        finally:
            work.store.close()

    return await state_after(body)
