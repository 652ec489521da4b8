"""Keep a text a text in a spreadsheet: CSV has no cell types, and a program evaluates a cell that looks like a formula.

A text that begins with = + - @, a tab, a line end or a full-width form of these gets a leading apostrophe. So does one
that begins with apostrophes before such a sign, so that reading our own file takes away just what writing it added.
"""

FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet may evaluate the text."""
    return text.startswith(FORMULA_SIGNS)


def as_cell(text: str) -> str:
    """Return the text as it is written to a cell of a CSV file."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_SIGNS) else text


def from_cell(cell: str) -> str:
    """Return the text that ``as_cell`` wrote."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_SIGNS) else cell
