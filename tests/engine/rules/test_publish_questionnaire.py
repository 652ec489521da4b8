"""A questionnaire is published by the evaluation group alone; a version is one formula, from its date on (E1, E2)."""

from datetime import timedelta

import pytest

from engine.commands.reprojection import reproject_due
from engine.rules.in_force import Sort, rules_of
from engine.rules.publishing import Published, publish
from engine.rules.questionnaires import FOLDER
from engine.store import Store
from flows.work import Work
from models.columns import to_micros
from reports.survey_figures import gather
from tests.case_actions import AGENT, DAY, HOUR, MANAGER, START, make_move, new_resolved_case, query_rows, refusal
from tests.engine.rules.sample_rules import EVA, add_evaluator
from tests.flows.scenes import ODD, drained

pytestmark = [pytest.mark.requirement("E1"), pytest.mark.requirement("E2"), pytest.mark.requirement("F4")]

SHIPPED_TEXT = (FOLDER / "after_complaint.toml").read_text("utf-8")
ATTITUDE, QUALITY = 'code = "attitude"\nweight = ', 'code = "quality"\nweight = '
WEIGHT = int(SHIPPED_TEXT.split(ATTITUDE)[1].split("\n")[0])


def questionnaire_text(version: str, weight: int) -> str:
    """Return the questionnaire after a complaint in another version, with weight taken from quality for attitude."""
    text = SHIPPED_TEXT.replace('version = "2026-11"', f'version = "{version}"')
    text = text.replace(f"{QUALITY}{WEIGHT}\n", f"{QUALITY}{2 * WEIGHT - weight}\n")
    return text.replace(f"{ATTITUDE}{WEIGHT}\n", f"{ATTITUDE}{weight}\n")


def publish_survey(store: Store, text: str, after: timedelta = timedelta(), by: str = EVA) -> Published:
    return publish(store, Sort.SURVEY, text, by, START, START + after, "decision 9", "after_complaint.toml")


def test_the_published_questionnaire_is_asked_from_its_day_on(store: Store):
    add_evaluator(store)
    published = publish_survey(store, questionnaire_text("2", 40), after=DAY)
    assert published == Published(Sort.SURVEY, "after_complaint", "2", START + DAY, new=True)
    rules = rules_of(store)
    versions = {at: rules.asked_after("complaint", None, to_micros(START + at)) for at in (timedelta(), DAY)}
    assert [each and each.version for each in versions.values()] == ["2026-11", "2"]


@pytest.mark.parametrize("handle", [AGENT, MANAGER])
def test_nobody_else_publishes_a_questionnaire(store: Store, handle: str):
    add_evaluator(store)
    refused = refusal(lambda: publish_survey(store, questionnaire_text("2", 40), by=handle))
    assert refused.code == "not_evaluation_group"
    assert query_rows(store, "SELECT * FROM edition") == []


def test_a_version_is_one_formula(store: Store):
    add_evaluator(store)
    publish_survey(store, questionnaire_text("2", 40), after=DAY)
    for version, weight in (("2", 1), ("2026-11", 40)):
        refused = refusal(lambda v=version, w=weight: publish_survey(store, questionnaire_text(v, w), after=2 * DAY))
        assert (refused.code, refused.params["version"]) == ("edition_exists", version)
    assert not publish_survey(store, questionnaire_text("2", 40), after=DAY).new


@pytest.mark.parametrize("taken", [24, 26])
def test_weights_that_are_not_a_hundred_in_all_are_refused(store: Store, taken: int):
    add_evaluator(store)
    text = questionnaire_text("2", 40).replace(f"{QUALITY}10", f"{QUALITY}{taken}")
    refused = refusal(lambda: publish_survey(store, text, after=DAY))
    [fault] = refused.params["faults"]
    assert (refused.code, fault["why"]) == (
        "bad_questionnaire", f"the weights are {90 + taken} in all; make them 100",
    )  # fmt: skip


