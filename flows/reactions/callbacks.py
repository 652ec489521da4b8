"""A resolved complaint is called back: planned, tried again, closed when the case moves on (D1)."""

from engine.callbacks import call_off, finish, plan
from engine.policy import pack
from flows.letters import CUSTOMER, send
from flows.moment import Moment
from flows.reacting import entering, leaving, on_move
from flows.work import off_loop
from statemachines.complaint import COMPLAINT, RESOLVED


@entering(COMPLAINT, RESOLVED)
async def plan_callback(moment: Moment) -> None:
    """Plan the first attempt into working hours."""
    happened = moment.leased.happened
    await off_loop(plan, moment.work.store, await moment.work.now(), happened.case_id)


@on_move(COMPLAINT, "attempt")
async def try_again(moment: Moment) -> None:
    """Plan the next attempt; after the last one the customer gets a message and the case goes on."""
    work, happened = moment.work, moment.leased.happened
    now, made = await work.now(), moment.form["attempts"]
    await off_loop(finish, work.store, happened.case_id, happened.cycle, made, moment.form["reason"], now)
    await off_loop(plan, work.store, now, happened.case_id)
    case = await moment.case()
    over = case.state != RESOLVED or (case.cycle, case.attempts) != (happened.cycle, made)
    if over or made < pack(case.pack).callbacks.attempts:
        return
    await send(moment, CUSTOMER, "missed_you")
    await moment.advance("unreachable")


@leaving(COMPLAINT, RESOLVED)
async def close_callback(moment: Moment) -> None:
    """The case no longer waits for a call."""
    happened = moment.leased.happened
    await off_loop(call_off, moment.work.store, happened.case_id, happened.move, await moment.work.now())
