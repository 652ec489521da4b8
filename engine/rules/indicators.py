"""Read indicators, shipped and published: their files are checked before anything is counted by them (E2)."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from engine.calendars.calendar import POLICIES
from engine.rules.indicator_definition import Indicator
from engine.rules.indicator_faults import definition_faults, set_faults
from engine.rules.rule_files import RuleFiles
from statemachines.rule_faults import Fault

FOLDER = POLICIES / "indicators"


def _among(indicator: Indicator, others: Iterable[Indicator]) -> Iterator[Fault]:
    return set_faults(indicator, {each.name: each for each in others})


_FILES = RuleFiles(Indicator, "bad_indicator", definition_faults, _among)
parsed_indicator = _FILES.parsed
indicators_in = _FILES.in_folder
bad_indicator = _FILES.refused


@cache
def indicators() -> Mapping[str, Indicator]:
    """Return the shipped indicators by name. Raises ``Refused('bad_indicator')``."""
    return indicators_in(FOLDER)
