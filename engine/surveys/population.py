"""Find the customers of a period, each once, with his stratum, and why some of them cannot be drawn (E1)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from engine.retired_names import recorded_as
from engine.transaction import Tx
from statemachines.forms import SurveyWay
from statemachines.survey_invitation import DECLINED, SURVEY_INVITATION

DAY_MICROS: Final = 86_400_000_000
UNKNOWN: Final = "unknown"
"""The stratum of customers of whom the attribute is not known."""
CUSTOMERS = """
SELECT coalesce(w.person_id, w.id) AS person, c.id AS case_id, {by} AS stratum, w.email, w.phone, w.name, w.erased_at
  FROM cases c JOIN party w ON w.id = c.party_id JOIN transition t ON t.case_id = c.id AND t.seq = 1
 WHERE c.pack = :pack AND c.kind IN ({kinds}) AND c.opened_at >= :since AND c.opened_at < :until
   AND t.recorded_at <= :at
 ORDER BY c.opened_at, c.id
"""
ANSWERED = """
SELECT DISTINCT coalesce(w.person_id, w.id) AS person
  FROM transition t JOIN cases c ON c.id = t.case_id JOIN party w ON w.id = c.party_id
 WHERE t.move IN ({answers}) AND t.occurred_at > :after AND t.recorded_at <= :at
"""
SURVEYED = """
SELECT DISTINCT coalesce(w.person_id, w.id) AS person FROM survey_person p JOIN survey s ON s.id = p.survey_id
  JOIN party w ON w.id = p.party_id
 WHERE s.id < :before AND s.invited_at > :after AND s.invited_at <= :at
"""
OPTED_OUT = """
SELECT coalesce(w.person_id, w.id) AS person, c.variables
  FROM cases c JOIN party w ON w.id = c.party_id JOIN transition t ON t.case_id = c.id AND t.dest IN ({declined})
 WHERE c.kind = :kind AND t.recorded_at <= :at
"""
COLUMN = {"customer_type": "c.customer_type", "channel": "c.channel", "kind": "c.kind"}
ADDRESS = {SurveyWay.LINK: "email", SurveyWay.PHONE: "phone", SurveyWay.FACE_TO_FACE: "name"}
"""What must be known of a customer who is asked in this way."""


class LeftOut(StrEnum):
    """Why a customer of the population cannot be drawn; the first that holds is recorded."""

    ERASED = "erased"
    OPTED_OUT = "opted_out"
    ASKED_RECENTLY = "asked_recently"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the population: the party that stands for him, his newest case of the period, his stratum."""

    person: int
    case_id: int
    stratum: str
    left_out: LeftOut | None

    @property
    def key(self) -> str:
        """Return what identifies him in the store and in any copy of it."""
        return f"{self.person} {self.stratum}"


def customers(tx: Tx, survey: Mapping[str, Any]) -> list[Customer]:
    """Return the population of a survey, given as the columns of its row, in the order of the parties.

    ``id`` is the survey's own: earlier ones count as asked recently. Instants are in microseconds.
    """
    kinds = ", ".join(f"'{kind}'" for kind in survey["kinds"].split())
    at = survey["drawn_at"]
    span = {name: survey[name] for name in ("pack", "since", "until")}
    rows = tx.rows(CUSTOMERS.format(by=COLUMN[survey["stratify_by"]], kinds=kinds), at=at, **span)
    if not rows:
        return []
    newest = {row.person: row for row in rows}
    reached = _reached(rows, ADDRESS[survey["way"]])
    asked_by = {person: row.case_id for person, row in newest.items()} | reached
    recent, opted_out = _asked(tx, survey), _opted_out(tx, at)

    def left_out(row: Any) -> LeftOut | None:
        why = {
            LeftOut.ERASED: row.erased_at is not None,
            LeftOut.OPTED_OUT: row.person in opted_out,
            LeftOut.ASKED_RECENTLY: row.person in recent,
            LeftOut.NO_ADDRESS: row.person not in reached,
        }
        return next((reason for reason, holds in why.items() if holds), None)

    return [
        Customer(person, asked_by[person], row.stratum or UNKNOWN, left_out(row))
        for person, row in sorted(newest.items())
    ]


def _reached(rows: Iterable[Any], address: str) -> dict[int, int]:
    """Return by person the newest case whose customer can be asked in this way."""
    return {row.person: row.case_id for row in rows if getattr(row, address)}


def _asked(tx: Tx, survey: Mapping[str, Any]) -> set[int]:
    """Return whoever answered a callback or was invited to another survey within the days that the pack sets."""
    if survey["apart_days"] is None:
        return set()
    span = {"after": survey["drawn_at"] - survey["apart_days"] * DAY_MICROS, "at": survey["drawn_at"]}
    answered = tx.rows(ANSWERED.format(answers=recorded_as("move", "revisit")), **span)
    return {row.person for row in (*answered, *tx.rows(SURVEYED, before=survey["id"], **span))}


def _opted_out(tx: Tx, at: int) -> set[int]:
    """Return whoever wants to be asked in no survey any more."""
    sql = OPTED_OUT.format(declined=recorded_as("state", DECLINED))
    rows = tx.rows(sql, kind=SURVEY_INVITATION.kind, at=at)
    resolved = ((row.person, SURVEY_INVITATION.resolver.variables(json.loads(row.variables))) for row in rows)
    return {person for person, variables in resolved if variables.get("never")}
