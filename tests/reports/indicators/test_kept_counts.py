"""Figures from kept counts are those of the record to the last digit, and a kept count is never trusted more (E2)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from engine.audit.re_anchor import begin_anew
from engine.commands.advance import Command, advance
from engine.commands.open_case import Opening, open_case
from engine.kept_counts import keep_count, kept_count, seal_faults
from engine.ledger.anchoring import anchor
from engine.rules.in_force import rules_in
from engine.store import Store
from flows.nights.indicator_counts import count_questions, recount
from models.columns import to_micros
from reports.indicators.cells import Reader
from reports.indicators.figures import Figure, figures
from reports.indicators.kept_cells import kept_cells
from reports.indicators.kept_durations import kept_ranks
from reports.indicators.kept_questions import Question, questions
from reports.indicators.packed_values import pack
from reports.indicators.periods import Period, period_of, trend_to
from reports.indicators.record_cells import Cell, RecordReader, Span
from tests.case_actions import (
    DAY,
    HOUR,
    START,
    contact,
    execute_sql,
    make_move,
    new_case,
    new_resolved_case,
    query_rows,
    run_concurrently,
)
from tests.engine.rules.sample_rules import add_evaluator
from tests.engine.rules.test_publish_questionnaire import publish_survey, questionnaire_text
from tests.erasures import administrator_of, erase_texts_of
from tests.reports.indicators.random_store import random_store

pytestmark = [pytest.mark.requirement("E2"), pytest.mark.any_database]

TREND = trend_to(period_of("2026-08"), 11)
MARCH = 6
"""The place of March 2026 in it."""
OF_CLOSING = """SELECT question FROM indicator_count WHERE queries = '["closing_time"]'
 ORDER BY as_of DESC LIMIT 1"""
NIGHTS = (20 * DAY, 55 * DAY, 90 * DAY)


def night(store: Store, after: timedelta) -> int:
    """Anchor the record and bring the counts to it; return how many are kept."""
    anchor(store, START + after)
    return count_questions(store)


def comparable(cells: Iterable[Cell]) -> list[tuple[object, ...]]:
    return sorted((c.period, c.facts, *sorted(c.attributes.items()), *sorted(c.sums.items())) for c in cells)


def differing(store: Store, as_of: int, random: Random) -> list[Question]:
    """Return the questions whose kept cells, by some attributes and months, are not those of the record."""
    found: list[Question] = []
    with store.looking() as tx:
        rules = rules_in(tx)
        reader = Reader.at(tx, rules, as_of)
        for question in questions(rules, as_of):
            names = [name for name in question.names if random.random() < 0.5]
            months = TREND[random.randrange(MARCH, 9) :]
            spans = [(month.begins(ZoneInfo(question.zone)), month.ends(ZoneInfo(question.zone))) for month in months]
            if not (same_ranks if question.of_durations else same_cells)(reader, question, spans, names):
                found.append(question)
    return found


def same_cells(reader: Reader, question: Question, spans: Sequence[Span], names: Sequence[str]) -> bool:
    kept = kept_cells(reader, question.facts, spans, names, question.queries)
    return kept is not None and comparable(kept) == comparable(
        reader.counted(question.facts, spans, names, question.queries)
    )


def same_ranks(reader: Reader, question: Question, spans: Sequence[Span], names: Sequence[str]) -> bool:
    """Return whether what is kept has the medians and ninth tenths of the record, of all cases and of complaints."""
    [query], filters = question.queries, ({}, {"kind": ["complaint"]})
    return all(
        kept_ranks(reader, query, spans, names, only) == reader.ranked(query, spans, names, only) for only in filters
    )


def read(store: Store, after: timedelta) -> dict[str, list[Figure]]:
    """Return every indicator of a year as of this long after ``START``."""
    as_of = to_micros(START + after)
    with store.looking() as tx:
        rules = rules_in(tx)
        return figures(tx, rules, list(rules.indicators(as_of).values()), TREND, as_of)


def durations_are_kept(store: Store, after: timedelta, months: Sequence[Period] = TREND[-1:]) -> bool:
    """Return whether the median of the hours to the end is read from kept durations."""
    with store.looking() as tx:
        reader = RecordReader.at(tx, rules_in(tx), to_micros(START + after))
        [question] = [each for each in questions(reader.rules, reader.as_of) if each.queries == ("closing_time",)]
        zone = ZoneInfo(question.zone)
        spans = [(month.begins(zone), month.ends(zone)) for month in months]
        return kept_ranks(reader, "closing_time", spans, [], {"kind": ["complaint"]}) is not None


def closed_case(store: Store, opened: timedelta, lasted: timedelta, phone: str) -> str:
    number = new_case(store, opened, phone=phone)
    make_move(store, number, "withdraw", after=opened + lasted)
    return number


def is_kept(store: Store, after: timedelta) -> bool:
    """Return whether the share of satisfied customers is read from a kept count."""
    with store.looking() as tx:
        reader = Reader.at(tx, rules_in(tx), to_micros(START + after))
        [question] = [each for each in questions(reader.rules, reader.as_of) if each.facts == "answers"]
        span = TREND[-1].begins(ZoneInfo(question.zone)), TREND[-1].ends(ZoneInfo(question.zone))
        return kept_cells(reader, question.facts, [span], ["kind"], ["rounds_judged"]) is not None


def test_cells_as_of_any_instant_are_those_of_the_record(store: Store):
    random = Random(83)

    def look(after: timedelta) -> None:
        assert night(store, after) > 0
        late = Opening(contact(after - 9 * DAY, phone="13800138999"), actor="import")
        early = open_case(store, late, START + after)
        for closed in query_rows(store, "SELECT id FROM cases WHERE closed ORDER BY id LIMIT 2"):
            erase_texts_of(store, closed["id"])
        make_move(store, early.number, "classify", after=after)
        instants = [after, after - timedelta(minutes=1), after - DAY, random.random() * after]
        for instant in instants:
            assert differing(store, to_micros(START + instant), random) == [], instant

    random_store(store, 20, 83, NIGHTS, look)
    assert recount(store) == []


def test_a_message_that_came_back_is_read_as_of_before_and_after(store: Store):
    number = new_case(store, email="wang@example.com")
    reply = make_move(store, number, "reply", after=HOUR, medium="send", recipient=None).seq
    assert night(store, DAY) > 0
    before = read(store, DAY)
    assert before["first_reply"][MARCH].numerator == 1
    form = {"message": reply, "cause": "mailbox_full"}
    advance(store, Command(number, "message_undelivered", form, actor="system"), START + 2 * DAY)
    assert read(store, 3 * DAY)["first_reply"][MARCH].denominator == 0
    assert read(store, DAY) == before
    night(store, 4 * DAY)
    assert read(store, DAY) == before
    assert read(store, 4 * DAY)["first_reply"][MARCH].denominator == 0


def test_a_night_that_runs_again_or_twice_at_once_counts_nothing_twice(store: Store):
    new_resolved_case(store)
    night(store, DAY)
    new_resolved_case(store, 2 * DAY, phone="13800138001")
    anchor(store, START + 3 * DAY)
    run_concurrently([lambda: count_questions(store)] * 2)
    assert count_questions(store) > 0
    assert recount(store) == []
    assert read(store, 3 * DAY)["complaint_rate"][MARCH].numerator == 2


def test_a_night_that_was_killed_between_two_counts_leaves_both_right(store: Store):
    new_resolved_case(store)
    night(store, DAY)
    rows = query_rows(store, "SELECT * FROM indicator_count ORDER BY question")
    make_move(store, new_resolved_case(store, 2 * DAY, phone="13800138001"), "revisit", by="amy", after=3 * DAY)
    night(store, 4 * DAY)
    newest = [row for row in rows if row["as_of"] == to_micros(START + DAY - timedelta(minutes=1))]
    for row in newest[: len(newest) // 2]:  # these are left as of the night before
        execute_sql(
            store, "UPDATE indicator_count SET as_of = :as_of, cells = :cells, seal = :seal WHERE question = :question"
            " AND as_of > :as_of", **{name: row[name] for name in ("as_of", "cells", "seal", "question")},
        )  # fmt: skip
    with store.looking() as tx:
        instants = {row.as_of for row in tx.rows("SELECT as_of FROM indicator_count")}
    assert len(instants) == 3
    assert differing(store, to_micros(START + 5 * DAY), Random(1)) == []


def test_a_median_is_kept_and_read_with_the_cases_that_moved(store: Store):
    for number, hours in enumerate((30, 40)):
        closed_case(store, number * HOUR, hours * HOUR, f"1380013800{number}")
    last = closed_case(store, 2 * HOUR, 40 * HOUR, "13800138002")
    night(store, 4 * DAY)
    before = read(store, 4 * DAY)["time_to_close"][MARCH]
    assert (before.exact, before.sample) == (40, 3)
    for number, hours in enumerate((50, 60), 3):
        closed_case(store, 4 * DAY, hours * HOUR, f"1380013800{number}")
    assert durations_are_kept(store, 8 * DAY)
    after = read(store, 8 * DAY)["time_to_close"][MARCH]
    assert (after.exact, after.sample) == (40, 5)
    night(store, 8 * DAY)
    assert read(store, 8 * DAY)["time_to_close"][MARCH] == after
    make_move(store, last, "undo_end", after=8 * DAY + HOUR)
    without = read(store, 9 * DAY)["time_to_close"][MARCH]
    assert (without.exact, without.sample) == (45, 4)
    assert durations_are_kept(store, 9 * DAY)
    assert read(store, 8 * DAY)["time_to_close"][MARCH] == after
    assert read(store, 8 * DAY)["time_to_close_p90"][MARCH].exact == 60
    assert read(store, 4 * DAY)["time_to_close"][MARCH] == before


def test_the_end_of_a_month_keeps_its_own_durations_alone(store: Store):
    closed_case(store, DAY, 30 * HOUR, "13800138000")
    night(store, 20 * DAY)
    for number, days in enumerate((50, 100), 1):
        closed_case(store, (days - 5) * DAY, 40 * HOUR, f"1380013800{number}")
        night(store, days * DAY)
    zone = ZoneInfo("Asia/Shanghai")
    rows = query_rows(
        store, "SELECT as_of, since FROM indicator_count WHERE queries = '[\"closing_time\"]' ORDER BY as_of"
    )
    begins = [to_micros(datetime(2026, month, 1, tzinfo=zone)) for month in (2, 3, 4, 5, 6)]
    assert [(row["since"], row["as_of"]) for row in rows[:-1]] == list(pairwise(begins))
    assert rows[-1]["since"] < begins[0]
    assert recount(store) == []


def test_a_kept_duration_that_the_record_does_not_have_is_never_taken_out(store: Store):
    number = closed_case(store, DAY, 30 * HOUR, "13800138000")
    night(store, 4 * DAY)
    with store.writing() as tx:
        [question] = [row.question for row in tx.rows(OF_CLOSING)]
        kept = kept_count(tx, question)
        assert kept is not None
        [[month, values, facts, _]] = kept.cells
        keep_count(tx, replace(kept, cells=[(month, values, facts, [pack([HOUR // timedelta(microseconds=1)])])]))
    assert durations_are_kept(store, 4 * DAY)
    make_move(store, number, "undo_end", after=5 * DAY)
    assert not durations_are_kept(store, 6 * DAY, TREND[MARCH:])
    assert read(store, 6 * DAY)["time_to_close"][MARCH].sample == 0
    assert read(store, 4 * DAY)["time_to_close"][MARCH].exact == 30
    assert "count_wrong endings" in [fault.what for fault in recount(store)]
    assert recount(store) == []
    assert durations_are_kept(store, 6 * DAY, TREND[MARCH:])


@pytest.mark.parametrize("change", ["DELETE FROM indicator_count", "UPDATE indicator_count SET cells = '[]'"])
def test_a_lost_or_changed_count_is_not_read(store: Store, change: str):
    make_move(store, new_resolved_case(store), "revisit", by="amy", after=DAY)
    night(store, 2 * DAY)
    whole = read(store, 3 * DAY)
    assert is_kept(store, 3 * DAY)
    execute_sql(store, change)
    assert not is_kept(store, 3 * DAY)
    assert read(store, 3 * DAY) == whole
    count_questions(store)
    assert is_kept(store, 3 * DAY)


def test_a_count_that_was_changed_with_its_seal_is_found_and_put_right(store: Store):
    make_move(store, new_resolved_case(store), "revisit", by="amy", after=DAY)
    night(store, 2 * DAY)
    with store.writing() as tx:
        row = tx.row("SELECT question FROM indicator_count WHERE facts = 'openings'")
        kept = kept_count(tx, row.question)
        assert kept is not None
        [[month, values, facts, sums]] = kept.cells
        keep_count(tx, replace(kept, cells=[(month, values, facts + 1, [int(sums[0]) + 1])]))
        assert list(seal_faults(tx)) == []
    assert [fault.what for fault in recount(store)] == ["count_wrong openings"]
    assert recount(store) == []


def test_what_another_edition_counts_otherwise_is_read_from_the_record(store: Store):
    make_move(store, new_resolved_case(store), "revisit", by="amy", after=DAY)
    night(store, 2 * DAY)
    assert is_kept(store, 3 * DAY)
    add_evaluator(store)
    publish_survey(store, questionnaire_text("2", 40), after=20 * DAY)
    assert not is_kept(store, 3 * DAY)
    night(store, 4 * DAY)
    assert is_kept(store, 5 * DAY)
    assert len(query_rows(store, "SELECT DISTINCT question FROM indicator_count WHERE facts = 'answers'")) == 1


def test_the_end_of_each_month_stays_kept_and_the_night_before_is_replaced(store: Store):
    number = new_resolved_case(store)
    for days in (1, 2, 40, 41, 100):
        night(store, days * DAY)
        make_move(store, number, "note", after=days * DAY + HOUR, note="Again.")
    rows = query_rows(store, "SELECT as_of FROM indicator_count WHERE facts = 'openings' ORDER BY as_of")
    zone = ZoneInfo("Asia/Shanghai")
    ends = [to_micros(datetime(2026, month, 1, tzinfo=zone)) for month in (3, 4, 5, 6)]
    assert [row["as_of"] for row in rows] == [*ends, to_micros(START + 100 * DAY - timedelta(minutes=1))]
    for instant in ends:
        assert differing(store, instant, Random(instant)) == []
    assert recount(store) == []


def test_whoever_anchors_anew_makes_the_next_night_count_anew(store: Store):
    make_move(store, new_resolved_case(store), "revisit", by="amy", after=DAY)
    night(store, 2 * DAY)
    begin_anew(store, administrator_of(store).actor.handle, "The clock was ahead.", START + DAY)
    assert not is_kept(store, 3 * DAY)
    night(store, 3 * DAY)
    assert is_kept(store, 3 * DAY)


def test_nothing_is_kept_without_an_anchor(store: Store):
    execute_sql(store, "DELETE FROM anchor")
    new_resolved_case(store)
    assert count_questions(store) == 0
    assert not is_kept(store, DAY)
