"""Text from outside is made safe to print, and stays whole where a parser reads it."""

import json
import unicodedata

import pytest

from models.printable_text import (
    escaped_in_json,
    is_printable,
    is_printable_line,
    printable,
    printable_line,
    without_hidden,
)

BIDI = [chr(code) for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
"""Every character of Unicode that changes the direction of text (UAX 9)."""
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"]


@pytest.mark.parametrize("character", CONTROLS)
def test_no_control_character_is_printed(character: str):
    assert character not in printable(f"a{character}b")
    assert not is_printable(f"a{character}b")


@pytest.mark.parametrize("character", [*BIDI, "\u200b", "\ufeff", "\u2060", "\U000e0041"])
def test_nothing_that_is_hidden_is_printed(character: str):
    assert printable(f"ad{character}min") == without_hidden(f"ad{character}min") == "admin"
    assert not is_printable_line(f"ad{character}min")


@pytest.mark.parametrize("text", ["\ud83d", "\udc80 half", "a\udfff"])
def test_half_a_surrogate_pair_can_be_encoded_afterwards(text: str):
    printable(text).encode()
    escaped_in_json(json.dumps(text, ensure_ascii=False)).encode()


def test_no_character_of_unicode_prints_as_a_control_or_a_format():
    whole = "".join(map(chr, range(0x110000)))
    left = {unicodedata.category(character) for character in printable(whole) if character not in "\t\n"}
    assert {"Cc", "Cs"}.isdisjoint(left)
    assert not [character for character in printable(whole) if unicodedata.bidirectional(character) in OVERRIDES]


OVERRIDES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN"} - {"BN"}


@pytest.mark.parametrize(
    "text", ["王女士，包裹破损。", "Größe 5 €", "line\nline\tcell", "👩‍👩‍👧 家庭", "می‌خواهم", "❤️", "ＡＢＣ　全角", ""]
)
def test_what_people_write_is_printed_as_it_is(text: str):
    assert printable(text) == text
    assert is_printable(text)


def test_a_joiner_beside_a_letter_of_ascii_hides_something():
    assert printable("ad\u200dmin") == printable("ad\u200c\u200cmin") == "admin"


def test_line_ends_of_windows_and_macintosh_become_line_feeds():
    assert printable("one\r\ntwo\rthree") == "one\ntwo\nthree"


def test_a_line_has_no_line_end():
    assert printable_line("Subject\r\nBcc: all@example.com") == "Subject Bcc: all@example.com"
    assert not is_printable_line("two\nlines")


@pytest.mark.parametrize("text", ["\x1b]0;title\x07", "\x9b31m", "a\u202eb", "\ud800", "\U000e0041", "plain", "客诉"])
def test_an_escaped_document_means_the_same_to_a_parser(text: str):
    document = escaped_in_json(json.dumps({"text": text}, ensure_ascii=False))
    assert document.isprintable()
    assert json.loads(document) == {"text": text}
