"""The Prefect runs that worked on a case, as links for whoever may read the case.

Which run delivered an event of a case stands in our own tables, so the links are there while Prefect is away; a run
that Prefect has deleted meanwhile is not found at its address.
"""

from dataclasses import dataclass
from datetime import datetime

from engine.access.principal import Principal
from engine.access.scope import case_for
from engine.settings import Settings
from engine.store import Store
from flows.case_address import prefect_ui, run_page
from flows.prefect_ui.runs_of_cases import runs_of


@dataclass(frozen=True, slots=True)
class RunLink:
    """A run that worked on a case, when it did so last, and its page; None where no Prefect UI is known."""

    run_id: str
    at: datetime
    address: str | None


def run_links(store: Store, settings: Settings, principal: Principal, number: str, at: datetime) -> list[RunLink]:
    """Return the last runs of a case, the newest first. Raises ``Refused('unknown_case')``."""
    with store.looking() as tx:
        case = case_for(tx, principal, number, at)
    ui_url = prefect_ui(settings.ui_url, store.home)
    return [
        RunLink(run.run_id, run.at, None if ui_url is None else run_page(ui_url, run.run_id))
        for run in runs_of(store, [case.number])[case.number]
    ]
