"""Rewords a message as people do who send it again, repeatably by a seed, to measure the search for near texts."""

import random
import re
from collections.abc import Callable
from functools import cache
from typing import Any

SEED = 20261122
GREETINGS = (
    "您好，我昨天打过电话，没人管，再发一遍：",
    "领导您好，打扰了！",
    "转发客户来信：",
    "你好，在吗？急急急！！！",
)
GOODBYES = ("请尽快处理，谢谢！", "再不解决我就投诉到邮政管理局。", "盼复。", "")
SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")
Reword = Callable[[str, str, random.Random], str]


def typo(text: str, other: str, dice: random.Random) -> str:
    """Replace, drop or double every thirtieth character."""
    return "".join(_mistype(char, other, dice) if dice.random() < 1 / 30 else char for char in text)


def _mistype(char: str, other: str, dice: random.Random) -> str:
    return dice.choice(("", char * 2, dice.choice(other)))


def reopened(text: str, other: str, _: random.Random) -> str:
    """Replace the opening, up to a third of the text, by that of another message."""
    sentences = SENTENCE.findall(text)
    length, rest = 0, sentences
    while rest[1:] and length + len(rest[0]) <= len(text) / 3:
        length, rest = length + len(rest[0]), rest[1:]
    if not length:
        return other[: len(text) // 4] + text[len(text) // 4 :]
    return other[:length] + "".join(rest)


def greeted(text: str, _: str, dice: random.Random) -> str:
    """Add a greeting before the text and a request after it."""
    return f"{dice.choice(GREETINGS)}{text}{dice.choice(GOODBYES)}"


def traditional(text: str, _: str, __: random.Random) -> str:
    """Convert to traditional characters as written in Taiwan, with wide punctuation and digits."""
    wide = str.maketrans("0123456789,?!", "０１２３４５６７８９，？！")
    converted: str = _converter().convert(text)
    return converted.translate(wide)


def cut_off(text: str, _: str, dice: random.Random) -> str:
    """Keep only the first four to eight tenths, as after a form's limit."""
    return text[: int(len(text) * dice.uniform(0.4, 0.8))]


def shuffled(text: str, _: str, dice: random.Random) -> str:
    """Shuffle the sentences and leave out one of five."""
    sentences = [sentence for sentence in SENTENCE.findall(text) if dice.random() > 0.2] or [text]
    dice.shuffle(sentences)
    return "".join(sentences)


def all_at_once(text: str, other: str, dice: random.Random) -> str:
    """Cut the text off, replace its opening, add a greeting and typing errors."""
    for reword in (cut_off, reopened, greeted, typo):
        text = reword(text, other, dice)
    return text


REWORDINGS: dict[str, Reword] = {
    "typing errors": typo,
    "another opening": reopened,
    "a greeting added": greeted,
    "traditional characters": traditional,
    "cut off": cut_off,
    "in another order": shuffled,
    "all at once": all_at_once,
}


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2tw")
