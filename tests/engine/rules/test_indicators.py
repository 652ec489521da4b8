"""A bad definition of an indicator is refused with field, reason and remedy; the evaluation group publishes (E2)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.actors import NewActor, add_actor
from engine.rules.draft_checks import faults_of
from engine.rules.drafts import approve_draft, draft_of, save_draft, start_draft, submit_draft
from engine.rules.in_force import Sort, rules_of
from engine.rules.indicator_queries import QUERIES, Facts
from engine.rules.indicators import FOLDER, indicators, parsed_indicator
from engine.rules.publishing import Published, publish
from engine.store import Store
from locales.translation import catalogue, locales
from locales.zone import reader_zone
from models.columns import to_micros
from statemachines.roles import Role
from tests.case_actions import DAY, MANAGER, START, refusal
from tests.engine.rules.sample_rules import EVA, add_evaluator

pytestmark = [pytest.mark.requirement("E2"), pytest.mark.requirement("F4")]

SHARE = (FOLDER / "first_reply.toml").read_text("utf-8")
COMPOSITE = """
name = "quality"
version = "1"
source = "decision 3"
unit = "percent"
statistic = "composite"
zone = "Asia/Shanghai"
label = { zh_CN = "质量", zh_TW = "品質", en = "Quality" }
meaning = { zh_CN = "质量", zh_TW = "品質", en = "Quality" }
parts = [{ indicator = "first_reply", weight = 60 }, { indicator = "solution", weight = 40 }]
"""


def put(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


FAULTY: dict[str, tuple[str, str, str]] = {
    "unknown query": (put(SHARE, '"promises_met"', '"joy"'), "numerator.query", "indicator.unknown_query"),
    "unknown filter": (put(SHARE, "kind = [", "colour = ["), "filters.colour", "indicator.unknown_filter"),
    "unknown value": (put(SHARE, '["complaint"]', '["quarrel"]'), "filters.kind", "indicator.unknown_value"),
    "no value": (put(SHARE, '["complaint"]', "[]"), "numerator.filters.kind", "indicator.no_value"),
    "a kind without that promise": (
        put(SHARE, '["complaint"]', '["service_order"]'), "numerator", "indicator.empty_population",
    ),
    "a stage without that kind": (
        put(SHARE, 'kind = ["complaint"]', 'kind = ["complaint"]\nstage = ["before_service"]'),
        "numerator", "indicator.empty_population",
    ),
    "no part": (put(SHARE, '"promises_judged"', '"cases_opened"'), "numerator", "indicator.no_part"),
    "a duration for a share": (
        put(SHARE, '"promises_met"', '"closing_time"'), "numerator.query", "indicator.other_measure",
    ),
    "no denominator": (
        put(SHARE, '[denominator]\nquery = "promises_judged"\n', ""), "denominator", "indicator.missing_side",
    ),
    "points for a share": (put(SHARE, 'unit = "percent"', 'unit = "points"'), "unit", "indicator.other_unit"),
    "weights": (put(COMPOSITE, "weight = 60", "weight = 70"), "parts", "indicator.weights"),
    "twice": (put(COMPOSITE, '"solution"', '"first_reply"'), "parts.1.indicator", "indicator.part_twice"),
    "a zone": (put(SHARE, "Asia/Shanghai", "Asia"), "zone", "file.unknown_zone"),
    "a language": (put(SHARE, 'en = "First reply in time"\n', ""), "label.en", "file.missing_language"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_definition_is_refused_with_field_and_reason(name: str):
    text, field, code = FAULTY[name]
    refused = refusal(lambda: parsed_indicator(text, "bad.toml"))
    assert refused.code == "bad_indicator"
    assert (field, code) in {(fault["field"], fault["type"]) for fault in refused.params["faults"]}
    assert all(f"validation.{code}" in catalogue(locale) for locale in locales())


def published(store: Store, text: str, by: str = EVA, after: timedelta = timedelta()) -> Published:
    return publish(store, Sort.INDICATOR, text, by, START, START + after, "decision 3", "an.toml")


def fault_codes(work: Callable[[], object]) -> set[str]:
    return {fault["type"] for fault in refusal(work).params["faults"]}


def test_an_unknown_part_and_a_circle_are_refused_at_publishing(store: Store):
    add_evaluator(store)
    unknown = put(COMPOSITE, '"solution"', '"joy"')
    assert fault_codes(lambda: published(store, unknown)) == {"indicator.unknown_part"}
    published(store, COMPOSITE)
    other = put(put(COMPOSITE, '"quality"', '"whole"'), '"solution"', '"quality"')
    published(store, other)
    circle = put(put(COMPOSITE, 'version = "1"', 'version = "2"'), '"solution"', '"whole"')
    assert fault_codes(lambda: published(store, circle)) == {"indicator.circular"}
    hours = put(COMPOSITE, '"solution"', '"time_to_close"')
    assert fault_codes(lambda: published(store, hours)) == {"indicator.part_of_other_unit"}


def test_an_edition_counts_from_its_day_on(store: Store):
    add_evaluator(store)
    text = put(put(SHARE, 'version = "2026-12"', 'version = "2"'), "amount = 90", "amount = 95")
    assert published(store, text, after=DAY) == Published(Sort.INDICATOR, "first_reply", "2", START + DAY, new=True)
    rules = rules_of(store)
    targets = [rules.indicator("first_reply", to_micros(START + after)).target for after in (timedelta(), DAY)]
    assert [target and target.amount for target in targets] == [90, 95]


def test_nobody_else_publishes_an_indicator(store: Store):
    add_evaluator(store)
    text = put(SHARE, 'version = "2026-12"', 'version = "2"')
    assert refusal(lambda: published(store, text, by=MANAGER)).code == "not_evaluation_group"


def test_an_indicator_is_drafted_by_one_and_approved_by_another(store: Store):
    add_evaluator(store)
    with store.writing() as tx:
        add_actor(tx, NewActor("ivo", (Role.EVALUATION_GROUP,)))
    draft_id = start_draft(store, Sort.INDICATOR, "first_reply", EVA, START)
    save_draft(store, draft_id, 1, put(SHARE, '"promises_met"', '"joy"'), EVA, START)
    with store.looking() as tx:
        [fault] = [each for each in faults_of(tx, draft_of(tx, draft_id), START) if "query" in each.fault["field"]]
    assert (fault.fault["type"], fault.line) == (
        "indicator.unknown_query",
        SHARE.splitlines().index('query = "promises_met"') + 1,
    )
    sound = put(put(SHARE, 'version = "2026-12"', 'version = "2"'), "amount = 90", "amount = 95")
    save_draft(store, draft_id, 2, sound, EVA, START)
    submit_draft(store, draft_id, 3, EVA, START, "decision 3", None, reader_zone())
    approve_draft(store, draft_id, 4, "ivo", START)
    assert rules_of(store).indicator("first_reply", to_micros(START)).version == "2"


def test_each_shipped_indicator_names_its_source_and_is_sound():
    assert len(indicators()) >= 20
    for indicator in indicators().values():
        assert indicator.source
        assert set(indicator.label) == set(indicator.meaning) == set(locales())


def test_every_query_has_words_in_every_language():
    for locale in locales():
        assert [name for name in QUERIES if f"cli.kpi.query.{name}" not in catalogue(locale)] == []
    assert {query.facts for query in QUERIES.values()} == set(Facts)
