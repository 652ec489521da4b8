"""Facts of the course of cases as relations in SQL: openings, ends, results, transfers, compensation.

Each relation has a row for each fact: ``case_id``, the instant ``at`` that puts it into a period, a column for each of
its queries (``engine.rules.indicator_queries``), and the attributes that are asked for. What only one query needs and
takes a pass over the record of its own is left out where nobody asks for it: the first results of ``result_time``, the
moves that make a record complete.
"""

from collections.abc import Collection

from engine.retired_names import recorded_as
from engine.rules.in_force import Rules
from engine.rules.indicator_queries import Facts, kinds_with
from reports.indicators.completeness import edition, lacks
from reports.indicators.record_at import RecordAt, listed, of_kinds
from statemachines.kinds import lifecycles
from statemachines.lifecycle import Lifecycle

OPENINGS = """
SELECT c.id AS case_id, c.opened_at AS at, 1 AS cases_opened{attributes}
  FROM cases c JOIN transition o ON o.case_id = c.id AND o.seq = 1
 WHERE o.recorded_at <= :as_of AND ({kinds}){of_case}
"""
# An end that was undone by the instant is none.
ENDINGS = """
SELECT c.id AS case_id, t.occurred_at AS at, 1 AS cases_closed, t.occurred_at - c.opened_at AS closing_time,
       CASE WHEN {lacks} = 0 THEN 1 ELSE 0 END AS records_complete, {lacks} AS lacks, {checklist} AS checklist
       {attributes}
  FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE t.dest IN ({final_somewhere}) AND ({final}) AND t.source <> t.dest AND t.recorded_at <= :as_of AND ({kinds})
   {among}
   AND NOT EXISTS (SELECT 1 FROM transition u WHERE u.case_id = t.case_id AND u.seq > t.seq
                      AND u.source <> u.dest AND u.recorded_at <= :as_of)
"""
GIVEN = """
SELECT c.id AS case_id, t.occurred_at AS at, 1 AS results_given, 0 AS rounds_reopened{person}{attributes}
  FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE t.move IN ({resolve}) AND t.recorded_at <= :as_of AND ({kinds}){among}
"""
FIRST_GIVEN = """
SELECT c.id AS case_id, t.occurred_at AS at, t.occurred_at - c.opened_at AS result_time{person}{attributes}
  FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE t.move IN ({resolve}) AND t.recorded_at <= :as_of AND ({kinds}){among}
   AND NOT EXISTS (SELECT 1 FROM transition u WHERE u.case_id = t.case_id AND u.seq < t.seq AND u.move IN ({resolve}))
"""
REOPENED = """
SELECT c.id AS case_id, t.occurred_at AS at, 0 AS results_given, 1 AS rounds_reopened{person}{attributes}
  FROM transition t JOIN transition p ON p.case_id = t.case_id AND p.seq = t.seq - 1 JOIN cases c ON c.id = t.case_id
 WHERE t.cycle > 1 AND t.cycle > p.cycle AND t.move NOT IN ({undo}) AND t.recorded_at <= :as_of AND ({kinds})
   {among}
"""
BY = ", (SELECT a.handle FROM actor a WHERE a.id = {actor}) AS person"
RESOLVER = """
(SELECT w.actor_id FROM transition w WHERE w.case_id = {ended}.case_id AND w.seq <= {ended}.seq AND w.move IN ({did})
  ORDER BY w.seq DESC LIMIT 1)
"""
DID = ("resolve", "complete")
"""The moves whose maker answers for a round."""
# A case that names its department anew keeps it; only another one is a transfer.
TRANSFERS = """
SELECT c.id AS case_id, d.occurred_at AS at, 1 AS transfers{attributes}
  FROM (SELECT t.case_id, t.occurred_at, {named} AS named,
               lag({named}) OVER (PARTITION BY t.case_id ORDER BY t.seq) AS before
          FROM transition t WHERE t.move IN ({moves}) AND t.recorded_at <= :as_of AND {named} IS NOT NULL{among}) d
  JOIN cases c ON c.id = d.case_id
 WHERE d.named <> d.before AND ({kinds})
"""
# What was decided last counts: an offer that a second person must approve is no decision.
COMPENSATIONS = """
SELECT c.id AS case_id, t.occurred_at AS at, coalesce({approved}, {offered}) AS compensation{attributes}
  FROM transition t JOIN cases c ON c.id = t.case_id
 WHERE {decided} AND t.recorded_at <= :as_of AND ({kinds}){among}
   AND NOT EXISTS (SELECT 1 FROM transition u WHERE u.case_id = t.case_id AND u.seq > t.seq AND {decided_later}
                      AND u.recorded_at <= :as_of)
"""


