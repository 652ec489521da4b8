"""Questionnaires as versioned data: each question in three languages, each weight told, and silence is no praise."""

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.rules.policy import names
from engine.rules.questionnaires import (
    DIMENSIONS,
    FOLDER,
    LANGUAGES,
    Questionnaire,
    asked_after,
    load_questionnaire,
    questionnaire,
    questionnaires,
    questionnaires_in,
    score,
)
from locales.translation import locales
from statemachines.form_model import Score
from statemachines.forms import Survey
from statemachines.kinds import lifecycles
from tests.case_actions import refusal

pytestmark = pytest.mark.requirement("E1")

GOOD = """
name = "test"
version = "1"
source = "a test"
kinds = ["complaint"]

[[dimensions]]
code = "attitude"
weight = 3
question = { zh_CN = "态度?", zh_TW = "態度?", en = "Attitude?" }

[[dimensions]]
code = "quality"
weight = 1
question = { zh_CN = "质量?", zh_TW = "品質?", en = "Quality?" }
"""


def written(folder: Path, text: str, name: str = "test") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def asked(tmp_path: Path) -> Questionnaire:
    """Attitude weighs three times what quality does."""
    return load_questionnaire(written(tmp_path, GOOD))


def test_one_counts_twenty_points_and_five_a_hundred(asked: Questionnaire):
    assert [score(asked, {"attitude": value})[0] for value in (1, 2, 3, 4, 5)] == [2000, 4000, 6000, 8000, 10_000]


def test_the_score_is_the_weighted_mean(asked: Questionnaire):
    assert score(asked, {"attitude": 5, "quality": 1}) == (8000, 2)


def test_what_was_not_answered_is_left_out(asked: Questionnaire):
    assert score(asked, {"attitude": None, "quality": 2}) == (4000, 1)
    assert score(asked, {"quality": 2}) == (4000, 1)


@pytest.mark.parametrize("answers", [{}, {"attitude": None}, {"outcome": "satisfied"}, {"price": 5}])
def test_silence_is_no_praise(asked: Questionnaire, answers: dict[str, Any]):
    """Neither is what the questionnaire does not ask, nor that he was satisfied all in all."""
    assert score(asked, answers) == (None, 0)


def test_a_part_of_a_hundredth_is_rounded_half_up(asked: Questionnaire):
    thirds = asked.model_copy(
        update={"dimensions": tuple(one.model_copy(update={"weight": 3 - n}) for n, one in enumerate(asked.dimensions))}
    )
    assert score(thirds, {"attitude": 5, "quality": 4}) == (9200, 2)
    assert score(questionnaire("after_inquiry"), {"timeliness": 1, "quality": 2}) == (3143, 2)


@given(st.dictionaries(st.sampled_from(DIMENSIONS), st.integers(1, 5)))
def test_a_score_lies_between_its_answers(answers: dict[str, int]):
    asked = questionnaire("after_service")
    points, answered = score(asked, answers)
    assert answered == len(answers)
    if not answers:
        assert points is None
    else:
        assert points is not None
        assert min(answers.values()) * 2000 <= points <= max(answers.values()) * 2000


def test_every_kind_whose_customers_are_called_back_has_its_questionnaire():
    asking = [kind for kind, table in lifecycles().items() if any(row.form is Survey for row in table.moves)]
    assert asking
    assert [kind for kind in asking if asked_after(kind) is None] == []
    assert asked_after("finding") is None


def test_a_questionnaire_is_asked_after_kinds_that_there_are():
    kinds = {kind for one in questionnaires().values() for kind in one.kinds}
    assert kinds <= lifecycles().keys()


def test_its_scores_are_those_of_the_form():
    scores = {name for name, field in Survey.model_fields.items() if Score in get_args(field.annotation)}
    assert set(DIMENSIONS) == scores
    assert sorted(LANGUAGES) == sorted(locales())


@pytest.mark.requirement("D2")
def test_price_belongs_to_the_survey_after_service():
    assert [one.code for one in questionnaire("after_service").dimensions] == list(DIMENSIONS)


def test_no_questionnaire_is_mistaken_for_a_pack():
    assert FOLDER.is_dir()
    assert not set(names()) & {*questionnaires(), "questionnaires"}


FAULTS: dict[str, tuple[str, str, str]] = {
    "a weight of nothing": ("weight = 3", "weight = 0", "dimensions.0.weight"),
    "half a weight": ("weight = 3", "weight = 2.5", "dimensions.0.weight"),
    "an unknown score": ('code = "quality"', 'code = "loyalty"', "dimensions.1.code"),
    "the same score twice": ('code = "quality"', 'code = "attitude"', "dimensions.1.code"),
    "a missing language": (', zh_TW = "態度?"', "", "dimensions.0.question.zh_TW"),
    "a language too many": ('en = "Quality?"', 'en = "Quality?", fr = "?"', "dimensions.1.question.fr"),
    "an empty question": ('"Quality?"', '""', "dimensions.1.question.en"),
    "no source": ('source = "a test"', "", "source"),
    "no version": ('version = "1"', "", "version"),
    "no kind": ('kinds = ["complaint"]', "kinds = []", "kinds"),
    "another name": ('name = "test"', 'name = "other"', "name"),
    "an unknown field": ('version = "1"', 'version = "1"\nscale = 10', "scale"),
    "no toml": ('name = "test"', "name = ", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_file_is_refused_with_its_place_and_the_reason(tmp_path: Path, fault: str):
    old, new, field = FAULTS[fault]
    assert old in GOOD
    told = refusal(lambda: load_questionnaire(written(tmp_path, GOOD.replace(old, new, 1))))
    assert (told.code, told.params["file"]) == ("bad_questionnaire", "test.toml")
    [first, *_] = told.params["faults"]
    assert first["field"] == field
    assert first["why"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    assert refusal(lambda: load_questionnaire(tmp_path / "missing.toml")).code == "bad_questionnaire"


def test_two_files_for_one_kind_are_refused(tmp_path: Path):
    written(tmp_path, GOOD)
    written(tmp_path, GOOD.replace('name = "test"', 'name = "second"'), "second")
    told = refusal(lambda: questionnaires_in(tmp_path))
    assert (told.code, told.params["faults"][0]["field"]) == ("bad_questionnaire", "kinds")


def test_an_unknown_questionnaire_is_refused():
    told = refusal(lambda: questionnaire("loyalty"))
    assert (told.code, told.params["known"]) == ("unknown_questionnaire", list(questionnaires()))
