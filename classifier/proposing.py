"""The one door to what a complaint is about: what was learned if there is something, else the rules, else the tree."""

from dataclasses import dataclass, replace
from pathlib import Path

from classifier.categories import Categories, categories_of
from classifier.keyword_rules import UNCLASSIFIED, Proposal, classify, graver, threshold
from classifier.tree import newest_tree
from classifier.versions import folder_of
from statemachines.forms import Severity

MODEL, RULES, TREE = "model", "rules", "tree"


@dataclass(frozen=True, slots=True)
class Told:
    """A proposal, who made it, and the name that he gave the matter."""

    proposal: Proposal
    by: str
    name: str = ""


def propose(home: Path, text: str, subject: str = "") -> Proposal:
    """What the text is about, as far as the store there can tell. See Note [Who is asked first]."""
    return told(home, text, subject).proposal


def told(home: Path, text: str, subject: str = "") -> Told:
    """The same with the name of who told."""
    said = f"{subject} {text}" if subject else text
    if not folder_of(home).is_dir():
        return Told(classify(said), RULES)
    return _by_model(home, text, subject, categories_of(home)) or without_model(home, text, subject)


def without_model(home: Path, text: str, subject: str = "") -> Told:
    """What the rules and the tree tell, as if nothing had been learned."""
    return _by_words(home, f"{subject} {text}" if subject else text, categories_of(home))


def _by_model(home: Path, text: str, subject: str, categories: Categories) -> Told | None:
    from classifier.model_file import newest_model  # numpy, and only where something was learned

    model = newest_model(home).found
    if model is None:
        return None
    guess = model.guess(text, subject)
    known = categories.find(guess.label)
    said = f"{subject} {text}"
    if known is None or guess.confidence == 0:
        return Told(Proposal(UNCLASSIFIED, None, graver(Severity.NORMAL, said), 0, model.threshold), MODEL, guess.label)
    severity = graver(known.severity, said)
    proposal = Proposal(known.code, known.department, severity, guess.confidence, model.threshold)
    return Told(proposal, MODEL, guess.label)


def _by_words(home: Path, said: str, categories: Categories) -> Told:
    found, tree = classify(said), newest_tree(home).found
    if tree is None:
        return Told(found, RULES)
    if found.confidence and (ours := categories.find(found.category)) is not None:
        return Told(replace(found, department=ours.department, severity=graver(ours.severity, said)), RULES)
    from classifier.tree_words import hint

    heard = hint(tree, said)
    known = heard and categories.find(heard.node.code)
    if heard is None or known is None:
        return Told(Proposal(UNCLASSIFIED, None, graver(Severity.NORMAL, said), 0), TREE)
    confidence = min(heard.confidence, threshold() - 1)
    proposal = Proposal(known.code, known.department, graver(known.severity, said), confidence)
    return Told(proposal, TREE, heard.node.name)


# Note [Who is asked first]
# A model that was trained is asked alone: it learned from what people here decided. Before that the shipped rules
# are asked, and where the store has a tree of its own only for categories that the tree has, too, by their codes.
# The words of the tree are asked last, and never sure enough to decide. Whoever is asked, a category without a
# department, or one that the store does not know, is left to a person: `Proposal.sure` says so.
