"""Read indicators, shipped and published: their files are checked before anything is counted by them (E2)."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import ValidationError

from engine.calendars.calendar import POLICIES
from engine.rules.indicator_definition import Indicator
from engine.rules.indicator_faults import definition_faults, set_faults
from models.toml_text import BadToml, parsed_toml
from statemachines.form_faults import file_faults
from statemachines.refused import Refused
from statemachines.rule_faults import Fault, rule_fault, unreadable_fault

FOLDER = POLICIES / "indicators"


@cache
def indicators() -> Mapping[str, Indicator]:
    """Return the shipped indicators by name. Raises ``Refused('bad_indicator')``."""
    return indicators_in(FOLDER)


def indicators_in(folder: Path) -> Mapping[str, Indicator]:
    """Return the indicators of a folder by name. Raises ``Refused('bad_indicator')`` if one is faulty."""
    by_name = {path.stem: load_indicator(path) for path in sorted(folder.glob("*.toml"))}
    for name, indicator in by_name.items():
        if faults := list(set_faults(indicator, by_name)):
            raise bad_indicator(f"{name}.toml", faults)
    return by_name


def load_indicator(path: Path) -> Indicator:
    """Read and check one shipped file, which has the indicator's name.

    Raises ``Refused('bad_indicator')`` with file, field and reason.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_indicator(path.name, [unreadable_fault(error)]) from None
    indicator = parsed_indicator(text, path.name)
    if indicator.name != path.stem:
        fault = rule_fault("name", "file.other_name", "is not the name of the file, {name}", name=path.stem)
        raise bad_indicator(path.name, [fault])
    return indicator


def parsed_indicator(text: str, file: str) -> Indicator:
    """Parse and check the text of an indicator by itself.

    Raises ``Refused('bad_indicator')`` with file, field and reason.
    """
    try:
        indicator = Indicator.model_validate(parsed_toml(text))
    except BadToml as error:
        raise bad_indicator(file, [unreadable_fault(error)]) from None
    except ValidationError as error:
        raise bad_indicator(file, file_faults(error)) from None
    if faults := list(definition_faults(indicator)):
        raise bad_indicator(file, faults)
    return indicator


def bad_indicator(file: str, faults: Iterable[Fault]) -> Refused:
    """Return the refusal of a file with its faults."""
    return Refused("bad_indicator", file=file, faults=list(faults))
