"""Commands of the classifier: classifier train, evaluate, explain, tree (A3)."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markdown import Markdown

from apps.cli.door import As, Json, door, table
from flows.classifier import report_text
from flows.wording import label, say
from statemachines.refused import Refused

if TYPE_CHECKING:
    from flows.classifier.evaluating import Evaluation
    from flows.classifier.explaining import Explanation
    from flows.classifier.model import Model

classifier = typer.Typer(
    help="The classifier 分类模型: what it learned, how good it is, and why it says what it says.", no_args_is_help=True
)

Files = Annotated[list[Path] | None, typer.Argument(help="CSV or .csv.gz: text, label, and title, source if there.")]
Folds = Annotated[int | None, typer.Option(min=2, max=20, help="Judge the way of learning by so many folds of FILE.")]
Seed = Annotated[int, typer.Option(help="Another number parts the file otherwise.")]
Subject = Annotated[str, typer.Option(help="The subject under which it was sent.")]


@classifier.command()
def train(files: Files = None, json: Json = False) -> None:
    """Learn from files and from what people decided; without a file, from those of the last time."""
    from flows.classifier.reading import examples_in
    from flows.classifier.training import told, trained_from

    given = [example for file in files or () for example in examples_in(file)]
    now = door.store.now()
    trained = trained_from(door.store, given, now)
    door.give(told(trained), Markdown(report_text.render(trained, door.locale)))


@classifier.command()
def evaluate(file: Path, folds: Folds = None, seed: Seed = 0, json: Json = False) -> None:
    """How good the trained model is on FILE; without a model, or with --folds, how well FILE can be learned."""
    from flows.classifier.categories import categories_of
    from flows.classifier.evaluating import evaluated
    from flows.classifier.reading import examples_in

    model, secret = _here()
    known = categories_of(door.settings.where)
    read = examples_in(file)
    found = evaluated([one.named(known.code_of(one.label)) for one in read], model, secret, folds, seed)
    calls = {known.code_of(one.label): one.label for one in read}  # what the file calls it, where it calls it anything
    by_class = {calls.get(code, known.name_of(code)): told for code, told in found.figures.per_class.items()}
    found = replace(found, figures=replace(found.figures, per_class=by_class))
    document = {
        **asdict(found.figures),
        "method": found.method,
        "silver": found.silver,
        "seen": found.seen,
        "model": found.version,
    }
    door.give(document, *_how(found, file), Markdown(report_text.figures_text(found.figures, door.locale)))


def _here() -> "tuple[Model | None, bytes]":
    """The trained model, if there is a store here and it has one, and the secret of its marks."""
    from flows.classifier.model_file import newest_model

    try:
        secret = door.settings.secret_bytes()
    except Refused as refused:
        if refused.code != "no_store":
            raise
        return None, b""
    return newest_model(door.settings.where).found, secret


def _how(found: "Evaluation", file: Path) -> Iterator[str]:
    told = {"rows": found.figures.rows, "silver": found.silver, "file": file.name, "version": found.version or "–"}
    yield _say(f"method.{found.method}", **told)
    if found.seen:
        yield _say(f"seen.{found.method}", seen=found.seen, **told)


@classifier.command()
def explain(text: str, subject: Subject = "", json: Json = False) -> None:
    """What TEXT is taken for and why: what speaks for it, how sure that is, and what happens."""
    from flows.classifier.explaining import explained

    found = explained(door.store.home, text, subject)
    proposal = asdict(found.proposal)
    document = {
        "threshold": proposal.pop("needed"),
        **proposal,
        "happens": found.happens,
        "by": found.by,
        "name": found.name,
        "model": found.version,
        "candidates": [asdict(one) for one in found.candidates],
        "broken": [list(one) for one in found.broken],
    }
    door.give(document, *_why(found))


def _why(found: "Explanation") -> Iterator[Any]:
    proposal = found.proposal
    rows = [
        (_say("column.category"), found.name or _named(proposal.category)),
        (_say("column.department"), label(door.locale, "", "department", proposal.department or "")),
        (_say("column.severity"), label(door.locale, "complaint", "severity", proposal.severity)),
        (_say("column.confidence"), f"{proposal.confidence} %"),
        (_say("column.by"), _say(f"by.{found.by}", version=found.version)),
        (_say("column.happens"), _say(f"happens.{found.happens}")),
    ]
    yield table(_say("explained"), ("", ""), rows)
    yield report_text.threshold_text(proposal.needed, door.locale)
    heads = [_say(f"column.{name}") for name in ("category", "share", "speaks")]
    yield table(_say("candidates"), heads, [_candidate(one) for one in found.candidates])
    for name, reason in found.broken:
        yield _say("broken", file=name, why=_say(f"why.{reason}"))


def _candidate(one: Any) -> tuple[str, str | None, str]:
    return (
        _named(one.label),
        f"{one.share} %" if one.share is not None else None,
        ", ".join(word for word, _ in one.speaks),
    )


@classifier.command()
def tree(file: Path, as_: As = None, json: Json = False) -> None:
    """Publish a tree of categories 分类体系: three levels, then department, severity, code if there."""
    from flows.classifier.tree import publish_tree

    found = publish_tree(door.store, file, door.actor(as_))
    live, depth = found.live, range(1, 4)
    document = {
        "by": found.by,
        "at": found.at,
        "categories": [node.model_dump(exclude={"retired"}) for node in live],
        "levels": [sum(len(node.path) == level for node in live) for level in depth],
        "without_department": sum(node.department is None for node in live),
        "retired": len(found.nodes) - len(live),
    }
    words = _say(
        "published", **{**document, "categories": len(live), "levels": " / ".join(map(str, document["levels"]))}
    )
    rows = [(node.code, node.name, node.department, node.severity) for node in live if len(node.path) == 1]
    heads = [_say(f"column.{name}") for name in ("code", "category", "department", "severity")]
    door.give(document, words, table(_say("first_level"), heads, rows))


def _named(code: str) -> str:
    return label(door.locale, "", "category", code)


def _say(key: str, /, **params: Any) -> str:
    return say(door.locale, f"classifier.{key}", **params)
