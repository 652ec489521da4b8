"""Compare names of people, and say how somebody is addressed: 王女士 and 王小明女士 may be one person."""

import re
from dataclasses import dataclass

from models.placeholders import is_placeholder, plain

TITLES = ("先生", "女士", "小姐")
DOUBLE = frozenset({
    "欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "东方", "東方", "皇甫", "尉迟", "尉遲", "公孙", "公孫",
    "慕容", "令狐", "司徒", "夏侯", "长孙", "長孫", "宇文", "轩辕", "軒轅", "端木", "南宫", "南宮", "西门", "西門",
})  # fmt: skip
"""Surnames of two characters."""

WOMAN, MAN = "woman", "man"
CHINESE_TITLES = {"先生": MAN, "女士": WOMAN, "小姐": WOMAN, "太太": WOMAN, "经理": "", "經理": "", "老师": "",
                  "老師": "", "师傅": "", "師傅": "", "总": "", "總": ""}  # fmt: skip
LATIN_TITLES = {"mr": MAN, "mister": MAN, "sir": MAN, "mrs": WOMAN, "ms": WOMAN, "miss": WOMAN, "madam": WOMAN,
                "dr": "", "prof": ""}  # fmt: skip
CHINESE = re.compile(r"[\u3400-\u9fff]+")
NAMELESS = frozenset({
    "客户", "客戶", "顾客", "顧客", "客人", "用户", "用戶", "消费者", "消費者", "先生", "女士", "小姐", "太太", "老板",
    "老闆", "收件人", "寄件人", "发件人", "發件人", "联系人", "聯絡人", "无名氏", "無名氏", "佚名", "某人", "某先生",
    "某女士", "customer", "client", "user", "sender", "recipient", "consignee", "shipper", "mr", "mrs", "ms", "sir",
    "madam", "sir or madam", "john doe", "jane doe",
})  # fmt: skip
"""Words in place of a name: whoever is called so may be anybody."""
LONGEST_NAME = 4
"""A Chinese name has at most so many characters; what is longer names a company."""


CHINESE_GAP = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")


def person_name(text: str) -> str:
    """Return a name in its one form: NFKC, single spaces, none between Chinese characters."""
    return CHINESE_GAP.sub("", plain(text))


@dataclass(frozen=True, slots=True)
class _Parts:
    """A name taken apart; ``given`` is empty where only the surname is known, ``sex`` where no title tells it."""

    family: str
    given: frozenset[str]
    sex: str
    chinese: bool


def address_of(name: str) -> str:
    """Return surname and title, as 王女士 for 王小明女士; a name without a title is returned unchanged."""
    for title in TITLES:
        own = name.removesuffix(title)
        if own != name and 0 < len(own) <= LONGEST_NAME and CHINESE.fullmatch(own):
            return _surname(own) + title
    return name


def same_name(first: str | None, second: str | None) -> bool:
    """Return whether both names are known and spelled alike."""
    return bool(_known(first)) and _known(first) == _known(second)


def may_be_one(first: str | None, second: str | None) -> bool:
    """Return whether two names can be those of one person: alike, one the shorter form, or one of them unknown."""
    one, other = _known(first), _known(second)
    if not one or not other or one == other:
        return True
    a, b = _parts(one), _parts(other)
    if a.chinese != b.chinese or (a.sex and b.sex and a.sex != b.sex):
        return False
    if a.chinese:
        return a.family == b.family and (not a.given or not b.given or a.given == b.given)
    return a.given <= b.given or b.given <= a.given


def _known(name: str | None) -> str:
    plain = person_name(name or "").casefold()
    return "" if plain.rstrip(".") in NAMELESS or is_placeholder(plain) else plain


def _parts(name: str) -> _Parts:
    shown = re.split(r"[*○●某]", name, maxsplit=1)[0] or name  # 王** and 王某 tell the surname
    hidden = shown != name
    title = next((title for title in CHINESE_TITLES if shown.endswith(title) and shown != title), "")
    own = shown.removesuffix(title)
    if CHINESE.fullmatch(own) and len(own) <= LONGEST_NAME:
        family = _surname(own)
        given = frozenset[str]() if hidden else frozenset({own.removeprefix(family)} - {""})
        return _Parts(family, given, CHINESE_TITLES.get(title, ""), chinese=True)
    words = re.findall(r"[^\W_]+", shown)
    sex = next((LATIN_TITLES[word] for word in words if word in LATIN_TITLES), "")
    return _Parts("", frozenset(words) - LATIN_TITLES.keys() or frozenset(words), sex, chinese=False)


def _surname(own: str) -> str:
    return own[:2] if own[:2] in DOUBLE else own[0]
