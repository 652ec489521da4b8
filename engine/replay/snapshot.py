"""A case and its plan before an event of a log, to which both return where one of the event's moves is refused."""

from dataclasses import dataclass, fields, replace

from engine.commands.case_context import CaseContext
from engine.commands.plan import Plan
from engine.ledger.record import CaseRow
from engine.timers.start import Occurrences
from engine.timers.timer import RunningTimer


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Copies of what planning changes."""

    case: CaseRow
    timers: list[RunningTimer]
    occurrences: Occurrences
    lengths: tuple[int, int, int, int]

    @classmethod
    def of(cls, context: CaseContext, plan: Plan) -> "Snapshot":
        """Copy what planning changes."""
        occurrences = {clause: dict(by_cycle) for clause, by_cycle in (context.occurrences or {}).items()}
        timers = [replace(timer) for timer in context.timers]
        return cls(replace(context.case), timers, occurrences, _lengths(context, plan))

    def restore(self, context: CaseContext, plan: Plan) -> None:
        """Put the case and its plan back as they were."""
        for column in fields(CaseRow):
            setattr(context.case, column.name, getattr(self.case, column.name))
        for timer, was in zip(context.timers, self.timers, strict=False):
            for column in fields(RunningTimer):
                setattr(timer, column.name, getattr(was, column.name))
        del context.timers[len(self.timers) :]
        context.occurrences = self.occurrences
        history = context.history
        assert history is not None, "a replay loads the whole case"
        for rows, length in zip((plan.transitions, plan.statements, plan.steps, history), self.lengths, strict=True):
            del rows[length:]


def _lengths(context: CaseContext, plan: Plan) -> tuple[int, int, int, int]:
    return len(plan.transitions), len(plan.statements), len(plan.steps), len(context.history or ())
