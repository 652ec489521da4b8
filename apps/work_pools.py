"""Fixes what the workers of our pools run: the flows of `prefect.yaml`, in our way, whatever the server says.

Note [What a worker runs]: Prefect's worker takes command, environment and folder of a process from the pool's template,
the deployment and the run, and the code from the deployment's entrypoint and pull steps. All of these are rows in
Prefect's database. Here none of them decides: a run names a deployment, and our code is looked up by its entrypoint in
the deployments that are installed with us. Whoever can write to Prefect's server can start our flows, and no others.
"""

from pathlib import Path
from typing import Any, Self

from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.workers.base import BaseJobConfiguration

from apps.declared_deployments import Deployment, read_deployments

NIGHTS_TYPE, ACTS_TYPE = "closeloop-nights", "closeloop-acts"
TEMPLATE: dict[str, Any] = {
    "job_configuration": {"env": {}},  # the server takes none that is empty
    "variables": {"type": "object", "properties": {}, "additionalProperties": False},
}
"""The template of our work pools: the server accepts no job variable for them."""


class ForeignRun(ValueError):
    """A run that is not of a deployment of `prefect.yaml` as it is installed; the message says what is foreign."""


class FixedConfiguration(BaseJobConfiguration):
    """The configuration of every run: no template and no job variable changes it."""

    @classmethod
    async def from_template_and_values(
        cls,
        base_job_template: dict[str, Any],  # noqa: ARG003 (the server's; see Note [What a worker runs])
        values: dict[str, Any],
        client: PrefectClient | None = None,  # noqa: ARG003
    ) -> Self:
        """Return the configuration. Raises ``ForeignRun`` for job variables."""
        if values:
            raise ForeignRun(f"job variables are not accepted: {', '.join(sorted(values))}")
        return cls()


async def declared_deployment(client: PrefectClient, run: FlowRun, file: Path) -> Deployment:
    """Return the deployment of a run as ``file`` declares it. Raises ``ForeignRun``."""
    if run.deployment_id is None:
        raise ForeignRun("the run has no deployment")
    return checked(await client.read_deployment(run.deployment_id), file)


def checked(found: DeploymentResponse, file: Path) -> Deployment:
    """Return the declared deployment that has the entrypoint of one on the server. Raises ``ForeignRun``."""
    if found.pull_steps or found.storage_document_id or found.job_variables:
        raise ForeignRun("the deployment has pull steps, a storage or job variables")
    for declared in read_deployments(file):
        if declared.entrypoint == found.entrypoint:
            return declared
    raise ForeignRun(f"the entrypoint {found.entrypoint} is not in prefect.yaml")


async def declared_flow(client: PrefectClient, run: FlowRun, file: Path) -> "Flow[..., Any]":
    """Return the flow of a run, from our own code. Raises ``ForeignRun``."""
    return (await declared_deployment(client, run, file)).flow()
