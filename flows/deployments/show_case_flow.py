"""Leaves the page of a case as of now: a supervisor enters its number. It changes nothing, so it needs no code."""

from typing import Any
from uuid import UUID

from prefect import get_client
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from pydantic import BaseModel, ConfigDict, Field

from flows.deployments.deployed_flow import deployed_flow
from flows.deployments.operator_forms import NO_WORDS
from flows.prefect_ui.case_forms import SHOW
from flows.prefect_ui.case_pages import act_forms, leave_pages
from flows.work import Work
from locales.translation import refusal, translate
from statemachines.lifecycle import Refused


class ShowForm(BaseModel):
    """The number of the case to show."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, json_schema_extra={"description": NO_WORDS}
    )

    case: str = Field(
        title="工单编号 / Case number",
        description="如 cp-26-000123。 / As cp-26-000123.",
        pattern=r"^[a-z]{2}-[0-9]{2}-[0-9]{6,12}$",
    )


async def _show(work: Work, act: ShowForm) -> State[Any]:
    """Leave the page of one case as of now, with links to the forms that act on it."""
    async with get_client() as client:
        forms = await act_forms(client)
        left = await leave_pages(client, work, [act.case], UUID(str(flow_run.id)), forms)
    if not left:
        return Failed(name="Refused", message=refusal(work.locale, Refused("unknown_case", number=act.case)))
    return Completed(message=translate(work.locale, "window.shown", number=act.case))


def _run_name() -> str:
    return f"{SHOW} · {flow_run.parameters['act'].case}"


show_case = deployed_flow(SHOW, _run_name, _show)
