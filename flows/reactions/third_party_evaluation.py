"""Reactions to a third party's evaluation (E1): compare its scores, and open a finding where there is a gap."""

import json

from flows.reaction_context import ReactionContext
from flows.reaction_registry import entering, on_move
from flows.work import off_loop
from locales.translation import translate
from models.columns import from_micros
from reports.indicators.names import indicator_names_at
from reports.markdown import department as department_name
from reports.third_party import ComparedScore, Verdict, compared, rows_read, rows_recorded
from reports.third_party_text import comparison_text
from statemachines.finding import FINDING
from statemachines.refused import Refused
from statemachines.third_party_evaluation import SCORED, THIRD_PARTY_EVALUATION

GAP = "third_party_gap"
"""The relation of a finding to the evaluation whose scores it is about."""


@entering(THIRD_PARTY_EVALUATION, SCORED)
async def compare_scores(context: ReactionContext) -> None:
    """Compare the scores with what had been recorded when they were handed in, or say why that cannot be done."""
    case, event, form = await context.case(), context.event, context.form
    try:
        found = await off_loop(
            compared, context.work.store, case.pack, form["period"], form["scores"], event.recorded_at
        )
    except Refused as refused:
        await context.advance("not_compared", code=refused.code)
        return
    await context.advance(
        "compare",
        figures_at=from_micros(event.recorded_at).isoformat(),
        edition=found.edition,
        gap_limit=found.gap_limit,
        gaps=len(found.gaps),
        comparison=rows_recorded(found.rows),
    )


@on_move(THIRD_PARTY_EVALUATION, "compare")
async def open_findings(context: ReactionContext) -> None:
    """Open one finding for each department with a gap; corrected scores open none for a department that has one."""
    gaps: dict[str, list[ComparedScore]] = {}
    for row in rows_read(context.form["comparison"]):
        if row.verdict is Verdict.GAP:
            gaps.setdefault(row.department, []).append(row)
    for department, rows in gaps.items():
        await _open_finding(context, department, rows)


async def _open_finding(context: ReactionContext, department: str, rows: list[ComparedScore]) -> None:
    of, locale = json.loads((await context.case()).variables), context.work.locale
    names = await off_loop(indicator_names_at, context.work.store, await context.work.now())
    recorded, key = rows_recorded(rows), f"{GAP}:{context.number}:{department}"
    words = {"department": department_name(locale, department), "period": of["period"], "assessor": of["assessor"]}
    text = (
        translate(locale, "third_party_evaluation.text.gap", **words) + "\n" + comparison_text(locale, recorded, names)
    )
    fields = ("figures_at", "gap_limit")
    form = {"department": department, "period": of["period"], "gaps": recorded, **{n: context.form[n] for n in fields}}
    try:
        finding = await context.open(FINDING.kind, GAP, text, key=key)
        await context.advance_other(finding.number, "report_gaps", key=key, **form)
    except Refused as refused:
        if refused.code != "key_reused":  # the department has its finding of this evaluation
            raise
