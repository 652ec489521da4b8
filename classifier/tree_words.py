"""What a tree's own words make of a text, where nothing was learned yet: a hint for a person, never a decision."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log

from classifier.grams import RUNS, plain
from classifier.tree import Node, Tree

MOST_SURE = 50
"""In percent: the words of a tree never speak for more than half."""
HALF_SURE = 6.0
"""The score at which the words speak for half of that."""
SEPARATORS = re.compile(r"[/、,，()（）及和与]+")


@dataclass(frozen=True, slots=True)
class Hint:
    """The category that the words point to, how sure they are, and which they are."""

    node: Node
    confidence: int
    words: tuple[str, ...]


def hint(tree: Tree, text: str) -> Hint | None:
    """The most special category whose branch leads at each level; None if no word of the tree occurs."""
    said, words = plain(text), _words(tree)
    heard = {word: weight for word, weight in words.weights.items() if word in said}
    scores: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for word, weight in heard.items():
        for path in words.speaks_for[word]:
            scores[path] += weight
    path, confidence = (), MOST_SURE
    while (step := _leader(scores, path)) is not None:
        path, lead = step
        confidence = min(confidence, int(MOST_SURE * lead / (lead + HALF_SURE)))
    if not path:
        return None
    node = next(node for node in tree.live if node.path == path)
    return Hint(node, confidence, tuple(word for word in heard if path in words.speaks_for[word]))


def _leader(scores: Mapping[tuple[str, ...], float], above: tuple[str, ...]) -> tuple[tuple[str, ...], float] | None:
    """The branch below that leads, and by how much; None where none does."""
    below = [(score, path) for path, score in scores.items() if path[:-1] == above]
    if not below:
        return None
    best, path = max(below)
    lead = best - max((score for score, other in below if other != path), default=0.0)
    return (path, lead) if lead > 0 else None


@dataclass(frozen=True, slots=True)
class _Words:
    weights: Mapping[str, float]
    speaks_for: Mapping[str, frozenset[tuple[str, ...]]]


@lru_cache(maxsize=4)
def _words(tree: Tree) -> _Words:
    """Every word of the tree, the categories it speaks for (with those above them), and its weight.

    A word that many branches share says little; a long one says more than a short one.
    """
    speaks: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for node in tree.live:
        for word in _pieces(node.path[-1]):
            speaks[word] |= {node.path[:depth] for depth in range(1, len(node.path) + 1)}
    branches = len({node.path[0] for node in tree.live})
    shared = {word: len({path[0] for path in paths}) for word, paths in speaks.items()}
    weights = {word: len(word) * log((1 + branches) / shared[word]) for word in speaks if len(word) > 1}
    return _Words(weights, {word: frozenset(paths) for word, paths in speaks.items()})


def _pieces(name: str) -> Iterable[str]:
    """A name's parts, and the pairs of characters in a Chinese one: people seldom use the whole name."""
    for part in SEPARATORS.split(plain(name)):
        for run in RUNS.findall(part):
            yield run
            if run[0] >= "\u3400":
                yield from (run[start : start + 2] for start in range(len(run) - 1))
