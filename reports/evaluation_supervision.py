"""Finds what casts doubt on the evaluation of a period: who did which part, and answers that may not be fair (F1).

Each doubt is found by one query over all cases of the period, with its cases. It accuses nobody: an auditor looks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.duplicates.recognition import keys_of
from engine.retired_names import recorded_as
from engine.rules.in_force import Rules, Sort, rules_in
from engine.rules.indicator_queries import Facts
from engine.store import Store
from engine.transaction import Tx
from models.columns import from_micros, to_micros
from reports.evaluation_cycles import cycles
from reports.indicators.case_facts import DID
from reports.indicators.cells import Reader
from reports.indicators.periods import Period
from reports.indicators.selection import ASKING, Asked, asked
from reports.record_audit import audit_zone

SURVEYED = "response_rate"
"""The indicator whose callbacks are looked at."""
DUTIES = ("collect_market", "collect_service", "analyse", "approve_analysis", "send_back")
OWN = {"own_address": "email_key", "own_phone": "phone_key", "own_name": "name"}
"""By which column of the customer each doubt about an answer of our own staff is found."""
ANSWERING = ("revisit", "assess")
CHANGING = (*ANSWERING, "dispute", "clear_dispute")
PARTS = """
SELECT c.number, t.move, a.handle, t.recorded_at FROM transition t JOIN cases c ON c.id = t.case_id
  JOIN actor a ON a.id = t.actor_id
 WHERE c.number = ANY(:numbers) AND t.move IN ({duties}) AND t.recorded_at <= :as_of ORDER BY c.id, t.seq
"""
# The round ended with its result, its callback was to be made by the instant, and nobody asked.
UNASKED = """
SELECT c.number, a.handle FROM transition t JOIN cases c ON c.id = t.case_id JOIN actor a ON a.id = t.actor_id
 WHERE t.move IN ({resolve}) AND t.occurred_at >= :begin AND t.occurred_at < :end AND t.recorded_at <= :as_of
   AND NOT EXISTS (SELECT 1 FROM transition u WHERE u.case_id = t.case_id AND u.seq > t.seq
                      AND u.move IN ({asking}, {again}) AND u.recorded_at <= :as_of)
   AND EXISTS (SELECT 1 FROM escalation_step s WHERE s.case_id = t.case_id AND s.cycle = t.cycle AND s.percent >= 100
                  AND s.clause IN ({revisit}) AND s.recorded_at <= :as_of)
 ORDER BY c.id, t.seq
"""
UNANSWERED = """
SELECT DISTINCT c.number FROM ({relation}) f JOIN cases c ON c.id = f.case_id
 WHERE f.at >= :begin AND f.at < :end AND f.rounds_called = 1 AND f.rounds_answered = 0 ORDER BY c.number
"""
LATE = """
SELECT c.number, a.handle FROM transition t JOIN cases c ON c.id = t.case_id JOIN actor a ON a.id = t.actor_id
 WHERE t.move IN ({changing}) AND t.recorded_at >= :end AND t.recorded_at <= :as_of
   AND ((t.occurred_at >= :begin AND t.occurred_at < :end) OR EXISTS (
        SELECT 1 FROM transition u WHERE u.case_id = t.case_id AND u.seq < t.seq AND u.cycle = t.cycle
           AND u.move IN ({answering}) AND u.occurred_at >= :begin AND u.occurred_at < :end))
 ORDER BY c.id, t.seq
