"""Round shares so that 0 % means none and 100 % means all, in every language alike."""

from decimal import ROUND_HALF_UP, Decimal


def share(part: int, whole: int, digits: int = 0, full: int = 100) -> Decimal | None:
    """Return ``part`` of ``whole`` in parts of ``full`` (100 for percent), half rounded up; None if ``whole`` is 0.

    What would be rounded to 0 or to ``full`` and is not exactly that stays one step of the last digit away from it:
    249 of 250 are 99 %, 1 of 250 is 1 %. A part may exceed its whole, as a timer that is overdue.
    """
    if whole == 0:
        return None
    step = Decimal(1).scaleb(-digits)
    rounded = (Decimal(part * full) / whole).quantize(step, ROUND_HALF_UP)
    if rounded == 0 and part > 0:
        return step
    if rounded == full and part != whole:
        return rounded - step if part < whole else rounded + step
    return rounded


def share_number(part: int, whole: int, digits: int = 0, full: int = 100) -> float | None:
    """Return the share as a number for programs."""
    rounded = share(part, whole, digits, full)
    return None if rounded is None else float(rounded)


def share_text(part: int, whole: int, digits: int = 0) -> str:
    """Return the share in percent, or a dash if ``whole`` is 0."""
    rounded = share(part, whole, digits)
    return "–" if rounded is None else f"{rounded} %"
