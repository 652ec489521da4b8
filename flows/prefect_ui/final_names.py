"""Names a run for what it did, when it ends: its cases, so that a search by number finds it, and their levels now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient

from engine.store import Store
from flows.prefect_ui.run_names import IN_NAME
from flows.work import Work, off_loop
from locales.translation import label, translate
from reports.current_names import state_of

# Note [What the search of the Prefect UI matches]
# It matches part of a run's name and nothing else; tags can only be chosen in full. So the name holds the numbers of a
# run's cases. Lists cut a long name short and show all of it as a tooltip. The index on names in Postgres refuses more
# than 2,700 bytes, hence the limit.
READ = 1_000
"""The most cases that are read for a name: their number and the highest level among them."""
CASES = "SELECT number, kind, state, cycle, level, department FROM cases WHERE number = :number"


@dataclass(frozen=True, slots=True)
class FinalName:
    """A run's name and tags after its work."""

    name: str
    tags: tuple[str, ...]


async def name_run(client: PrefectClient, run_id: UUID, tags: Sequence[str], name: FinalName) -> None:
    """Give a run its final name, and the tags of what its cases have become besides those that it has."""
    kept = [tag for tag in tags if not tag.startswith("level:")]
    await client.update_flow_run(run_id, name=name.name, tags=list(dict.fromkeys([*kept, *name.tags])))


async def final_name(work: Work, numbers: Sequence[str], what: Sequence[str]) -> FinalName | None:
    """Return the name of a run that touched these cases; ``what`` says what it did, if it was the same for all.

    None for a run without cases. A lone case without ``what`` is named with its state and round.
    """
    numbers = list(dict.fromkeys(numbers))
    cases = await off_loop(_cases, work.store, numbers[:READ])
    if not cases:
        return None
    highest = max(case.level for case in cases)
    level = [label(work.locale, "", "level", str(highest))] if highest else []
    return FinalName(
        " · ".join([*_subject(work.locale, cases, len(numbers), what), *level, *_all(numbers)]), _tags(cases)
    )


def _cases(store: Store, numbers: Sequence[str]) -> list[Any]:
    with store.looking() as tx:
        found = (tx.row(CASES, number=number) for number in numbers)
        return [case for case in found if case is not None]


def _subject(locale: str, cases: Sequence[Any], count: int, what: Sequence[str]) -> list[str]:
    if count > 1:
        return [translate(locale, "window.cases", count=count), *what]
    case = cases[0]
    state = label(locale, case.kind, "state", state_of(case.kind, case.state))
    return [case.number, *(what or [state, translate(locale, "window.round", round=case.cycle)])]


def _all(numbers: Sequence[str]) -> list[str]:
    """Return the numbers of several cases as one part of the name; of too many the first and the last."""
    if len(numbers) == 1:
        return []
    return [" ".join(numbers) if len(numbers) <= IN_NAME else f"{numbers[0]} … {numbers[-1]}"]


def _tags(cases: Sequence[Any]) -> tuple[str, ...]:
    levels = sorted({f"level:{case.level}" for case in cases})
    departments = sorted({f"dept:{case.department}" for case in cases if case.department})
    return (*levels, *departments)
