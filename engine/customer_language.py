"""Guesses the language of a customer from his own words, where his contact does not state one."""

import re

ENGLISH, SIMPLIFIED, TRADITIONAL = "en", "zh_CN", "zh_TW"
HAN = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-z]{2,}")


def language_of(text: str) -> str | None:
    """Return the locale in which a text is written; None where its characters do not tell.

    Simplified characters that Big5 lacks, and traditional ones that GB 2312 lacks, tell the two scripts apart. Chinese
    that has only what both have, and a text that mixes both alike, does not tell.
    """
    characters = "".join(set(HAN.findall(text)))
    if not characters:
        return ENGLISH if LATIN.search(text) else None
    gb2312, big5 = _encoded(characters, "gb2312"), _encoded(characters, "big5")
    simplified, traditional = len(gb2312 - big5), len(big5 - gb2312)
    if simplified == traditional:
        return None
    return SIMPLIFIED if simplified > traditional else TRADITIONAL


def _encoded(characters: str, codec: str) -> set[str]:
    """Return those of the characters that a codec has."""
    return set(characters.encode(codec, "ignore").decode(codec))
