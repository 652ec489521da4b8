"""Draws the surveys that the packs schedule, and invites whoever was drawn for a survey that goes out (E1).

It also ends what is still open of a survey that was called off.

A run does what is due, however often and however late it comes: a pack has one survey for each period, and each
customer who was drawn has one invitation, under a key of his own.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.rules.in_force import Sort, rules_in
from engine.rules.policy import Pack
from engine.store import Store
from engine.surveys.call_off import end_called_off
from engine.surveys.draw import draw_scheduled
from engine.surveys.invite import Drawn, invite, uninvited
from engine.surveys.plan import SamplingPlan
from flows.reaction_context import VIA
from flows.run_text import RunText
from flows.work import Work, off_loop
from locales.translation import translate
from models.columns import from_micros, to_micros
from reports.indicators.periods import MONTHS, last_over
from statemachines.refused import Refused


@dataclass(frozen=True, slots=True)
class Surveyed:
    """The numbers of the surveys that were drawn, and of the invitations that were opened."""

    drawn: tuple[int, ...]
    invited: tuple[str, ...]

    @property
    def did(self) -> int:
        """How much was done."""
        return len(self.drawn) + len(self.invited)


async def survey_customers(work: Work) -> Surveyed:
    """Draw the surveys of the periods that are over, and open the invitations that are missing."""
    now = await work.now()
    await off_loop(end_called_off, work.store, VIA, now)
    drawn = [
        number
        for plan in await off_loop(_scheduled, work.store, now)
        if (number := await off_loop(_drawn, work.store, plan, now)) is not None
    ]
    text = translate(work.locale, "survey_invitation.text.opened")
    invited = [
        number
        for each in await off_loop(uninvited, work.store)
        if (number := await _invited(work, each, text, now)) is not None
    ]
    work.log(RunText("log.surveyed", surveys=len(drawn), invitations=len(invited)))
    return Surveyed(tuple(drawn), tuple(invited))


async def _invited(work: Work, drawn: Drawn, text: str, now: datetime) -> str | None:
    """Open an invitation; one that cannot be opened delays no other and is tried again in the next run."""
    try:
        return await off_loop(invite, work.store, drawn, text, now, VIA)
    except Exception as error:  # noqa: BLE001 (an invitation that fails delays no other)
        reason = error.code if isinstance(error, Refused) else type(error).__name__
        failed = RunText("log.not_invited", survey=drawn.survey_id, position=drawn.position, code=reason)
        work.log(failed, logging.WARNING)
        return None


def _scheduled(store: Store, now: datetime) -> list[SamplingPlan]:
    """Return the plan of each pack that schedules surveys, for its last period that is over."""
    with store.looking() as tx:
        rules = rules_in(tx)
        packs = [rules.pack(name, to_micros(now)) for name in rules.names(Sort.PACK)]
    return [plan for pack in packs if (plan := scheduled_plan(pack, now)) is not None]


def scheduled_plan(pack: Pack, now: datetime) -> SamplingPlan | None:
    """Return the sampling plan of a pack's last period that is over; None where it schedules no survey."""
    wanted = pack.surveys
    if wanted is None or wanted.every is None:
        return None
    zone = ZoneInfo(pack.zone)
    period = last_over(now.astimezone(zone).date(), MONTHS[wanted.every])
    return SamplingPlan(
        pack.name, from_micros(period.begins(zone)), from_micros(period.ends(zone)), wanted.kinds, wanted.size,
        wanted.by, wanted.method, wanted.least, wanted.way, period.name,
    )  # fmt: skip


def _drawn(store: Store, plan: SamplingPlan, now: datetime) -> int | None:
    """Draw a scheduled survey and let it go out; None where it was drawn before, or nobody can be asked."""
    try:
        return draw_scheduled(store, plan, now)
    except Refused as refused:
        if refused.code != "nobody_to_ask":
            raise
        return None
