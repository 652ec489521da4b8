"""The examples of files, kept in the store's home for the next training; they hold people's words and stay there."""

import csv
import gzip
import io
import os
from collections.abc import Sequence
from pathlib import Path

from classifier.examples import Example
from classifier.reading import GOLD, LABEL, SILVER, SOURCE, TEXT, TITLE, examples_in
from classifier.versions import folder_of

FILE = "examples.csv.gz"


def kept_examples(home: Path) -> list[Example]:
    """Those of the last training from files; none where there was none."""
    path = folder_of(home) / FILE
    return examples_in(path) if path.exists() else []


def keep_examples(home: Path, examples: Sequence[Example]) -> None:
    """Keep these in place of the former ones, readable by their owner alone."""
    told = io.StringIO(newline="")
    writer = csv.writer(told)
    writer.writerow((TITLE, TEXT, LABEL, SOURCE))
    writer.writerows((one.subject, one.text, one.label, GOLD if one.gold else SILVER) for one in examples)
    folder = folder_of(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".draft-{FILE}-{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(gzip.compress(told.getvalue().encode(), mtime=0))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / FILE)
