"""Weigh the encodings that a text could be in, by how common its characters are in the languages that use them.

Each reading has a logarithmic likelihood, the sum of those of its characters. It is a coarse model with few classes of
characters, which suffices: in the wrong encoding a text consists of rare characters.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from gateways.common_characters import (
    ARABIC,
    CENTRAL,
    CHINESE_SIGNS,
    CYRILLIC,
    FULL_WIDTH,
    GREEK,
    HEBREW,
    JAPANESE,
    KOREAN,
    SELDOM_WESTERN,
    THAI,
    TURKISH,
    WESTERN,
    WESTERN_SIGNS,
    first_level,
    simplified,
    traditional,
)

ASCII, FAULT, UNASSIGNED, RARE = -3.0, -25.0, -22.0, -15.0
MISPLACED = 4.0
"""What a letter in a place where its language has none takes from the likelihood."""
LEAD = 8.0
"""The least by which the likelihood of the best reading exceeds that of the next other reading."""
VARIETY = 3
"""The fewest different letters of a text in an alphabet other than the Latin one."""
MESS = 0.35
"""The most disorder that charset-normalizer may find in a reading that is sure."""

Table = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Reading:
    """A text in one of the encodings, and how likely it is."""

    codec: str
    text: str
    likelihood: float
    mean: float
    faults: int


def _table(*classes: tuple[frozenset[str] | str, float]) -> Table:
    """Return the likelihood of each character; the first class that holds it decides."""
    table: dict[str, float] = {}
    for characters, likelihood in classes:
        for character in characters:
            table.setdefault(character, likelihood)
    return table


@cache
def _chinese_in_gb() -> Table:
    level = first_level("gb2312", 0xB0A1, 0xD7F9)
    second = first_level("gb2312", 0xD8A1, 0xF7FE)
    in_taiwan = first_level("big5", 0xA440, 0xC67E)
    signs = ((CHINESE_SIGNS, -5.5), (FULL_WIDTH, -8.0))
    return _table(
        (simplified(), -6.5), *signs, (traditional(), -8.0), (level, -10.0), (second, -12.5), (in_taiwan, -12.5)
    )


@cache
def _chinese_in_big5() -> Table:
    level = first_level("big5", 0xA440, 0xC67E)
    second = first_level("big5", 0xC940, 0xF9D5)
    return _table((traditional(), -6.5), (CHINESE_SIGNS, -5.5), (FULL_WIDTH, -8.0), (level, -10.0), (second, -13.5))


@cache
def _japanese() -> Table:
    hiragana, katakana = (frozenset(map(chr, span)) for span in (range(0x3041, 0x3094), range(0x30A1, 0x30FD)))
    level = first_level("cp932", 0x889F, 0x9872)
    return _table(
        (hiragana, -4.5),
        (katakana, -5.5),
        ("、。「」・ー々〜（）！？　", -5.0),
        (JAPANESE, -7.0),
        (level, -10.0),
        (FULL_WIDTH, -8.0),
    )


@cache
def _korean() -> Table:
    return _table((KOREAN, -5.5), (first_level("euc_kr", 0xB0A1, 0xC8FE), -8.8))


def _letters(letters: str, lower: float, upper: float) -> Table:
    signs = (WESTERN_SIGNS, -8.5)
    seldom = (SELDOM_WESTERN, lower - 3.5)
    return _table((letters, lower), (letters.upper().replace("SS", ""), upper), ("№", -9.0), seldom, signs)


class Script(Enum):
    """How the letters of a language stand beside those of ASCII."""

    IDEOGRAPHIC = "both anyhow"
    LATIN = "among them, seldom beside another letter beyond ASCII"
    OTHER = "never within one word"


COMMON = {Script.IDEOGRAPHIC: -8.0, Script.LATIN: -7.0, Script.OTHER: -4.2}
"""From this mean likelihood on a text is not weighed against the other encodings."""
PLAUSIBLE = {Script.IDEOGRAPHIC: -11.0, Script.LATIN: -9.5, Script.OTHER: -5.5}
"""The least mean likelihood of the characters beyond ASCII in a text of the language."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An encoding, the likelihood that a file is in it before it is read, and its language."""

    codec: str
    prior: float
    table: Callable[[], Table]
    script: Script = Script.IDEOGRAPHIC


