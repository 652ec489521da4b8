"""A category is proposed by the model, else the rules, else the tree; where none is sure, a person decides."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from classifier.corpus import corpus_of
from classifier.fit_model import fit_model
from classifier.keyword_rules import NEVER, UNCLASSIFIED, classify
from classifier.model import Model
from classifier.model_file import put_model
from classifier.propose import explain, propose, propose_with_source
from engine.store import Store
from flows.tick import drain
from flows.work import Work
from statemachines.forms import Severity
from tests.case_actions import history_of, new_case
from tests.classifier.sample_tree import publish_sample_tree
from tests.classifier.training_examples import training_examples
from tests.flows.scenes import DAMAGE, HINT, ODD

pytestmark = pytest.mark.requirement("A3")

BROKEN_BOX = "外箱压扁，打了电话没人接"


@pytest.fixture(scope="module")
def model() -> Model:
    return replace(fit_model(corpus_of(training_examples())).model, threshold=60)


def with_labels(model: Model, **names: str) -> Model:
    return replace(model, labels=tuple(names.get(label, label) for label in model.labels))


@pytest.mark.parametrize("text", [DAMAGE, HINT, ODD, ""])
def test_without_a_model_the_rules_propose(home: Path, text: str):
    assert propose_with_source(home, text).by == "rules"
    assert propose(home, text) == classify(text)


def test_a_model_proposes_alone(home: Path, model: Model):
    assert not propose(home, BROKEN_BOX).sure, "the rules do not know these words"
    put_model(home, model)
    proposal = propose(home, BROKEN_BOX)
    assert (proposal.category, proposal.department) == ("cargo_damage", "claims")
    assert (proposal.needed, proposal.sure) == (60, True)


def test_below_its_threshold_a_person_decides(home: Path, model: Model):
    put_model(home, replace(model, threshold=NEVER))
    proposal = propose(home, BROKEN_BOX)
    assert (proposal.category, proposal.sure) == ("cargo_damage", False)
    assert explain(home, BROKEN_BOX).happens == "suggests"


def test_keywords_raise_the_severity_that_the_model_proposes(home: Path, model: Model):
    put_model(home, model)
    assert propose(home, BROKEN_BOX + "，有人受伤").severity is Severity.URGENT
    assert propose(home, BROKEN_BOX, "有人受伤").severity is Severity.URGENT


def test_a_label_that_the_store_does_not_know_goes_to_a_person(home: Path, model: Model):
    put_model(home, with_labels(model, cargo_damage="城乡建设"))
    proposal = propose(home, BROKEN_BOX)
    assert (proposal.category, proposal.department) == (UNCLASSIFIED, None)
    assert (proposal.confidence, proposal.sure) == (0, False)
    explanation = explain(home, BROKEN_BOX)
    assert (explanation.happens, explanation.name) == ("asks", "城乡建设")


def test_a_label_may_be_a_name(home: Path, model: Model):
    put_model(home, with_labels(model, cargo_damage="货损"))
    assert propose(home, BROKEN_BOX).category == "cargo_damage"


def test_a_category_without_a_department_is_never_decided(sqlite_store: Store, tmp_path: Path, model: Model):
    publish_sample_tree(sqlite_store, tmp_path)
    put_model(sqlite_store.home, with_labels(model, cargo_damage="窗口服务 / 其他"))
    proposal = propose(sqlite_store.home, BROKEN_BOX)
    assert (proposal.category, proposal.department, proposal.sure) == ("c02_02", None, False)
    assert proposal.confidence >= proposal.needed


def test_a_tree_determines_the_categories(sqlite_store: Store, tmp_path: Path):
    publish_sample_tree(sqlite_store, tmp_path)
    home = sqlite_store.home
    assert propose_with_source(home, DAMAGE).by == "rules", "the tree has cargo_damage, by its code"
    assert propose(home, DAMAGE) == replace(classify(DAMAGE), severity=Severity.HIGH)
    late = "货物延误送达，延误三天"
    assert classify(late).category == "delay"
    sourced = propose_with_source(home, late)
    assert (sourced.by, sourced.proposal.category, sourced.proposal.sure) == ("tree", "c01_01_01", False)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("延误送达", "c01_01_01"),
        ("延誤送達", "c01_01_01"),
        ("窗口", "c02"),
        ("你好", UNCLASSIFIED),
        ("", UNCLASSIFIED),
    ],
)
def test_the_names_of_a_tree_give_a_weak_proposal(sqlite_store: Store, tmp_path: Path, text: str, category: str):
    publish_sample_tree(sqlite_store, tmp_path)
    proposal = propose(sqlite_store.home, text)
    assert proposal.category == category
    assert proposal.confidence <= 50
    assert (proposal.confidence > 0) == (category != UNCLASSIFIED)


def test_a_proposal_is_explained_by_its_features(sqlite_store: Store, tmp_path: Path, model: Model):
    home = sqlite_store.home
    [first, second] = explain(home, "破损，运费另算").candidates
    assert (first.label, first.speaks, second.label) == ("cargo_damage", (("破损", 3.0),), "charge")
    publish_sample_tree(sqlite_store, tmp_path)
    [by_tree] = explain(home, "延误送达").candidates
    assert by_tree.label == "货运服务 / 运输时效 / 延误送达"
    assert "延误送达" in dict(by_tree.speaks)
    put_model(home, model)
    explanation = explain(home, BROKEN_BOX)
    assert (explanation.by, explanation.version, len(explanation.candidates)) == ("model", "classifier-0001", 3)
    assert "压扁" in dict(explanation.candidates[0].speaks)
    assert sum(candidate.share or 0 for candidate in explanation.candidates) == pytest.approx(100, abs=0.2)


def test_at_intake_the_model_decides_or_suggests(work: Work, model: Model):
    put_model(work.store.home, model)
    sure = new_case(work.store, text=BROKEN_BOX, subject="投诉")
    asyncio.run(drain(work))
    [form] = [json.loads(row["form"]) for row in history_of(work.store, sure) if row["move"] == "classify"]
    assert (form["category"], form["department"]) == ("cargo_damage", "claims")
    assert form["confidence"] >= 60
    put_model(work.store.home, replace(model, threshold=NEVER))
    unsure, vague = new_case(work.store, text=BROKEN_BOX), new_case(work.store, text="zzz")
    asyncio.run(drain(work))
    moves = [{row["move"] for row in history_of(work.store, number)} for number in (unsure, vague)]
    assert "suggest" in moves[0]
    assert "classify" not in moves[0]
    assert not moves[1] & {"suggest", "classify"}
