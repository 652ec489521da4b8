"""The classifier is trained on people's last decision of each case; a worse model is not put into use (A3)."""

import asyncio

import pytest

from classifier import training_report
from classifier.example_files import keep_examples, kept_examples
from classifier.examples import Example
from classifier.model_file import newest_model
from classifier.propose import propose
from classifier.training import decisions_in, train_from, train_weekly
from classifier.training_report import MIN_DECISIONS, MIN_NEW_DECISIONS
from classifier.versioned_files import folder_of
from engine.actors import SYSTEM
from engine.commands.advance import advance
from engine.commands.command import Command
from engine.store import Store
from flows.scheduled_work import run_scheduled
from flows.work import Work
from locales.translation import locales
from tests.case_actions import AGENT, START, case_of, make_move, new_case, query_rows, refusal
from tests.classifier.training_examples import classify_cases, training_examples
from tests.erasures import erase_texts_of

pytestmark = pytest.mark.requirement("A3")


def test_a_persons_last_decision_of_a_case_is_an_example(store: Store):
    number = new_case(store, text="外箱压扁", subject="投诉", demand="赔偿")
    assert decisions_in(store) == []
    make_move(store, number, "classify", by=AGENT, category="charge")
    assert decisions_in(store) == [Example("投诉", "外箱压扁 赔偿", "charge")]
    make_move(store, number, "reclassify", category="cargo_damage")
    assert decisions_in(store) == [Example("投诉", "外箱压扁 赔偿", "cargo_damage")]
    make_move(store, new_case(store, text="一直在途"), "classify", category="delay")
    assert [example.label for example in decisions_in(store)] == ["cargo_damage", "delay"]
    assert [example.label for example in decisions_in(store, most=1)] == ["delay"], "the latest ones"


def test_a_decision_of_the_system_is_no_example(store: Store):
    form = {"category": "delay", "severity": "normal", "department": "operations", "confidence": 90}
    number = new_case(store, text="一直在途")
    advance(store, Command(number, "classify", form, actor=SYSTEM), START)
    assert decisions_in(store) == []
    make_move(store, number, "reclassify", category="loss")
    assert [example.label for example in decisions_in(store)] == ["loss"], "until a person overrules it"


def test_an_erased_text_is_no_example(store: Store):
    _, erased, _ = classify_cases(store, 1)
    erase_texts_of(store, case_of(store, erased)["id"])
    rows = query_rows(
        store, "SELECT content FROM statement WHERE field = 'text' AND content IS NOT NULL ORDER BY case_id"
    )
    assert [example.text for example in decisions_in(store)] == [row["content"] for row in rows]
    assert len(rows) == 2


def test_too_few_decisions_train_no_model(sqlite_store: Store):
    classify_cases(sqlite_store, MIN_DECISIONS // 3)
    result = train_weekly(sqlite_store, START)
    assert (result.outcome, result.did, result.choices) == ("too_few", 0, 48)
    assert not folder_of(sqlite_store.home).exists()


def test_enough_decisions_train_a_model_and_no_new_ones_train_none(sqlite_store: Store):
    store = sqlite_store
    classify_cases(store, 20)
    first = train_weekly(store, START)
    assert (first.outcome, first.did, first.version, first.choices) == ("taken", 1, "classifier-0001", 60)
    assert first.figures is not None
    assert first.figures.accuracy > 0.9
    assert first.compared == 60
    assert first.right > first.before, "the rules do not know these words"
    assert propose(store.home, "外箱压扁，昨天下午").category == "cargo_damage"
    classify_cases(store, MIN_NEW_DECISIONS // 3 - 1, seed=7)
    again = train_weekly(store, START)
    assert (again.outcome, again.former) == ("nothing_new", "classifier-0001")


def test_a_worse_model_is_not_put_into_use(sqlite_store: Store):
    """The stored examples have become wrong: a model trained on them predicts what nobody decides any more."""
    store = sqlite_store
    train_from(store, training_examples(40, seed=3), START)
    wrong = {"delay": "charge", "charge": "cargo_damage", "cargo_damage": "delay"}
    examples = training_examples(60, seed=4)
    keep_examples(store.home, [Example("", example.text, wrong[example.label]) for example in examples])
    classify_cases(store, 20)
    result = train_weekly(store, START)
    assert (result.outcome, result.did, result.version) == ("worse", 0, None)
    assert (result.compared, result.before > result.right) == (60, True)
    assert newest_model(store.home).name == "classifier-0001.model"


def test_the_stored_examples_are_used_again(sqlite_store: Store):
    store = sqlite_store
    train_from(store, training_examples(10, seed=3), START)
    assert kept_examples(store.home) == training_examples(10, seed=3)
    classify_cases(store, 20)
    result = train_weekly(store, START)
    assert (result.outcome, result.examples, result.choices) == ("taken", 90, 60)
    assert train_from(store, [], START).examples == 90
    assert train_from(store, training_examples(10, seed=4), START).examples == 90
    assert kept_examples(store.home) == training_examples(10, seed=4)


def test_too_few_examples_change_nothing(sqlite_store: Store):
    refused = refusal(lambda: train_from(sqlite_store, training_examples(1), START))
    assert refused.code == "too_few_examples"
    assert not folder_of(sqlite_store.home).exists()


def test_the_scheduled_training_records_its_run(work: Work):
    asyncio.run(run_scheduled(work, "classifier-training"))
    assert query_rows(work.store, "SELECT flow, did FROM run") == [{"flow": "classifier-training", "did": 0}]


@pytest.mark.parametrize("locale", locales())
def test_the_report_holds_figures_and_no_text_of_an_example(sqlite_store: Store, locale: str):
    classify_cases(sqlite_store, 20)
    first = train_weekly(sqlite_store, START)
    (folder_of(sqlite_store.home) / "classifier-0009.model").write_text("x", "utf-8")
    for result in (first, train_weekly(sqlite_store, START)):
        text = training_report.render(result, locale)
        assert "classifier." not in text, "a message is missing in the catalogue"
        assert "{" not in text
        assert not any(example.text[:4] in text for example in training_examples())
    assert "classifier-0009.model" in text
