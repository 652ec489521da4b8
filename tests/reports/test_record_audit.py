"""All records closed in a period are audited by the checklist of their kind, as of an instant (F1)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from engine.rules.in_force import Sort, rules_in
from engine.rules.publishing import publish
from engine.rules.record_checklists import RECORDS
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from reports.indicators.figures import figures
from reports.indicators.periods import period_of
from reports.record_audit import RecordAudit, record_audit
from tests.case_actions import DAY, START, execute_sql, query_rows
from tests.engine.rules.sample_rules import EVA, add_evaluator
from tests.reports.indicators.random_store import random_store

pytestmark = [pytest.mark.requirement("F1"), pytest.mark.any_database]

MARCH = period_of("2026-03")
INSTANTS = [30 * DAY, 60 * DAY, 130 * DAY]
LAST = INSTANTS[-1]
MARCH_ENDS = datetime.fromisoformat("2026-04-01T00:00:00+08:00")
MENDED = """
INSERT INTO transition (case_id, seq, move, source, dest, cycle, level, actor_id, via, occurred_at, recorded_at,
                        inferred, lifecycle, form, hash)
SELECT case_id, 9000, 'unreachable', dest, dest, cycle, level, actor_id, via, :at, :at, inferred, lifecycle, '{}', '-'
  FROM transition WHERE case_id = :id AND seq = 1
"""
ITEM = """
[[items]]
code = "noted"
source = "a test"
check = "move"
names = ["note"]
text = { zh_CN = "有备注", zh_TW = "有備註", en = "Something is noted" }
"""
ENDED = """
SELECT c.id, c.number FROM cases c WHERE c.kind = 'complaint' AND c.state = 'archived'
   AND EXISTS (SELECT 1 FROM transition t WHERE t.case_id = c.id AND t.move = 'archive' AND t.occurred_at < :end)
 ORDER BY c.id LIMIT 7
"""
ALL_ENDED = """
SELECT c.number FROM cases c JOIN transition t ON t.case_id = c.id AND t.move IN ('archive', 'withdraw')
 WHERE c.kind = 'complaint' AND c.closed AND t.occurred_at >= :since AND t.occurred_at < :end
   AND NOT EXISTS (SELECT 1 FROM transition n WHERE n.case_id = c.id AND n.move = 'note')
   AND NOT EXISTS (SELECT 1 FROM transition u WHERE u.case_id = c.id AND u.seq > t.seq AND u.source <> u.dest)
 ORDER BY c.number
"""
FAULTS = {
    "category": "UPDATE cases SET category = NULL WHERE id = :id",
    "department": "UPDATE cases SET department = NULL WHERE id = :id",
    "findings": "UPDATE transition SET move = 'progress' WHERE case_id = :id AND move = 'investigate'",
    "customer_told": "UPDATE transition SET form = '{}' WHERE case_id = :id AND move IN ('reply', 'resolve')",
    "callback": "UPDATE transition SET move = 'note' WHERE case_id = :id AND move IN ('revisit', 'unreachable')",
    "order": "UPDATE transition SET occurred_at = 0 WHERE case_id = :id AND move = 'resolve'",
}
"""What takes each item away from a record."""


@pytest.fixture(scope="module")
def lived(settings_of_module: Settings) -> Iterator[Store]:
    """A store in which fifty cases have lived at random; the first that were archived each lack another item."""
    store = settings_of_module.store()
    add_evaluator(store)
    random_store(store, 50, 7, [LAST], lambda after: None)
    for fault, case in zip(FAULTS.values(), ended(store), strict=False):
        execute_sql(store, fault, id=case["id"])
    yield store
    store.close()


def ended(store: Store) -> list[dict[str, object]]:
    """Return the first complaints that were archived in March."""
    return list(query_rows(store, ENDED, end=to_micros(MARCH_ENDS)))


def audit(store: Store, after: timedelta) -> RecordAudit:
    return record_audit(store, MARCH, START + after)


def lacking(found: RecordAudit) -> dict[str, tuple[str, ...]]:
    """Return the numbers of the complaints that lack each item."""
    return {lack.item: lack.numbers for lack in found.lacks if lack.kind == "complaint"}


@pytest.mark.parametrize("after", INSTANTS, ids=lambda after: f"{after.days}d")
def test_the_audit_and_the_indicator_count_the_same_records(lived: Store, after: timedelta):
    as_of = to_micros(START + after)
    with lived.looking() as tx:
        rules = rules_in(tx)
        [figure] = figures(tx, rules, [rules.indicator("complete_records", as_of)], [MARCH], as_of)["complete_records"]
    whole = [(each.whole, each.closed) for each in audit(lived, after).kinds if each.kind == "complaint"] or [(0, 0)]
    assert (figure.numerator, figure.denominator) == whole[0]


def test_each_item_that_a_record_lacks_is_found_and_no_other(lived: Store):
    numbers = [str(case["number"]) for case in ended(lived)]
    assert lacking(audit(lived, LAST)) == {item: (number,) for item, number in zip(FAULTS, numbers, strict=False)}


def test_an_audit_counts_every_closed_case_once(lived: Store):
    found = audit(lived, LAST)
    [complaints] = [each for each in found.kinds if each.kind == "complaint"]
    numbers = {number for lack in found.lacks if lack.kind == "complaint" for number in lack.numbers}
    assert complaints.whole == complaints.closed - len(numbers)
    assert complaints.checklists == ("complaint@2026-12",)
    assert ("complaint", "answer_to_demand") in set(found.by_people)


def test_what_is_recorded_later_changes_no_audit_as_of_before(lived: Store):
    at, [number] = START + LAST, lacking(audit(lived, LAST))["callback"]
    before = audit(lived, LAST)
    [case] = query_rows(lived, "SELECT id FROM cases WHERE number = :number", number=number)
    execute_sql(lived, MENDED, at=to_micros(at + DAY), id=case["id"])
    try:
        assert audit(lived, LAST) == before
        assert "callback" not in lacking(audit(lived, LAST + 2 * DAY))
    finally:
        execute_sql(lived, "DELETE FROM transition WHERE seq = 9000")


def test_a_checklist_judges_the_cases_that_end_while_it_is_in_force(lived: Store):
    text = (RECORDS / "complaint.toml").read_text("utf-8").replace('"2026-12"', '"2027"') + ITEM
    since = datetime.fromisoformat("2026-03-20T00:00:00+08:00")
    publish(lived, Sort.RECORD, text, EVA, START, since, "decision 4", "complaint.toml")
    try:
        found = audit(lived, LAST)
    finally:
        execute_sql(lived, "DELETE FROM edition")
    [complaints] = [each for each in found.kinds if each.kind == "complaint"]
    assert complaints.checklists == ("complaint@2026-12", "complaint@2027")
    ends = query_rows(lived, ALL_ENDED, since=to_micros(since), end=to_micros(MARCH_ENDS))
    assert lacking(found)["noted"] == tuple(row["number"] for row in ends) != ()
