"""Each indicator equals an independent computation over the record, to the last digit, as of any instant (E2)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from engine.actors import NewActor, add_actor
from engine.order_tallies import record_orders, tally
from engine.rules.in_force import rules_in
from engine.rules.indicators import indicators
from engine.rules.questionnaires import questionnaires
from engine.settings import Settings
from engine.store import Store
from models.columns import to_micros
from models.completed_order import OrderRow, OrderScore
from reports.indicators.figures import Figure, figures
from reports.indicators.periods import period_of
from statemachines.roles import Role
from tests.case_actions import DAY, START
from tests.reports.indicators.random_store import random_store, record, steps

pytestmark = [pytest.mark.requirement("E2"), pytest.mark.any_database]

PERIOD = "2026-03"
HOURS = 3_600_000_000
BEGIN, END = (to_micros(datetime.fromisoformat(f"2026-0{month}-01T00:00:00+08:00")) for month in (3, 4))
INSTANTS = [9 * DAY, 30 * DAY, 60 * DAY, 91 * DAY]
"""The instants, since ``START``, as of which the figures are read: amid the lives of the cases, and at month ends."""
FIRST_NOON = datetime.fromisoformat("2026-03-01T12:00:00+08:00")
ORDERS = [
    # source, imported after, (day of March, promised on, customer) of each order
    ("erp", 20 * DAY, [(day, day + day % 3 - 1, f"c{day % 9}") for day in range(1, 29)] * 3),
    ("shop", 40 * DAY, [(day, None, f"s{day}") for day in range(3, 20)]),
    ("erp", 70 * DAY, [(day, day + day % 4 - 1, f"c{day % 11}") for day in range(1, 31)] * 4),
]
"""Orders of other systems; the second import of a source corrects the first."""
FIRST_READ: dict[timedelta, dict[str, Figure]] = {}
"""The figures as they were read when the instant had come; a later reading must equal them."""


@pytest.fixture(scope="module")
def lived(settings_of_module: Settings) -> Iterator[Store]:
    """A store in which sixty cases have lived among each other, and orders were imported."""
    store = settings_of_module.store()
    with store.writing() as tx:
        add_actor(tx, NewActor("olga", (Role.OPERATIONS,)))
    imports = {after: (source, orders) for source, after, orders in ORDERS}
    FIRST_READ.clear()

    def look(after: timedelta) -> None:
        if after in imports:
            import_orders(store, *imports[after], after)
        else:
            found = shown(store, to_micros(START + after))
            FIRST_READ[after] = {name: figure for name, [figure] in found.items()}

    random_store(store, 60, 18, [*INSTANTS, *imports, 130 * DAY], look)
    yield store
    store.close()


def score_of(day: int) -> int:
    """Return the score of each order of a day; those of every fifth have none."""
    return 1 + day * 7 % 4


def import_orders(
    store: Store, source: str, orders: Sequence[tuple[int, int | None, str]], after: timedelta
) -> None:  # fmt: skip
    def noon(day: int | None) -> datetime | None:
        return None if day is None else FIRST_NOON + (day - 1) * DAY

    rows = [
        OrderRow(str(number), customer, None, noon(day), noon(promised), {})
        for number, (day, promised, customer) in enumerate(orders)
    ]
    scores = [OrderScore(str(number), score_of(day), None) for number, (day, _, _) in enumerate(orders) if day % 5]
    zone, digest = ZoneInfo("Asia/Shanghai"), f"{source}-{after}"
    record_orders(store, source, digest, zone, tally(rows, zone, START + after, scores), "olga", START + after)


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
    """The figures of March, computed from the record by pandas; of complaints, and of the service orders' callbacks."""

    def __init__(self, store: Store, as_of: int) -> None:
        self.as_of = as_of
        rows: Any = record(store)
        self.all: Any = rows[rows.recorded_at <= as_of]
        self.rows: Any = self.all[self.all.kind == "complaint"]
        fired: Any = steps(store)
        self.steps: Any = fired[(fired.recorded_at <= as_of) & (fired.percent >= 100)]

    def made(self, *moves: str) -> Any:
        return self.rows[self.rows.move.isin(moves)]

    def within(self, rows: Any, column: str = "occurred_at") -> Any:
        return rows[(rows[column] >= BEGIN) & (rows[column] < END)]

    def opened(self) -> int:
        return len(self.within(self.made("open")))

    def kept(self, clause: str, *moves: str, ended: str = "cycle", once: bool = False) -> Decimal | None:
        """Judge each round's promise by the first move that meets it, or by the step of 100 percent before it.

        A promise of the case, made ``once``, is met by the first such move of all.
        """
        broken = self.steps[self.steps.clause == clause].groupby(["case_id", "cycle"]).due_at.min()
        rounds = self.rows.assign(before=self.rows.groupby("case_id").cycle.shift())
        meeting: Any = rounds[rounds.move.isin(moves)]
        meeting = meeting.groupby("case_id").head(1) if once else meeting
        met = meeting.groupby(["case_id", ended]).occurred_at.min()
        met = met[~met.index.isin(broken.index)]
        kept = len(met[(met >= BEGIN) & (met < END)])
        return percent(kept, kept + len(broken[(broken >= BEGIN) & (broken < END)]))

    def first_reply(self) -> Decimal | None:
        return self.kept("first_reply", "reply", "resolve", once=True)

    def solution(self) -> Decimal | None:
        """Judge by the round that a promise began in: an end that is undone lets it go on."""
        cycles = self.rows.groupby("case_id").cycle
        begins = (self.rows.cycle != cycles.shift()) & (self.rows.move != "undo_end")
        began = self.rows.cycle.where(begins).groupby(self.rows.case_id).ffill().astype(int)
        self.rows = self.rows.assign(began=began)
        return self.kept("solution", "resolve", ended="began")

    def called_back(self) -> Decimal | None:
        return self.kept("revisit", "revisit", "unreachable", ended="before")

    def rounds(self, of: Any = None) -> Any:
        """Return the rounds whose callback came to its end in March, by its last outcome, with the last answer."""
        rows: Any = self.rows if of is None else of
        rows = rows.assign(before=rows.groupby("case_id").cycle.shift())
        ended = rows[rows.move.isin(["revisit", "unreachable"])]
        at = ended.groupby(["case_id", "before"]).occurred_at.max().rename("at")
        answers = ended[ended.move == "revisit"].groupby(["case_id", "before"]).tail(1)
        joined = answers.set_index(["case_id", "before"]).join(at, how="right")
        return self.within(joined, "at")

    def answers(self) -> Any:
        return self.rounds().dropna(subset=["form_outcome"])

    def response(self) -> Decimal | None:
        return percent(len(self.answers()), len(self.rounds()))

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
        return median(first.occurred_at - first.opened_at)

    def ends(self) -> Any:
        """Return the last change of state of each case, where it is the end of it."""
        last = self.rows[self.rows.source != self.rows.dest].groupby("case_id").tail(1)
        return self.within(last[last.dest.isin(["archived", "withdrawn"])])

    def time_to_close(self) -> Decimal | None:
        return median(self.ends().occurred_at - self.ends().opened_at)

    def nine_tenths(self) -> Decimal | None:
        took = sorted(int(value) for value in self.ends().occurred_at - self.ends().opened_at)
        return last_digit(Fraction(took[ceil(Fraction(9 * len(took), 10)) - 1], HOURS)) if took else None

    def complete(self) -> Decimal | None:
        """Judge an archived complaint by every item of the checklist; one that was withdrawn must hold none of them."""
        ends = self.ends()
        whole = sum(end.dest == "withdrawn" or self._whole(end.case_id) for end in ends.itertuples())
        return percent(whole, len(ends))

    def _whole(self, case_id: int) -> bool:
        case = self.rows[self.rows.case_id == case_id]
        named = all(case[f"form_{name}"].notna().any() for name in ("category", "department"))
        made, first = set(case.move), case.groupby("move").occurred_at.min().to_dict()
        times = [case.opened_at.iloc[0], *(first[move] for move in ("classify", "investigate", "resolve"))]
        return bool(
            named
            and {"investigate", "resolve"} <= made
            and {"revisit", "unreachable", "close_unsatisfied"} & made
            and ("compensate" not in made or "confirm_responsibility" in made)
            and case[[f"form_{name}" for name in ("message", "solution") if f"form_{name}" in case]].notna().any().any()
            and times == sorted(times)
        )

    def paid(self) -> int:
        """Return what was decided last on each case, by the desk or by the second person."""
        decided = self.made("compensate", "approve_compensation")
        decided = decided[(decided.move != "compensate") | (decided.source == decided.dest)]
        last = self.within(decided.groupby("case_id").tail(1))
        return int(last.form_approved.fillna(last.form_compensation).sum())

    def compensation(self) -> Decimal | None:
        return last_digit(Fraction(self.paid()))

    def paid_per_case(self) -> Decimal | None:
        return last_digit(Fraction(self.paid(), len(self.ends()))) if len(self.ends()) else None

    def orders(self) -> Any:
        """Return the orders in force: those of the last import of each source that were completed by then."""
        last: dict[str, list[tuple[int, int | None, str]]] = {}
        for source, after, orders in ORDERS:
            if to_micros(START + after) <= self.as_of:
                last[source] = [row for row in orders if FIRST_NOON + (row[0] - 1) * DAY <= START + after]
        return pd.DataFrame(
            [row for rows in last.values() for row in rows], columns=["day", "promised", "customer"]
        )  # fmt: skip

    def complaint_rate(self) -> Decimal | None:
        return percent(self.opened(), len(self.orders()))

    def on_time(self) -> Decimal | None:
        promised = self.orders().dropna(subset=["promised"])
        return percent((promised.day <= promised.promised).sum(), len(promised))

    def loyal(self) -> Decimal | None:
        return percent(int(self.orders().customer.duplicated().sum()), len(self.orders()))

    def order_score(self) -> Decimal | None:
        days = [int(day) for day in self.orders().day if day % 5]
        return last_digit(Fraction(20 * sum(map(score_of, days)), len(days))) if days else None

    def satisfied(self) -> Decimal | None:
        return percent((self.answers().form_outcome == "satisfied").sum(), len(self.answers()))

    def reopened(self) -> Decimal | None:
        cycles = self.rows.assign(before=self.rows.groupby("case_id").cycle.shift())
        again = cycles[(cycles.cycle > cycles.before) & (cycles.move != "undo_end")]
        return percent(len(self.within(again)), len(self.within(self.made("resolve"))))

    def rated(self, name: str, rows: Any) -> Decimal | None:
        rated = self.rounds(rows)[f"form_{name}"].dropna()
        return last_digit(Fraction(int(rated.sum()) * 20, len(rated))) if len(rated) else None

    def attitude(self) -> Decimal | None:
        return self.rated("attitude", self.all)

    def timeliness(self) -> Decimal | None:
        return self.rated("timeliness", self.all[self.all.kind == "service_order"])

    def intact_goods(self) -> Decimal | None:
        return self.rated("intact_goods", self.all[self.all.kind == "service_order"])


