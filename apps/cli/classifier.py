"""Commands of the classifier: classifier train, evaluate, explain, tree (A3)."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.cli.context import As, FileEncoding, Json, cli, table
from apps.cli.number_options import whole_option
from apps.cli.problem_text import lines_of_files, note_lines, notes_document, notes_of_files
from apps.page import Page
from classifier import training_report
from gateways.problems import Notes
from locales.translation import label, translate
from statemachines.refused import Refused

if TYPE_CHECKING:
    from classifier.evaluation import Evaluation
    from classifier.model import Model
    from classifier.propose import Explanation

classifier = typer.Typer(no_args_is_help=True)

Files = Annotated[list[Path] | None, typer.Argument()]
Folds = Annotated[int | None, whole_option(least=2, most=20)]
Seed = Annotated[int, whole_option()]
Subject = Annotated[str, typer.Option()]


@classifier.command()
def train(files: Files = None, encoding: FileEncoding = None, json: Json = False) -> None:
    """Learn from files and from what people decided; without a file, from those of the last time."""
    from classifier.example_files import examples_in
    from classifier.training import train_from
    from classifier.training_report import document as document_of

    noted = [(file, Notes()) for file in files or ()]
    examples = [example for file, notes in noted for example in examples_in(file, cli.encoding, notes.add)]
    now = cli.store.now()
    trained = train_from(cli.store, examples, now)
    named = [(file.name, notes) for file, notes in noted]
    document = {**document_of(trained), **notes_of_files(named)}
    cli.give(document, *lines_of_files(named), Page(training_report.render(trained, cli.locale)))


@classifier.command()
def evaluate(
    file: Path, folds: Folds = None, seed: Seed = 0, encoding: FileEncoding = None, json: Json = False
) -> None:
    """How good the trained model is on FILE; without a model, or with --folds, how well FILE can be learned."""
    from classifier.categories import categories_of
    from classifier.evaluation import evaluate as evaluate_model
    from classifier.example_files import examples_in

    model, secret = _trained_model()
    categories = categories_of(cli.settings.where)
    notes = Notes()
    examples = examples_in(file, cli.encoding, notes.add)
    labelled = [each.with_label(categories.code_of(each.label)) for each in examples]
    evaluation = evaluate_model(labelled, model, secret, folds, seed)
    labels = {categories.code_of(each.label): each.label for each in examples}  # the file's own labels
    by_class = {labels.get(code, categories.name_of(code)): row for code, row in evaluation.figures.per_class.items()}
    evaluation = replace(evaluation, figures=replace(evaluation.figures, per_class=by_class))
    document = {
        **asdict(evaluation.figures),
        "method": evaluation.method,
        "silver": evaluation.silver,
        "seen": evaluation.seen,
        "model": evaluation.version,
        **notes_document(notes.kept, notes.count),
    }
    cli.give(
        document,
        *note_lines(notes.kept, notes.count),
        *_method(evaluation, file),
        Page(training_report.metrics_text(evaluation.figures, cli.locale)),
    )


def _trained_model() -> "tuple[Model | None, bytes]":
    """Return the trained model of the store, if there are both, and the secret of its fingerprints."""
    from classifier.model_file import newest_model

    try:
        secret = cli.settings.secret_bytes()
    except Refused as refused:
        if refused.code != "no_store":
            raise
        return None, b""
    return newest_model(cli.settings.where).found, secret


def _method(evaluation: "Evaluation", file: Path) -> Iterator[str]:
    params = {
        "rows": evaluation.figures.rows,
        "silver": evaluation.silver,
        "file": file.name,
        "version": evaluation.version or "–",
    }
    yield _translate(f"method.{evaluation.method}", **params)
    if evaluation.seen:
        yield _translate(f"seen.{evaluation.method}", seen=evaluation.seen, **params)


@classifier.command()
def explain(text: str, subject: Subject = "", json: Json = False) -> None:
    """What TEXT is taken for and why: what speaks for it, how sure that is, and what happens."""
    from classifier import propose

    explanation = propose.explain(cli.store.home, text, subject)
    proposal = asdict(explanation.proposal)
    document = {
        "threshold": proposal.pop("needed"),
        **proposal,
        "happens": explanation.happens,
        "by": explanation.by,
        "name": explanation.name,
        "model": explanation.version,
        "candidates": [asdict(candidate) for candidate in explanation.candidates],
        "broken": [list(each) for each in explanation.broken],
    }
    cli.give(document, *_why(explanation))


def _why(explanation: "Explanation") -> Iterator[Any]:
    proposal = explanation.proposal
    rows = [
        (_translate("column.category"), explanation.name or _category(proposal.category)),
        (_translate("column.department"), label(cli.locale, "", "department", proposal.department or "")),
        (_translate("column.severity"), label(cli.locale, "complaint", "severity", proposal.severity)),
        (_translate("column.confidence"), f"{proposal.confidence} %"),
        (_translate("column.by"), _translate(f"by.{explanation.by}", version=explanation.version)),
        (_translate("column.happens"), _translate(f"happens.{explanation.happens}")),
    ]
    yield table(_translate("explained"), ("", ""), rows)
    yield training_report.threshold_text(proposal.needed, cli.locale)
    columns = [_translate(f"column.{name}") for name in ("category", "share", "speaks")]
    yield table(_translate("candidates"), columns, map(_candidate, explanation.candidates))
    for name, reason in explanation.broken:
        yield _translate("broken", file=name, why=_translate(f"why.{reason}"))


def _candidate(candidate: Any) -> tuple[str, str | None, str]:
    return (
        _category(candidate.label),
        f"{candidate.share} %" if candidate.share is not None else None,
        ", ".join(word for word, _ in candidate.speaks),
    )


@classifier.command()
def tree(file: Path, encoding: FileEncoding = None, as_: As = None, json: Json = False) -> None:
    """Publish a tree of categories 分类体系: three levels, then department, severity, code if there."""
    from classifier.category_tree import publish_tree

    notes = Notes()
    tree_ = publish_tree(cli.store, file, cli.actor(as_), cli.encoding, notes.add)
    live, depth = tree_.live, range(1, 4)
    document = {
        "by": tree_.by,
        "at": tree_.at,
        "categories": [node.model_dump(exclude={"retired"}) for node in live],
        "levels": [sum(len(node.path) == level for node in live) for level in depth],
        "without_department": sum(node.department is None for node in live),
        "retired": len(tree_.nodes) - len(live),
        **notes_document(notes.kept, notes.count),
    }
    summary = _translate(
        "published", **{**document, "categories": len(live), "levels": " / ".join(map(str, document["levels"]))}
    )
    rows = [(node.code, node.name, node.department, node.severity) for node in live if len(node.path) == 1]
    columns = [_translate(f"column.{name}") for name in ("code", "category", "department", "severity")]
    noted = note_lines(notes.kept, notes.count)
    cli.give(document, *noted, summary, table(_translate("first_level"), columns, rows))


def _category(code: str) -> str:
    return label(cli.locale, "", "category", code)


def _translate(key: str, /, **params: Any) -> str:
    return translate(cli.locale, f"classifier.{key}", **params)
