"""Say what a customer or a shipment may be known by, and recognise what a form or a spreadsheet made of it.

Pure: a text is read as a valid identifier in its one normal form, or with the reason why it is none. Nothing is looked
up in the network. ``telephone_numbers``, ``mail_addresses`` and ``waybills`` read one sort each.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

READ_TWICE = 256
"""So many numbers and addresses are kept as they were read: a door checks them before the engine reads them again."""


class Quality(StrEnum):
    """What a text is good for."""

    PERSONAL = "personal"
    """Valid, and one person's own: it identifies."""
    SHARED = "shared"
    """Valid, but several people may have it: an office line, a service number, an extension, an office mailbox."""
    PLACEHOLDER = "placeholder"
    """It says that there is none: 无, -, 0."""
    MASKED = "masked"
    """Part of it is hidden: 138****8000."""
    SPOILED = "spoiled"
    """A spreadsheet destroyed it: 1.38E+10, #N/A."""
    SEVERAL = "several"
    """More than one in a text that holds one."""
    INVALID = "invalid"
    """Anything else that is none."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A text as it was read. ``normal`` is its one form by which it is compared; None where it is not valid.

    ``written`` is the form to dial, to write to or to show: the valid one, else the text as it came.
    """

    quality: Quality
    written: str
    normal: str | None = None

    @property
    def valid(self) -> bool:
        """Return whether it can be dialled, or written to."""
        return self.normal is not None

    @property
    def identifies(self) -> bool:
        """Return whether it is one person's, or one shipment's, own."""
        return self.quality is Quality.PERSONAL


HIDDEN = re.compile(r"[*●•○◯█■□…]|[xX]{2,}|[._?-]{3,}|尾号|尾號|[末后後][四4]位")
CLOSING = " ,;.、/#"
"""What is left behind a number or an address by a list of several."""

SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d*)?\s*(?:E|[x×*]\s*10\s*\^?)\s*[+-]?\s*\d{1,3}", re.IGNORECASE)
ERROR_CELL = re.compile(r"#{2,}|#(?:N/?A|VALUE|REF|NAME|NUM|NULL|DIV/0|CALC|SPILL|GETTING_DATA)[!?]?", re.IGNORECASE)
SEPARATED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.0+)?")
QUOTED = re.compile(r"""=?(["'])(.*)\1|'(.*)""")
DECIMAL_ZEROS = re.compile(r"^(\d+)\.0+$")
EXCEL_DIGITS = 15
"""A spreadsheet keeps this many digits of a number; it writes zeros for the rest."""


def is_spoiled(text: str) -> bool:
    """Return whether a spreadsheet destroyed the text: scientific notation, an error, digits replaced by zeros."""
    return bool(SCIENTIFIC.fullmatch(text) or ERROR_CELL.fullmatch(text)) or _digits_lost(text)


def _digits_lost(text: str) -> bool:
    rest = text[EXCEL_DIGITS:]
    return text.isdecimal() and rest != "" and set(rest) == {"0"}


def as_text(text: str) -> str:
    """Undo what a spreadsheet adds to a number that is still whole: ``'138``, ``="138"``, ``138.0``, ``13,800``."""
    if text.isdigit():
        return text
    quoted = QUOTED.fullmatch(text)
    if quoted is not None:
        text = next(part for part in (quoted[2], quoted[3]) if part is not None).strip()
    if SEPARATED.fullmatch(text):
        text = text.replace(",", "")
    return DECIMAL_ZEROS.sub(r"\1", text)
