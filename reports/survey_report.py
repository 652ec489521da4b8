"""Reads surveys: who was drawn and who not, how many were reached and answered, and what they said (E1).

A share is of those who answered, with Wilson's interval; silence is in no numerator. The answered are compared with the
population by stratum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.retired_names import recorded_as
from engine.surveys.draw import survey_row
from engine.transaction import Tx
from models.columns import LARGEST, from_micros
from reports.indicators.statistics import Representativeness, representativeness
from reports.survey_stratum import StratumFigures, stratum_figures, weighted_share

SURVEYS = """
SELECT s.*, d.handle AS planner, i.handle AS sender, o.handle AS caller_off,
       (SELECT count(*) FROM survey_person p WHERE p.survey_id = s.id) AS drawn
  FROM survey s JOIN actor d ON d.id = s.drawn_by LEFT JOIN actor i ON i.id = s.invited_by
  LEFT JOIN actor o ON o.id = s.called_off_by
"""
NEWEST = f"{SURVEYS} ORDER BY s.id DESC LIMIT :most"
SENT = "SELECT id FROM survey WHERE invited_at >= :begin AND invited_at < :end ORDER BY id"
ONE = f"{SURVEYS} WHERE s.id = :id"
STRATA = "SELECT * FROM survey_stratum WHERE survey_id = :id ORDER BY stratum"
INVITATIONS = """
SELECT p.stratum, t.form, r.questionnaire, r.version, r.score,
       (SELECT n.dest FROM transition n WHERE n.case_id = p.case_id AND n.recorded_at <= :as_of
         ORDER BY n.seq DESC LIMIT 1) AS state,
       (SELECT o.source FROM transition o WHERE o.case_id = p.case_id AND o.move IN ({call_off})
           AND o.recorded_at <= :as_of) AS off_from,
       (SELECT d.move FROM transition d WHERE d.case_id = p.case_id AND d.move IN ({doubt}, {clear})
           AND d.recorded_at <= :as_of ORDER BY d.seq DESC LIMIT 1) AS judged
  FROM survey_person p
  LEFT JOIN transition t ON t.case_id = p.case_id AND t.move IN ({answer}) AND t.recorded_at <= :as_of
  LEFT JOIN rating r ON r.case_id = t.case_id
 WHERE p.survey_id = :id ORDER BY p.position
"""


@dataclass(frozen=True, slots=True)
class SurveyLine:
    """A survey: its plan, who drew it when, and who sent it out; ``sent_at`` is None while nobody is asked.

    ``called_off_at`` is None unless it was called off.
    """

    id: int
    pack: str
    period: str | None
    since: datetime
    until: datetime
    kinds: tuple[str, ...]
    by: str
    method: str
    wanted: int
    least: int
    way: str
    apart_days: int | None
    seed: str
    population: int
    drawn: int
    drawn_by: str
    drawn_at: datetime
    sent_by: str | None
    sent_at: datetime | None
    called_off_by: str | None
    called_off_at: datetime | None
    called_off_because: str | None


@dataclass(frozen=True, slots=True)
class SurveyReport:
    """A survey with its strata, all of them together, and whether the answered are made up as the population is.

    ``weighted_share`` is the satisfied share of the strata, each weighted by its population; None while one has no
    answer. ``questionnaires`` are the editions that were answered.
    """

    survey: SurveyLine
    strata: Sequence[StratumFigures]
    total: StratumFigures
    alike: Representativeness
    weighted_share: Decimal | None
    questionnaires: Sequence[str]


def surveys(tx: Tx, most: int) -> list[SurveyLine]:
    """Return the newest surveys."""
    return [_line(row) for row in tx.rows(NEWEST, most=most)]


def surveys_sent_within(tx: Tx, begin: int, end: int, as_of: int) -> list[SurveyReport]:
    """Return the reports of the surveys that were sent out in [begin, end), as of an instant, oldest first.

    All three in microseconds.
    """
    return [survey_report(tx, row.id, as_of) for row in tx.rows(SENT, begin=begin, end=min(end, as_of + 1))]


def survey_report(tx: Tx, survey_id: int, as_of: int = LARGEST) -> SurveyReport:
    """Return the report of a survey by what was recorded at an instant, in microseconds; without one by everything.

    Raises ``Refused('unknown_survey')``.
    """
    survey_row(tx, survey_id)
    names = {"answer": "revisit", "call_off": "call_off", "doubt": "dispute", "clear": "clear_dispute"}
    sql = INVITATIONS.format(**{name: recorded_as("move", move) for name, move in names.items()})
    asked = tx.rows(sql, id=survey_id, as_of=as_of)
    rows = tx.rows(STRATA, id=survey_id)
    strata = [
        stratum_figures(row.stratum, [row], [each for each in asked if each.stratum == row.stratum]) for row in rows
    ]
    editions = sorted({f"{each.questionnaire}@{each.version}" for each in asked if each.questionnaire})
    alike = representativeness([(each.answered, each.population) for each in strata])
    return SurveyReport(
        _line(tx.row(ONE, id=survey_id), as_of),
        strata,
        stratum_figures("", rows, asked),
        alike,
        weighted_share(strata),
        editions,
    )


def _line(row: Any, as_of: int = LARGEST) -> SurveyLine:
    sent, off = (at is not None and at <= as_of for at in (row.invited_at, row.called_off_at))
    return SurveyLine(
        row.id, row.pack, row.period, from_micros(row.since), from_micros(row.until), tuple(row.kinds.split()),
        row.stratify_by, row.method, row.wanted, row.least, row.way, row.apart_days, row.seed, row.population,
        row.drawn, row.planner, from_micros(row.drawn_at), row.sender if sent else None,
        _instant(row.invited_at) if sent else None, row.caller_off if off else None,
        _instant(row.called_off_at) if off else None, row.called_off_because if off else None,
    )  # fmt: skip


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