"""
STAFF = "SELECT handle, name, phone, email FROM actor WHERE name <> '' OR phone <> '' OR email <> '' ORDER BY handle"
OF_STAFF = """
SELECT DISTINCT c.number, p.{column} AS own
  FROM transition t JOIN cases c ON c.id = t.case_id JOIN party p ON p.id = c.party_id
 WHERE t.move IN ({answering}) AND t.occurred_at >= :begin AND t.occurred_at < :end AND t.recorded_at <= :as_of
   AND p.{column} = ANY(:known) ORDER BY c.number
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Who did which part of the evaluation of a period, in which cycle."""

    cycle: str
    move: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Doubt:
    """What casts doubt on the evaluation, by its code, with the cases and the persons; a person once for each case.

    ``unasked``: nobody asked the customer though the time of the callback is over. ``unanswered``: he was called and
    did not answer. ``late_change``: what he answered was recorded or changed after the period. ``own_address``,
    ``own_phone``, ``own_name``: he answered under the mail address, telephone number or name of somebody who works
    here; of the same name may be two people.
    """

    code: str
    numbers: tuple[str, ...]
    persons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvaluationSupervision:
    """The supervision of the evaluation of a period as of an instant.

    ``selective`` are the people whose customers were asked more often after what went well than after what did not.
    """

    period: Period
    as_of: datetime
    parts: tuple[Part, ...]
    doubts: tuple[Doubt, ...]
    selective: tuple[Asked, ...]


def evaluation_supervision(store: Store, period: Period, as_of: datetime) -> EvaluationSupervision:
    """Look at the evaluation of a period, by what had been recorded at an instant."""
    at = to_micros(as_of)
    with store.looking() as tx:
        rules = rules_in(tx)
        zone = audit_zone(rules, at)
        span = {"begin": period.begins(zone), "end": period.ends(zone), "as_of": at}
        found = asked(tx, rules.indicator(SURVEYED, at), period, at)
        return EvaluationSupervision(
            period, as_of, tuple(_parts(tx, rules, period, at)), tuple(_doubts(tx, store.secret, rules, span)),
            tuple(each for each in found if each.selective),
        )  # fmt: skip


def _parts(tx: Tx, rules: Rules, period: Period, as_of: int) -> Iterator[Part]:
    known = [cycle for pack in rules.names(Sort.PACK) for cycle in cycles(tx, pack)]
    numbers = [cycle.number for cycle in known if cycle.period == period]
    sql = PARTS.format(duties=recorded_as("move", *DUTIES))
    for row in tx.rows_among(sql, numbers=numbers, as_of=as_of) if numbers else ():
        yield Part(row.number, row.move, row.handle, from_micros(row.recorded_at))


def _doubts(tx: Tx, secret: bytes, rules: Rules, span: dict[str, int]) -> Iterator[Doubt]:
    unasked = UNASKED.format(
        resolve=recorded_as("move", *DID), asking=recorded_as("move", *ASKING), again=recorded_as("move", *DID),
        revisit=recorded_as("clause", "revisit"),
    )  # fmt: skip
    yield _doubt("unasked", tx.rows(unasked, **span))
    relation = Reader.at(tx, rules, span["as_of"]).relation(Facts.ANSWERS, ())
    yield _doubt("unanswered", tx.rows(UNANSWERED.format(relation=relation), **span))
    late = LATE.format(changing=recorded_as("move", *CHANGING), answering=recorded_as("move", *ANSWERING))
    yield _doubt("late_change", tx.rows(late, **span))
    yield from _own_answers(tx, secret, span)


def _own_answers(tx: Tx, secret: bytes, span: dict[str, int]) -> Iterator[Doubt]:
    """Yield the answers under the mail address, the telephone number or the name of somebody who works here."""
    known: dict[str, dict[str, set[str]]] = {"email_key": {}, "phone_key": {}, "name": {}}
    for row in tx.rows(STAFF):
        keys = keys_of(secret, row.name, row.phone, row.email)
        for column, own in (("email_key", keys.email_key), ("phone_key", keys.phone_key), ("name", keys.name)):
            if own is not None:
                known[column].setdefault(own, set()).add(row.handle)
    for code, column in OWN.items():
        sql = OF_STAFF.format(column=column, answering=recorded_as("move", *ANSWERING))
        rows = tx.rows_among(sql, known=sorted(known[column]), **span) if known[column] else []
        persons = {handle for row in rows for handle in known[column][row.own]}
        yield Doubt(code, tuple(dict.fromkeys(row.number for row in rows)), tuple(sorted(persons)))


def _doubt(code: str, rows: Sequence[Any]) -> Doubt:
    """Return a doubt of the cases of some rows, with the persons where the rows name them."""
    persons = {row.handle for row in rows if "handle" in row._fields}
    return Doubt(code, tuple(dict.fromkeys(row.number for row in rows)), tuple(sorted(persons)))
