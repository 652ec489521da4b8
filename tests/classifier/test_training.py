"""What people decide is learned from, their last word on each case; a worse model is never taken by itself (A3)."""

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
from engine.commands.advance import Command, advance
from engine.store import Store
from flows.scheduled_work import run_scheduled
from flows.work import Work
from locales.translation import locales
from tests.case_actions import AGENT, START, case_of, execute_sql, make_move, new_case, query_rows, refusal
from tests.classifier.training_examples import decided, lessons

pytestmark = pytest.mark.requirement("A3")


def test_a_persons_last_word_on_a_case_is_an_example(store: Store):
    number = new_case(store, text="外箱压扁", subject="投诉", demand="赔偿")
    assert decisions_in(store) == []
    make_move(store, number, "classify", by=AGENT, category="charge")
    assert decisions_in(store) == [Example("投诉", "外箱压扁 赔偿", "charge")]
    make_move(store, number, "reclassify", category="cargo_damage")
    assert decisions_in(store) == [Example("投诉", "外箱压扁 赔偿", "cargo_damage")]
    make_move(store, new_case(store, text="一直在途"), "classify", category="delay")
    assert [one.label for one in decisions_in(store)] == ["cargo_damage", "delay"]
    assert [one.label for one in decisions_in(store, most=1)] == ["delay"], "the latest ones"


def test_what_the_system_decided_teaches_it_nothing(store: Store):
    form = {"category": "delay", "severity": "normal", "department": "operations", "confidence": 90}
    number = new_case(store, text="一直在途")
    advance(store, Command(number, "classify", form, actor=SYSTEM), START)
    assert decisions_in(store) == []
    make_move(store, number, "reclassify", category="loss")
    assert [one.label for one in decisions_in(store)] == ["loss"], "until a person overrules it"


def test_what_was_erased_is_absent(store: Store):
    _, erased, _ = decided(store, 1)
    execute_sql(store, "UPDATE statement SET content = NULL WHERE case_id = :id", id=case_of(store, erased)["id"])
    left = query_rows(
        store, "SELECT content FROM statement WHERE field = 'text' AND content IS NOT NULL ORDER BY case_id"
    )
    assert [one.text for one in decisions_in(store)] == [row["content"] for row in left]
    assert len(left) == 2


def test_too_few_decisions_are_no_ground_to_learn(sqlite_store: Store):
    decided(sqlite_store, MIN_DECISIONS // 3)
    told = train_weekly(sqlite_store, START)
    assert (told.outcome, told.did, told.choices) == ("too_few", 0, 48)
    assert not folder_of(sqlite_store.home).exists()


def test_enough_of_them_teach_and_nothing_is_learned_twice(sqlite_store: Store):
    store = sqlite_store
    decided(store, 20)
    first = train_weekly(store, START)
    assert (first.outcome, first.did, first.version, first.choices) == ("taken", 1, "classifier-0001", 60)
    assert first.figures is not None
    assert first.figures.accuracy > 0.9
    assert first.compared == 60
    assert first.right > first.before, "the rules do not know these words"
    assert propose(store.home, "外箱压扁，昨天下午").category == "cargo_damage"
    decided(store, MIN_NEW_DECISIONS // 3 - 1, seed=7)
    again = train_weekly(store, START)
    assert (again.outcome, again.former) == ("nothing_new", "classifier-0001")


def test_a_worse_model_is_not_taken(sqlite_store: Store):
    """What was kept from files has become wrong: whoever learns from it learns what nobody here decides."""
    store = sqlite_store
    train_from(store, lessons(40, seed=3), START)
    turned = {"delay": "charge", "charge": "cargo_damage", "cargo_damage": "delay"}
    keep_examples(store.home, [Example("", one.text, turned[one.label]) for one in lessons(60, seed=4)])
    decided(store, 20)
    told = train_weekly(store, START)
    assert (told.outcome, told.did, told.version) == ("worse", 0, None)
    assert (told.compared, told.before > told.right) == (60, True)
    assert newest_model(store.home).name == "classifier-0001.model"


def test_the_files_of_the_last_time_are_learned_from_again(sqlite_store: Store):
    store = sqlite_store
    train_from(store, lessons(10, seed=3), START)
    assert kept_examples(store.home) == lessons(10, seed=3)
    decided(store, 20)
    told = train_weekly(store, START)
    assert (told.outcome, told.examples, told.choices) == ("taken", 90, 60)
    assert train_from(store, [], START).examples == 90
    assert train_from(store, lessons(10, seed=4), START).examples == 90
    assert kept_examples(store.home) == lessons(10, seed=4)


def test_nothing_to_learn_from_leaves_all_as_it_was(sqlite_store: Store):
    told = refusal(lambda: train_from(sqlite_store, lessons(1), START))
    assert told.code == "too_few_examples"
    assert not folder_of(sqlite_store.home).exists()


def test_the_scheduled_training_writes_down_that_it_ran(work: Work):
    asyncio.run(run_scheduled(work, "classifier-training"))
    assert query_rows(work.store, "SELECT flow, did FROM run") == [{"flow": "classifier-training", "did": 0}]


@pytest.mark.parametrize("locale", locales())
def test_the_report_tells_figures_and_no_words_of_anybody(sqlite_store: Store, locale: str):
    decided(sqlite_store, 20)
    told = train_weekly(sqlite_store, START)
    (folder_of(sqlite_store.home) / "classifier-0009.model").write_text("x", "utf-8")
    for one in (told, train_weekly(sqlite_store, START)):
        text = training_report.render(one, locale)
        assert "classifier." not in text, "a word is missing"
        assert "{" not in text
        assert not any(example.text[:4] in text for example in lessons())
    assert "classifier-0009.model" in text
