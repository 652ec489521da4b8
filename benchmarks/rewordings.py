"""The ways in which people say the same thing again, made by a seed: what near texts are measured by."""

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
Way = Callable[[str, str, random.Random], str]


def typo(text: str, other: str, dice: random.Random) -> str:
    """Every thirtieth sign is another one, missing or twice."""
    return "".join(_slipped(sign, other, dice) if dice.random() < 1 / 30 else sign for sign in text)


def _slipped(sign: str, other: str, dice: random.Random) -> str:
    return dice.choice(("", sign * 2, dice.choice(other)))


def reopened(text: str, other: str, _: random.Random) -> str:
    """The opening, up to a third of it, is told in other words: here in those of another message."""
    sentences = SENTENCE.findall(text)
    told, rest = 0, sentences
    while rest[1:] and told + len(rest[0]) <= len(text) / 3:
        told, rest = told + len(rest[0]), rest[1:]
    if not told:
        return other[: len(text) // 4] + text[len(text) // 4 :]
    return other[:told] + "".join(rest)


def greeted(text: str, _: str, dice: random.Random) -> str:
    """A greeting before it and a request behind it."""
    return f"{dice.choice(GREETINGS)}{text}{dice.choice(GOODBYES)}"


def traditional(text: str, _: str, __: random.Random) -> str:
    """In traditional characters, as Taiwan writes them, with its punctuation and wide digits."""
    wide = str.maketrans("0123456789,?!", "０１２３４５６７８９，？！")
    converted: str = _traditional().convert(text)
    return converted.translate(wide)


def cut_off(text: str, _: str, dice: random.Random) -> str:
    """Only the first four to eight tenths of it, as after a form's limit."""
    return text[: int(len(text) * dice.uniform(0.4, 0.8))]


def shuffled(text: str, _: str, dice: random.Random) -> str:
    """Its sentences in another order, one of five left out."""
    sentences = [one for one in SENTENCE.findall(text) if dice.random() > 0.2] or [text]
    dice.shuffle(sentences)
    return "".join(sentences)


def all_at_once(text: str, other: str, dice: random.Random) -> str:
    """Cut off, with another opening, a greeting and typing errors."""
    for way in (cut_off, reopened, greeted, typo):
        text = way(text, other, dice)
    return text


WAYS: dict[str, Way] = {
    "typing errors": typo,
    "another opening": reopened,
    "a greeting added": greeted,
    "traditional characters": traditional,
    "cut off": cut_off,
    "in another order": shuffled,
    "all at once": all_at_once,
}


@cache
def _traditional() -> Any:
    from opencc import OpenCC

    return OpenCC("s2tw")
