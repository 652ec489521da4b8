"""Reactions to appraisals (E6, E4): compute the figures, tell the person, and open a case for his appeal."""

import json

from flows.notifications import tell_person
from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, on_move
from flows.reactions.violation import APPEAL, maker_of
from flows.work import off_loop
from models.columns import from_micros
from reports.appraisal_parts import figures_recorded
from reports.appraisals import LISTED, appraise
from statemachines.appraisal import APPRAISAL, COMMISSIONED
from statemachines.refused import Refused


@entering(APPRAISAL, COMMISSIONED)
async def compute_appraisal(context: ReactionContext) -> None:
    """Compute the figures from what had been recorded when they were asked for, or say why there are none."""
    case, event = await context.case(), context.event
    of = json.loads(case.variables)
    try:
        found = await off_loop(
            appraise, context.work.store, case.pack, of["appraised"], of["period"], event.recorded_at
        )
    except Refused as refused:
        await context.advance("not_computed", code=refused.code)
        return
    listed = {"listed": " ".join(found.cases[:LISTED])} if found.cases else {}
    await context.advance(
        "draw_up",
        as_of=from_micros(event.recorded_at).isoformat(),
        edition=found.edition,
        appraisal_score=found.score,
        observed=found.observed,
        figures=figures_recorded(found.parts),
        cases_behind=len(found.cases),
        **listed,
    )


@on_move(APPRAISAL, "draw_up")
async def show_appraisal(context: ReactionContext) -> None:
    """Mail the person that his appraisal can be read, and disputed."""
    appraised = json.loads((await context.case()).variables)["appraised"]
    if not context.historic:
        await tell_person(context, appraised, "appraisal_shown")


@on_move(APPRAISAL, "appeal")
async def lodge_appeal_against_appraisal(context: ReactionContext) -> None:
    """Open a case for the appeal of the person appraised."""
    lodged = await context.open(APPEAL, APPEAL, await context.statement("grounds"))
    appellant = await off_loop(maker_of, context.work.store, context.event.case_id, context.event.seq)
    await context.advance_other(lodged.number, "take_up", about=context.number, appellant=appellant)
