"""The tree of categories: publish_sample_tree by the evaluation group, three levels, permanent codes (A3, F4)."""

from pathlib import Path

import pytest

from classifier.categories import Category, categories_of
from classifier.category_tree import newest_tree, publish_tree
from classifier.versioned_files import folder_of
from engine.store import Store
from locales.translation import locales
from statemachines.forms import Severity
from tests.case_actions import SUPERVISOR, refusal
from tests.classifier.sample_tree import EVA, HEADS, ROWS, publish_sample_tree, tree_file

pytestmark = pytest.mark.requirement("A3")

TAXONOMY = Path(__file__).parents[3] / "shared" / "data" / "taxonomy_zh.xlsx"


def test_each_level_is_a_category_that_inherits_from_the_level_above(sqlite_store: Store, tmp_path: Path):
    tree = publish_sample_tree(sqlite_store, tmp_path)
    nodes = {node.name: (node.code, node.department, node.severity) for node in tree.nodes}
    assert nodes == {
        "货运服务": ("c01", "operations", None),
        "货运服务 / 货物损坏": ("cargo_damage", "claims", Severity.HIGH),
        "货运服务 / 货物损坏 / 包装破损": ("cargo_damage_01", "claims", Severity.HIGH),
        "货运服务 / 运输时效": ("c01_01", "operations", None),
        "货运服务 / 运输时效 / 延误送达": ("c01_01_01", "operations", None),
        "窗口服务": ("c02", None, None),
        "窗口服务 / 服务态度": ("c02_01", "service", Severity.LOW),
        "窗口服务 / 其他": ("c02_02", None, None),
        "货运服务 / 其他": ("c01_02", "operations", None),
    }
    assert newest_tree(sqlite_store.home).found == tree
    assert (tree.by, tree.source) == (EVA, "tree.csv")


def test_a_code_is_permanent_and_never_reused(sqlite_store: Store, tmp_path: Path):
    before = {node.path: node.code for node in publish_sample_tree(sqlite_store, tmp_path).nodes}
    again = publish_sample_tree(sqlite_store, tmp_path, "窗口服务,新事,,,,", *ROWS[1:4])
    assert {node.path: node.code for node in again.live} == {
        **{path: before[path] for path in before if path[0] == "货运服务" and path[-1] != "其他"},
        ("窗口服务",): "c02",
        ("窗口服务", "新事"): "c02_03",
    }
    retired = {node.code for node in again.nodes if node.retired}
    assert retired == {"c02_01", "c02_02", "c01_02"}
    assert categories_of(sqlite_store.home).find("c02_01") is None
    assert categories_of(sqlite_store.home).name_of("c02_01") == "窗口服务 / 服务态度"


def test_a_category_is_found_by_code_by_path_and_by_a_unique_name(sqlite_store: Store, tmp_path: Path):
    publish_sample_tree(sqlite_store, tmp_path)
    categories = categories_of(sqlite_store.home)
    late = Category("c01_01_01", "operations", Severity.NORMAL)
    assert [categories.find(name) for name in ("c01_01_01", "延误送达", "货运服务/运输时效/延误送达")] == [late] * 3
    assert categories.find("其他") is None, "two categories have this name"
    assert categories.find("货运服务 / 其他") == Category("c01_02", "operations", Severity.NORMAL)
    assert categories.find("delay") is None, "the store's own tree replaces the shipped categories"
    assert categories.code_of("从未有过") == "从未有过"


@pytest.mark.parametrize("name", ["delay", "延误", "延誤", "Delay"])
def test_without_a_tree_the_shipped_categories_are_found_in_every_language(home: Path, name: str):
    assert len(locales()) == 3
    assert categories_of(home).find(name) == Category("delay", "operations", Severity.NORMAL)


@pytest.mark.requirement("F4")
def test_only_the_evaluation_group_publishes(sqlite_store: Store, tmp_path: Path):
    refused = refusal(lambda: publish_tree(sqlite_store, tree_file(tmp_path), SUPERVISOR))
    assert refused.code == "not_evaluation_group"
    assert not folder_of(sqlite_store.home).exists()


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        (("一,,三,,,",), 2),
        (("一,二,三,,,", ",二,三,,,"), 3),
        (("一,二,三,,dire,",), 2),
        (("一,二,三,Claims!,,",), 2),
        (("一,二,三,,,Not a code",), 2),
        (("一,二,三,,,same", "一,二,四,,,same"), 0),
    ],
)
def test_a_faulty_row_is_named_and_nothing_published(sqlite_store: Store, tmp_path: Path, rows: tuple[str], row: int):
    refused = refusal(lambda: publish_sample_tree(sqlite_store, tmp_path, *rows))
    assert (refused.code, refused.params) == ("bad_tree", {"file": "tree.csv", "row": row})
    assert newest_tree(sqlite_store.home).found is None


def test_a_broken_file_is_named_and_the_previous_one_is_used(sqlite_store: Store, tmp_path: Path):
    tree = publish_sample_tree(sqlite_store, tmp_path)
    for number, content in ((2, "{"), (3, tree.model_copy(update={"format": 9}).model_dump_json())):
        (folder_of(sqlite_store.home) / f"tree-{number:04}.json").write_text(content, "utf-8")
    newest = newest_tree(sqlite_store.home)
    assert newest.found == tree
    assert newest.broken == (("tree-0003.json", "other_format"), ("tree-0002.json", "damaged"))


def test_a_table_with_too_few_columns_is_refused(sqlite_store: Store, tmp_path: Path):
    publish_sample_tree(sqlite_store, tmp_path)
    path = tree_file(tmp_path, "一,二", heads=HEADS[:9])
    assert refusal(lambda: publish_tree(sqlite_store, path, EVA)).code == "bad_tree"


@pytest.mark.skipif(not TAXONOMY.exists(), reason=f"the real tree is missing: {TAXONOMY}")
def test_a_real_tree_of_517_leaves_is_published(sqlite_store: Store, tmp_path: Path):
    publish_sample_tree(sqlite_store, tmp_path)
    tree = publish_tree(sqlite_store, TAXONOMY, EVA)
    assert sum(len(node.path) == 3 for node in tree.live) == 517
    assert len({node.code for node in tree.nodes}) == len(tree.nodes)
