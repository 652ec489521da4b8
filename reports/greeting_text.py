"""What people read of greetings in their language: occasions by name, and why some were withheld (D3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.care.occasions import BIRTHDAY
from engine.rules.in_force import Sort, rules_in
from engine.transaction import Tx
from locales.translation import translate, when
from models.paper import PaperSection, PaperTable
from reports.care import CareFigures, OccasionFigures
from reports.greeting_list import GreetingLine

OccasionNames = Mapping[str, Mapping[str, str]]
"""The names of occasions by code and language."""
COLUMNS = ("occasion", "sent", "waiting", "withheld")
"""The columns of the figures by occasion."""
LISTED = ("case", "occasion", "outcome", "reason", "at")
"""The columns of the greetings one by one."""


@dataclass(frozen=True, slots=True)
class GreetingWords:
    """A language, and what the packs in force call their occasions in it."""

    locale: str
    names: OccasionNames

    def occasion(self, recorded: str) -> str:
        """Return the name of an occasion with its year; one that no pack has any more has its code."""
        code, _, year = recorded.partition(":")
        named = self.names.get(code, {}).get(self.locale, code)
        return f"{translate(self.locale, 'mail.care_birthday.subject') if code == BIRTHDAY else named} {year}".rstrip()

    def reason(self, code: str | None) -> str:
        """Return why a greeting was withheld; a dash where it was not."""
        return "–" if code is None else self.text(f"reason.{code}")

    def text(self, key: str, **params: object) -> str:
        """Return a text about greetings."""
        return translate(self.locale, f"cli.care.{key}", **params)


def occasion_names(tx: Tx, at: int) -> OccasionNames:
    """Return what the packs in force at an instant call their occasions."""
    rules = rules_in(tx)
    sections = [pack.care for pack in (rules.pack(name, at) for name in rules.names(Sort.PACK)) if pack.care]
    return {code: occasion.name for care in sections for code, occasion in care.occasions.items()}


def figure_row(each: OccasionFigures, words: GreetingWords) -> tuple[str, str, str, str]:
    """Return an occasion with what became of its greetings, for a table."""
    reasons = ", ".join(f"{words.reason(reason)}: {n}" for reason, n in sorted(each.withheld.items()))
    return words.occasion(each.occasion), str(each.sent), str(each.waiting), reasons or "–"


def greeting_row(line: GreetingLine, words: GreetingWords) -> tuple[str, str, str, str, str]:
    """Return a greeting for a table: a case of its customer, occasion, what became of it, why, and since when."""
    at = when(line.settled_at or line.queued_at)
    return (
        line.number or "–",
        words.occasion(line.occasion),
        words.text(f"column.{line.outcome}"),
        words.reason(line.reason),
        at,
    )


def greeting_section(figures: CareFigures, words: GreetingWords) -> PaperSection:
    """Return the figures of a period as a part of a report on paper; without rows where nobody was greeted."""
    rows = [figure_row(each, words) for each in figures.occasions]
    totals = words.text("totals", agreed=figures.agreed, withdrawn=figures.withdrawn, opt_outs=figures.opt_outs)
    none = [] if rows else [translate(words.locale, "report.none")]
    table = PaperTable([words.text(f"column.{name}") for name in COLUMNS], rows)
    return PaperSection(words.text("title"), words.text("heading"), [totals, *none], table)
