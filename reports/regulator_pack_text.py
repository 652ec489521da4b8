"""Lays the regulator's pack out as a report on paper, in the reader's language; people under pseudonyms or by name."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from engine.rules.indicator_queries import QUERIES, Facts, Measured
from locales.shares import share_text
from locales.translation import label, translate, when
from models.columns import from_micros
from models.paper import Cell, Paper, PaperSection, PaperTable
from reports.indicators.indicator_text import figure_text, label_of, numerator_of, sample_text, target_text
from reports.pseudonymisation import Pseudonymisation
from reports.regulator_pack import PROMISED, CaseFacts, Counted, RegulatorPack
from reports.run_figures import HOUR
from statemachines.appeal import APPEAL
from statemachines.complaint import COMPLAINT

SEVEN_DAYS = 7 * 24 * HOUR
"""Within which time a complaint has its result: seven times 24 hours from its receipt."""
SUBJECTS = ("category", "severity", "channel", "department", "cause")
"""By what the complaints received are counted."""
COLUMNS = (
    "number", "received", "in_period", "channel", "category", "severity", "department", "customer", *PROMISED,
    "result", "within", "handled_by", "rounds", "answer", "compensation", "closed", "state", "cause",
)  # fmt: skip


def pack_paper(pack: RegulatorPack, people: Pseudonymisation, reason: str, locale: str) -> Paper:
    """Return the report. ``reason`` is why people stand in it by name; empty where they do not."""
    return _Pack(pack, people, locale).paper(reason)


def within_seven_days(case: CaseFacts, as_of: int) -> bool | None:
    """Return whether a complaint had a result or another end within seven days; None while it still may."""
    ends = [fact.at for fact in (case.first(Facts.RESULTS, "results_given"), case.first(Facts.ENDINGS, "cases_closed"))
            if fact is not None]  # fmt: skip
    if ends:
        return min(ends) - case.row.opened_at <= SEVEN_DAYS
    return False if as_of - case.row.opened_at > SEVEN_DAYS else None


class _Pack:
    def __init__(self, pack: RegulatorPack, people: Pseudonymisation, locale: str) -> None:
        self.pack, self.people, self.locale = pack, people, locale

    def paper(self, reason: str) -> Paper:
        notes = ["as_of", "selection", "figures", "seven_days", "pseudonyms" if not self.people.whole else "by_name"]
        at = when(from_micros(self.pack.as_of))
        texts = [self.text(f"note.{note}", as_of=at, reason=reason) for note in notes]
        sections = (self.statistics(), self.seven_days(), self.received_by(), self.complaints(), self.appeals(),
                    self.counted())  # fmt: skip
        return Paper(self.text("title", period=self.pack.period.name), texts, sections)

    def statistics(self) -> PaperSection:
        rows = [
            (
                label_of(indicator, self.locale),
                figure_text(indicator, figure, self.locale),
                numerator_of(indicator, figure),
                figure.denominator,
                target_text(indicator, figure, self.locale),
                sample_text(figure, self.locale),
            )
            for indicator, figure in self.pack.statistics
        ]
        names = ("indicator", "value", "numerator", "denominator", "target", "sample")
        return self.section("statistics", names, rows)

    def seven_days(self) -> PaperSection:
        received = [case for case in self.pack.complaints if case.received]
        found = Counter(within_seven_days(case, self.pack.as_of) for case in received)
        rows = [
            (self.text("received_in_all"), len(received), ""),
            *((self.text(f"within.{name}"), found[key], share_text(found[key], len(received)))
              for name, key in (("yes", True), ("no", False), ("open", None))),
        ]  # fmt: skip
        return self.section("seven_days", ("what", "count", "share"), rows)

    def received_by(self) -> PaperSection:
        received = [case.row for case in self.pack.complaints if case.received]
        rows: list[Sequence[Cell]] = []
        for subject in SUBJECTS:
            counts = Counter(getattr(row, subject) or "" for row in received)
            rows += [
                (self.text(f"column.{subject}"), self.code(subject, code), n, share_text(n, len(received)))
                for code, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            ]
        return self.section("received_by", ("by", "what", "count", "share"), rows)

    def complaints(self) -> PaperSection:
        return self.section("complaints", COLUMNS, [tuple(self.row(case)) for case in self.pack.complaints])

    def row(self, case: CaseFacts) -> Iterator[Cell]:
        row, result = case.row, case.first(Facts.RESULTS, "results_given")
        yield row.number
        yield self.at(row.opened_at)
        yield self.text("yes" if case.received else "no")
        yield from (self.code(subject, getattr(row, subject))
                    for subject in ("channel", "category", "severity", "department"))  # fmt: skip
        yield "–" if row.party is None else (self.people.whole and row.name) or self.people.party(row.party)
        yield from (self.promise(case, clause) for clause in PROMISED)
        yield self.at(result.at if result else None)
        yield self.text({True: "yes", False: "no", None: "open"}[within_seven_days(case, self.pack.as_of)])
        yield self.people.actor(result.person) if result and result.person else "–"
        yield sum(fact.rounds_reopened for fact in case.facts.get(Facts.RESULTS, ()))
        yield self.answer(case)
        paid = case.last(Facts.COMPENSATIONS, "compensation")
        yield Decimal(paid.compensation) / 100 if paid else None
        ended = case.last(Facts.ENDINGS, "cases_closed")
        yield self.at(ended.at if ended else None)
        yield label(self.locale, COMPLAINT.kind, "state", row.state)
        yield self.code("cause", row.cause)

    def promise(self, case: CaseFacts, clause: str) -> str:
        fact = case.promise(clause)
        if fact is None:
            return "–"
        return self.at(fact.at) if fact.promises_met else self.text("late", due=self.at(fact.at))

    def answer(self, case: CaseFacts) -> str:
        """Return whether the customer was satisfied, by the last round that was judged; silence is no answer."""
        judged = case.last(Facts.ANSWERS, "rounds_judged")
        if judged is None:
            return "–"
        return label(self.locale, "", "outcome", "satisfied" if judged.rounds_satisfied else "dissatisfied")

    def appeals(self) -> PaperSection:
        rows = [
            (row.number, row.about or "–", self.at(row.opened_at), label(self.locale, APPEAL.kind, "state", row.state),
             label(self.locale, APPEAL.kind, "move", row.decision) if row.decision else "–", self.at(row.decided_at))
            for row in self.pack.appeals
        ]  # fmt: skip
        return self.section("appeals", ("number", "about", "opened", "state", "decision", "decided"), rows)

    def counted(self) -> PaperSection:
        """Return, for a workbook alone, what each complaint counts in each indicator; the columns add up to it."""
        counted = self.pack.counted
        sides = [f"{label_of(each.indicator, self.locale)} · {self.text(f'column.{each.side}')}" for each in counted]
        rows = [
            (case.row.number, *(_value(each, case.row.id) for each in counted))
            for case in self.pack.complaints
            if any(case.row.id in each.by_case for each in counted)
        ]
        heads = [self.text("column.number"), *sides]
        name, heading = self.text("tab.counted"), self.text("heading.counted")
        return PaperSection(name, heading, table=PaperTable(heads, rows), printed=False)

    def section(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> PaperSection:
        heads = [self.text(f"column.{column}") for column in columns]
        texts = () if rows else (translate(self.locale, "report.none"),)
        return PaperSection(self.text(f"tab.{name}"), self.text(f"heading.{name}"), texts, PaperTable(heads, rows))

    def code(self, subject: str, code: str | None) -> str:
        return label(self.locale, COMPLAINT.kind, subject, code) if code else self.text("unknown")

    def at(self, micros: int | None) -> str:
        return "–" if micros is None else when(from_micros(micros))

    def text(self, key: str, **params: object) -> str:
        return translate(self.locale, f"regulator.{key}", **params)


def _value(counted: Counted, case_id: int) -> Cell:
    """Return what a case counts, in the unit in which the indicator gives its numerator; durations in hours."""
    if case_id not in counted.by_case:
        return None
    _, total = counted.by_case[case_id]
    query = QUERIES[counted.indicator.sides[counted.side].query]
    if query.measured is Measured.DURATION:
        return Decimal(total) / HOUR
    return Decimal(total) / 100 if query.measured is Measured.POINTS else total
