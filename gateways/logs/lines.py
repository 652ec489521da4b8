"""The lines of a log: it is read twice, once for its separator, and no text of ours holds a NUL."""

from gateways.lines import Lines
from gateways.problems import Problem, Unreadable


class LogLines(Lines):
    """The lines of an open log. Raises ``Unreadable``, also for a NUL."""

    def __next__(self) -> str:
        line = super().__next__()
        if "\0" in line:
            raise Unreadable(Problem(self.row, None, "bad_file.nul"))
        return line

    def begin_again(self) -> None:
        """From the first line, for whoever has looked at it."""
        self._handle.seek(0)