RELATIONS = {
    Facts.OPENINGS: OPENINGS, Facts.ENDINGS: ENDINGS, Facts.RESULTS: f"{GIVEN} UNION ALL {REOPENED}",
    Facts.TRANSFERS: TRANSFERS, Facts.COMPENSATIONS: COMPENSATIONS,
}  # fmt: skip
TRANSFERRING = ("classify", "reclassify", "assign", "rule_owner", "review", "assign_task")
"""The moves that give a case to a department."""


def relation(
    facts: Facts, record: RecordAt, wanted: Collection[str], rules: Rules, queries: Collection[str] = ()
) -> str:
    """Return the relation of these facts, with the wanted attributes, as a SELECT with the parameter ``:as_of``.

    ``queries`` are those that are asked for; a duration alone leaves out the facts that have none.
    """
    sql = FIRST_GIVEN if "result_time" in queries else RELATIONS[facts]
    return sql.format(
        **_pieces(facts, record, rules, queries), attributes=record.attributes(wanted),
        kinds=of_kinds(kinds_with(facts)), among=record.among("t.case_id"), of_case=record.among("c.id"),
        person=resolver_of() if "person" in wanted else "",
    )  # fmt: skip


def resolver_of(ended: str = "t") -> str:
    """Return the person who answers for a round, as a column: whoever gave its result, before it ``ended``."""
    return BY.format(actor=RESOLVER.format(did=recorded_as("move", *DID), ended=ended))


def _pieces(facts: Facts, record: RecordAt, rules: Rules, queries: Collection[str]) -> dict[str, str]:
    """Return what a relation has in the places of its own."""
    match facts:
        case Facts.ENDINGS:
            finals = {table.kind: _finals(table) for table in lifecycles().values()}
            ends = (f"(c.kind = '{kind}' AND t.dest IN ({listed(names)}))" for kind, names in finals.items())
            return {
                "lacks": lacks(record, rules) if not queries or "records_complete" in queries else "NULL",
                "checklist": edition(rules),
                "final": " OR ".join(ends), "final_somewhere": listed(set().union(*finals.values())),
            }  # fmt: skip
        case Facts.RESULTS:
            return {name: recorded_as("move", move) for name, move in (("resolve", "resolve"), ("undo", "undo_end"))}
        case Facts.TRANSFERS:
            named = record.field("t.form", "department")
            return {"named": named, "moves": recorded_as("move", *TRANSFERRING)}
        case Facts.COMPENSATIONS:
            amounts = {"approved": "approved", "offered": "compensation"}
            fields = {name: record.number("t.form", field) for name, field in amounts.items()}
            return {**fields, "decided": _decided("t"), "decided_later": _decided("u")}
        case _:
            return {}


def _finals(table: Lifecycle) -> set[str]:
    """Return the names, of today and of earlier, of the states in which a case of this kind is at its end."""
    return {name for state in table.states if state.final for name in table.resolver.names("state", state.name)}


def _decided(transition: str) -> str:
    """Return the condition that a transition decided on a compensation, by the desk or by a second person."""
    offer, approve = recorded_as("move", "compensate"), recorded_as("move", "approve_compensation")
    t = transition
    return f"(({t}.move IN ({offer}) AND {t}.source = {t}.dest) OR {t}.move IN ({approve}))"
