"""A small tree of categories, as a file that the evaluation group publishes."""

from pathlib import Path

from classifier.category_tree import CategoryTree, publish_tree
from engine.actors import NewActor, add_actor
from engine.store import Store
from statemachines.roles import Role

HEADS = "一级分类,二级分类,三级分类,责任部门,严重程度,代码"
ROWS = (
    "货运服务,,,operations,,",
    "货运服务,货物损坏,,claims,high,cargo_damage",
    "货运服务,货物损坏,包装破损,,,",
    "货运服务,运输时效,延误送达,,,",
    "窗口服务,服务态度,,service,low,",
    "窗口服务,其他,,,,",
    "货运服务,其他,,,,",
)
EVA = "eva"


def tree_file(folder: Path, *rows: str, heads: str = HEADS) -> Path:
    path = folder / "tree.csv"
    path.write_text("\n".join([heads, *(rows or ROWS)]), "utf-8")
    return path


def publish_sample_tree(store: Store, folder: Path, *rows: str) -> CategoryTree:
    with store.writing() as tx:
        add_actor(tx, NewActor(EVA, (Role.EVALUATION_GROUP,)))
    return publish_tree(store, tree_file(folder, *rows), EVA)
