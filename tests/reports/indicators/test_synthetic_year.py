"""In a year of two carriers the reports find what was planted in it, and do not blame bad luck (E2, F1)."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from apps.indicator_documents import indicator_document
from apps.principal_indicators import SeenIndicator, indicator_seen
from benchmarks.synthetic_year import (
    BEGIN,
    DAYS,
    PEOPLE,
    PLANTED_CAUSE,
    SELECTIVE,
    UNLUCKY,
    add_people,
    drawn_complaints,
    drawn_orders,
    write_complaints,
)
from engine.access.doors import home_owner
from engine.actors import NewActor, add_actor, system_actor
from engine.create_store import set_clock
from engine.kept_counts import forget_counts, keep_count
from engine.order_tallies import record_orders, tally
from engine.rules.in_force import rules_in
from engine.rules.indicator_queries import Facts
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from reports.indicators.figures import figures, spans_of
from reports.indicators.kept_cells import counted_anew, kept_cells
from reports.indicators.kept_durations import durations_anew
from reports.indicators.kept_questions import questions
from reports.indicators.periods import period_of
from reports.indicators.record_cells import RecordReader
from statemachines.roles import Role
from tests.case_actions import DAY, START

pytestmark = [pytest.mark.requirement("E2"), pytest.mark.any_database]

AT = START + 2 * DAYS * DAY
ORDERS, COMPLAINTS = 40_000, 1_500


@pytest.fixture(scope="module")
def year(settings_of_module: Settings) -> Iterator[Store]:
    """Forty thousand orders and fifteen hundred complaints, three departments, forty people."""
    store = settings_of_module.store()
    add_people(store)
    write_complaints(store, drawn_complaints(COMPLAINTS, seed=18))
    set_clock(store, AT)
    with store.writing() as tx:
        add_actor(tx, NewActor("olga", (Role.OPERATIONS,)))
    zone = ZoneInfo("Asia/Shanghai")
    record_orders(store, "erp", "digest", zone, tally(drawn_orders(ORDERS, seed=18), zone, AT), "olga", AT)
    yield store
    store.close()


def seen(store: Store, name: str, period: str, *by: str) -> SeenIndicator:
    with store.looking() as tx:
        owner = home_owner(system_actor(tx))
    return indicator_seen(store, owner, name, period_of(period), AT, AT, by)


def test_kept_counts_are_read_where_few_cases_moved_and_the_record_elsewhere(year: Store):
    kept_at, few, many = (to_micros(BEGIN + days * DAY) for days in (330, 320, 10))
    month = [period_of("2026-01"), period_of("2026-02"), period_of("2026-12")]
    with year.writing() as tx:
        rules = rules_in(tx)
        known = list(rules.indicators(kept_at).values())
        counted = {at: figures(tx, rules, known, month, at) for at in (few, many)}
        for question in questions(rules, kept_at):
            anew = durations_anew if question.of_durations else counted_anew
            count = anew(RecordReader.at(tx, rules, kept_at), question)
            assert count is not None
            keep_count(tx, count)
        spans = spans_of(known[0], month)
        asked = Facts.OPENINGS, spans, ["kind"], ["cases_opened"]
        assert kept_cells(RecordReader.at(tx, rules, few), *asked) is not None
        assert kept_cells(RecordReader.at(tx, rules, many), *asked) is None
        assert {at: figures(tx, rules, known, month, at) for at in (few, many)} == counted
        forget_counts(tx)


def test_the_planted_cause_is_found_in_the_month_in_which_it_begins(year: Store):
    months = ("2026-03", "2026-04", "2026-05")
    found = {month: seen(year, "complaint_rate", month, "cause").causes for month in months}
    risen = [(month, cause.value, cause.before) for month in months for cause in found[month] if cause.risen]
    assert risen == [("2026-05", PLANTED_CAUSE, 0)]
    assert found["2026-05"][-1].cumulative == 100


def test_the_unlucky_person_is_not_ranked_below_others(year: Store):
    document = indicator_document(seen(year, "satisfied_share", "2026", "person"))
    groups = {row["person"]: row for row in document["groups"]}
    assert set(groups) == set(PEOPLE)
    assert groups[UNLUCKY]["value"] < document["value"] - 10, "he had bad luck"
    assert groups[UNLUCKY]["small_sample"]
    assert groups[UNLUCKY]["band"] is None


def test_the_selective_person_is_flagged_and_nobody_else(year: Store):
    document = indicator_document(seen(year, "satisfied_share", "2026", "person"))
    flagged = [row["person"] for row in document["asked"] if row["selective"]]
    assert flagged == [SELECTIVE]


def test_the_complaint_rate_has_the_orders_for_its_denominator(year: Store):
    whole = seen(year, "complaint_rate", "2026").whole
    assert whole is not None
    assert (whole.numerator, whole.denominator) == (COMPLAINTS, ORDERS)
