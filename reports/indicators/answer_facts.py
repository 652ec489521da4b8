"""The rounds whose callback came to its end, with the customer's answers, as a relation in SQL (D2, E1).

A round counts once, by its last outcome. It was called where somebody answered or nobody could be reached; it was
judged where somebody answered or it ended unsatisfied. Silence is in no numerator.
"""

from collections.abc import Collection, Iterable, Iterator

from engine.retired_names import recorded_as
from engine.rules.in_force import Rules, Sort
from engine.rules.indicator_queries import SCORES, Facts, kinds_with
from engine.rules.questionnaires import DIMENSIONS, POINT, Questionnaire
from models.contact import CustomerType
from reports.indicators.case_facts import resolver_of
from reports.indicators.record_at import RecordAt, of_kinds
from reports.survey_figures import ENDING, UNSATISFIED_ENDS
from statemachines.forms import Outcome

# A move that opens another round is recorded in the new one; the round it ended is that of the move before it. With an
# OFFSET the fields of a form are read once for each round, not once for each of the columns that are made of them.
ANSWERS = """
SELECT c.id AS case_id, n.occurred_at AS at, {answers}{person}{attributes}
  FROM (SELECT r.case_id, r.unsatisfied, t.seq, t.occurred_at, a.seq AS answer, a.occurred_at AS answered_at{fields}
          FROM (SELECT e.case_id, max(e.seq) AS last, max(CASE WHEN e.move IN ({revisit}) THEN e.seq END) AS answer,
                       max(CASE WHEN e.move IN ({unsatisfied}) THEN 1 ELSE 0 END) AS unsatisfied
                  FROM transition e JOIN transition p ON p.case_id = e.case_id AND p.seq = e.seq - 1
                 WHERE e.move IN ({ends}) AND e.recorded_at <= :as_of{among}
                 GROUP BY e.case_id, p.cycle) r
          JOIN transition t ON t.case_id = r.case_id AND t.seq = r.last
          LEFT JOIN transition a ON a.case_id = r.case_id AND a.seq = r.answer {once}) n
  JOIN cases c ON c.id = n.case_id
 WHERE {kinds}
"""


def answers(record: RecordAt, wanted: Collection[str], rules: Rules, queries: Collection[str] = ()) -> str:
    """Return the relation of the rounds, with the wanted attributes; scores by the questionnaires in force then.

    It has the columns of these queries, of all where none is named, and reads the fields of forms that they need.
    """
    fields = {code: record.number("a.form", code) for code in DIMENSIONS}
    fields["outcome"] = record.field("a.form", "outcome")
    satisfied = f"n.outcome = '{Outcome.SATISFIED.value}' AND n.unsatisfied = 0"
    weighted = _weighted(record, rules)
    columns = {
        "rounds_called": "CASE WHEN n.answer IS NOT NULL OR n.unsatisfied = 0 THEN 1 ELSE 0 END",
        "rounds_answered": "CASE WHEN n.answer IS NOT NULL THEN 1 ELSE 0 END",
        "rounds_judged": "CASE WHEN n.answer IS NOT NULL OR n.unsatisfied = 1 THEN 1 ELSE 0 END",
        "rounds_satisfied": f"CASE WHEN {satisfied} THEN 1 ELSE 0 END",
        "rounds_scored": f"CASE WHEN ({weighted}) IS NULL THEN 0 ELSE 1 END",
        "score": f"coalesce({weighted}, 0)",
        **{f"{code}_rated": f"CASE WHEN n.{code} IS NULL THEN 0 ELSE 1 END" for code in SCORES},
        **{f"{code}_score": f"coalesce(n.{code} * {POINT}, 0)" for code in SCORES},
    }
    asked = ", ".join(f"{value} AS {name}" for name, value in columns.items() if not queries or name in queries)
    read = "".join(f", {value} AS {name}" for name, value in fields.items() if f"n.{name} " in f"{asked} ")
    return ANSWERS.format(
        answers=asked, fields=read,
        revisit=recorded_as("move", "revisit"), unsatisfied=recorded_as("move", *sorted(UNSATISFIED_ENDS)),
        ends=recorded_as("move", *ENDING), person=resolver_of("n") if "person" in wanted else "",
        attributes=record.attributes(wanted), kinds=of_kinds(kinds_with(Facts.ANSWERS)),
        among=record.among("e.case_id"), once="OFFSET 0" if record.postgres else "LIMIT -1 OFFSET 0",
    )  # fmt: skip


def _weighted(record: RecordAt, rules: Rules) -> str:
    """Return the weighted score of the answers of round ``n`` in hundredths of a point, as ``questionnaires.score``."""
    whens = (
        f"WHEN c.kind = '{kind}' AND n.answered_at >= {since} AND n.answered_at < {until}"
        f"{_of_type(record, customer_type)} THEN {_score(questionnaire)}"
        for kind in sorted(kinds_with(Facts.ANSWERS))
        for since, until, customer_type, questionnaire in _asked(rules, kind)
    )
    return f"CASE {' '.join(whens)} END"


def _of_type(record: RecordAt, customer_type: str | None) -> str:
    return "" if customer_type is None else f" AND {record.attribute('customer_type')} = '{customer_type}'"


def _asked(rules: Rules, kind: str) -> Iterator[tuple[int, int, str | None, Questionnaire]]:
    """Yield from when until when which questionnaire was asked after cases of a kind, and of which type of customer.

    Those of a type of its own come before the one of everybody else, whose type is None.
    """
    changes = {each.effective_from for each in rules.editions if each.sort == Sort.SURVEY}
    begins = [-(2**62), *sorted(changes)]
    for since, until in zip(begins, [*begins[1:], 2**62], strict=True):
        of_others = rules.asked_after(kind, None, since)
        for customer_type in (*CustomerType, None):
            questionnaire = rules.asked_after(kind, customer_type, since)
            if questionnaire is not None and (customer_type is None or questionnaire != of_others):
                yield since, until, customer_type, questionnaire


def _score(questionnaire: Questionnaire) -> str:
    """Return the weighted mean of the scores that were given, rounded half up; NULL where none was."""
    weights = [(f"n.{dimension.code}", dimension.weight) for dimension in questionnaire.dimensions]
    total = _sum(f"coalesce({score}, 0) * {weight * POINT}" for score, weight in weights)
    given = _sum(f"CASE WHEN {score} IS NULL THEN 0 ELSE {weight} END" for score, weight in weights)
    return f"(2 * ({total}) + ({given})) / nullif(2 * ({given}), 0)"


def _sum(terms: Iterable[str]) -> str:
    return " + ".join(terms)
