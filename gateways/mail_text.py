"""Reads the words of a mail: HTML as plain text, and the sender's own words without what he quotes.

Note [Quotes by lines]: each rule looks at one line, so the time is linear in the text. A kept library was tried; its
expressions took minutes for twenty thousand repeated words, and knew neither QQ's nor Gmail's Chinese introductions.
What no rule knows stays: a quote too many is better than a word too few.

Note [Nesting]: the parser of HTML takes time with the square of the nesting: a hundred kilobytes of nested elements
took it five seconds, a megabyte minutes. A mail that is nested so deep was made to cost time, and a person looks at it.
"""

import html
import re

import nh3

BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote|hr)\b[^>]*>", re.IGNORECASE)
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
CLOSED_BY_OTHERS = frozenset({
    "p", "li", "td", "th", "tr", "dt", "dd", "option", "tbody", "thead", "tfoot", "colgroup", "br", "img", "hr", "meta",
    "link", "input", "col", "area", "base", "source", "track", "wbr", "embed", "param", "html", "head", "body",
})  # fmt: skip
DEEPEST = 1_000
"""The deepest nesting of a mail that is read; letters of people have some dozens."""
MANY_LINES = re.compile(r"\n{3,}")

INTRODUCTION = re.compile(
    r"(?:on|am|le|el|op|den)\b.{4,300}(?:wrote|schrieb|écrit|escribió|schreef|skrev)\b.{0,60}:|"
    r".{0,300}(?:写道|寫道|書きました|작성)\s*[:：]",
    re.IGNORECASE,
)
"""The line that a mail program puts before a quote, whole."""
SEPARATOR = re.compile(
    r"[-_—=\s]{2,}\s*(?:original message|originalnachricht|ursprüngliche nachricht|forwarded message|"
    r"原始邮件|原始郵件|转发邮件|轉寄郵件|回复的原邮件|原邮件)\s*[-_—=\s]{2,}|_{20,}",
    re.IGNORECASE,
)
HEADER = re.compile(
    r"[*\s]*(?:from|sent|to|subject|date|von|gesendet|an|betreff|发件人|寄件者|寄件人|发送时间|發送時間|寄件日期|"
    r"收件人|收件者|主题|主旨|日期)[*\s]*[:：]",
    re.IGNORECASE,
)
HEADERS_OF_A_QUOTE = 3
"""So many lines of headers after each other begin a quoted mail."""
SIGNATURE = re.compile(r"-- ?")
LONGEST_LINE = 400
"""A longer line is no introduction, separator or header."""


def text_of_html(markup: str) -> str:
    """Return the words of an HTML text, its lines kept. Scripts, styles and all addresses of pictures are gone.

    Raises ``ValueError`` for one that is nested too deep: see Note [Nesting].
    """
    if _depth(markup) > DEEPEST:
        raise ValueError("nested too deep")
    broken = BREAK.sub(r"\n\g<0>", markup)
    return MANY_LINES.sub("\n\n", html.unescape(nh3.clean(broken, tags=set()))).strip()


def _depth(markup: str) -> int:
    """Return how deep elements are nested at most; those that a following one closes are not counted."""
    deepest = depth = 0
    for tag in TAG.finditer(markup):
        if tag[2].casefold() not in CLOSED_BY_OTHERS:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def own_words(text: str) -> str:
    """Return what the sender wrote himself; the whole text where nothing else is left, as when he only forwards."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    own = [line for line in lines[: _end(lines)] if not line.lstrip().startswith(">")]
    return MANY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in own)).strip() or text.strip()


def _end(lines: list[str]) -> int:
    """Return the number of the line with which a quoted mail or the signature begins, or of the end."""
    headers = 0
    for at, line in enumerate(lines):
        short = line.strip() if len(line) <= LONGEST_LINE else ""
        headers = headers + 1 if HEADER.match(short) else 0
        if headers == HEADERS_OF_A_QUOTE:
            return at - HEADERS_OF_A_QUOTE + 1
        if SIGNATURE.fullmatch(line) or SEPARATOR.fullmatch(short) or INTRODUCTION.fullmatch(short):
            return at
        if at + 1 < len(lines) and short and _wrapped(short, lines[at + 1]):
            return at
    return len(lines)


def _wrapped(line: str, following: str) -> bool:
    """Return whether an introduction was wrapped after this line: what follows it is quoted, or ends it."""
    joined = f"{line} {following.strip()}"
    ends = following.rstrip().endswith((":", "：")) and len(joined) <= LONGEST_LINE
    return ends and INTRODUCTION.fullmatch(joined) is not None
