"""Proposes a category for a complaint, and explains the proposal: by the model, else the rules, else the tree.

Note [Order of the sources]: a trained model is asked alone, because it learned from what people here decided; only
where it answers with a label that is no category of this store, the rules and the tree are asked as well. Before there
is a model, the shipped rules are asked; where the store has a tree of its own, only for categories that the tree has,
too, by their codes. The words of the tree are asked last, and never with enough confidence to decide. A category
without a department, or one that the store does not know, is left to a person: `CategoryProposal.sure` is False. So is
one that the model takes texts for too often wrongly (`training_report.PRECISION_FLOOR`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from classifier.categories import Categories, categories_of, hint
from classifier.category_tree import newest_tree
from classifier.keyword_rules import (
    NEVER,
    UNCLASSIFIED,
    CategoryProposal,
    classify,
    matched_keywords,
    severity_of,
    threshold,
)
from classifier.training_report import SUGGESTED
from classifier.versioned_files import folder_of
from locales.shares import share_number
from statemachines.forms import Severity

MODEL, RULES, TREE = "model", "rules", "tree"
"""The sources of a proposal."""
MAX_CANDIDATES, MAX_FEATURES = 3, 10
MILLION = 1_000_000

DECIDES, SUGGESTS, ASKS = "decides", "suggests", "asks"
"""What the intake does: classify by itself, suggest a category to a person, or ask a person without a suggestion."""


@dataclass(frozen=True, slots=True)
class SourcedProposal:
    """A proposal, its source, and the source's own name of the category."""

    proposal: CategoryProposal
    by: str
    name: str = ""


def propose(home: Path, text: str, subject: str = "") -> CategoryProposal:
    """Propose a category for a text, as the store in that home knows them. See Note [Order of the sources]."""
    return propose_with_source(home, text, subject).proposal


def propose_with_source(home: Path, text: str, subject: str = "") -> SourcedProposal:
    """Propose a category, and say which source proposed it."""
    if not folder_of(home).is_dir():
        return SourcedProposal(classify(_joined(subject, text)), RULES)
    return _by_model(home, text, subject, categories_of(home)) or propose_without_model(home, text, subject)


def propose_without_model(home: Path, text: str, subject: str = "") -> SourcedProposal:
    """Propose a category by the rules and the tree alone."""
    return _by_rules_or_tree(home, _joined(subject, text), categories_of(home))


def _joined(subject: str, text: str) -> str:
    return f"{subject} {text}" if subject else text


def _by_model(home: Path, text: str, subject: str, categories: Categories) -> SourcedProposal | None:
    from classifier.model_file import newest_model

    model = newest_model(home).found
    if model is None:
        return None
    prediction = model.predict(text, subject)
    category = categories.find(prediction.label)
    if category is None and (by_rules := propose_without_model(home, text, subject)).proposal.confidence:
        return by_rules
    joined = f"{subject} {text}"
    if category is None or prediction.percent == 0:
        severity = severity_of(joined, Severity.NORMAL)
        return SourcedProposal(
            CategoryProposal(UNCLASSIFIED, None, severity, 0, model.threshold), MODEL, prediction.label
        )
    severity = severity_of(joined, category.severity)
    needed = NEVER if prediction.label in model.about.get(SUGGESTED, ()) else model.threshold
    proposal = CategoryProposal(category.code, category.department, severity, prediction.percent, needed)
    return SourcedProposal(proposal, MODEL, prediction.label)


def _by_rules_or_tree(home: Path, joined: str, categories: Categories) -> SourcedProposal:
    by_rules, tree = classify(joined), newest_tree(home).found
    if tree is None:
        return SourcedProposal(by_rules, RULES)
    if by_rules.confidence and (own := categories.find(by_rules.category)) is not None:
        severity = severity_of(joined, own.severity)
        return SourcedProposal(replace(by_rules, department=own.department, severity=severity), RULES)
    by_tree = hint(tree, joined)
    category = by_tree and categories.find(by_tree.node.code)
    if by_tree is None or category is None:
        unknown = CategoryProposal(UNCLASSIFIED, None, severity_of(joined, Severity.NORMAL), 0)
        return SourcedProposal(unknown, TREE)
    confidence = min(by_tree.confidence, threshold() - 1)
    severity = severity_of(joined, category.severity)
    proposal = CategoryProposal(category.code, category.department, severity, confidence)
    return SourcedProposal(proposal, TREE, by_tree.node.name)


@dataclass(frozen=True, slots=True)
class CategoryCandidate:
    """A category, its probability in percent where a model gives one, and its features with their weights."""

    label: str
    share: float | None
    speaks: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A proposal, its source (model, rules, tree) and the model's version, and the candidates with their features."""

    proposal: CategoryProposal
    by: str
    name: str
    version: str | None
    candidates: tuple[CategoryCandidate, ...]
    broken: tuple[tuple[str, str], ...] = ()

    @property
    def happens(self) -> str:
        """Return what the intake does with the proposal."""
        if self.proposal.category == UNCLASSIFIED or self.proposal.confidence == 0:
            return ASKS
        return DECIDES if self.proposal.sure else SUGGESTS


def explain(home: Path, text: str, subject: str = "") -> Explanation:
    """Propose a category for a text, and list the candidates with what supports them."""
    sourced = propose_with_source(home, text, subject)
    if sourced.by == MODEL:
        return _explain_by_model(home, text, subject, sourced)
    joined = _joined(subject, text)
    candidates = tuple(_candidates_of_rules(joined) if sourced.by == RULES else _candidates_of_tree(home, joined))
    return Explanation(sourced.proposal, sourced.by, sourced.name, None, candidates)


def _explain_by_model(home: Path, text: str, subject: str, sourced: SourcedProposal) -> Explanation:
    from classifier.model_file import newest_model

    newest = newest_model(home)
    model = newest.found
    assert model is not None
    probabilities = model.predict(text, subject).probabilities
    likeliest = sorted(probabilities, key=lambda label: (-probabilities[label], label))[:MAX_CANDIDATES]
    name_of = categories_of(home).name_of
    candidates = tuple(
        CategoryCandidate(
            name_of(label),
            share_number(round(MILLION * probabilities[label]), MILLION, digits=1),
            tuple(model.features(text, subject, label, MAX_FEATURES)),
        )
        for label in likeliest
    )
    version = str(model.about.get("version"))
    return Explanation(sourced.proposal, MODEL, name_of(sourced.name), version, candidates, newest.broken)


def _candidates_of_rules(joined: str) -> Iterator[CategoryCandidate]:
    ranked = sorted(matched_keywords(joined).items(), key=lambda item: (-sum(item[1].values()), item[0]))
    for code, words in ranked[:MAX_CANDIDATES]:
        heaviest = sorted(words.items(), key=lambda item: (-item[1], item[0]))
        yield CategoryCandidate(code, None, tuple((word, float(weight)) for word, weight in heaviest[:MAX_FEATURES]))


def _candidates_of_tree(home: Path, joined: str) -> Iterator[CategoryCandidate]:
    tree = newest_tree(home).found
    by_tree = hint(tree, joined) if tree is not None else None
    if by_tree is not None and categories_of(home).find(by_tree.node.code) is not None:
        yield CategoryCandidate(by_tree.node.name, None, tuple((word, 1.0) for word in by_tree.words[:MAX_FEATURES]))
