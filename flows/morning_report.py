"""What a manager reads in the morning: what became late, what climbed, who is asked, and how the night was."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.store import Store, Tx
from flows import figures
from flows.figures import DAY, Dead, Late, Trend, Unseen
from flows.work import Work, off_loop

NIGHT_FLOW = "overnight-escalation"
NIGHT_MAY_TAKE = timedelta(hours=25)
"""Past this since the last night, a night is missing."""
TRENDS = ("open", "resolve", "breach")


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the night itself was healthy."""

    last_night: datetime | None
    missed_night: bool
    unseen: Unseen
    dead: tuple[Dead, ...]
    refused_arrivals: int
    history: int

    @property
    def ok(self) -> bool:
        """Nothing that a person must look into."""
        return not (self.missed_night or self.unseen.count or self.dead or self.refused_arrivals)


@dataclass(frozen=True, slots=True)
class MorningReport:
    """The report's figures at one instant; ``window`` is how far back the day reaches."""

    at: datetime
    since: datetime
    cases: int
    board: Counter[tuple[str, str, int]]
    late: Sequence[Late]
    overdue: Counter[str]
    unwatched: Sequence[tuple[str, str | None, datetime]]
    callbacks: Sequence[tuple[str, int, datetime]]
    opinions: Counter[str]
    trends: dict[str, Trend]
    resolved_within: dict[str, int]
    health: Health

    @property
    def climbed(self) -> list[Late]:
        """What reached the department manager or higher."""
        return [late for late in self.late if late.level >= 2]

    @property
    def became_late(self) -> list[Late]:
        """What broke its promise in this window."""
        return [late for late in self.late if late.percent == 100]

    @property
    def did(self) -> int:
        """How many broken promises it tells of."""
        return len(self.became_late)


async def report_morning(work: Work) -> MorningReport:
    """The report of the last 24 hours, from our tables alone, also when nothing was due."""
    return await off_loop(gather, work.store, await work.now())


def gather(store: Store, at: datetime, window: timedelta = DAY) -> MorningReport:
    """Count what the report says, in one consistent reading of the store."""
    since = at - window
    with store.looking() as tx:
        return MorningReport(
            at=at,
            since=since,
            cases=figures.cases(tx),
            board=figures.board(tx),
            late=figures.rungs(tx, since, at),
            overdue=figures.overdue(tx),
            unwatched=figures.unwatched(tx),
            callbacks=figures.callbacks(tx, at + DAY),
            opinions=figures.opinions(tx),
            trends={name: figures.moves(tx, name, at) for name in TRENDS},
            resolved_within=figures.resolved_within(tx),
            health=_health(tx, since, at),
        )


def _health(tx: Tx, since: datetime, at: datetime) -> Health:
    last = figures.last_run(tx, NIGHT_FLOW)
    return Health(
        last_night=last,
        missed_night=last is not None and at - last > NIGHT_MAY_TAKE,
        unseen=figures.unseen(tx, since),
        dead=figures.dead(tx),
        refused_arrivals=figures.refused_arrivals(tx),
        history=figures.history(tx, since),
    )