def median(took: Any) -> Decimal | None:
    """Return the median of durations, in hours: the mean of the two in the middle."""
    ranked = sorted(int(value) for value in took)
    if not ranked:
        return None
    return last_digit(Fraction(ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2], 2 * HOURS))


EXPECTED: dict[str, Any] = {
    "attitude": Independent.attitude, "callback_in_window": Independent.called_back,
    "compensation": Independent.compensation, "compensation_per_case": Independent.paid_per_case,
    "complaint_rate": Independent.complaint_rate, "complete_records": Independent.complete,
    "first_reply": Independent.first_reply, "intact_goods": Independent.intact_goods, "loyalty": Independent.loyal,
    "on_time_share": Independent.on_time, "order_score": Independent.order_score,
    "recurrence_rate": Independent.recurrences,
    "reopening_rate": Independent.reopened, "response_rate": Independent.response,
    "satisfaction_score": Independent.score, "satisfied_share": Independent.satisfied,
    "solution": Independent.solution, "time_to_close": Independent.time_to_close,
    "time_to_close_p90": Independent.nine_tenths, "time_to_result": Independent.time_to_result,
    "timeliness": Independent.timeliness, "transfers_per_case": Independent.transfers,
}  # fmt: skip


def test_every_shipped_indicator_is_computed_independently():
    assert set(EXPECTED) == set(indicators())


