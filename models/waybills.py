"""Read the numbers of shipments."""

import re
from collections.abc import Iterable

from models.identifiers import HIDDEN, Identifier, Quality, as_text, is_spoiled
from models.placeholders import is_placeholder, plain

SEVERAL_WAYBILLS = re.compile(r"[/,;、|&]|或|和")
WAYBILL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 -]*[A-Za-z0-9])?")
FEWEST_WAYBILL_DIGITS = 6


def waybill(text: str) -> Identifier:
    """Read the number of a shipment, the same one however it is spaced, cased or written in full width (A6)."""
    shown = plain(text)
    number = as_text(shown)
    if is_spoiled(number):
        return Identifier(Quality.SPOILED, shown)
    if is_placeholder(number):
        return Identifier(Quality.PLACEHOLDER, shown)
    if HIDDEN.search(number) and not number.isalnum():
        return Identifier(Quality.MASKED, shown)
    if not any(character.isdecimal() for character in number):
        return Identifier(Quality.INVALID, shown)
    if _whole_waybills(SEVERAL_WAYBILLS.split(number)) > 1 or _whole_waybills(number.split()) > 1:
        return Identifier(Quality.SEVERAL, shown)
    tokens = [token for token in WAYBILL.findall(number) if _is_whole(token)]
    if not number.isascii() and len(tokens) == 1:  # 运单号：SF123456, 顺丰SF123456（破损）
        number = tokens[0]
    return Identifier(Quality.PERSONAL, shown, "".join(filter(str.isalnum, number.casefold())))


def _whole_waybills(parts: Iterable[str]) -> int:
    return sum(map(_is_whole, parts))


def _is_whole(text: str) -> bool:
    """Return whether a part of a text may be the number of a shipment by itself: six digits or more."""
    return sum(map(str.isdecimal, text)) >= FEWEST_WAYBILL_DIGITS
