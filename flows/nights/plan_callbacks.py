"""Plans the callbacks that resolved cases wait for, and makes those whose hour has come (D1)."""

import asyncio
from dataclasses import dataclass

from engine.callbacks.attempts import Planned, due, finish, hand_over, plan, put_off
from engine.commands.advance import Command, advance
from flows.parked_notices import tell_parked
from flows.reaction_context import VIA
from flows.work import Work, off_loop
from gateways.telephone import Call, Handed, Missed
from statemachines.lifecycle import Refused

PASSING = frozenset({"busy", "contended", "database_away", "disk_full"})
"""Refusals that say nothing of the case: the call's outcome is tried again."""


FAILED = "failed."
"""How the outcome of a call begins that could not be made; the error's type follows."""
CALL_SECONDS = 20.0
SLOW = f"{FAILED}{TimeoutError.__name__}"


@dataclass(frozen=True, slots=True)
class Called:
    """What came of the callbacks: (number, attempt, outcome)."""

    calls: tuple[tuple[str, int, str], ...]

    @property
    def did(self) -> int:
        """How many customers were called, or handed to a person who calls; a call that failed is none."""
        return sum(not outcome.startswith(FAILED) for _, _, outcome in self.calls)


async def plan_callbacks(work: Work) -> int:
    """Plan what has no plan; returns how many."""
    return await off_loop(plan, work.store, await work.now())


async def make_calls(work: Work, seconds: float = CALL_SECONDS) -> Called:
    """Call everybody whose hour has come. One that fails holds up no other, and is tried again ever less often.

    A telephone that has not answered after so many ``seconds`` is slow: the others are called at the next pass, so
    that deadlines never wait for it.
    """
    calls: list[tuple[str, int, str]] = []
    for planned in await off_loop(due, work.store, await work.now()):
        try:
            outcome = await _call(work, planned, seconds)
        except Exception as error:  # noqa: BLE001 (a call that fails holds up no other)
            outcome = f"{FAILED}{type(error).__name__}"
            await _put_off(work, planned, error)
        calls.append((planned.number, planned.attempt, outcome))
        if outcome == SLOW:
            break
    if any(outcome.startswith(FAILED) for *_, outcome in calls):
        await tell_parked(work)
    return Called(tuple(calls))


async def _put_off(work: Work, planned: Planned, error: Exception) -> None:
    """What says nothing of the case (a database that is busy) is tried again at the next pass."""
    if not (isinstance(error, Refused) and error.code in PASSING):
        why = error.code if isinstance(error, Refused) else type(error).__name__
        await off_loop(put_off, work.store, planned, why, await work.now())


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
    """Record what came of a call. A case that has moved on refuses it, and the callback is over."""
    command = Command(planned.number, move, form, via=VIA, key=f"{planned.key}:{move}")
    try:
        await off_loop(advance, work.store, command, await work.now())
    except Refused as refused:
        if refused.code in PASSING:
            raise
        return f"refused.{refused.code}"
    return str(form.get("outcome") or form.get("reason") or move)
