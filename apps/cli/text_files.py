"""Read the text of a file or of standard input: its encoding is found by evidence or given with --encoding."""

import sys
from pathlib import Path

from apps.cli.context import cli
from apps.cli.problem_text import note_text, problem_text
from gateways.problems import Unreadable
from statemachines.refused import Refused

UTF_8 = "utf-8"


def text_of(source: str | None) -> str:
    """Read a file, or standard input for "-". Raises ``Refused('no_text')`` and what ``read_file`` raises."""
    if source is None:
        raise Refused("no_text")
    return _text(sys.stdin.buffer.read() if source == "-" else Path(source), source)


def read_file(file: Path) -> str:
    """Return the text of a file. Raises ``Refused('unreadable_body' | 'bad_text_file')``."""
    return _text(file, str(file))


def _text(source: Path | bytes, name: str) -> str:
    """Return the text; an encoding other than UTF-8 is named on standard error."""
    from gateways.charset import encoding_note, read_text  # most commands that could read a text read none

    try:
        text, encoding = read_text(source, cli.encoding)
    except (OSError, ValueError):
        raise Refused("unreadable_body", file=name) from None
    except Unreadable as error:
        raise Refused("bad_text_file", file=name, problems=list(map(problem_text, error.problems))) from None
    if encoding.name != UTF_8 and not cli.as_json:
        cli.err.print(note_text(encoding_note(encoding)), markup=False, highlight=False)
    return text
