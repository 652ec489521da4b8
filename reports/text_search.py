"""Finds cases by words of their statements: in Chinese or English, and only in what the principal is shown of them."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from engine.access.condition import EVERY_CASE, Condition, both, either
from engine.access.masking import CONTACT_FIELDS, masked_for
from engine.access.principal import Principal, Scope
from engine.access.scope import contacts_in_scope
from engine.transaction import Tx
from statemachines.refused import Refused

MOST_WORDS: Final = 8
CHINESE = re.compile("[\u3400-\u9fff]")
# With an OFFSET Postgres asks for each case; without it, it would read all texts for the first one.
OF_CASE: Final = (
    "EXISTS (SELECT 1 FROM statement find_s WHERE find_s.case_id = c.id AND ",
    " ESCAPE '!' LIMIT 1 OFFSET 0)",
)
"""How a condition begins and ends that reads the texts of a case."""
OF_ALL: Final = ("c.id IN (SELECT find_s.case_id FROM statement find_s WHERE ", " ESCAPE '!')")
"""How the same condition begins and ends where it reads all texts once, from the first to the last."""
CONTAINS: Final = "{content} LIKE :find_word_{n}".join(OF_CASE)
CLEAR: Final = "SELECT c.id FROM cases c WHERE c.id = ANY(:ids) AND ({condition})"
STATEMENTS: Final = "SELECT case_id, field, content FROM statement WHERE case_id = ANY(:ids) AND content IS NOT NULL"


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """The words to find, each in all its spellings, and which cases are to be read again before one is listed.

    ``condition`` holds for the cases whose statements contain every word. ``clear`` are those whose statements the
    principal sees as they are; of others only what is shown to him counts, or the search would tell what is masked.
    """

    principal: Principal
    words: tuple[tuple[str, ...], ...]
    condition: Condition = EVERY_CASE
    clear: Condition = field(default=EVERY_CASE)

    @classmethod
    def of(cls, principal: Principal, text: str, at: datetime) -> "SearchTerms":
        """Return the terms of a text as it was entered. Raises ``Refused('too_many_words')``."""
        words = tuple(dict.fromkeys(text.lower().split()))
        if len(words) > MOST_WORDS:
            raise Refused("too_many_words", most=MOST_WORDS)
        if not words:
            return cls(principal, ())
        by_number = Condition("c.number = :find_number", {"find_number": words[0] if len(words) == 1 else ""})
        if not principal.holds(Scope.READ_CONTACTS):
            return cls(principal, (), by_number)  # he is shown no text
        spelled = tuple(_spellings(word) for word in words)
        contained = both(*(_contains(place, spellings) for place, spellings in enumerate(spelled)))
        return cls(principal, spelled, either((by_number, contained)), contacts_in_scope(principal, at))

    def matching(self, tx: Tx, ids: list[int]) -> set[int]:
        """Return which of the cases match by what the principal is shown of them."""
        if not self.words or self.clear.sql == EVERY_CASE.sql or not ids:
            return set(ids)
        sql = CLEAR.format(condition=self.clear.sql)
        matching = {row.id for row in tx.rows_among(sql, ids=ids, **self.clear.values)}
        hidden = [case_id for case_id in ids if case_id not in matching]
        return matching | self._matching_as_shown(tx, hidden)

    def _matching_as_shown(self, tx: Tx, ids: list[int]) -> set[int]:
        seen, shown = masked_for(self.principal), dict[int, list[str]]()
        for row in tx.rows_among(STATEMENTS, ids=ids) if ids else ():
            if row.field not in CONTACT_FIELDS:
                shown.setdefault(row.case_id, []).append((seen.text(row.field, row.content) or "").lower())
        return {case_id for case_id, texts in shown.items() if all(map(_in_one_of(texts), self.words))}


def read_once(condition: Condition) -> Condition:
    """Return the same condition for a query of many cases: all texts are read once, not those of each case.

    Where few cases contain a word, nearly all texts are read in either way, and in their order it takes a third.
    """
    sql = condition.sql
    for of_case, of_all in zip(OF_CASE, OF_ALL, strict=True):
        sql = sql.replace(of_case, of_all)
    return replace(condition, sql=sql)


def _in_one_of(texts: list[str]) -> Any:
    return lambda spellings: any(spelling in text for spelling in spellings for text in texts)


def _contains(place: int, spellings: tuple[str, ...]) -> Condition:
    """Return the condition that one statement of a case contains a word in one of its spellings.

    A word without letters of two cases, as any Chinese one, is found in the text as it is: to lower all texts takes
    longer than to search them.
    """
    return either(
        Condition(
            CONTAINS.format(
                n=(n := f"{place}_{which}"),
                content="find_s.content" if spelling == spelling.upper() else "lower(find_s.content)",
            ),
            {f"find_word_{n}": _pattern(spelling)},
        )
        for which, spelling in enumerate(spellings)
    )


def _pattern(word: str) -> str:
    plain = "".join(f"!{character}" if character in "!%_" else character for character in word)
    return f"%{plain}%"


def _spellings(word: str) -> tuple[str, ...]:
    """Return a word as it was entered, and in simplified and traditional characters."""
    if CHINESE.search(word) is None:
        return (word,)
    return tuple(dict.fromkeys((word, *(converter.convert(word) for converter in _converters()))))


@cache
def _converters() -> tuple[Any, ...]:
    from opencc import OpenCC  # 30 ms, and only where a text has Chinese characters

    return OpenCC("t2s"), OpenCC("s2t")  # pyright: ignore[reportUnknownVariableType] - opencc has no type stubs
