"""Sets of states that rows and clauses of a lifecycle refer to, computed from the states' own rows.

A new state belongs to them by its own row: its milestone decides ``before``, its ``groups`` decide ``in_group``.
"""

from collections.abc import Iterable

from statemachines.vocabulary import Milestone, State

SPINE = tuple(Milestone)


def before(states: Iterable[State], milestone: Milestone) -> tuple[str, ...]:
    """Return the names of the states that are not final and whose milestone comes before ``milestone``."""
    reached = SPINE[: SPINE.index(milestone)]
    return tuple(state.name for state in states if not state.final and state.milestone in reached)


def in_group(states: Iterable[State], group: str) -> tuple[str, ...]:
    """Return the names of the states whose ``groups`` hold ``group``. Raises ``ValueError`` if none does."""
    names = tuple(state.name for state in states if group in state.groups)
    if not names:
        raise ValueError(f"no state is in the group {group}")
    return names
