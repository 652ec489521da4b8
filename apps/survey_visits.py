"""The list of customers who are still to be visited or called for a survey: a workbook with a column for each answer.

It holds those whose contact details the principal may see, and that he was shown them is logged.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.access.masking import PersonalData
from engine.access.principal import Principal
from engine.access.reading_log import log_reading
from engine.access.scope import contacts_in_scope
from engine.retired_names import recorded_as
from engine.rules.in_force import rules_in
from engine.store import Store
from engine.surveys.draw import survey_row
from engine.transaction import Tx
from gateways.writing.figure_book import FigureSheet, figure_book
from locales.translation import label, translate
from models.columns import to_micros
from statemachines.survey_invitation import SOUGHT, SURVEY_INVITATION

VISITS = """
SELECT c.id, c.number, c.customer_type, p.stratum, w.name, w.phone, w.email
  FROM survey_person p JOIN cases c ON c.id = p.case_id JOIN party w ON w.id = c.party_id
 WHERE p.survey_id = :survey_id AND c.state IN ({sought}) AND ({scope}) ORDER BY p.position
"""


@dataclass(frozen=True, slots=True)
class VisitList:
    """The workbook, and how many customers it lists."""

    content: bytes
    listed: int


def visit_list(store: Store, principal: Principal, survey_id: int, at: datetime, locale: str) -> VisitList:
    """Return the list of a survey. Raises ``Refused('unknown_survey')``."""
    scope = contacts_in_scope(principal, at)
    with store.looking() as tx:
        survey = survey_row(tx, survey_id)
        sql = VISITS.format(sought=recorded_as("state", *SOUGHT), scope=scope.sql)
        rows = tx.rows(sql, survey_id=survey_id, **scope.values)
        questions = _questions(tx, rows, at, locale)
    if rows:
        with store.writing() as tx:
            fields = (PersonalData.NAME, PersonalData.PHONE, PersonalData.EMAIL)
            log_reading(tx, principal, [row.id for row in rows], fields, at)
    heads = [translate(locale, f"cli.survey.column.{name}") for name in ("case", "stratum", "name", "phone", "email")]
    listed = [(row.number, _stratum(row, survey, locale), row.name, row.phone, row.email) for row in rows]
    title = translate(locale, "survey_report.tab", number=survey_id)
    return VisitList(figure_book([FigureSheet(title, [*heads, *questions], listed)]), len(rows))


def _questions(tx: Tx, rows: list[Any], at: datetime, locale: str) -> list[str]:
    """Return whether the customer is satisfied, and the questions that are asked of any of these customers."""
    rules, asked = rules_in(tx), dict[str, str]()
    for customer_type in sorted({row.customer_type or "" for row in rows}):
        form = rules.asked_after(SURVEY_INVITATION.kind, customer_type or None, to_micros(at))
        asked |= {each.code: each.question[locale] for each in form.dimensions} if form is not None else {}
    return [translate(locale, "portal.field.survey_invitation.revisit.outcome"), *asked.values()]


def _stratum(row: Any, survey: Any, locale: str) -> str:
    return label(locale, "", survey.stratify_by, row.stratum)
