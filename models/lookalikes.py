"""Tell names that are read as others: mixed scripts, and letters of one script that look like those of another.

A handle stands in every record and is what people go by. Written words of Chinese, Japanese and Korean mix with Latin
letters, as they do on every sign; no other scripts mix (after UTS 39, "highly restrictive").
"""

import unicodedata

_MIX_WITH_LATIN = frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"})
_LIKE_LATIN = frozenset(
    "аАВеЕіІјЈкКМНоОрРсСтТуУхХѕЅһԁԛԝѵӏ"  # Cyrillic
    "αΑΒΕΖΗιΙκΚΜνΝοΟρΡτΤυΥχΧγ"  # Greek
    "օսհոցաՕՍ"  # Armenian
)
_ODD_LATIN = frozenset("ıȷɑɡɩʟʀɢɪɴʙʜᴀᴄᴇᴋᴍᴏᴘᴛᴜᴠᴡᴢꜰꜱ")
"""Latin letters of phonetics and of the Turkish alphabet that look like plain ones."""


def is_confusable(name: str) -> bool:
    """Return whether a name may be read as another one that is written with other characters."""
    if name.isascii():
        return False
    if unicodedata.normalize("NFKC", name) != name:
        return True
    letters = [character for character in name if character.isalpha()]
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in letters}
    if len(scripts) > 1 and not scripts <= _MIX_WITH_LATIN:
        return True
    return bool(letters) and (not _ODD_LATIN.isdisjoint(letters) or all(letter in _LIKE_LATIN for letter in letters))
