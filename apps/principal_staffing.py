"""How many people keep which promise, as a principal may ask: by the cases that he may read (F4, K3)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.principal_reports import READS_FIGURES, refuse_others
from engine.access.principal import Principal
from engine.access.scope import UNLIMITED, cases_in_scope
from engine.departments import check_department
from engine.rules.in_force import rules_of
from engine.store import Store
from models.columns import to_micros
from reports.staffing.record import Chosen, PastCase, read_history
from reports.staffing.runs import Scenario
from reports.staffing.staffing import Question, Staffing, staffing
from reports.whatif.other_rules import OtherRules
from statemachines.refused import Refused

MOST_RUNS, MOST_PEOPLE, MOST_DEMAND, MOST_SHIFT = 50, 100, 10.0, 23
LEAST_RUNS: Final = 5
DEFAULT: Final = Question()


@dataclass(frozen=True, slots=True)
class StaffingAsked:
    """What is asked, as it is typed; ``people`` is a number (6), or so many more (+2) or fewer (-1) than now.

    ``target`` is in percent. ``department`` is whose people change, ``pack`` whose cases are read.
    """

    pack: str | None = None
    department: str | None = None
    people: str | None = None
    shift: int = 0
    demand: float = 1.0
    runs: int = DEFAULT.runs
    seed: int = DEFAULT.seed
    target: float = 100 * DEFAULT.target


def staffing_seen(
    store: Store, principal: Principal, asked: StaffingAsked, at: datetime, tick: Callable[[], None] = lambda: None
) -> Staffing:
    """Return the answer by the cases that the principal may read; ``tick`` is called after each simulated run.

    Raises ``Refused('not_in_charge' | 'unknown_pack' | 'unknown_department' | 'staffing_people' |
    'staffing_bounds')``.
    """
    if principal.kind not in UNLIMITED:
        refuse_others(principal, READS_FIGURES)
    question = question_of(asked)
    rules, now = rules_of(store), to_micros(at)
    pack = None if asked.pack is None else rules.pack(asked.pack, now).name
    with store.looking() as tx:
        check_department(tx, asked.department)
        past = read_history(tx, Chosen(pack=pack, scope=cases_in_scope(principal, at)), now)
    other = OtherRules(rules, now)
    return staffing(past, other, other.calendar(_calendar(past, other)), question, tick)


def question_of(asked: StaffingAsked) -> Question:
    """Return what is asked as scenarios: what differs from now, else one person fewer and one more.

    Raises ``Refused('staffing_people' | 'staffing_bounds')``.
    """
    bounds = (
        ("runs", asked.runs, LEAST_RUNS, MOST_RUNS), ("demand", asked.demand, 0, MOST_DEMAND),
        ("shift", asked.shift, -MOST_SHIFT, MOST_SHIFT), ("target", asked.target, 0, 100),
    )  # fmt: skip
    for name, given, least, most in bounds:
        if not least <= given <= most:
            raise Refused("staffing_bounds", name=name, given=given, least=least, most=most)
    number, wanted = people_of(asked.people)
    changed = Scenario(number, asked.shift, asked.demand, asked.department, wanted)
    scenarios = (changed,) if changed != Scenario(desk=asked.department) else tuple(
        Scenario(more, desk=asked.department) for more in (-1, 1)
    )  # fmt: skip
    return Question(scenarios, asked.runs, asked.seed, asked.target / 100, asked.department)


def people_of(text: str | None) -> tuple[int, int | None]:
    """Return how many more people are asked for, and how many in all. Raises ``Refused('staffing_people')``."""
    if not text:
        return 0, None
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 4 and int(digits) <= MOST_PEOPLE):
        raise Refused("staffing_people", given=text[:40], most=MOST_PEOPLE)
    return (int(text), None) if text[0] in "+-" else (0, int(digits))


def _calendar(past: list[PastCase], rules: OtherRules) -> str:
    """Return the calendar of the callbacks of the pack that most cases have: by it days are told apart."""
    packs = Counter(each.case.pack for each in past)
    pack = max(packs, key=lambda name: (packs[name], name), default="logistics")
    return rules.pack_for(pack).callbacks.calendar
