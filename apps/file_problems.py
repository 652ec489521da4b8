"""Words for a problem of a file and for a remark on it, for any door: the place, the reason, and what to do."""

from gateways.problems import FileNote, Problem
from locales.translation import translate


def file_problem_text(locale: str, problem: Problem | FileNote) -> str:
    """Return the problem or remark in a language, after its place: row and column of a table, line of a mapping."""
    return _place(locale, problem) + translate(locale, problem.code, **problem.params)


def _place(locale: str, problem: Problem | FileNote) -> str:
    if problem.code.startswith("bad_mapping."):  # its message names the key
        return "" if problem.row is None else translate(locale, "bad_mapping.at_line", row=problem.row)
    place = {"row": problem.row, "column": problem.column}
    match problem.row, problem.column:
        case None, None:
            return ""
        case None, _:
            return translate(locale, "bad_file.at_column", **place)
        case _, None:
            return translate(locale, "bad_file.at_row", **place)
        case _:
            return translate(locale, "bad_file.at_cell", **place)
