"""What was noted while a file was read, in words and for programs: training, evaluation, trees, drafts, scenarios."""

from pathlib import Path
from typing import Any

import pytest

from engine.actors import NewActor, add_actor
from engine.store import Store
from statemachines.roles import Role
from tests.apps.conftest import Closeloop
from tests.classifier.training_examples import training_examples

pytestmark = pytest.mark.requirement("A3")

HEAD = ["导出时间;2026-03-01;", "text;label;title", "公交车不停站;交通运输;", ";交通运输;", "学校乱收费;;"]
LAST = len(HEAD) + 1 + len(training_examples())


def examples() -> str:
    """Return a table of examples with a title, two rows that are no examples, and a row of totals."""
    rows = [f"{example.text};{example.label};{example.subject}" for example in training_examples()]
    return "\n".join([*HEAD, *rows, f"合计;{len(rows)};"]) + "\n"


EVA = "eva"


def codes(document: dict[str, Any]) -> list[tuple[str, int | None, str | None]]:
    return [(noted["code"], noted["row"], noted["column"]) for noted in document["noted"]]


EXPECTED = [
    ("file_note.encoding_sure", None, None),
    ("file_note.separator", None, None),
    ("file_note.rows_above_header", 2, None),
    ("file_note.no_example", 4, "text"),
    ("file_note.no_example", 5, "label"),
    ("file_note.totals_row", LAST, None),
]


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_the_classifier_says_what_it_noted_of_its_examples(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, command: str
):
    path = tmp_path / "examples.csv"
    path.write_bytes(examples().encode("gb18030"))
    document = closeloop.json("classifier", command, path)
    assert codes(document) == EXPECTED
    assert (document["encoding"], document["note_count"]) == ({"name": "gb18030", "certainty": "sure"}, len(EXPECTED))
    shown = closeloop("classifier", command, path).output
    assert "encoding: gb18030 (sure)" in shown
    assert "The row has no text or no label" in shown


def test_each_file_of_a_training_has_its_own_notes(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    for name, encoding in (("one.csv", "utf-8"), ("two.csv", "gb18030")):
        (tmp_path / name).write_bytes(examples().encode(encoding))
    document = closeloop.json("classifier", "train", tmp_path / "one.csv", tmp_path / "two.csv")
    assert [(each["file"], each["encoding"]["name"]) for each in document["files"]] == [
        ("one.csv", "utf-8"),
        ("two.csv", "gb18030"),
    ]
    assert (document["note_count"], {noted["file"] for noted in document["noted"]}) == (12, {"one.csv", "two.csv"})


def test_a_tree_of_categories_says_what_it_noted(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    with simulated.writing() as tx:
        add_actor(tx, NewActor(EVA, (Role.EVALUATION_GROUP,)))
    path = tmp_path / "tree.csv"
    path.write_bytes("一级分类\t二级分类\t三级分类\n运输\t破损\t外箱破损\n运输\t延误\t\n".encode("gb18030"))
    document = closeloop.json("classifier", "tree", path, "--as", EVA)
    assert [code for code, _, _ in codes(document)] == ["file_note.encoding_sure", "file_note.separator"]
    assert document["encoding"]["name"] == "gb18030"


def test_a_draft_says_what_was_noted_of_its_log(closeloop: Closeloop, simulated: Store, tmp_path: Path):
    states = ("新建", "处理中", "已解决", "关闭")
    rows = [f"T-{n};{state};2026-01-0{k} 0{n}:00" for n in range(1, 9) for k, state in enumerate(states, 1)]
    log = tmp_path / "desk.csv"
    text = "\n".join(["工单导出;;", "工单编号;状态;更新时间", *rows, "合计;32;"]) + "\n"
    log.write_bytes(text.encode("gb18030"))
    document = closeloop.json("mapping", "suggest", log)
    found = [code for code, _, _ in codes(document)]
    assert {"file_note.encoding_sure", "file_note.separator", "file_note.rows_above_header"} <= set(found)
    assert document["usable"]
    plain = closeloop("mapping", "suggest", log)
    assert (plain.err, plain.out) == ("", document["mapping"])
    assert "\n# · encoding: gb18030 (sure)\n" in plain.out
    assert "encoding: gb18030 (sure)" in closeloop("mapping", "suggest", log, "--out", tmp_path / "d.toml").output


SCENARIO = '[[actor]]\nhandle = "li"\nroles = ["agent"]\ndepartment = "hotline"\n# 客服\n'


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "utf-16"])
def test_a_scenario_is_read_in_the_named_encoding(
    closeloop: Closeloop, simulated: Store, tmp_path: Path, encoding: str
):
    path = tmp_path / "scenario.toml"
    path.write_bytes(SCENARIO.encode(encoding))
    until = simulated.now().isoformat()
    assert closeloop.json("run-until", until, "--scenario", path, "--encoding", encoding)["now"]
    refused = closeloop.refused("run-until", until, "--scenario", path, "--encoding", "klingon")
    assert refused["code"] == "unknown_encoding"
