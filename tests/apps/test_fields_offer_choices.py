"""A field that takes a code offers a list wherever the system knows one: people, kinds, indicators, periods."""

from datetime import UTC, datetime

import pytest

from apps.console.house_choices import house_choices
from apps.form_choices import choices_of, people_of, periods_before
from apps.web.form_fields import Choices, FormField, FormReader, Widget, form_fields, required_first
from apps.web.templates import environment
from engine.actors import NOBODY
from engine.store import Store
from statemachines.forum_forms import ForumPlan
from statemachines.improvement_plan_forms import Requirement
from statemachines.kinds import lifecycles
from statemachines.roles import Role
from tests.case_actions import AGENT, HANDLER, STAFF, START

pytestmark = pytest.mark.requirement("H3")

OPEN = {
    "category", "cause", "contingency", "course", "criteria", "met", "port", "ports", "position", "reported_by",
    "route", "scores", "stage", "stratum",
}  # fmt: skip
"""Codes of the house for which no list is kept: a service, a course, a port. Numbers of cases are typed, too."""
MACHINES = {Role.SYSTEM, Role.IMPORT, Role.CUSTOMER}
CODE, NUMBER = "^[a-z]", "^[a-z]{2}-"


def fields_of(store: Store, kind: str, form: type, locale: str = "en") -> dict[str, FormField]:
    reader = FormReader(locale, kind, choices_of(store, locale, kind, START))
    return {field.name: field for field in form_fields(form, reader, {})}


def test_no_code_of_a_move_is_typed_but_those_of_which_no_list_is_kept(sqlite_store: Store):
    typed = set[str]()
    for kind, table in lifecycles().items():
        by_people = [move for move in table.moves if set(move.roles) - MACHINES]
        for form in {move.form for move in by_people if move.form is not None}:
            fields = fields_of(sqlite_store, kind, form)
            for name, schema in form.model_json_schema().get("properties", {}).items():
                patterns = [arm.get("pattern", "") for arm in (schema, *schema.get("anyOf", ()))]
                code = any(each.startswith(CODE) and not each.startswith(NUMBER) for each in patterns)
                if code and fields[name].widget is Widget.TEXT:
                    typed.add(name)
    assert typed - {"clause", "department"} == OPEN, "a list, or a row above that says there is none"


@pytest.mark.parametrize(("locale", "words"), [("en", "Complaint"), ("zh_CN", "客诉"), ("zh_TW", "客訴")])
def test_a_kind_of_customers_cases_is_chosen_by_its_name(sqlite_store: Store, locale: str, words: str):
    offered = dict(fields_of(sqlite_store, "forum", ForumPlan, locale)["kind"].choices)
    assert offered["complaint"] == words
    assert "finding" not in offered, "internal work is of no customer"


def test_an_indicator_is_chosen_by_its_name_and_a_period_is_proposed(sqlite_store: Store):
    fields = fields_of(sqlite_store, "improvement_plan", Requirement)
    assert dict(fields["indicator"].choices)["first_reply"] == "First reply in time"
    assert (fields["indicator"].widget, fields["period"].widget) == (Widget.SELECT, Widget.TEXT)
    assert ("2026-02", "2026-02") in fields["period"].choices


def test_the_newest_periods_are_proposed_months_before_quarters_before_years():
    names = [name for name, _ in periods_before(datetime(2026, 3, 31, 20, tzinfo=UTC))]
    months = ["2026-04", "2026-03", "2026-02", "2026-01", "2025-12", "2025-11"]
    assert names == [*months, "2026-Q2", "2026-Q1", "2025-Q4", "2025-Q3", "2026", "2025"], "in the zone of the reader"


def test_people_are_offered_with_their_roles_and_those_who_are_away_only_for_what_they_did(sqlite_store: Store):
    with sqlite_store.writing() as tx:
        tx.run("UPDATE actor SET disabled_at = 1 WHERE handle = :handle", handle=HANDLER)
        there = dict(people_of(tx, "en", START))
        everybody = dict(people_of(tx, "en", START, absent=True))
    assert there[AGENT] == f"{AGENT} · Customer service agent"
    assert HANDLER not in there
    assert set(everybody) == {person.handle for person in STAFF}
    assert not set(NOBODY) & set(everybody)


def test_what_is_proposed_stands_beside_a_field_that_is_typed(sqlite_store: Store):
    zones = dict(house_choices(sqlite_store, "en").proposed["zone"])
    assert "Asia/Taipei" in zones
    field = FormField("zone", "Zone", Widget.TEXT, required=False, choices=(("Asia/Taipei", "Taipei & more"),))
    shown = environment().get_template("web/fields.html").module.draw(field, lambda key: key)  # pyright: ignore[reportAttributeAccessIssue]
    assert 'list="field-zone-proposed"' in shown
    assert '<option value="Asia/Taipei">Taipei &amp; more</option>' in shown


@pytest.mark.parametrize(
    ("kind", "move", "field", "words"),
    [
        ("service_order", "agree_node", "stage", "such as line_haul"),
        ("service_order", "plan", "criteria", "with commas"),
        ("complaint", "merge", "into", "such as cp-26-000123"),
        ("forum", "hold", "attendees", "with blanks"),
        ("complaint", "note", "note", ""),
        ("forum", "plan", "seats", ""),
    ],
)
def test_a_code_that_is_typed_says_how(sqlite_store: Store, kind: str, move: str, field: str, words: str):
    form = lifecycles()[kind].rows[move][0].form
    assert form is not None
    said = fields_of(sqlite_store, kind, form)[field].help
    assert words in said
    assert bool(said) == bool(words)


def test_what_must_be_filled_in_stands_first_and_else_the_order_of_the_form(sqlite_store: Store):
    form = lifecycles()["complaint"].rows["reply"][0].form
    assert form is not None
    fields = form_fields(form, FormReader("en", "complaint"), {})
    ordered = required_first(fields)
    assert ordered[0].name == "message"
    optional = [field.name for field in fields if not field.required]
    assert [field.name for field in ordered if not field.required] == optional


def test_a_field_without_proposals_is_a_plain_one():
    reader = FormReader("en", "improvement_plan", Choices())
    [period] = [each for each in form_fields(Requirement, reader, {}) if each.name == "period"]
    assert period.choices == ()
