"""The words of a sampling plan: by what customers are divided into strata, and how a sample is divided among them."""

from enum import StrEnum
from typing import Final

MOST_SURVEYED: Final = 2000
"""The largest sample of a survey."""
SURVEY: Final = "survey_invitation"
"""The kind of case that an invitation to a survey is."""


class SurveyStrata(StrEnum):
    """The column of a case by which its customer belongs to a stratum."""

    CUSTOMER_TYPE = "customer_type"
    CHANNEL = "channel"
    KIND = "kind"


class Allocation(StrEnum):
    """How a sample is divided: by the size of the strata, or the same number from each."""

    PROPORTIONAL = "proportional"
    EQUAL = "equal"


def surveyed_kinds() -> list[str]:
    """Return the kinds of case whose customers may be surveyed: no internal and no confidential ones, no survey."""
    from statemachines.kinds import lifecycles  # loads all tables, which whoever reads packs alone does not need

    tables = lifecycles().values()
    return sorted(table.kind for table in tables if not table.internal and not table.readers and table.kind != SURVEY)
