"""Draw a survey again from what was recorded up to its instant, to check that nobody chose the sample (E1)."""

import json
from dataclasses import dataclass

from engine.conduct.sample import population_digest
from engine.surveys.allocation import Stratum
from engine.surveys.draw import survey_row
from engine.surveys.population import Customer, customers
from engine.surveys.strata import by_stratum, sample_of, wanted_of
from engine.transaction import Tx

STRATA = "SELECT * FROM survey_stratum WHERE survey_id = :id ORDER BY stratum"
DRAWN = "SELECT party_id FROM survey_person WHERE survey_id = :id ORDER BY position"


@dataclass(frozen=True, slots=True)
class SurveyDrawnAgain:
    """Whether a survey, drawn again now, has the same population, and its seed gives the same customers."""

    population: int
    same_population: bool
    same_sample: bool


def draw_survey_again(tx: Tx, survey_id: int) -> SurveyDrawnAgain:
    """Draw a survey again from what was recorded up to its instant, and compare; nothing is written.

    Who could not be drawn is read from the record of the draw: whoever was erased since could be drawn then. The
    population differs where customers were joined or parted since, or where rows were tampered with. Raises
    ``Refused('unknown_survey')``.
    """
    survey = survey_row(tx, survey_id)._asdict()
    found = customers(tx, survey)
    strata = tx.rows(STRATA, id=survey_id)
    barred = {party for row in strata for parties in json.loads(row.left_out).values() for party in parties}
    wanted = wanted_of(survey, {row.stratum: Stratum(row.population, row.eligible) for row in strata})
    again: list[int] = []
    for name, each in by_stratum(found).items():
        able = [Customer(one.person, one.case_id, one.stratum, None) for one in each if one.person not in barred]
        again += [one.person for one in sample_of(survey["seed"], able, wanted.get(name, 0))]
    kept = [row.party_id for row in tx.rows(DRAWN, id=survey_id)]
    return SurveyDrawnAgain(len(found), population_digest(found) == survey["digest"], again == kept)
