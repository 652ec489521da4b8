"""The parts of an appraisal (E6): recorded as codes and numbers, and put in words for each reader."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from engine.rules.pack_sections import CONDUCT
from locales.translation import translate
from reports.indicators.names import IndicatorNames, indicator_name
from reports.indicators.statistics import rounded

RECORDED = re.compile(
    r"(?P<name>[a-z][a-z0-9_]*):(?P<weight>\d+):(?P<value>\d*\.?\d*):(?P<sample>\d+)"
    r":(?P<low>\d*\.?\d*):(?P<high>\d*\.?\d*):(?P<note>small|few|)"
)


class PartNote(StrEnum):
    """What qualifies a part: its sample is small; or too few contacts were scored, and they are left out."""

    NONE = ""
    SMALL = "small"
    FEW = "few"


@dataclass(frozen=True, slots=True)
class AppraisedPart:
    """A figure of 100 with its weight, of ``sample`` facts; ``exact`` is None where nothing counts.

    ``low`` and ``high`` bound a share at 95 %. ``name`` is that of an indicator, or ``conduct``.
    """

    name: str
    weight: int
    exact: Fraction | None = None
    sample: int = 0
    low: Decimal | None = None
    high: Decimal | None = None
    note: PartNote = PartNote.NONE

    def recorded(self) -> str:
        """Return the part as the record holds it: name, weight, value, sample, interval and note, between colons."""
        numbers = (None if self.exact is None else rounded(self.exact), self.low, self.high)
        value, low, high = ("" if number is None else f"{number:.2f}" for number in numbers)
        return f"{self.name}:{self.weight}:{value}:{self.sample}:{low}:{high}:{self.note}"


def figures_recorded(parts: Sequence[AppraisedPart]) -> str:
    """Return the parts as the move ``draw_up`` records them."""
    return " ".join(part.recorded() for part in parts)


def figures_text(locale: str, recorded: str, names: IndicatorNames) -> str:
    """Return the recorded parts in the reader's language; what an earlier release recorded in words, as it is."""
    found = [RECORDED.fullmatch(part) for part in recorded.split(" ")]
    if not all(found):
        return recorded
    return _word(locale, "between").join(_text(locale, part.groupdict(), names) for part in found if part is not None)


def _text(locale: str, part: dict[str, str], names: IndicatorNames) -> str:
    interval = _word(locale, "interval", low=part["low"], high=part["high"]) if part["low"] else ""
    said = "value" if part["value"] else "few" if part["note"] == PartNote.FEW else "nothing"
    small = _word(locale, "small") if part["note"] == PartNote.SMALL else ""
    words = {key: part[key] for key in ("weight", "value", "sample")}
    return _word(locale, said, name=_name(locale, part["name"], names), interval=interval, small=small, **words)


def _name(locale: str, name: str, names: IndicatorNames) -> str:
    return _word(locale, CONDUCT) if name == CONDUCT else indicator_name(names, locale, name)


def _word(locale: str, key: str, **params: str) -> str:
    return translate(locale, f"appraisal.part.{key}", **params)
