"""The categories of a store: found by code or name, and hinted at by the words of their names.

They are those of its category tree if it has one, otherwise those of the shipped keyword rules.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log
from pathlib import Path

from classifier.category_tree import CategoryNode, CategoryPath, CategoryTree, newest_tree
from classifier.examples import RUNS, normalised
from classifier.keyword_rules import rules
from locales.translation import label, locales
from statemachines.forms import Severity

MAX_HINT_CONFIDENCE = 50
"""In percent: the words of category names alone never support more."""
HALF_CONFIDENCE_LEAD = 6.0
"""The lead of a branch at which the confidence is half of ``MAX_HINT_CONFIDENCE``."""
SEPARATORS = re.compile(r"[/、,，()（）及和与]+")


@dataclass(frozen=True, slots=True)
class Category:
    """A category: its code, the department that answers for it, its own severity."""

    code: str
    department: str | None
    severity: Severity


class Categories:
    """Finds categories by code, by their full path, or by the last name of the path if it is unique."""

    def __init__(self, tree: CategoryTree | None) -> None:
        self._by_name = {_folded(name): category for name, category in (_of_tree(tree) if tree else _of_rules())}
        self._names = {node.code: node.name for node in tree.nodes} if tree else {}
        last_names = [(_folded(node.path[-1]), node.code) for node in (tree.live if tree else ())]
        times = Counter(name for name, _ in last_names)
        self._by_last_name = {name: self._by_name[code] for name, code in last_names if times[name] == 1}

    def find(self, name: str) -> Category | None:
        """Return the category of that code or name; None if it is unknown or ambiguous."""
        folded = _folded(name)
        return self._by_name.get(folded) or self._by_last_name.get(folded)

    def code_of(self, name: str) -> str:
        """Return the code of that category, or the name itself if no category has it."""
        category = self.find(name)
        return name if category is None else category.code

    def name_of(self, code: str) -> str:
        """Return the tree's name of a code, retired ones included, or the code itself if the tree lacks it."""
        return self._names.get(code, code)


def categories_of(home: Path) -> Categories:
    """Return the categories of the store in that home."""
    return _categories(newest_tree(home).found)


@lru_cache(maxsize=4)
def _categories(tree: CategoryTree | None) -> Categories:
    return Categories(tree)


def _of_rules() -> Iterator[tuple[str, Category]]:
    for rule in rules().category:
        names = {rule.code, *(label(locale, "", "category", rule.code) for locale in locales())}
        yield from ((name, Category(rule.code, rule.department, rule.severity)) for name in names)


def _of_tree(tree: CategoryTree) -> Iterator[tuple[str, Category]]:
    """Yield the tree's categories; values that the tree lacks come from the shipped rule of the same code."""
    shipped = {rule.code: rule for rule in rules().category}
    for node in tree.live:
        rule = shipped.get(node.code)
        severity = node.severity or (rule.severity if rule else Severity.NORMAL)
        category = Category(node.code, node.department or (rule.department if rule else None), severity)
        yield from ((name, category) for name in {node.code, node.name, "/".join(node.path)})


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


@dataclass(frozen=True, slots=True)
class TreeHint:
    """The category whose name shares words with a text, the confidence in percent, and the words."""

    node: CategoryNode
    confidence: int
    words: tuple[str, ...]


def hint(tree: CategoryTree, text: str) -> TreeHint | None:
    """Return the deepest category whose branch leads at each level; None if no word of a category name occurs."""
    plain, index = normalised(text), _word_index(tree)
    matched = {word: weight for word, weight in index.weights.items() if word in plain}
    scores: defaultdict[CategoryPath, float] = defaultdict(float)
    for word, weight in matched.items():
        for path in index.paths[word]:
            scores[path] += weight
    path, confidence = (), MAX_HINT_CONFIDENCE
    while (leader := _leading_branch(scores, path)) is not None:
        path, lead = leader
        confidence = min(confidence, int(MAX_HINT_CONFIDENCE * lead / (lead + HALF_CONFIDENCE_LEAD)))
    if not path:
        return None
    node = next(node for node in tree.live if node.path == path)
    return TreeHint(node, confidence, tuple(word for word in matched if path in index.paths[word]))


def _leading_branch(scores: Mapping[CategoryPath, float], above: CategoryPath) -> tuple[CategoryPath, float] | None:
    """Return the leading branch below a path and its lead over the next; None if none leads."""
    below = [(score, path) for path, score in scores.items() if path[:-1] == above]
    if not below:
        return None
    best, path = max(below)
    lead = best - max((score for score, other in below if other != path), default=0.0)
    return (path, lead) if lead > 0 else None


@dataclass(frozen=True, slots=True)
class _WordIndex:
    weights: Mapping[str, float]
    paths: Mapping[str, frozenset[CategoryPath]]


@lru_cache(maxsize=4)
def _word_index(tree: CategoryTree) -> _WordIndex:
    """Index the words of the category names: their weights, and the categories (with those above) they occur in.

    A word shared by many branches weighs little; a long word weighs more than a short one.
    """
    paths: defaultdict[str, set[CategoryPath]] = defaultdict(set)
    for node in tree.live:
        for word in _words_of(node.path[-1]):
            paths[word] |= {node.path[:depth] for depth in range(1, len(node.path) + 1)}
    branches = len({node.path[0] for node in tree.live})
    shared = {word: len({path[0] for path in paths_of_word}) for word, paths_of_word in paths.items()}
    weights = {word: len(word) * log((1 + branches) / shared[word]) for word in paths if len(word) > 1}
    return _WordIndex(weights, {word: frozenset(paths_of_word) for word, paths_of_word in paths.items()})


def _words_of(name: str) -> Iterable[str]:
    """Yield the parts of a name, and the character pairs of Chinese parts: few people write the whole name."""
    for part in SEPARATORS.split(normalised(name)):
        for run in RUNS.findall(part):
            yield run
            if run[0] >= "\u3400":
                yield from (run[start : start + 2] for start in range(len(run) - 1))
