"""Finds the runs that worked on a case, however many cases they had: deliveries keep who delivered them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from engine.store import Store
from models.columns import from_micros

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

MOST = 10
"""The most runs that are listed for a case, the last ones."""
READ = 200
"""The most runs that Prefect returns at a time."""
ID_LENGTH = 36

DELIVERED = """
SELECT lease_owner, max(done_at) AS done_at FROM delivery
 WHERE case_id = (SELECT id FROM cases WHERE number = :number) AND status = 'done' AND lease_owner IS NOT NULL
 GROUP BY lease_owner ORDER BY done_at DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Run:
    """A run that Prefect has."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class RunOfCase:
    """A run that delivered events of a case, and when it did so last."""

    run_id: str
    at: datetime


def run_id_of(lease_owner: str | None) -> str | None:
    """Return the id of the run that held a lease; None if its holder was no run. See ``step_tasks.shown``."""
    text = (lease_owner or "")[-ID_LENGTH:]
    try:
        return str(UUID(text)) if len(text) == ID_LENGTH else None
    except ValueError:
        return None


def runs_of(store: Store, numbers: Sequence[str]) -> dict[str, list[RunOfCase]]:
    """Return the last runs of each case, the newest first."""
    found: dict[str, list[RunOfCase]] = {}
    with store.looking() as tx:
        for number in numbers:
            rows = tx.rows(DELIVERED, number=number, limit=MOST)
            owners = [(run_id_of(row.lease_owner), from_micros(row.done_at)) for row in rows]
            found[number] = [RunOfCase(run_id, at) for run_id, at in owners if run_id is not None]
    return found


async def known_runs(client: "PrefectClient", run_ids: Iterable[str | None]) -> Mapping[str, Run]:
    """Return those of the runs that Prefect still has, by their ids."""
    from prefect.client.schemas.filters import FlowRunFilter

    wanted = list(dict.fromkeys(run_id for run_id in run_ids if run_id is not None))
    known: dict[str, Run] = {}
    for begin in range(0, len(wanted), READ):
        only = FlowRunFilter.model_validate({"id": {"any_": wanted[begin : begin + READ]}})
        for run in await client.read_flow_runs(flow_run_filter=only, limit=READ):
            known[str(run.id)] = Run(str(run.id), run.name)
    return known
