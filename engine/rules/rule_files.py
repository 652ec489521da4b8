"""Read the rules of a folder: one TOML file for each name, checked by itself and beside the others."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Generic, TypeVar

from pydantic import Field, ValidationError

from engine.rules.limits import Row, Text
from models.toml_text import BadToml, parsed_toml
from statemachines.form_faults import file_faults
from statemachines.refused import Refused
from statemachines.rule_faults import Fault, rule_fault, unreadable_fault


class NamedRules(Row):
    """Rules that have a file of their own; ``version`` changes with each text and weight."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    version: Text
    source: Text


T = TypeVar("T", bound=NamedRules)


@dataclass(frozen=True, slots=True)
class RuleFiles(Generic[T]):
    """How files of one sort are read.

    ``refusal`` is the code of a faulty one. ``doubts`` yields the faults that concern more than one field, ``overlaps``
    those of a file beside the others, among which it may be itself.
    """

    model: type[T]
    refusal: str
    doubts: Callable[[T], Iterable[Fault]]
    overlaps: Callable[[T, Iterable[T]], Iterable[Fault]]

    def in_folder(self, folder: Path) -> Mapping[str, T]:
        """Return the rules of a folder by name. Raises ``Refused`` if one is faulty."""
        by_name = {path.stem: self.load(path) for path in sorted(folder.glob("*.toml"))}
        for name in reversed(by_name):  # of two files that overlap the later one is refused
            if faults := list(self.overlaps(by_name[name], by_name.values())):
                raise self.refused(f"{name}.toml", faults)
        return by_name

    def load(self, path: Path) -> T:
        """Read and check one shipped file, which has the name of its rules.

        Raises ``Refused`` with file, field and reason.
        """
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self.refused(path.name, [unreadable_fault(error)]) from None
        rules = self.parsed(text, path.name)
        if rules.name != path.stem:
            fault = rule_fault("name", "file.other_name", "is not the name of the file, {name}", name=path.stem)
            raise self.refused(path.name, [fault])
        return rules

    def parsed(self, text: str, file: str) -> T:
        """Parse and check a text. Raises ``Refused`` with file, field and reason."""
        try:
            rules = self.model.model_validate(parsed_toml(text))
        except BadToml as error:
            raise self.refused(file, [unreadable_fault(error)]) from None
        except ValidationError as error:
            raise self.refused(file, file_faults(error)) from None
        if faults := list(self.doubts(rules)):
            raise self.refused(file, faults)
        return rules

    def refused(self, file: str, faults: Iterable[Fault]) -> Refused:
        """Return the refusal of a file with its faults."""
        return Refused(self.refusal, file=file, faults=list(faults))
