"""What becomes of a case's owner and its count of transfers where its department changes (B10).

One rule for whoever writes a case and for whoever checks its row by the history: the owner belongs to the department,
so a new department ends his work unless the move names a new one; going from one department to another is a transfer.
"""

from typing import NamedTuple

from engine.ledger.case_variables import next_variables
from statemachines.vocabulary import TRANSFERS


class Responsible(NamedTuple):
    """Who answers for a case: its department and its owner, and the case variables, which count the transfers."""

    department: str | None
    owner: str | None
    variables: str


def handed_over(before: str | None, after: Responsible, named: bool) -> Responsible:
    """Return who answers for a case after a move; ``before`` is its department until then.

    ``after`` holds what the form of the move put on the case; ``named`` says that the form named the owner.
    """
    if after.department == before:
        return after
    owner = after.owner if named else None
    counted = after.variables if before is None else next_variables(after.variables, {}, TRANSFERS)
    return Responsible(after.department, owner, counted)
