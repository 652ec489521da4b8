"""Leaves the page of each case that a run touched, with links to the forms that act on it.

A page is an artifact under the case's number. Its metadata holds the version of the case, so that a page that is
missing or out of date is recognised without reading it.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import DeploymentFilter

from engine.store import Store
from flows.prefect_ui.case_forms import DeployedForm, deployed_form, forms_of
from flows.work import Work, off_loop
from locales.translation import label
from reports import case_page
from reports.case_page import Form

ACT = "act"
"""The tag of the deployments that people start from a form."""
VERSION = "version"


async def act_forms(client: PrefectClient) -> dict[str, DeployedForm]:
    """Return the forms of the deployments for people, by name; their ids are new after Prefect was wiped."""
    only = DeploymentFilter.model_validate({"tags": {"all_": [ACT]}})
    deployments = await client.read_deployments(deployment_filter=only)
    return {found.name: deployed_form(found.id, found.parameter_openapi_schema or {}) for found in deployments}


async def leave_pages(
    client: PrefectClient, work: Work, numbers: Iterable[str], run_id: UUID | None, deployed: Mapping[str, DeployedForm]
) -> int:
    """Leave a page for each case, in a run or beside all runs; returns how many."""
    left = 0
    for number in dict.fromkeys(numbers):
        now = await work.now()
        forms = await off_loop(_forms, work.store, number, work.locale, deployed)
        page = await off_loop(case_page.page, work.store, number, now, work.locale, forms)
        if page is None:
            continue
        await client.create_artifact(
            ArtifactCreate(
                key=number,
                type="markdown",
                description=page.summary,
                data=page.text,
                metadata_={VERSION: str(page.version)},
                flow_run_id=run_id,
            )
        )
        left += 1
    return left


def _forms(store: Store, number: str, locale: str, deployed: Mapping[str, DeployedForm]) -> list[Form]:
    forms = forms_of(store, number, deployed)
    return [Form(label(locale, "", "form", name), _address(form.deployment, fields)) for name, form, fields in forms]


def _address(deployment: UUID, parameters: Mapping[str, Any]) -> str:
    """Return the address of a deployment's form, filled in; relative to the page of an artifact or of a key."""
    filled_in = quote(json.dumps({"act": parameters}, ensure_ascii=False))
    return f"../../deployments/deployment/{deployment}/run?parameters={filled_in}"