_UPPER = "".join(sorted({*(WESTERN + CENTRAL).upper()} - {"S"}))
_MISPLACED = {
    Script.IDEOGRAPHIC: re.compile(r"[a-z](?=[^\x00-\x7f][a-z])"),
    Script.LATIN: re.compile(rf"[^\W\d_a-zA-Z]{{2}}|[a-z](?=[{_UPPER}])"),
    Script.OTHER: re.compile(r"[a-zA-Z](?=[^\x00-\x7f])|[^\x00-\x7f](?=[a-zA-Z])|[а-яα-ω](?=[А-ЯΑ-Ω])"),
}
"""Where letters stand as they do not in a language of that script."""
CANDIDATES = (
    _Candidate("gb18030", 4.0, _chinese_in_gb),
    _Candidate("big5hkscs", 2.0, _chinese_in_big5),
    _Candidate("cp932", 0.0, _japanese),
    _Candidate("euc_jp", -2.0, _japanese),
    _Candidate("cp949", -1.0, _korean),
    _Candidate("cp1252", 5.0, lambda: _letters(WESTERN, -5.5, -7.5), Script.LATIN),
    _Candidate("cp1250", -3.0, lambda: _letters(CENTRAL, -6.0, -8.0), Script.LATIN),
    _Candidate("cp1254", -4.0, lambda: _letters(TURKISH, -5.5, -7.5), Script.LATIN),
    _Candidate("cp1251", -1.0, lambda: _letters(CYRILLIC, -3.7, -6.5), Script.OTHER),
    _Candidate("koi8_r", -3.0, lambda: _letters(CYRILLIC, -3.7, -6.5), Script.OTHER),
    _Candidate("iso8859_5", -4.0, lambda: _letters(CYRILLIC, -3.7, -6.5), Script.OTHER),
    _Candidate("cp866", -4.0, lambda: _letters(CYRILLIC, -3.7, -6.5), Script.OTHER),
    _Candidate("cp1253", -3.0, lambda: _letters(GREEK, -3.7, -6.5), Script.OTHER),
    _Candidate("cp1255", -3.0, lambda: _letters(HEBREW, -3.5, -3.5), Script.OTHER),
    _Candidate("cp1256", -3.0, lambda: _letters(ARABIC, -4.0, -4.0), Script.OTHER),
    _Candidate("cp874", -3.0, lambda: _letters(THAI, -4.0, -4.0), Script.OTHER),
    _Candidate("mac_roman", -4.0, lambda: _letters(WESTERN, -5.5, -7.5), Script.LATIN),
    _Candidate("cp850", -5.0, lambda: _letters(WESTERN, -5.5, -7.5), Script.LATIN),
)
"""The encodings that a text without a declaration may be in, apart from those of Unicode."""


@cache
def _likelihoods(place: int) -> Table:
    return CANDIDATES[place].table()


def readings(content: bytes) -> list[Reading]:
    """Return the text in each of the encodings, the likeliest first; unreadable bytes are replaced and counted."""
    found = [_reading(content, place) for place in range(len(CANDIDATES))]
    return sorted(found, key=lambda reading: -reading.likelihood)


def _reading(content: bytes, place: int) -> Reading:
    candidate, table = CANDIDATES[place], _likelihoods(place)
    text = content.decode(candidate.codec, "replace")
    beyond = [character for character in text if not character.isascii()]
    worth = sum(_worth(character, table) for character in beyond)
    worth -= MISPLACED * len(_MISPLACED[candidate.script].findall(text))
    total = candidate.prior + ASCII * (len(text) - len(beyond)) + worth
    return Reading(candidate.codec, text, total, worth / len(beyond) if beyond else 0.0, text.count("\ufffd"))


def _worth(character: str, table: Table) -> float:
    known = table.get(character)
    if known is not None:
        return known
    if character == "\ufffd":
        return FAULT
    if "\u4e00" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7a3":
        return RARE
    if character.isalpha():
        return RARE - 1
    return UNASSIGNED if not character.isprintable() else RARE - 1


def is_plausible(reading: Reading) -> bool:
    """Return whether a text is one of its language: common characters, and of an alphabet more than one letter."""
    script = next(candidate.script for candidate in CANDIDATES if candidate.codec == reading.codec)
    letters = {character for character in reading.text if not character.isascii()}
    return reading.mean >= PLAUSIBLE[script] and (script is not Script.OTHER or len(letters) >= VARIETY)


def likeliest(content: bytes) -> tuple[Reading, list[str], bool]:
    """Return the best reading, the codecs that come into question, and whether the best one is sure."""
    from charset_normalizer.md import mess_ratio  # most commands read no file

    ranked = readings(content)
    best = ranked[0]
    others = [reading for reading in ranked[1:] if reading.text != best.text]
    near = [reading.codec for reading in others if best.likelihood - reading.likelihood < 3 * LEAD]
    close = [best.codec, *(near or [reading.codec for reading in others[:1]])]
    lead = best.likelihood - others[0].likelihood if others else LEAD
    plain = best.text.replace("\ufffd", "")
    sure = lead >= LEAD and is_plausible(best) and mess_ratio(plain, 1.0) <= MESS
    return best, close[:4], sure


def other_encoding(content: bytes, codec: str) -> str | None:
    """Return the encoding in which the content is plainly more likely than in ``codec``, if there is one.

    Of a ``codec`` that is no candidate nothing is known, and None is returned.
    """
    place = next((place for place, candidate in enumerate(CANDIDATES) if candidate.codec == codec), None)
    if place is None or _is_common(content.decode(codec, "replace"), place):
        return None
    given = _reading(content, place)
    best, _, sure = likeliest(content)
    return best.codec if sure and best.likelihood - given.likelihood >= LEAD and best.text != given.text else None


def _is_common(text: str, place: int) -> bool:
    """Return whether the characters beyond ASCII are such common ones that no other encoding needs to be weighed."""
    table, least = _likelihoods(place), COMMON[CANDIDATES[place].script]
    worths = [table.get(character, UNASSIGNED) for character in text if character > "\x7f"]
    return sum(worths) >= least * len(worths)


@cache
def known_letters() -> frozenset[str]:
    """Return the letters and signs of all alphabets among the candidates."""
    letters = WESTERN + CENTRAL + TURKISH + CYRILLIC + GREEK + HEBREW + ARABIC
    return frozenset(letters + letters.upper() + WESTERN_SIGNS)


def decodes(content: bytes) -> bool:
    """Return whether an encoding of several bytes a character reads the content without a fault."""
    return any(
        not reading.faults for reading in readings(content) if reading.codec in {"gb18030", "big5hkscs", "cp949"}
    )
