"""Describe a problem of a file to its reader: the place, the reason, and what to do."""

from apps.cli.context import cli
from gateways.problems import Problem
from locales.translation import translate


def problem_text(problem: Problem) -> str:
    """Return the problem in the reader's language, after its place: row and column of a table, line of a mapping."""
    return _place(problem) + translate(cli.locale, problem.code, **problem.params)


def _place(problem: Problem) -> str:
    if problem.code.startswith("bad_mapping."):  # its message names the key
        return "" if problem.row is None else translate(cli.locale, "bad_mapping.at_line", row=problem.row)
    place = {"row": problem.row, "column": problem.column}
    match problem.row, problem.column:
        case None, None:
            return ""
        case None, _:
            return translate(cli.locale, "bad_file.at_column", **place)
        case _, None:
            return translate(cli.locale, "bad_file.at_row", **place)
        case _:
            return translate(cli.locale, "bad_file.at_cell", **place)
