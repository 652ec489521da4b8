"""The classifier commands: train, evaluate, explain, and publish a tree (A3)."""

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
    """Write examples into a CSV file and return its path."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("title", "text", "label", "source"))
        writer.writerows(
            (example.subject, example.text, example.label, "gold" if example.gold else "silver") for example in examples
        )
    return path


@pytest.fixture
def known_file(tmp_path: Path) -> Path:
    return file_of(tmp_path / "known.csv", training_examples())


@pytest.fixture
def new_file(tmp_path: Path) -> Path:
    return file_of(tmp_path / "new.csv", training_examples(10, seed=2))


def test_on_a_new_store_a_file_is_evaluated_by_folds(closeloop: Closeloop, simulated: Store, new_file: Path):
    document = closeloop.json("classifier", "evaluate", new_file)
    assert document.keys() > KEYS
    assert (document["method"], document["model"], document["rows"], document["seen"]) == ("folds", None, 30, 0)
    assert document["accuracy"] > 0.5


def test_without_a_store_a_file_is_evaluated_by_folds(closeloop: Closeloop, new_file: Path):
    assert closeloop.json("classifier", "evaluate", new_file)["method"] == "folds"


def test_a_trained_model_is_evaluated_on_another_file(
    closeloop: Closeloop, simulated: Store, known_file: Path, new_file: Path
):
    trained = closeloop.json("classifier", "train", known_file)
    assert (trained["outcome"], trained["version"], trained["examples"]) == ("taken", "classifier-0001", 60)
    document = closeloop.json("classifier", "evaluate", new_file)
    assert (document["method"], document["model"], document["rows"], document["seen"]) == (
        "held_out",
        "classifier-0001",
        30,
        0,
    )
    assert set(document["per_class"]) == {"cargo_damage", "delay", "charge"}
    assert closeloop.json("classifier", "evaluate", new_file, "--folds", 3)["method"] == "folds"


def test_an_evaluation_on_training_examples_warns(closeloop: Closeloop, simulated: Store, known_file: Path):
    closeloop("classifier", "train", known_file)
    document = closeloop.json("classifier", "evaluate", known_file)
    assert (document["method"], document["seen"]) == ("folds", 60)
    assert "learned from 60 of these texts" in closeloop("classifier", "evaluate", known_file).output


def test_training_reads_several_files_and_the_decisions_of_people(
    closeloop: Closeloop, simulated: Store, known_file: Path, new_file: Path
):
    classify_cases(simulated, 2, seed=9)
    document = closeloop.json("classifier", "train", known_file, new_file)
    assert (document["examples"], document["choices"]) == (96, 6)
    output = closeloop("classifier", "train").output
    assert "classifier-0002 was taken; before it there was classifier-0001." in output
    assert "Learned from 96 examples: 6 decisions" in output


def test_explain_names_the_words_that_decided(closeloop: Closeloop, simulated: Store, known_file: Path):
    rules = closeloop.json("classifier", "explain", "破损，运费另算")
    assert (rules["by"], rules["category"], rules["threshold"], rules["happens"]) == (
        "rules", "cargo_damage", 60, "suggests"
    )  # fmt: skip
    closeloop("classifier", "train", known_file)
    document = closeloop.json("classifier", "explain", "外箱压扁", "--subject", "投诉")
    assert (document["by"], document["category"], document["department"], document["model"]) == (
        "model", "cargo_damage", "claims", "classifier-0001"
    )  # fmt: skip
    assert "压扁" in [word for word, _ in document["candidates"][0]["speaks"]]
    output = closeloop("classifier", "explain", "外箱压扁").output
    assert "Cargo damage" in output
    assert "the model classifier-0001" in output


def test_the_evaluation_group_publishes_a_tree(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    with simulated.writing() as tx:
        add_actor(tx, NewActor("eva", (Role.EVALUATION_GROUP,)))
    path = tree_file(tmp_path)
    assert closeloop.refused("classifier", "tree", path, "--as", SUPERVISOR)["code"] == "not_evaluation_group"
    document = closeloop.json("classifier", "tree", path, "--as", "eva")
    assert (document["levels"], document["without_department"], document["retired"]) == ([2, 5, 2], 2, 0)
    assert "Published by eva: 9 categories" in closeloop("classifier", "tree", path, "--as", "eva").output
    hint = closeloop.json("classifier", "explain", "延误送达")
    assert (hint["by"], hint["category"], hint["happens"]) == ("tree", "c01_01_01", "suggests")


def test_a_file_may_name_its_labels_differently(
    closeloop: Closeloop, simulated: Store, known_file: Path, tmp_path: Path
):
    closeloop("classifier", "train", known_file)
    names = {"cargo_damage": "货损", "delay": "Delay", "charge": "费用"}
    other = file_of(
        tmp_path / "named.csv", [example.with_label(names[example.label]) for example in training_examples(5, seed=2)]
    )
    document = closeloop.json("classifier", "evaluate", other)
    assert document["accuracy"] > 0.8
    assert set(document["per_class"]) == set(names.values())


def test_a_file_without_examples_is_refused(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    assert closeloop.refused("classifier", "train", path)["code"] == "wanting_columns"
    assert closeloop.refused("classifier", "evaluate", tmp_path / "none.csv")["code"] == "no_file"
    assert closeloop.refused("classifier", "train")["code"] == "too_few_examples"


IMPORTS = """
import importlib, sys
for module in ("classifier.propose", "flows.scheduled_work", "flows.prefect_ui.artifacts"):
    importlib.import_module(module)
    heavy = [name for name in ("sklearn", "scipy", "opencc") if name in sys.modules]
    assert not heavy, (module, heavy)
"""


@pytest.mark.long
def test_scikit_learn_is_imported_only_for_training():
    result = subprocess.run([sys.executable, "-c", IMPORTS], check=False, text=True, capture_output=True)
    assert result.returncode == 0, result.stderr
