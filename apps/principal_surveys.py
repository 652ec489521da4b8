"""Periodic surveys as a principal may draw, send out and read them, for any door (E1).

The evaluation group draws and sends out; whoever reads figures reads the reports. They count customers and name none.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from apps.principal_indicators import refuse_figures
from engine.access.moves import refuse_without
from engine.access.principal import Principal, Scope
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.surveys.call_off import CalledOff, call_off
from engine.surveys.draw import PLANNERS, draw, send_out
from engine.surveys.drawn_again import SurveyDrawnAgain, draw_survey_again
from engine.surveys.invite import invite, uninvited
from engine.surveys.plan import SamplingPlan
from locales.translation import translate
from models.columns import from_micros, to_micros
from reports.indicators.periods import period_of
from reports.survey_report import SurveyLine, SurveyReport, survey_report, surveys

PLANS_SURVEYS: Final = frozenset(PLANNERS)
AT_ONCE: Final = 100
"""How many invitations are opened while somebody waits; the morning's run opens the others."""
SHOWN: Final = 200
"""The most surveys of a list."""


@dataclass(frozen=True, slots=True)
class WantedSurvey:
    """A survey of the customers of a whole period, named as ``2026-Q1``; the other fields as in ``SamplingPlan``."""

    pack: str
    period: str
    kinds: tuple[str, ...]
    size: int
    by: str
    method: str
    least: int
    way: str


@dataclass(frozen=True, slots=True)
class SeenSurvey:
    """The report of a survey, and whether the draw gives the same when it is made again now."""

    report: SurveyReport
    again: SurveyDrawnAgain


@dataclass(frozen=True, slots=True)
class SentOut:
    """How many invitations of a survey were opened now, and how many the morning's run will open."""

    opened: int
    left: int


def surveys_seen(store: Store, principal: Principal) -> list[SurveyLine]:
    """Return the surveys, the newest first. Raises ``Refused('not_in_charge')``."""
    refuse_figures(principal)
    with store.looking() as tx:
        return surveys(tx, SHOWN)


def survey_seen(store: Store, principal: Principal, survey_id: int) -> SeenSurvey:
    """Return the report of a survey. Raises ``Refused('not_in_charge' | 'unknown_survey')``."""
    refuse_figures(principal)
    with store.looking() as tx:
        return SeenSurvey(survey_report(tx, survey_id), draw_survey_again(tx, survey_id))


def draw_survey_for(
    store: Store, principal: Principal, wanted: WantedSurvey, at: datetime, key: str | None = None
) -> int:
    """Draw a survey; return its number. Nobody is asked before it is sent out.

    Raises ``Refused('bad_period')`` and as ``engine.surveys.draw.draw``.
    """
    refuse_without(principal, Scope.WRITE_CASES)
    period = period_of(wanted.period)
    with store.looking() as tx:
        zone = ZoneInfo(rules_in(tx).pack(wanted.pack, to_micros(at)).zone)
    begins, ends = from_micros(period.begins(zone)), from_micros(period.ends(zone))
    plan = SamplingPlan(
        wanted.pack, begins, ends, wanted.kinds, wanted.size, wanted.by, wanted.method, wanted.least, wanted.way
    )  # fmt: skip
    return draw(store, principal, plan, at, key)


def send_survey_for(store: Store, principal: Principal, survey_id: int, at: datetime, house_locale: str) -> SentOut:
    """Send a survey out and open the first invitations; repeated, it opens the next ones.

    Raises ``Refused('not_in_charge' | 'unknown_survey' | 'survey_called_off')``.
    """
    refuse_without(principal, Scope.WRITE_CASES)
    send_out(store, principal, survey_id, at)
    missing = [each for each in uninvited(store) if each.survey_id == survey_id]
    text = translate(house_locale, "survey_invitation.text.opened")
    for each in missing[:AT_ONCE]:
        invite(store, each, text, at, principal.via)
    return SentOut(len(missing[:AT_ONCE]), len(missing[AT_ONCE:]))


def call_off_survey_for(store: Store, principal: Principal, survey_id: int, reason: str, at: datetime) -> CalledOff:
    """Call off a survey for a reason that customers read; repeated, it ends what is still open.

    Raises ``Refused('not_in_charge' | 'unknown_survey' | 'survey_over' | 'form' | 'scope_missing')``.
    """
    refuse_without(principal, Scope.WRITE_CASES)
    return call_off(store, principal, survey_id, reason, at)
