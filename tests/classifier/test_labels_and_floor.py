"""Labels that are no categories of the store are named, the rules stay in force, an imprecise category is suggested."""

import pytest

from classifier.examples import Example
from classifier.keyword_rules import classify
from classifier.propose import MODEL, RULES, explain, propose_with_source
from classifier.training import train_from
from classifier.training_report import document, render
from engine.store import Store
from tests.case_actions import START

BUS, SCHOOL = "公交车{}不停站投诉司机态度", "学校乱收费{}家长不满"
WORDS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地玄黄宇宙洪荒日月盈昃辰宿列张"
"""Makes texts different: figures alone do not."""
LOST = "我的包裹丢失了，请赔偿"


def examples(*labels: str) -> list[Example]:
    """Return 24 examples of two sorts of texts."""
    first, second = labels
    return [
        Example("", text.format(word), label) for word in WORDS[:12] for text, label in ((BUS, first), (SCHOOL, second))
    ]


@pytest.mark.parametrize(
    ("labels", "unknown"),
    [
        (("交通运输", "教育文体"), {"交通运输": 12, "教育文体": 12}),
        (("cargo_damage", "教育文体"), {"教育文体": 12}),
        (("Cargo damage", "shortage"), {}),
        (("cargo_damage", "shortage"), {}),
        (("damaged", "delayed"), {"damaged": 12, "delayed": 12}),
    ],
)
def test_labels_that_are_no_categories_are_named(sqlite_store: Store, labels: tuple[str, str], unknown: dict[str, int]):
    result = train_from(sqlite_store, examples(*labels), START)
    assert document(result)["unknown"] == unknown
    text = render(result, "en")
    assert ("These labels are no categories" in text) == bool(unknown)
    assert all(label in text for label in unknown)


@pytest.mark.parametrize("text", [LOST, "货物破损要求赔偿", "包裹丢失", "快递延误三天没到", "货物延误"])
def test_the_rules_stay_in_force_where_the_model_knows_no_category_of_the_store(sqlite_store: Store, text: str):
    train_from(sqlite_store, examples("交通运输", "教育文体"), START)
    sourced = propose_with_source(sqlite_store.home, text)
    assert (sourced.proposal, sourced.by) == (classify(text), RULES)
    assert explain(sqlite_store.home, text).by == RULES


def test_a_category_below_the_floor_is_only_suggested(sqlite_store: Store):
    """Half of what looks like damage is labelled otherwise, so a prediction of damage is right half of the time."""
    texts = [f"纸箱{word}压坏了" for word in WORDS]
    mixed = [Example("", text, "cargo_damage" if n % 2 else "loss") for n, text in enumerate(texts)]
    clear = [Example("", f"快递{word}三天没有到达", "shortage") for word in WORDS]
    result = train_from(sqlite_store, [*mixed, *clear], START)
    assert {"cargo_damage", "loss"} <= set(result.suggested)
    assert "shortage" not in result.suggested
    assert result.figures is not None
    assert all(result.figures.per_class[name]["precision"] < 0.8 for name in ("cargo_damage", "loss"))
    sourced = propose_with_source(sqlite_store.home, "纸箱压坏了")
    assert (sourced.by, sourced.proposal.sure) == (MODEL, False)
    assert "Only suggested to a person" in render(result, "en")
