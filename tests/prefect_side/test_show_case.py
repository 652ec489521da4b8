"""The act that only looks: a number is entered, and the page of its case is left in the run."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from apps.prefect_server import Server
from engine.store import Store
from tests.case_actions import history_of, new_case
from tests.prefect_side.test_operator_actions import prefect_at, store  # noqa: F401 (a fixture)

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

pytestmark = pytest.mark.prefect


def shown(server: Server, number: str) -> Any:
    """The final state of a run of the act."""
    from flows.deployments.show_case_flow import ShowForm, show_case

    with prefect_at(server):
        return asyncio.run(show_case(ShowForm(case=number), return_state=True))  # pyright: ignore[reportArgumentType]


def test_it_leaves_the_page_in_its_run_and_changes_nothing(
    server: Server,
    client: "SyncPrefectClient",
    store: Store,  # noqa: F811
):
    from prefect.client.schemas.filters import ArtifactFilter

    number = new_case(store)
    before = len(history_of(store, number))
    state = shown(server, number)
    assert state.is_completed()
    run = state.state_details.flow_run_id
    [page] = client.read_artifacts(artifact_filter=ArtifactFilter.model_validate({"flow_run_id": {"any_": [run]}}))
    assert page.key == number
    assert str(page.data).startswith(f"# {number} · ")
    assert client.read_flow_run(run).name == f"show-case · {number}"
    assert len(history_of(store, number)) == before


def test_a_number_that_is_none_is_refused_in_words(server: Server, store: Store):  # noqa: F811
    state = shown(server, "cp-26-999999")
    assert (state.name, state.is_failed()) == ("Refused", True)
    assert "cp-26-999999" in state.message
