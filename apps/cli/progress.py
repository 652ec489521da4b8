"""A progress bar for commands that take long."""

import contextlib
from collections.abc import Callable, Generator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from apps.cli.context import cli


@contextlib.contextmanager
def progress_bar(description: str, total: int | None) -> Generator[Callable[[int], None]]:
    """A progress bar on standard error, for people at a terminal only."""
    if cli.as_json or not cli.err.is_terminal:
        yield lambda done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=cli.err, transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.advance(task, done)
