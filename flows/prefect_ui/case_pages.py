"""Leaves the page of each case that a run touched, with links to the forms that act on it.

A page is an artifact under the case's number. Its metadata holds the version of the case and what the page links to, so
that a page that is missing or out of date is recognised without reading it.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import DeploymentFilter

from engine.store import Store
from flows.case_address import console_page, site
from flows.prefect_ui.case_forms import DeployedForm, OfferedForm, deployed_form, forms_of
from flows.prefect_ui.runs_of_cases import known_runs, runs_of
from flows.work import Work, off_loop
from locales.translation import label, translate
from reports import case_page
from reports.case_page import CaseRun, Form
from reports.same_person import others_in_question

ACT = "act"
"""The tag of the deployments that people start from a form."""
VERSION = "version"


def page_version(version: int, console: str | None, has_forms: bool) -> str:
    """Return what the metadata of a page holds: a page without forms, or of another console, is out of date later."""
    return " ".join([str(version), *([console] if console is not None else []), *([] if has_forms else ["no forms"])])


async def act_forms(client: PrefectClient) -> dict[str, DeployedForm]:
    """Return the forms of the deployments for people, by name; their ids are new after Prefect was wiped."""
    only = DeploymentFilter.model_validate({"tags": {"all_": [ACT]}})
    deployments = await client.read_deployments(deployment_filter=only)
    return {found.name: deployed_form(found.id, found.parameter_openapi_schema or {}) for found in deployments}


async def leave_pages(
    client: PrefectClient, work: Work, numbers: Iterable[str], run_id: UUID | None, deployed: Mapping[str, DeployedForm]
) -> int:
    """Leave a page for each case, in a run or beside all runs; returns how many.

    Pages are left anew, too, of the cases whose customer may be the same person: the question stands on both.
    """
    left = 0
    numbers = await off_loop(_with_others, work.store, list(dict.fromkeys(numbers)))
    worked = await off_loop(runs_of, work.store, numbers)
    known = await known_runs(client, (run.run_id for runs in worked.values() for run in runs))
    for number in numbers:
        now = await work.now()
        console = console_page(work, number)
        forms = await off_loop(_forms, work.store, number, work.locale, deployed, console)
        runs = [
            CaseRun(run.at, known[run.run_id].name, f"../../runs/flow-run/{run.run_id}")
            for run in worked[number]
            if run.run_id in known
        ]
        page = await off_loop(case_page.page, work.store, number, now, work.locale, forms, runs, console)
        if page is None:
            continue
        await client.create_artifact(
            ArtifactCreate(
                key=number,
                type="markdown",
                description=page.summary,
                data=page.text,
                metadata_={VERSION: page_version(page.version, site(work.public_url, work.store.home), bool(deployed))},
                flow_run_id=run_id,
            )
        )
        left += 1
    return left


def _with_others(store: Store, numbers: list[str]) -> list[str]:
    """Return the cases, and those about which "same person?" is asked together with them."""
    with store.looking() as tx:
        return [*numbers, *others_in_question(tx, numbers)]


def _forms(
    store: Store, number: str, locale: str, deployed: Mapping[str, DeployedForm], console: str | None
) -> list[Form]:
    kind, forms = forms_of(store, number, deployed)
    return [
        Form(
            _name(locale, kind, form),
            form_address(form.deployment, form.fields),
            None if console is None or not form.move else console_form(console, form),
        )
        for form in forms
    ]


def console_form(console: str, form: OfferedForm) -> str:
    """Return the address of the form in the console that makes the same move, filled in with the same choice."""
    return f"{console}/moves/{form.move}" + (f"?{urlencode(form.codes)}" if form.codes else "")


def _name(locale: str, kind: str, form: OfferedForm) -> str:
    name = label(locale, "", "form", form.name)
    if form.choice is None:
        return name
    sort, code = form.choice
    choice = label(locale, "" if sort == "level" else kind, sort, code)
    return translate(locale, "story.form_for", form=name, choice=choice)


def form_address(deployment: UUID, fields: Mapping[str, Any]) -> str:
    """Return the address of a deployment's form, filled in; relative to the page of an artifact or of a key."""
    filled_in = f"?parameters={quote(json.dumps({'act': dict(fields)}, ensure_ascii=False))}" if fields else ""
    return f"../../deployments/deployment/{deployment}/run{filled_in}"
