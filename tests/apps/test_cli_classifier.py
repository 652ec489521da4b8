"""The classifier at the command line: a stranger trains, evaluates, asks why, and publishes a tree (A3)."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from classifier.examples import Example
from engine.actors import NewActor, add_actor
from engine.store import Store
from statemachines.roles import Role
from tests.apps.conftest import Closeloop
from tests.case_actions import SUPERVISOR
from tests.classifier.sample_tree import tree_file
from tests.classifier.training_examples import classify_cases, training_examples

pytestmark = pytest.mark.requirement("A3")

KEYS = {"accuracy", "macro_f1", "calibration_error", "per_class", "at_95", "trusted", "rows"}


def file_of(path: Path, examples: list[Example]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("title", "text", "label", "source"))
        writer.writerows((one.subject, one.text, one.label, "gold" if one.gold else "silver") for one in examples)
    return path


@pytest.fixture
def known(tmp_path: Path) -> Path:
    return file_of(tmp_path / "known.csv", training_examples())


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return file_of(tmp_path / "new.csv", training_examples(10, seed=2))


def test_on_a_new_store_a_file_is_judged_by_folds(closeloop: Closeloop, simulated: Store, new: Path):
    told = closeloop.json("classifier", "evaluate", new)
    assert told.keys() > KEYS
    assert (told["method"], told["model"], told["rows"], told["seen"]) == ("folds", None, 30, 0)
    assert told["accuracy"] > 0.5


def test_without_any_store_too(closeloop: Closeloop, new: Path):
    assert closeloop.json("classifier", "evaluate", new)["method"] == "folds"


def test_a_trained_model_is_judged_by_another_file(closeloop: Closeloop, simulated: Store, known: Path, new: Path):
    trained = closeloop.json("classifier", "train", known)
    assert (trained["outcome"], trained["version"], trained["examples"]) == ("taken", "classifier-0001", 60)
    told = closeloop.json("classifier", "evaluate", new)
    assert (told["method"], told["model"], told["rows"], told["seen"]) == ("held_out", "classifier-0001", 30, 0)
    assert set(told["per_class"]) == {"cargo_damage", "delay", "charge"}
    assert closeloop.json("classifier", "evaluate", new, "--folds", 3)["method"] == "folds"


def test_whoever_judges_it_by_what_it_learned_is_warned(closeloop: Closeloop, simulated: Store, known: Path):
    closeloop("classifier", "train", known)
    told = closeloop.json("classifier", "evaluate", known)
    assert (told["method"], told["seen"]) == ("folds", 60)
    assert "learned from 60 of these texts" in closeloop("classifier", "evaluate", known).output


def test_several_files_and_what_people_decided_are_learned_from(
    closeloop: Closeloop, simulated: Store, known: Path, new: Path
):
    classify_cases(simulated, 2, seed=9)
    told = closeloop.json("classifier", "train", known, new)
    assert (told["examples"], told["choices"]) == (96, 6)
    words = closeloop("classifier", "train").output
    assert "classifier-0002 was taken; before it there was classifier-0001." in words
    assert "Learned from 96 examples: 6 decisions" in words


def test_it_says_why(closeloop: Closeloop, simulated: Store, known: Path):
    rules = closeloop.json("classifier", "explain", "破损，运费另算")
    assert (rules["by"], rules["category"], rules["threshold"], rules["happens"]) == (
        "rules", "cargo_damage", 60, "suggests"
    )  # fmt: skip
    closeloop("classifier", "train", known)
    told = closeloop.json("classifier", "explain", "外箱压扁", "--subject", "投诉")
    assert (told["by"], told["category"], told["department"], told["model"]) == (
        "model", "cargo_damage", "claims", "classifier-0001"
    )  # fmt: skip
    assert "压扁" in [word for word, _ in told["candidates"][0]["speaks"]]
    words = closeloop("classifier", "explain", "外箱压扁").output
    assert "Cargo damage" in words
    assert "the model classifier-0001" in words


def test_the_evaluation_group_publishes_a_tree(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    with simulated.writing() as tx:
        add_actor(tx, NewActor("eva", (Role.EVALUATION_GROUP,)))
    path = tree_file(tmp_path)
    assert closeloop.refused("classifier", "tree", path, "--as", SUPERVISOR)["code"] == "not_evaluation_group"
    told = closeloop.json("classifier", "tree", path, "--as", "eva")
    assert (told["levels"], told["without_department"], told["retired"]) == ([2, 5, 2], 2, 0)
    assert "Published by eva: 9 categories" in closeloop("classifier", "tree", path, "--as", "eva").output
    hint = closeloop.json("classifier", "explain", "延误送达")
    assert (hint["by"], hint["category"], hint["happens"]) == ("tree", "c01_01_01", "suggests")


def test_a_file_calls_its_labels_as_it_likes(closeloop: Closeloop, simulated: Store, known: Path, tmp_path: Path):
    closeloop("classifier", "train", known)
    named = {"cargo_damage": "货损", "delay": "Delay", "charge": "费用"}
    other = file_of(tmp_path / "named.csv", [one.with_label(named[one.label]) for one in training_examples(5, seed=2)])
    told = closeloop.json("classifier", "evaluate", other)
    assert told["accuracy"] > 0.8
    assert set(told["per_class"]) == set(named.values())


def test_what_is_no_file_of_examples_is_refused(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    assert closeloop.refused("classifier", "train", path)["code"] == "wanting_columns"
    assert closeloop.refused("classifier", "evaluate", tmp_path / "none.csv")["code"] == "no_file"
    assert closeloop.refused("classifier", "train")["code"] == "too_few_examples"


@pytest.mark.parametrize("module", ["classifier.propose", "flows.scheduled_work", "flows.prefect_ui.artifacts"])
def test_scikit_learn_is_imported_only_to_learn(module: str):
    code = f"import sys, {module}; sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy', 'opencc')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
