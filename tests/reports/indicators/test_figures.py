"""Each indicator equals an independent computation over the record, to the last digit, as of any instant (E2)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pandas as pd
import pytest

from engine.rules.in_force import rules_in
from engine.rules.questionnaires import questionnaires
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from reports.indicators.figures import Figure, figures
from reports.indicators.periods import period_of
from tests.case_actions import DAY, START
from tests.reports.indicators.random_store import random_store, record, steps

pytestmark = pytest.mark.requirement("E2")

PERIOD = "2026-03"
BEGIN, END = (to_micros(datetime.fromisoformat(f"2026-0{month}-01T00:00:00+08:00")) for month in (3, 4))
LIVED = [9 * DAY, 17 * DAY, 60 * DAY]
"""The instants, since ``START``, as of which the figures are read: amid the lives of the cases, and after them."""


@pytest.fixture(scope="module")
def lived(settings_of_module: Settings) -> Iterator[Store]:
    """A store in which forty complaints have lived."""
    store = settings_of_module.store()
    random_store(store, 40, seed=18)
    yield store
    store.close()


def shown(store: Store, as_of: int, by: tuple[str, ...] = ()) -> dict[str, list[Figure]]:
    with store.looking() as tx:
        rules = rules_in(tx)
        return figures(tx, rules, list(rules.indicators(as_of).values()), [period_of(PERIOD)], as_of, by)


def last_digit(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def percent(part: int, whole: int) -> Decimal | None:
    return last_digit(Fraction(100 * int(part), int(whole))) if whole else None


class Independent:
    """The figures of complaints, computed from the record by pandas."""

    def __init__(self, store: Store, as_of: int) -> None:
        rows: Any = record(store)
        self.rows: Any = rows[(rows.recorded_at <= as_of) & (rows.kind == "complaint")]
        fired: Any = steps(store)
        self.steps: Any = fired[fired.recorded_at <= as_of]

    def made(self, *moves: str) -> Any:
        return self.rows[self.rows.move.isin(moves)]

    def within(self, rows: Any, column: str = "occurred_at") -> Any:
        return rows[(rows[column] >= BEGIN) & (rows[column] < END)]

    def opened(self) -> int:
        return len(self.within(self.made("open")))

    def answers(self) -> Any:
        return self.within(self.made("revisit"))

    def first_reply(self) -> Decimal | None:
        """Judge a complaint by its first message to the customer, or by the step of 100 percent before it."""
        broken = self.steps[(self.steps.clause == "first_reply") & (self.steps.percent >= 100)]
        broken = broken.groupby("case_id").due_at.min()
        answered = self.made("reply", "resolve").groupby("case_id").occurred_at.min()
        met = answered[~answered.index.isin(broken.index)]
        kept = len(met[(met >= BEGIN) & (met < END)])
        return percent(kept, kept + len(broken[(broken >= BEGIN) & (broken < END)]))

    def score(self) -> Decimal | None:
        weights = {each.code: each.weight for each in questionnaires()["after_complaint"].dimensions}
        scores: list[int] = []
        for _, row in self.answers().iterrows():
            given = {code: int(row[f"form_{code}"]) for code in weights if pd.notna(row.get(f"form_{code}"))}
            if given:
                total = sum(weights[code] * value * 2000 for code, value in given.items())
                weight = sum(weights[code] for code in given)
                scores.append(floor(Fraction(total, weight) + Fraction(1, 2)))
        return last_digit(Fraction(sum(scores), 100 * len(scores))) if scores else None

    def recurrences(self) -> Decimal | None:
        last = self.made("determine_responsibility").groupby("case_id").tail(1).sort_values(["occurred_at", "case_id"])
        before = last.groupby(["form_cause", "form_responsible"]).occurred_at.shift()
        last = last.assign(again=(last.occurred_at - before) <= 90 * 86_400_000_000)
        month = self.within(last)
        return percent(month.again.sum(), len(month))

    def transfers(self) -> Decimal | None:
        named = self.made("classify", "reclassify", "assign").dropna(subset=["form_department"])
        before = named.groupby("case_id").form_department.shift()
        moved = named[before.notna() & (before != named.form_department)]
        return last_digit(Fraction(len(self.within(moved)), self.opened())) if self.opened() else None

    def time_to_result(self) -> Decimal | None:
        first = self.within(self.made("resolve").groupby("case_id").head(1))
        took = sorted(int(value) for value in first.occurred_at - first.opened_at)
        if not took:
            return None
        middle = [took[(len(took) - 1) // 2], took[len(took) // 2]]
        return last_digit(Fraction(sum(middle), 2 * 3_600_000_000))

    def satisfied(self) -> Decimal | None:
        answers = self.answers()
        return percent((answers.form_outcome == "satisfied").sum(), len(answers))

    def reopened(self) -> Decimal | None:
        cycles = self.rows.assign(before=self.rows.groupby("case_id").cycle.shift())
        return percent(len(self.within(cycles[cycles.cycle > cycles.before])), len(self.within(self.made("resolve"))))

    def attitude(self) -> Decimal | None:
        rated = self.answers().form_attitude.dropna()
        return last_digit(Fraction(int(rated.sum()) * 20, len(rated))) if len(rated) else None


EXPECTED: dict[str, Any] = {
    "first_reply": Independent.first_reply,
    "satisfaction_score": Independent.score,
    "satisfied_share": Independent.satisfied,
    "recurrence_rate": Independent.recurrences,
    "transfers_per_case": Independent.transfers,
    "time_to_result": Independent.time_to_result,
    "reopening_rate": Independent.reopened,
    "attitude": Independent.attitude,
}


@pytest.mark.parametrize("after", LIVED, ids=lambda after: f"{after.days}d")
@pytest.mark.parametrize("name", EXPECTED)
def test_a_figure_equals_an_independent_computation(lived: Store, name: str, after: timedelta):
    as_of = to_micros(START + after)
    [figure] = shown(lived, as_of)[name]
    expected = EXPECTED[name](Independent(lived, as_of))
    assert figure.value == expected
    assert expected is not None


@pytest.mark.parametrize("by", ["department", "channel", "person", "severity"])
def test_the_groups_of_a_share_add_up_to_the_whole(lived: Store, by: str):
    as_of = to_micros(START + LIVED[-1])
    with lived.looking() as tx:
        rules = rules_in(tx)
        chosen = [rules.indicator(name, as_of) for name in ("first_reply", "satisfied_share")]
        whole, grouped = (figures(tx, rules, chosen, [period_of(PERIOD)], as_of, names) for names in ((), (by,)))
    for name, [total] in whole.items():
        parts = grouped[name]
        assert (sum(each.numerator or 0 for each in parts), sum(each.denominator or 0 for each in parts)) == (
            total.numerator,
            total.denominator,
        )
        assert len(parts) > 1 or by in {"severity", "person"}
