"""Reads the questionnaires of `policies/questionnaires/`: what customers are asked, what each answer weighs (E1)."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from engine.calendars.calendar import POLICIES
from engine.rules.limits import Row, Text
from statemachines.refused import Refused

FOLDER = POLICIES / "questionnaires"
DIMENSIONS = ("timeliness", "intact_goods", "attitude", "quality", "price")
"""The scores that the form of a revisit holds, each 1 to 5 or not given."""
LANGUAGES = ("zh_CN", "zh_TW", "en")
POINT = 2_000
"""One step of a score in hundredths of a point: 1 is 20 points, 5 is 100."""


class Dimension(Row):
    """A score that is asked for, how much it counts beside the others, and the question in each language."""

    code: Text
    weight: Annotated[int, Field(gt=0, le=1000, strict=True)]
    question: dict[str, Text]


class Questionnaire(Row):
    """What customers are asked after cases of these kinds; ``version`` changes with every word and weight of it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    version: Text
    source: Text
    kinds: Annotated[tuple[Text, ...], Field(min_length=1)]
    dimensions: Annotated[tuple[Dimension, ...], Field(min_length=1)]


def score(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> tuple[int | None, int]:
    """What the answers come to in hundredths of a point of 100, and how many were given.

    The weighted mean of what was answered, 1 counting 20 points and 5 counting 100, rounded half up. What was not
    answered is left out of the mean; where nothing was, there is no score: silence is no praise. Answers to what
    this questionnaire does not ask are not counted.
    """
    given = [(one.weight, answers[one.code]) for one in questionnaire.dimensions if answers.get(one.code) is not None]
    weights = sum(weight for weight, _ in given)
    if not weights:
        return None, 0
    total = sum(weight * value * POINT for weight, value in given)
    return (2 * total + weights) // (2 * weights), len(given)


def asked_after(kind: str) -> Questionnaire | None:
    """The questionnaire in force for a kind of case; None if its customers are asked nothing."""
    return next((one for one in questionnaires().values() if kind in one.kinds), None)


def questionnaire(name: str) -> Questionnaire:
    """The questionnaire of that name. Raises ``Refused('unknown_questionnaire')``."""
    if name not in questionnaires():
        raise Refused("unknown_questionnaire", name=name, known=list(questionnaires()))
    return questionnaires()[name]


@cache
def questionnaires() -> Mapping[str, Questionnaire]:
    """Every questionnaire that is shipped, by name. Raises ``Refused('bad_questionnaire')``."""
    return questionnaires_in(FOLDER)


def questionnaires_in(folder: Path) -> Mapping[str, Questionnaire]:
    """Every questionnaire of a folder by name. Raises ``Refused('bad_questionnaire')``; then none is taken."""
    found: dict[str, Questionnaire] = {}
    for path in sorted(folder.glob("*.toml")):
        read = load_questionnaire(path)
        if twice := {kind for other in found.values() for kind in other.kinds} & set(read.kinds):
            raise _bad(
                path, "kinds", f"{', '.join(sorted(twice))}: asked by another file, too; leave it to one of them"
            )
        found[read.name] = read
    return found


def load_questionnaire(path: Path) -> Questionnaire:
    """Read and check one file; nothing of a bad one is taken.

    Raises ``Refused('bad_questionnaire')`` with file, field and reason.
    """
    try:
        read = Questionnaire.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(path, "", str(error)) from None
    except ValidationError as error:
        told = error.errors(include_url=False)
        faults = [{"field": ".".join(map(str, fault["loc"])), "why": fault["msg"]} for fault in told]
        raise Refused("bad_questionnaire", file=path.name, faults=faults) from None
    if faults := [{"field": field, "why": why} for field, why in _doubts(read, path.stem)]:
        raise Refused("bad_questionnaire", file=path.name, faults=faults)
    return read


def _doubts(read: Questionnaire, stem: str) -> Iterator[tuple[str, str]]:
    """What each piece alone does not show: field and reason."""
    if read.name != stem:
        yield "name", f"is not the name of the file, {stem}"
    codes = [one.code for one in read.dimensions]
    for at, code in enumerate(codes):
        if code not in DIMENSIONS:
            yield f"dimensions.{at}.code", f"there is no score {code}; use one of: {', '.join(DIMENSIONS)}"
        if code in codes[:at]:
            yield f"dimensions.{at}.code", f"{code} is asked twice; take one of them out"
        yield from _unsaid(f"dimensions.{at}.question", read.dimensions[at].question)


def _unsaid(field: str, question: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Languages in which a question is missing, or that we do not speak."""
    for language in LANGUAGES:
        if language not in question:
            yield f"{field}.{language}", "is missing; ask it in this language, too"
    for language in question:
        if language not in LANGUAGES:
            yield f"{field}.{language}", f"is no language of ours ({', '.join(LANGUAGES)}); take it out"


def _bad(path: Path, field: str, why: str) -> Refused:
    return Refused("bad_questionnaire", file=path.name, faults=[{"field": field, "why": why}])
