"""Describe a problem of a file to its reader: the place, the reason, and what to do."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from apps.cli.context import cli
from apps.file_problems import file_problem_text
from gateways.problems import FileNote, Notes, Problem

ENCODING = "file_note.encoding_"
SHOWN_NOTES = 40
"""The most remarks that are shown to people; programs get more."""


def problem_text(problem: Problem) -> str:
    """Return the problem in the reader's language, after its place: row and column of a table, line of a mapping."""
    return file_problem_text(cli.locale, problem)


def note_text(note: FileNote) -> str:
    """Return the remark in the reader's language, after its place."""
    return file_problem_text(cli.locale, note)


def note_lines(notes: Sequence[FileNote], count: int) -> Iterator[str]:
    """Yield the remarks for people: the first ones, and how many more there are."""
    yield from (f"· {note_text(note)}" for note in notes[:SHOWN_NOTES])
    if count > SHOWN_NOTES:
        yield cli.translate("more_notes", count=count - SHOWN_NOTES)


def notes_document(notes: Sequence[FileNote], count: int) -> dict[str, Any]:
    """Return the remarks for programs: as texts, with their places and values, their number, and the encoding."""
    noted = [{"code": note.code, "row": note.row, "column": note.column, "params": dict(note.params)} for note in notes]
    texts = list(map(note_text, notes))
    return {"encoding": _encoding_document(notes), "notes": texts, "noted": noted, "note_count": count}


def notes_of_files(files: Sequence[tuple[str, Notes]]) -> dict[str, Any]:
    """Return the remarks on several files for programs: of each file, and of all together."""
    each = [{"file": name, **notes_document(notes.kept, notes.count)} for name, notes in files]
    return {
        "files": each,
        "encoding": each[0]["encoding"] if each else None,
        "notes": [text for document in each for text in document["notes"]],
        "noted": [{"file": document["file"], **noted} for document in each for noted in document["noted"]],
        "note_count": sum(document["note_count"] for document in each),
    }


def lines_of_files(files: Sequence[tuple[str, Notes]]) -> Iterator[str]:
    """Yield the remarks on several files for people, each file under its name."""
    for name, notes in files:
        if notes.count:
            yield f"{name}:"
            yield from note_lines(notes.kept, notes.count)


def _encoding_document(notes: Iterable[FileNote]) -> dict[str, Any] | None:
    """Return the encoding that one of the remarks names, and how sure it is; None for a file that is no text."""
    for note in notes:
        if note.code.startswith(ENCODING):
            return {"name": note.params["encoding"], "certainty": note.code.removeprefix(ENCODING)}
    return None
