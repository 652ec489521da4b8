"""Why a text is taken for what it is taken for: what speaks for which category, how sure that is, what happens."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from classifier.categories import categories_of
from classifier.keyword_rules import UNCLASSIFIED, Proposal, heard
from classifier.proposing import MODEL, RULES, told
from classifier.tree import newest_tree

CANDIDATES, LOUDEST = 3, 10

DECIDES, SUGGESTS, ASKS = "decides", "suggests", "asks"
"""What happens: the system classifies, it suggests and a person decides, or a person decides unaided."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A category, its share of belief in percent where a model says so, and what speaks for it, the loudest first."""

    label: str
    share: float | None
    speaks: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is proposed, by whom (model, rules, tree) and in which version, what happens, and why."""

    proposal: Proposal
    by: str
    name: str
    version: str | None
    candidates: tuple[Candidate, ...]
    broken: tuple[tuple[str, str], ...] = ()

    @property
    def happens(self) -> str:
        """What the intake would do with it."""
        if self.proposal.category == UNCLASSIFIED or self.proposal.confidence == 0:
            return ASKS
        return DECIDES if self.proposal.sure else SUGGESTS


def explained(home: Path, text: str, subject: str = "") -> Explanation:
    """The proposal for a text, and what made it."""
    found = told(home, text, subject)
    if found.by == MODEL:
        return _by_model(home, text, subject)
    said = f"{subject} {text}" if subject else text
    by_rules = found.by == RULES
    candidates = tuple(_by_rules(said) if by_rules else _by_tree(home, said))
    return Explanation(found.proposal, found.by, found.name, None, candidates)


def _by_model(home: Path, text: str, subject: str) -> Explanation:
    from classifier.model_file import newest_model

    newest, found = newest_model(home), told(home, text, subject)
    model = newest.found
    assert model is not None
    chances = model.guess(text, subject).chances
    likeliest = sorted(chances, key=lambda label: (-chances[label], label))[:CANDIDATES]
    name = categories_of(home).name_of
    candidates = tuple(
        Candidate(name(label), round(100 * chances[label], 1), tuple(model.speakers(text, subject, label, LOUDEST)))
        for label in likeliest
    )
    version = str(model.about.get("version"))
    return Explanation(found.proposal, MODEL, name(found.name), version, candidates, newest.broken)


def _by_rules(said: str) -> Iterator[Candidate]:
    scored = sorted(heard(said).items(), key=lambda one: (-sum(one[1].values()), one[0]))
    for code, words in scored[:CANDIDATES]:
        loudest = sorted(words.items(), key=lambda one: (-one[1], one[0]))
        yield Candidate(code, None, tuple((word, float(weight)) for word, weight in loudest[:LOUDEST]))


def _by_tree(home: Path, said: str) -> Iterator[Candidate]:
    from classifier.tree_words import hint

    tree = newest_tree(home).found
    found = hint(tree, said) if tree is not None else None
    if found is not None and categories_of(home).find(found.node.code) is not None:
        yield Candidate(found.node.name, None, tuple((word, 1.0) for word in found.words[:LOUDEST]))
