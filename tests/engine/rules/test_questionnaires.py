"""Questionnaires are versioned data: three languages and a weight for each question; no answer gives no score."""

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.in_force import SHIPPED
from engine.rules.languages import LANGUAGES
from engine.rules.policy import names
from engine.rules.questionnaires import (
    DIMENSIONS,
    FOLDER,
    Questionnaire,
    load_questionnaire,
    questionnaires,
    questionnaires_in,
    score,
)
from locales.translation import locales
from statemachines.form_model import Score
from statemachines.forms import Survey
from statemachines.kinds import lifecycles
from tests.case_actions import refusal
from tests.engine.rules.sample_rules import QUESTIONNAIRE

pytestmark = pytest.mark.requirement("E1")

GOOD = f"""{QUESTIONNAIRE}
[[dimensions]]
code = "quality"
weight = 1
question = {{ zh_CN = "质量?", zh_TW = "品質?", en = "Quality?" }}
"""


def write_questionnaire(folder: Path, text: str, name: str = "test") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def sample(tmp_path: Path) -> Questionnaire:
    """A questionnaire in which attitude weighs three times as much as quality."""
    return load_questionnaire(write_questionnaire(tmp_path, GOOD))


def test_an_answer_of_one_scores_twenty_and_of_five_a_hundred(sample: Questionnaire):
    assert [score(sample, {"attitude": value})[0] for value in (1, 2, 3, 4, 5)] == [2000, 4000, 6000, 8000, 10_000]


def test_the_score_is_the_weighted_mean(sample: Questionnaire):
    assert score(sample, {"attitude": 5, "quality": 1}) == (8000, 2)


def test_an_unanswered_question_is_left_out(sample: Questionnaire):
    assert score(sample, {"attitude": None, "quality": 2}) == (4000, 1)
    assert score(sample, {"quality": 2}) == (4000, 1)


@pytest.mark.parametrize("answers", [{}, {"attitude": None}, {"outcome": "satisfied"}, {"price": 5}])
def test_no_answer_gives_no_score(sample: Questionnaire, answers: dict[str, Any]):
    """Neither does a question that is not asked, nor the outcome."""
    assert score(sample, answers) == (None, 0)


def test_a_fraction_of_a_hundredth_is_rounded_half_up(sample: Questionnaire):
    thirds = sample.model_copy(
        update={
            "dimensions": tuple(
                dimension.model_copy(update={"weight": 3 - n}) for n, dimension in enumerate(sample.dimensions)
            )
        }
    )
    assert score(thirds, {"attitude": 5, "quality": 4}) == (9200, 2)
    assert score(questionnaires()["after_inquiry"], {"timeliness": 1, "quality": 2}) == (3143, 2)


@given(st.dictionaries(st.sampled_from(DIMENSIONS), st.integers(1, 5)))
def test_a_score_lies_between_its_answers(answers: dict[str, int]):
    sample = questionnaires()["after_service"]
    points, answered = score(sample, answers)
    assert answered == len(answers)
    if not answers:
        assert points is None
    else:
        assert points is not None
        assert min(answers.values()) * 2000 <= points <= max(answers.values()) * 2000


def test_every_kind_with_callbacks_has_a_questionnaire():
    kinds = [kind for kind, table in lifecycles().items() if any(row.form is Survey for row in table.moves)]
    assert kinds
    assert [kind for kind in kinds if SHIPPED.asked_after(kind, None, 0) is None] == []
    assert SHIPPED.asked_after("finding", None, 0) is None


def test_a_questionnaire_names_known_kinds():
    kinds = {kind for each in questionnaires().values() for kind in each.kinds}
    assert kinds <= lifecycles().keys()


def test_its_dimensions_are_the_scores_of_the_form():
    scores = {name for name, field in Survey.model_fields.items() if Score in get_args(field.annotation)}
    assert set(DIMENSIONS) == scores
    assert sorted(LANGUAGES) == sorted(locales())


@pytest.mark.requirement("D2")
def test_price_belongs_to_the_survey_after_service():
    assert [dimension.code for dimension in questionnaires()["after_service"].dimensions] == list(DIMENSIONS)


def test_no_questionnaire_is_listed_as_a_pack():
    assert FOLDER.is_dir()
    assert not set(names()) & {*questionnaires(), "questionnaires"}


FAULTS: dict[str, tuple[str, str, str]] = {
    "a weight of zero": ("weight = 3", "weight = 0", "dimensions.0.weight"),
    "half a weight": ("weight = 3", "weight = 2.5", "dimensions.0.weight"),
    "an unknown score": ('code = "quality"', 'code = "loyalty"', "dimensions.1.code"),
    "the same score twice": ('code = "quality"', 'code = "attitude"', "dimensions.1.code"),
    "a missing language": (', zh_TW = "態度?"', "", "dimensions.0.question.zh_TW"),
    "an unknown language": ('en = "Quality?"', 'en = "Quality?", fr = "?"', "dimensions.1.question.fr"),
    "an empty question": ('"Quality?"', '""', "dimensions.1.question.en"),
    "no source": ('source = "a test"', "", "source"),
    "no version": ('version = "1"', "", "version"),
    "no kind": ('kinds = ["complaint"]', "kinds = []", "kinds"),
    "another name": ('name = "test"', 'name = "other"', "name"),
    "an unknown kind": ('kinds = ["complaint"]', 'kinds = ["letter"]', "kinds"),
    "an unknown field": ('version = "1"', 'version = "1"\nscale = 10', "scale"),
    "no toml": ('name = "test"', "name = ", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_refused_with_field_and_reason(tmp_path: Path, fault: str):
    old, new, field = FAULTS[fault]
    assert old in GOOD
    refused = refusal(lambda: load_questionnaire(write_questionnaire(tmp_path, GOOD.replace(old, new, 1))))
    assert (refused.code, refused.params["file"]) == ("bad_questionnaire", "test.toml")
    [first, *_] = refused.params["faults"]
    assert first["field"] == field
    assert first["why"]


def test_a_missing_file_is_refused(tmp_path: Path):
    assert refusal(lambda: load_questionnaire(tmp_path / "missing.toml")).code == "bad_questionnaire"


def test_two_files_for_one_kind_are_refused(tmp_path: Path):
    write_questionnaire(tmp_path, GOOD)
    write_questionnaire(tmp_path, GOOD.replace('name = "test"', 'name = "second"'), "second")
    refused = refusal(lambda: questionnaires_in(tmp_path))
    assert (refused.code, refused.params["faults"][0]["field"]) == ("bad_questionnaire", "kinds")


def test_an_unknown_questionnaire_is_refused():
    refused = refusal(lambda: SHIPPED.questionnaire("loyalty", 0))
    assert (refused.code, refused.params["known"]) == ("unknown_questionnaire", list(questionnaires()))
