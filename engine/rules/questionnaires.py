"""Parse questionnaires, shipped in `policies/questionnaires/` or published: the questions and their weights (E1)."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import Field

from engine.calendars.calendar import POLICIES
from engine.rules.languages import language_faults
from engine.rules.limits import Row, Text
from engine.rules.rule_files import NamedRules, RuleFiles
from models.contact import CustomerType
from statemachines.rule_faults import Fault, rule_fault

FOLDER = POLICIES / "questionnaires"
DIMENSIONS = ("timeliness", "intact_goods", "attitude", "quality", "price")
"""The scores that the form of a revisit holds, each 1 to 5 or empty."""
WHOLE = 100
"""What the weights of a questionnaire are in all."""
POINT = 2_000
"""One step of a score in hundredths of a point: 1 is 20 points, 5 is 100."""


class Dimension(Row):
    """A score, its weight, and its question in each language."""

    code: Text
    weight: Annotated[int, Field(gt=0, le=1000, strict=True)]
    question: dict[str, Text]


class Questionnaire(NamedRules):
    """The questions after cases of these kinds.

    With ``customer_types`` it is asked of such customers only, and before one that names none.
    """

    kinds: Annotated[tuple[Text, ...], Field(min_length=1)]
    customer_types: tuple[CustomerType, ...] = ()
    dimensions: Annotated[tuple[Dimension, ...], Field(min_length=1)]

    @property
    def edition(self) -> str:
        """Return name and version."""
        return f"{self.name}@{self.version}"


def asked_of(known: Iterable[Questionnaire], kind: str, customer_type: str | None) -> Questionnaire | None:
    """Return which of the questionnaires a customer of this type is asked after a case of this kind, if any.

    One that names his type comes before one that names none.
    """
    after = [each for each in known if kind in each.kinds]
    own = (each for each in after if customer_type in each.customer_types)
    return next(own, next((each for each in after if not each.customer_types), None))


def score(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> tuple[int | None, int]:
    """Return the score in hundredths of a point of 100, and the number of answers.

    The score is the weighted mean of the answers, rounded half up; 1 counts 20 points, 5 counts 100. Missing answers
    are left out of the mean. Without any answer the score is None: silence is no praise. Answers to questions that
    this questionnaire does not ask are ignored.
    """
    given = [
        (dimension.weight, answers[dimension.code])
        for dimension in questionnaire.dimensions
        if answers.get(dimension.code) is not None
    ]
    weights = sum(weight for weight, _ in given)
    if not weights:
        return None, 0
    total = sum(weight * value * POINT for weight, value in given)
    return (2 * total + weights) // (2 * weights), len(given)


def asked_twice(questionnaire: Questionnaire, others: Iterable[Questionnaire]) -> Iterator[Fault]:
    """Yield a fault for each kind that another questionnaire asks about, too, of the same type of customer.

    Two that name no type at all are both asked of everybody.
    """
    for other in others:
        twice = set(other.kinds) & set(questionnaire.kinds)
        if other.name == questionnaire.name or not twice:
            continue
        types = set(other.customer_types) & set(questionnaire.customer_types)
        if types:
            why = "{types}: asked by {other} after {kinds}, too; leave the type to one of them"
            params = {"types": sorted(types), "kinds": sorted(twice), "other": other.name}
            yield rule_fault("customer_types", "questionnaire.type_asked_twice", why, **params)
        elif not other.customer_types and not questionnaire.customer_types:
            why = "{kinds}: asked by {other}, too; leave it to one of them, or name customer_types in one"
            yield rule_fault("kinds", "questionnaire.asked_twice", why, kinds=sorted(twice), other=other.name)


def weight_faults(questionnaire: Questionnaire) -> Iterator[Fault]:
    """Yield a fault where the weights are not 100 in all. Only publishing asks: older editions are read as they are."""
    if (total := sum(dimension.weight for dimension in questionnaire.dimensions)) != WHOLE:
        yield rule_fault(
            "dimensions", "questionnaire.weights", "the weights are {total} in all; make them 100", total=total
        )


def _doubts(questionnaire: Questionnaire) -> Iterator[Fault]:
    """Yield the faults that concern more than one field, and of unknown kinds of case."""
    from statemachines.kinds import lifecycles  # loads all tables, which whoever reads packs alone does not need

    if unknown := sorted(set(questionnaire.kinds) - lifecycles().keys()):
        why = "{kinds}: no such kind of case; use one of: {known}"
        yield rule_fault("kinds", "questionnaire.unknown_kind", why, kinds=unknown, known=sorted(lifecycles()))
    codes = [dimension.code for dimension in questionnaire.dimensions]
    for at, code in enumerate(codes):
        field = f"dimensions.{at}.code"
        if code not in DIMENSIONS:
            why = "there is no score {score}; use one of: {known}"
            yield rule_fault(field, "questionnaire.unknown_score", why, score=code, known=DIMENSIONS)
        if code in codes[:at]:
            why = "{score} is asked twice; take one of them out"
            yield rule_fault(field, "questionnaire.score_twice", why, score=code)
        yield from language_faults(f"dimensions.{at}.question", questionnaire.dimensions[at].question)


_FILES = RuleFiles(Questionnaire, "bad_questionnaire", _doubts, asked_twice)
questionnaires_in = _FILES.in_folder
load_questionnaire = _FILES.load
parsed_questionnaire = _FILES.parsed
bad_questionnaire = _FILES.refused


@cache
def questionnaires() -> Mapping[str, Questionnaire]:
    """Return the shipped questionnaires by name. Raises ``Refused('bad_questionnaire')``."""
    return questionnaires_in(FOLDER)
