"""Plans the callbacks that resolved cases wait for, and makes those that are due (D1)."""

import asyncio
import logging
from dataclasses import dataclass
from functools import partial

from engine.callbacks.attempts import Planned, due, finish, hand_over, plan, put_off
from engine.commands.advance import advance
from engine.commands.command import Command
from flows.parked_notices import tell_parked
from flows.reaction_context import VIA
from flows.run_text import RunText
from flows.work import Work, off_loop
from gateways.telephone import Call, Handed, Missed
from statemachines.lifecycle import Refused

TRANSIENT = frozenset({"busy", "contended", "database_away", "disk_full"})
"""Refusals that do not depend on the case: recording the outcome is tried again."""
FAILED = "failed."
"""The prefix of the outcome of a call that failed; the error's type follows."""
CALL_SECONDS = 20.0
SLOW = f"{FAILED}{TimeoutError.__name__}"


@dataclass(frozen=True, slots=True)
class Called:
    """The outcomes of the callbacks: (number, attempt, outcome)."""

    calls: tuple[tuple[str, int, str], ...]

    @property
    def did(self) -> int:
        """How many customers were called or handed to a person who calls, without failed calls."""
        return sum(not outcome.startswith(FAILED) for _, _, outcome in self.calls)


async def plan_callbacks(work: Work) -> int:
    """Plan the callbacks that have no plan; returns how many."""
    planned = await off_loop(plan, work.store, await work.now())
    work.log(RunText("log.planned", count=planned))
    return planned


async def make_calls(work: Work, seconds: float = CALL_SECONDS) -> Called:
    """Make the callbacks that are due. One that fails delays no other and is tried again with growing back-off.

    A telephone that has not answered within ``seconds`` is slow: the rest is left to the next tick, so that timers
    never wait for it.
    """
    calls: list[tuple[str, int, str]] = []
    for planned in await off_loop(due, work.store, await work.now()):
        title = RunText("step.call", number=planned.number, attempt=planned.attempt)
        call = partial(_call_or_put_off, work, planned, seconds)
        outcome = await work.step("call", call, title, failure=_failed)
        calls.append((planned.number, planned.attempt, outcome))
        if outcome == SLOW:
            break
    if not calls:
        work.log(RunText("log.nobody_to_call"))
    if any(outcome.startswith(FAILED) for *_, outcome in calls):
        await tell_parked(work)
    return Called(tuple(calls))


async def _call_or_put_off(work: Work, planned: Planned, seconds: float) -> str:
    try:
        outcome = await _call(work, planned, seconds)
    except Exception as error:  # noqa: BLE001 (a call that fails delays no other)
        outcome = f"{FAILED}{type(error).__name__}"
        await _put_off(work, planned, error)
    level = logging.WARNING if outcome.startswith(FAILED) else logging.INFO
    text = RunText("log.called", number=planned.number, attempt=planned.attempt, code=outcome)
    work.log(text, level)
    return outcome


def _failed(outcome: str) -> str | None:
    return outcome.removeprefix(FAILED) if outcome.startswith(FAILED) else None


async def _put_off(work: Work, planned: Planned, error: Exception) -> None:
    """Postpone a failed call; a transient refusal, as of a busy database, is tried again at the next tick."""
    if not (isinstance(error, Refused) and error.code in TRANSIENT):
        reason = error.code if isinstance(error, Refused) else type(error).__name__
        await off_loop(put_off, work.store, planned, reason, await work.now())


async def _call(work: Work, planned: Planned, seconds: float) -> str:
    call = Call(planned.key, planned.phone, planned.attempt, planned.row_id)
    answer = await asyncio.wait_for(off_loop(work.telephone.call, call), seconds)
    if isinstance(answer, Handed):
        await off_loop(hand_over, work.store, planned)
        return "handed"
    if isinstance(answer, Missed):
        outcome = await _move(work, planned, "attempt", {"attempts": planned.attempt, "reason": answer.reason})
    else:
        outcome = await _move(work, planned, "revisit", dict(answer.survey))
    case_id, cycle, attempt = planned.case_id, planned.cycle, planned.attempt
    await off_loop(finish, work.store, case_id, cycle, attempt, outcome, await work.now())
    return outcome


async def _move(work: Work, planned: Planned, move: str, form: dict[str, object]) -> str:
    """Record the outcome of a call. A case that has moved on refuses it, and the callback is over."""
    command = Command(planned.number, move, form, via=VIA, key=f"{planned.key}:{move}")
    try:
        await off_loop(advance, work.store, command, await work.now())
    except Refused as refused:
        if refused.code in TRANSIENT:
            raise
        return f"refused.{refused.code}"
    return str(form.get("outcome") or form.get("reason") or move)
