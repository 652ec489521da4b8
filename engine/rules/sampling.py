"""The words of a sampling plan: by what customers are divided into strata, and how a sample is divided among them."""

from enum import StrEnum
from typing import Final

MOST_SURVEYED: Final = 2000
"""The largest sample of a survey."""


class SurveyStrata(StrEnum):
    """The column of a case by which its customer belongs to a stratum."""

    CUSTOMER_TYPE = "customer_type"
    CHANNEL = "channel"
    KIND = "kind"


class Allocation(StrEnum):
    """How a sample is divided: by the size of the strata, or the same number from each."""

    PROPORTIONAL = "proportional"
    EQUAL = "equal"