@pytest.mark.parametrize("after", INSTANTS, ids=lambda after: f"{after.days}d")
def test_every_figure_equals_an_independent_computation(lived: Store, after: timedelta):
    as_of = to_micros(START + after)
    independent = Independent(lived, as_of)
    expected = {name: compute(independent) for name, compute in EXPECTED.items()}
    assert {name: figure.value for name, [figure] in shown(lived, as_of).items()} == expected
    assert after < INSTANTS[1] or None not in expected.values()


@pytest.mark.parametrize("after", INSTANTS, ids=lambda after: f"{after.days}d")
def test_a_figure_that_is_read_again_later_is_the_same_to_the_last_digit(lived: Store, after: timedelta):
    again = {name: figure for name, [figure] in shown(lived, to_micros(START + after)).items()}
    assert again == FIRST_READ[after]
    if after < INSTANTS[-1]:
        now = {name: figure for name, [figure] in shown(lived, to_micros(START + 130 * DAY)).items()}
        assert sum(now[name] != figure for name, figure in again.items()) >= 3, "much was recorded since"


@pytest.mark.parametrize("by", ["department", "channel", "person", "severity"])
def test_the_groups_of_a_share_add_up_to_the_whole(lived: Store, by: str):
    as_of = to_micros(START + INSTANTS[-1])
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


def test_the_score_of_orders_is_shown_by_how_late_they_were(lived: Store):
    as_of = to_micros(START + INSTANTS[-1])
    rows: Any = Independent(lived, as_of).orders()
    rows = rows[rows.day % 5 != 0].assign(late=rows.day - rows.promised, score=rows.day.map(score_of))
    expected = {
        "": rows[rows.late.isna()], "on_time": rows[rows.late <= 0], "late_1_to_3": rows[rows.late >= 1],
    }  # fmt: skip
    with lived.looking() as tx:
        rules = rules_in(tx)
        score = rules.indicator("order_score", as_of)
        found = figures(tx, rules, [score], [period_of(PERIOD)], as_of, ["lateness"])["order_score"]
    assert {dict(each.group)["lateness"]: (each.value, each.denominator) for each in found} == {
        lateness: (last_digit(Fraction(20 * int(part.score.sum()), len(part))), len(part))
        for lateness, part in expected.items()
    }
    assert [len(part) for part in expected.values()].count(0) == 0
