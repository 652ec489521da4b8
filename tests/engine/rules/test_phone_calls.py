"""A pack says what a caller is asked: by kind or nature, in each language, and checked when it is published."""

import pytest

from engine.calendars.calendar import calendar
from engine.rules.policy import Pack, checked, names, pack
from engine.rules.publishing import publish
from engine.store import Store
from statemachines.kinds import lifecycles
from tests.case_actions import START, refusal
from tests.engine.rules.sample_rules import EVA, SCRIPT, VALID_PACK, add_evaluator

SORTS = [
    (nature, table.kind)
    for table in lifecycles().values()
    if table.by_contact and not table.internal and table.kind != "violation"
    for nature in (table.natures or (table.kind,))
]
"""What a customer calls about, and its kind; violations are reported by other numbers."""


def with_script(script: str = SCRIPT) -> Pack:
    return checked(VALID_PACK + script, "test.toml", calendar)


@pytest.mark.requirement("A1")
@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize(("sort", "kind"), SORTS)
def test_every_shipped_pack_asks_of_each_sort_of_call_what_a1_names(name: str, sort: str, kind: str):
    calls = pack(name).phone
    must, steps = calls.must_ask(sort, kind), calls.steps(sort, kind)
    assert {"customer", "phone", "text"} <= set(must), "who calls, and what happened"
    assert kind != "complaint" or "demand" in must, "the demand is asked apart from the facts"
    assert kind != "service_order" or "requested_at" in must, "for when the service is wanted"
    assert [bool(step.kinds) for step in steps] == [False, False, True, False, False], "one step is about the matter"
    assert [step.closing for step in steps] == [False, False, False, False, True]
    for locale in ("zh_CN", "zh_TW", "en"):
        assert "amy" in steps[0].spoken(locale, "amy")
        assert all("{" not in step.spoken(locale, "amy") for step in steps)


def test_a_nature_has_its_own_fields_else_those_of_its_kind():
    calls = with_script().phone
    assert calls.must_ask("lead", "inquiry") == ("phone", "demand")
    assert calls.must_ask("praise", "inquiry") == ("phone", "subject")
    assert calls.must_ask("praise", "inquiry", named=False) == ("subject",)
    assert calls.must_ask("evaluation", "evaluation") == ("phone",)
    assert [step.title["en"] for step in calls.steps("lead", "inquiry")] == ["Opening", "Container", "Closing"]
    assert [step.title["en"] for step in calls.steps("praise", "inquiry")] == ["Opening", "Closing"]


def test_a_pack_without_a_script_asks_for_nothing_beyond_the_form():
    calls = checked(VALID_PACK, "test.toml", calendar).phone
    assert (calls.must_ask("complaint", "complaint"), calls.steps("complaint", "complaint")) == ((), [])


@pytest.mark.requirement("F4")
@pytest.mark.parametrize(
    ("faulty", "field", "code"),
    [
        (("complaint = [", "letter = ["), "phone.mandatory", "pack.unknown_kind"),
        (("complaint = [", "finding = ["), "phone.mandatory", "pack.unknown_kind"),
        (('"lead"]', '"leed"]'), "phone.script.1.kinds", "pack.unknown_kind"),
        (('["shipment"]', '["shoe_size"]'), "phone.mandatory.complaint", "pack.unknown_field"),
        (('["shipment"]', '["phone"]'), "phone.mandatory.complaint", "pack.unknown_field"),
        (('["phone"]', '["text"]'), "phone.who", "pack.unknown_field"),
        ((', zh_TW = "櫃號"', ""), "phone.script.1.title.zh_TW", "file.missing_language"),
        ((', en = "Which container?"', ""), "phone.script.1.words.en", "file.missing_language"),
        (('en = "Opening"', 'en = "Opening", fr = "Ouverture"'), "phone.script.0.title.fr", "file.unknown_language"),
        (("This is {handle}", "This is {name}"), "phone.script.0.words.en", "pack.unknown_placeholder"),
        (("This is {handle}", "This is {handle"), "phone.script.0.words.en", "pack.unknown_placeholder"),
    ],
)
def test_what_nobody_could_ask_is_not_published(sqlite_store: Store, faulty: tuple[str, str], field: str, code: str):
    add_evaluator(sqlite_store)
    text = VALID_PACK + SCRIPT.replace(*faulty)
    refused = refusal(lambda: publish(sqlite_store, "pack", text, EVA, START, START, "decision 4", "test.toml"))
    assert refused.code == "bad_pack"
    assert [(fault["field"], fault["type"]) for fault in refused.params["faults"]] == [(field, code)]
