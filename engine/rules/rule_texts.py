"""The text of a pack, calendar, questionnaire or checklist as it is in force, and how another text differs from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff

from engine.calendars.calendar import POLICIES, calendar, shipped
from engine.calendars.calendar_table import written
from engine.rules.checklists import CHECKLISTS, checklists
from engine.rules.in_force import Sort, rules_in
from engine.rules.indicators import FOLDER as INDICATOR_FOLDER
from engine.rules.indicators import indicators
from engine.rules.policy import names, pack
from engine.rules.questionnaires import FOLDER, questionnaires
from engine.rules.record_checklists import RECORDS, record_checklists
from engine.transaction import Tx


@dataclass(frozen=True, slots=True)
class RuleText:
    """The TOML of a rule, its version, and since when it is in force (microseconds; None for a shipped file)."""

    version: str
    content: str
    effective_from: int | None = None


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line of a comparison: ``sign`` is ``+``, ``-``, a blank, or ``@`` where lines are left out."""

    sign: str
    text: str


def text_in_force(tx: Tx, sort: Sort, name: str, at: int) -> RuleText:
    """Return the text in force at an instant; an empty one where there is none of that name."""
    edition = rules_in(tx).in_force(sort, name, None if sort is Sort.CALENDAR else at)
    if edition is not None:
        return RuleText(edition.version, edition.content, edition.effective_from)
    if sort is Sort.PACK and name in names():
        return RuleText(pack(name).version, (POLICIES / f"{name}.toml").read_text("utf-8"))
    if sort is Sort.CALENDAR and name in shipped():
        return RuleText(calendar(name).version, written(calendar(name)))
    if sort is Sort.SURVEY and name in questionnaires():
        return RuleText(questionnaires()[name].version, (FOLDER / f"{name}.toml").read_text("utf-8"))
    if sort is Sort.CHECKLIST and name in checklists():
        return RuleText(checklists()[name].version, (CHECKLISTS / f"{name}.toml").read_text("utf-8"))
    if sort is Sort.INDICATOR and name in indicators():
        return RuleText(indicators()[name].version, (INDICATOR_FOLDER / f"{name}.toml").read_text("utf-8"))
    if sort is Sort.RECORD and name in record_checklists():
        return RuleText(record_checklists()[name].version, (RECORDS / f"{name}.toml").read_text("utf-8"))
    return RuleText("", "")


def changed_lines(before: str, after: str) -> Iterator[ChangedLine]:
    """Yield the lines that differ, each with three lines around it."""
    compared = unified_diff(before.splitlines(), after.splitlines(), lineterm="")
    for number, line in enumerate(compared):
        if number >= 2:  # the first two lines name the files
            yield ChangedLine("@", line) if line.startswith("@@") else ChangedLine(line[:1], line[1:])
