"""Reactions to trainings (J1, J2): propose a course, tell the trainee, and list the cases of who lost a certificate."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any

from flows.notifications import tell_person
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, on_move
from flows.work import off_loop
from locales.translation import when
from reports.trainings import certificates_before, has_proposal, is_under_way, open_cases_of, staffing_of
from statemachines.complaint import COMPLAINT
from statemachines.evaluation import EVALUATED, EVALUATION, NEGATIVE_UP_TO, Tone
from statemachines.forms import Degree
from statemachines.refused import Refused
from statemachines.training import LAPSED, RENEWAL_DUE, TRAINING

BECAUSE = "training"
"""The relation of a training to the case that proposed it."""
LISTED = 20
"""How many of the open cases are named."""
LISTED_BEFORE = frozenset({"key_reused", "not_now"})
"""Refusals that mean: the event is delivered again, or the supervisor was faster; what was listed first stays."""
DIMENSIONS = ("attitude", "timeliness", "intact_goods", "quality")
"""The scores of an evaluation; the course that a low one proposes has its name."""
GENERAL = "service"
"""The course that a negative evaluation without a low score proposes."""


@on_move(EVALUATION, "assess")
async def propose_course_for_evaluated(context: ReactionContext) -> None:
    """Propose a course for the person whom a negative evaluation is about."""
    trainee = context.form.get(EVALUATED)
    if trainee is None or context.form["tone"] != Tone.NEGATIVE:
        return
    scores = {name: context.form.get(name) for name in DIMENSIONS}
    low = [name for name, score in scores.items() if score is not None and score <= NEGATIVE_UP_TO]
    await _propose(context, low[0] if low else GENERAL, trainee, (await context.case()).department)


@on_move(COMPLAINT, "confirm_responsibility")
async def propose_course_for_cause(context: ReactionContext) -> None:
    """Propose a course on the cause to the department that has an upheld complaint; it names who takes it."""
    if context.form["confirmed_degree"] != Degree.NONE:
        await _propose(context, context.form["confirmed_cause"], None, (await context.case()).department)


async def _propose(context: ReactionContext, course: str, trainee: str | None, department: str | None) -> None:
    """Propose a course, if the pack says so and none is under way for the same cause."""
    case, store = await context.case(), context.work.store
    staffing = await off_loop(staffing_of, store, case.pack, await context.work.now())
    if staffing is None or not staffing.propose_courses or context.historic:
        return
    under_way = partial(is_under_way, store, course, trainee, department)
    if await off_loop(has_proposal, store, course, context.number) or await off_loop(under_way):
        return
    form = {"course": course, "trainee": trainee, "department": department, "because_of": context.number}
    number, key = await _opened_once(context, course, trainee or department, under_way)
    try:
        await context.advance_other(number, "propose", key=key, **form)
    except Refused as refused:
        if refused.code != "key_reused":  # another event has proposed it at the same time
            raise


async def _opened_once(
    context: ReactionContext, course: str, whose: str | None, under_way: Callable[..., bool]
) -> tuple[str, str]:
    """Return the number and the key of the training that all events get which propose the course at the same time.

    The trainings of one course and person are counted by their keys: the first key whose training is not over.
    """
    no_party = dict.fromkeys(("customer", "phone", "email", "language"))
    for nth in count():
        key = f"{BECAUSE}:{course}:{whose or '-'}:{nth}"
        training = await context.open(TRAINING.kind, BECAUSE, course, key=key, **no_party)
        if not training.again or await off_loop(under_way, training.number):
            return training.number, key
    raise AssertionError("some key is not used yet")


@on_move(TRAINING, "plan", "retest")
async def invite_trainee(context: ReactionContext) -> None:
    """Mail the trainee when his course takes place."""
    await _tell_trainee(context, "training_planned", due=when(datetime.fromisoformat(context.form["due_at"])))


@on_move(TRAINING, "certify")
async def replace_certificates(context: ReactionContext) -> None:
    """End the trainings whose certificate this one replaces."""
    of = await _variables(context)
    before = await off_loop(certificates_before, context.work.store, context.number, of["course"], of["trainee"])
    for number in before:
        await context.advance_other(number, "supersede", case=context.number)


@entering(TRAINING, RENEWAL_DUE)
async def tell_of_renewal(context: ReactionContext) -> None:
    """Mail the trainee that his certificate ends soon; the supervisor, whom the case awaits, has his own notice."""
    await _tell_trainee(context, "certificate_ends")


@entering(TRAINING, LAPSED)
async def list_open_cases(context: ReactionContext) -> None:
    """Record which open cases somebody without a certificate has; the supervisor decides, none is moved."""
    trainee = (await _variables(context))["trainee"]
    numbers = await off_loop(open_cases_of, context.work.store, trainee)
    listed = {"listed": " ".join(numbers[:LISTED])} if numbers else {}
    try:
        await context.advance("list_open_cases", open_cases=len(numbers), **listed)
    except Refused as refused:
        if refused.code not in LISTED_BEFORE:
            raise
    await _tell_trainee(context, "certificate_ended")


async def _tell_trainee(context: ReactionContext, template: str, **params: Any) -> None:
    of = await _variables(context)
    if not context.historic:
        await tell_person(context, of["trainee"], template, course=of["course"], **params)


async def _variables(context: ReactionContext) -> dict[str, Any]:
    return context.table.resolver.variables(json.loads((await context.case()).variables))
