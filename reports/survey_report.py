"""Reads surveys: who was drawn and who not, how many were reached and answered, and what they said (E1).

A share is of those who answered, with Wilson's interval; silence is in no numerator. The answered are compared with the
population by stratum.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from engine.retired_names import recorded_as
from engine.surveys.draw import survey_row
from engine.transaction import Tx
from locales.shares import share_number
from models.columns import LARGEST, from_micros
from reports.current_names import state_of
from reports.indicators.statistics import Representativeness, representativeness, rounded, wilson
from statemachines.forms import Outcome
from statemachines.kinds import lifecycle_of
from statemachines.survey_invitation import (
    ANSWERED,
    ARCHIVED,
    CALLED_OFF,
    DECLINED,
    OPEN,
    SURVEY_INVITATION,
    UNANSWERED,
    WRITTEN_TO,
)

SMALL = 30
"""Fewer answers than this are a small sample."""
REACHED = frozenset({*WRITTEN_TO, ANSWERED, ARCHIVED, UNANSWERED, DECLINED})
"""The states of an invitation that reached its customer."""
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
class StratumFigures:
    """A stratum, or all of them: how many customers it has, and what became of those who were drawn.

    ``called_off`` counts invitations that ended with their survey, ``open`` those whose answer is awaited.
    ``left_out`` counts those who could not be drawn, by reason. ``satisfied`` are of ``answered``, with the 95 %
    interval of the share in percent; ``doubtful`` of them are marked so, and what is counted without these is
    ``undoubted``. ``score`` is the mean of the ``scored`` answers in points of 100.
    """

    name: str
    population: int
    eligible: int
    left_out: dict[str, int]
    drawn: int
    invited: int
    reached: int
    answered: int
    declined: int
    called_off: int
    open: int
    satisfied: int
    doubtful: int
    satisfied_undoubted: int
    scored: int
    score: Decimal | None
    score_undoubted: Decimal | None
    interval: tuple[Decimal, Decimal] | None

    @property
    def response_rate(self) -> float | None:
        """Answered of drawn, in percent."""
        return share_number(self.answered, self.drawn, digits=1)

    @property
    def satisfied_share(self) -> float | None:
        """Satisfied of answered, in percent."""
        return share_number(self.satisfied, self.answered, digits=1)

    @property
    def undoubted_share(self) -> float | None:
        """Satisfied of answered in percent, both without the answers that are marked doubtful."""
        return share_number(self.satisfied_undoubted, self.answered - self.doubtful, digits=1)

    @property
    def small(self) -> bool:
        """Return whether so few answered that the share says little."""
        return self.answered < SMALL


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
    strata = [_figures(row.stratum, [row], [each for each in asked if each.stratum == row.stratum]) for row in rows]
    editions = sorted({f"{each.questionnaire}@{each.version}" for each in asked if each.questionnaire})
    alike = representativeness([(each.answered, each.population) for each in strata])
    return SurveyReport(
        _line(tx.row(ONE, id=survey_id), as_of), strata, _figures("", rows, asked), alike, _weighted(strata), editions
    )


def _line(row: Any, as_of: int = LARGEST) -> SurveyLine:
    sent = row.invited_at is not None and row.invited_at <= as_of
    off = row.called_off_at is not None and row.called_off_at <= as_of
    return SurveyLine(
        row.id, row.pack, row.period, from_micros(row.since), from_micros(row.until), tuple(row.kinds.split()),
        row.stratify_by, row.method, row.wanted, row.least, row.way, row.apart_days, row.seed, row.population,
        row.drawn, row.planner, from_micros(row.drawn_at), row.sender if sent else None,
        from_micros(row.invited_at) if sent else None, row.caller_off if off else None,
        from_micros(row.called_off_at) if off else None, row.called_off_because if off else None,
    )  # fmt: skip


def _figures(name: str, strata: Iterable[Any], asked: Sequence[Any]) -> StratumFigures:
    rows = list(strata)
    states = [state_of(SURVEY_INVITATION.kind, each.state) for each in asked if each.state is not None]
    off_from = [state_of(SURVEY_INVITATION.kind, each.off_from) for each in asked if each.off_from is not None]
    answered = [each for each in asked if each.form is not None]
    undoubted = [each for each in answered if each.judged is None or _move(each.judged) != "dispute"]
    satisfied, sure = _satisfied(answered), _satisfied(undoubted)
    left_out = Counter[str]()
    for row in rows:
        left_out.update({reason: len(parties) for reason, parties in json.loads(row.left_out).items()})
    return StratumFigures(
        name=name,
        population=sum(row.population for row in rows),
        eligible=sum(row.eligible for row in rows),
        left_out=dict(sorted(left_out.items())),
        drawn=len(asked),
        invited=len(states),
        reached=sum(state in REACHED for state in states) + sum(each in WRITTEN_TO for each in off_from),
        answered=len(answered),
        declined=states.count(DECLINED),
        called_off=states.count(CALLED_OFF),
        open=sum(state in OPEN for state in states),
        satisfied=satisfied,
        doubtful=len(answered) - len(undoubted),
        satisfied_undoubted=sure,
        scored=sum(each.score is not None for each in answered),
        score=_mean(answered),
        score_undoubted=_mean(undoubted),
        interval=wilson(satisfied, len(answered)),
    )


def _move(recorded: str) -> str:
    return lifecycle_of(SURVEY_INVITATION.kind).resolver.move(recorded)


def _satisfied(answered: Sequence[Any]) -> int:
    return sum(json.loads(each.form)["outcome"] == Outcome.SATISFIED for each in answered)


def _mean(answered: Sequence[Any]) -> Decimal | None:
    """Return the mean of the scores that were given, in points of 100."""
    scores = [each.score for each in answered if each.score is not None]
    return rounded(Fraction(sum(scores), 100 * len(scores))) if scores else None


def _weighted(strata: Sequence[StratumFigures]) -> Decimal | None:
    population = sum(each.population for each in strata)
    if not population or not all(each.answered for each in strata):
        return None
    shares = (Fraction(each.satisfied * each.population, each.answered) for each in strata)
    return rounded(100 * sum(shares, Fraction(0)) / population)
