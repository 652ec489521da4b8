"""How soon an act from the Prefect UI takes effect: from the click until the case has moved, with no other work."""

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.prefect_server import POOL, acts_worker, prefect_server, worker
from apps.prefect_settings import prefect_environment
from benchmarks.driver_process import driver
from benchmarks.measures import Measure, Target, machine_load, new_measure
from benchmarks.stores import SUPERVISOR, new_store, open_one
from engine.actors import NewActor, add_actor
from engine.commands.one_time_codes import issue_by_hand
from engine.ledger.record import case_by_number
from engine.settings import Settings
from engine.store import Store
from statemachines.roles import Role

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

ADMINISTRATOR = "ada"
BOUND = 5000.0
"""The target, in milliseconds, for the median and for the slowest."""
SAMPLES, REFERENCES = 10, 3
LONGEST, STARTING = 60.0, 300.0
QUIET = 3.0
SLOW = "the worker's poll, and what Prefect's client and server exchange before a run begins"


def rows(database: str, samples: int = SAMPLES) -> list[Measure]:
    """Median and maximum over some acts. Needs a process of its own: Prefect reads its settings once in each."""
    with (
        tempfile.TemporaryDirectory(prefix="bench") as name,
        new_store(Path(name), database) as settings,
        prefect_server(settings.where) as server,
    ):
        os.environ.update(prefect_environment(settings.where, server.api_url))  # before Prefect is imported
        return list(_measures(settings, server.api_url, database, samples))


def _measures(settings: Settings, api_url: str, database: str, samples: int) -> Iterator[Measure]:
    ours, reference = clicks(settings, api_url, samples)
    how = f"{samples} acts with their codes, everything else idle, from the click to the move; {machine_load()}"
    for which, ms in (("median", statistics.median(ours)), ("slowest", max(ours))):
        one = new_measure(f"act from the Prefect UI takes effect, {which}", database, ms, None, "ms", how)
        yield Target(BOUND, at_least=False, obstacle=SLOW).judge(one)
    name, by = "act from the Prefect UI, against a process worker", f"{len(reference)} acts by a process worker; {how}"
    yield new_measure(name, database, statistics.median(ours), statistics.median(reference), "ms", by)


def clicks(settings: Settings, api_url: str, samples: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds from the creation of each act's run, as the UI creates it, until the case has moved.

    The second list is of the same act in the pool of the process worker.
    """
    from apps.prefect_client import prefect_client
    from apps.up_deployments import ensure_pool_and_deployments

    ensure_pool_and_deployments(api_url)
    with contextlib.closing(settings.store()) as store:
        with store.writing() as tx:
            add_actor(tx, NewActor(ADMINISTRATOR, (Role.ADMINISTRATOR,)))
        home = settings.where
        os.environ |= {"CLOSELOOP_SECRET": settings.secret or "", "CLOSELOOP_DATABASE_URL": settings.url}
        with (
            worker(home, api_url),
            acts_worker(home, api_url),
            driver(settings, api_url),
            prefect_client(api_url) as client,
        ):
            number = open_one(store)
            act = client.read_deployment_by_name("extend-promise/extend-promise")
            reference = client.read_deployment(_in_process_pool(client, act))
            for deployment in (act, reference):
                _click(client, store, number, deployment, STARTING)  # all is up, and has done its first
            ours = [_click(client, store, number, act) for _ in range(samples)]
            return ours, [_click(client, store, number, reference) for _ in range(REFERENCES)]


def _in_process_pool(client: "SyncPrefectClient", act: Any) -> Any:
    """Deploy the same act for the process worker; return the id."""
    return client.create_deployment(
        flow_id=act.flow_id,
        name="by-a-process",
        entrypoint=act.entrypoint,
        work_pool_name=POOL,
        parameter_openapi_schema=act.parameter_openapi_schema,
        enforce_parameter_schema=True,
    )


def _click(client: "SyncPrefectClient", store: Store, number: str, deployment: Any, longest: float = LONGEST) -> float:
    shown = _choices(deployment.parameter_openapi_schema)
    code = issue_by_hand(store, SUPERVISOR, ADMINISTRATOR, store.now()).code
    entries = {"acting_as": SUPERVISOR, "case": number, "hours": 1, "code": code}
    before, began = _extended(store, number), time.perf_counter()
    run = client.create_flow_run_from_deployment(deployment.id, parameters={"act": entries | shown})
    while _extended(store, number) == before:
        if time.perf_counter() - began > longest:
            state = client.read_flow_run(run.id).state
            raise TimeoutError(f"the act had no effect within {longest:.0f} s: {state}")
        time.sleep(0.01)
    took = 1000 * (time.perf_counter() - began)
    time.sleep(QUIET)
    return took


def _choices(schema: Any) -> dict[str, str]:
    fields = schema["definitions"]["ExtendForm"]["properties"]
    clause = next(text for text in fields["clause"]["enum"] if text.endswith(" solution"))
    return {"clause": clause, "reason": fields["reason"]["enum"][0]}


def _extended(store: Store, number: str) -> int:
    """Return how often the case's promises were extended."""
    with store.looking() as tx:
        case_id = case_by_number(tx, number).id
        sql = "SELECT count(*) AS n FROM transition WHERE case_id = :case_id AND move = 'extend'"
        return tx.row(sql, case_id=case_id).n