def test_a_kind_is_asked_by_one_questionnaire(store: Store):
    add_evaluator(store)
    text = questionnaire_text("2", 40).replace('name = "after_complaint"', 'name = "another"')
    refused = refusal(lambda: publish_survey(store, text))
    assert (refused.code, refused.params["faults"][0]["field"]) == ("bad_questionnaire", "kinds")


def for_types(types: str, name: str = "after_business") -> str:
    """Return a questionnaire after a complaint that is asked of some types of customers."""
    text = questionnaire_text("1", 40).replace('name = "after_complaint"', f'name = "{name}"')
    return text.replace("kinds =", f"customer_types = {types}\nkinds =")


def test_a_type_of_customer_has_its_own_questionnaire_before_the_general_one(store: Store):
    add_evaluator(store)
    publish_survey(store, for_types('["enterprise", "key_account"]'), after=DAY)
    rules = rules_of(store)

    def asked(kind: str, customer_type: str | None, after: timedelta = DAY) -> str | None:
        found = rules.asked_after(kind, customer_type, to_micros(START + after))
        return found and found.name

    for customer_type in ("enterprise", "key_account"):
        assert asked("complaint", customer_type) == "after_business"
        assert asked("complaint", customer_type, timedelta()) == "after_complaint", "not before its day"
        assert asked("inquiry", customer_type) == "after_inquiry"
    assert asked("complaint", "individual") == asked("complaint", None) == "after_complaint"
    assert asked("finding", "enterprise") is None


@pytest.mark.parametrize(
    ("types", "field"),
    [
        ('["enterprise"]', "customer_types"),
        ('["individual", "key_account"]', "customer_types"),
        ("[]", "kinds"),
        ('["royalty"]', "customer_types.0"),
    ],
)
def test_a_questionnaire_that_leaves_open_whom_to_ask_is_refused(store: Store, types: str, field: str):
    add_evaluator(store)
    publish_survey(store, for_types('["enterprise", "key_account"]'))
    refused = refusal(lambda: publish_survey(store, for_types(types, "another")))
    assert (refused.code, refused.params["faults"][0]["field"]) == ("bad_questionnaire", field)
    publish_survey(store, for_types('["individual"]', "another"))


def test_the_answers_of_a_business_are_rated_by_its_own_questionnaire(work: Work):
    add_evaluator(work.store)
    publish_survey(work.store, for_types('["enterprise"]'))
    for customer_type in ("enterprise", "individual"):
        number = new_resolved_case(work.store, text=ODD, customer_type=customer_type)
        make_move(work.store, number, "revisit", by=AGENT, attitude=5, quality=1)
    drained(work, timedelta())
    rated = query_rows(work.store, "SELECT questionnaire, version, score FROM rating ORDER BY case_id")
    heavy = (40 * 100 + 10 * 20) * 100 / 50
    editions = [(row["questionnaire"], row["version"]) for row in rated]
    assert editions == [("after_business", "1"), ("after_complaint", "2026-11")]
    assert [row["score"] for row in rated] == [round(heavy), 6000], "attitude weighs more with businesses"


def test_no_timer_follows_a_questionnaire(store: Store):
    add_evaluator(store)
    new_resolved_case(store)
    publish_survey(store, questionnaire_text("2", 40))
    assert reproject_due(store, START).numbers == ()
    assert reproject_due(store, START + HOUR).editions == ()


def test_scores_of_two_versions_are_never_averaged(work: Work):
    """Attitude 5 and quality 1 weigh alike in the first version; in the second the attitude weighs 49 times more."""
    add_evaluator(work.store)
    publish_survey(work.store, questionnaire_text("2", 49), after=DAY)
    for after in (HOUR, DAY + HOUR):
        number = new_resolved_case(work.store, after, text=ODD)
        make_move(work.store, number, "revisit", by=AGENT, after=after, attitude=5, quality=1)
    drained(work, 2 * DAY)
    [complaint] = gather(work.store, START, START + 2 * DAY)
    assert [(row.version, row.scored, row.score) for row in complaint.scores] == [("2026-11", 1, 60.0), ("2", 1, 98.4)]
