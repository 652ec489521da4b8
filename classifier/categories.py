"""The categories a store knows: those of its tree if it has one, else those of the shipped rules."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from classifier.keyword_rules import rules
from classifier.tree import Tree, newest_tree
from locales.translation import label, locales
from statemachines.forms import Severity


@dataclass(frozen=True, slots=True)
class Known:
    """A category: its code, who answers for it, how grave it is in itself."""

    code: str
    department: str | None
    severity: Severity


class Categories:
    """They are found by code, by their names from the first level down, or by the last of these if only one has it."""

    def __init__(self, tree: Tree | None) -> None:
        self._whole = {_folded(name): known for name, known in (_of_tree(tree) if tree else _shipped())}
        self._names = {node.code: node.name for node in tree.nodes} if tree else {}
        last = [(_folded(node.path[-1]), node.code) for node in (tree.live if tree else ())]
        often = Counter(name for name, _ in last)
        self._last = {name: self._whole[code] for name, code in last if often[name] == 1}

    def find(self, told: str) -> Known | None:
        """The category that somebody calls so; None for an unknown one, or where two are called so."""
        name = _folded(told)
        return self._whole.get(name) or self._last.get(name)

    def code_of(self, told: str) -> str:
        """Its code; what is no category of ours keeps the name that it has."""
        known = self.find(told)
        return told if known is None else known.code

    def name_of(self, code: str) -> str:
        """What the tree calls a code, also a retired one; the code itself where the tree does not know it."""
        return self._names.get(code, code)


def categories_of(home: Path) -> Categories:
    """The categories of the store there."""
    return _categories(newest_tree(home).found)


@lru_cache(maxsize=4)
def _categories(tree: Tree | None) -> Categories:
    return Categories(tree)


def _shipped() -> Iterator[tuple[str, Known]]:
    for one in rules().category:
        names = {one.code, *(label(locale, "", "category", one.code) for locale in locales())}
        yield from ((name, Known(one.code, one.department, one.severity)) for name in names)


def _of_tree(tree: Tree) -> Iterator[tuple[str, Known]]:
    """A tree may call a shipped category by its code: what it does not say of it is said there."""
    shipped = {one.code: one for one in rules().category}
    for node in tree.live:
        same = shipped.get(node.code)
        severity = node.severity or (same.severity if same else Severity.NORMAL)
        known = Known(node.code, node.department or (same.department if same else None), severity)
        yield from ((name, known) for name in {node.code, node.name, "/".join(node.path)})


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
