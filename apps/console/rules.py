"""The pages of rules in force: packs, calendars and questionnaires, their gaps, editions and interpretations."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import HTMLResponse

from apps.api.problems import status_of
from apps.console.rule_forms import InterpretationForm, NewDraftForm
from apps.console.rule_names import labels_of_rules
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_reports import refuse_others
from apps.principal_rules import DECIDES_RULES, SeenRule, rule_seen, rules_seen
from apps.variable_views import yuan
from apps.web.form_entries import filled
from apps.web.form_fields import Choices, FormField, FormReader, form_fields
from engine.rules.in_force import Sort
from engine.rules.interpretations import interpret, interpretable
from engine.rules.limits import Limit
from engine.rules.pack_sections import Bound
from locales.translation import label, refusal, translate
from locales.zone import reader_zone
from models.columns import from_micros
from statemachines.kinds import lifecycles
from statemachines.refused import Refused

router = APIRouter(prefix="/rules")

Name = Annotated[str, Path(max_length=40)]


@router.get("")
def list_rules(visit: Visiting) -> HTMLResponse:
    """List every rule in force, and the drafts."""
    return rules_page(visit, {})


@router.get("/{sort}/{name}")
def show_rule(sort: Sort, name: Name, visit: Visiting) -> HTMLResponse:
    """Show a rule in force: what it says, what it leaves open, its editions and how its clauses are read."""
    return _rule_page(visit, sort, name)


@router.post("/pack/{name}/interpretations")
def record_interpretation(name: Name, visit: Visiting, entries: Sent) -> Response:
    """Record how a clause of a pack is read; the evaluation group does."""
    refuse_others(visit.principal, DECIDES_RULES)
    given, handle = entries.given(), visit.principal.actor.handle
    try:
        form = filled(InterpretationForm, given, reader_zone())
        interpret(visit.store, name, form.clause, form.reading, handle, visit.working_time())
    except Refused as refused:
        return _rule_page(visit, Sort.PACK, name, given, refused)
    return visit.go_to(f"/rules/pack/{name}?done=interpreted#interpretations")


def _rule_page(
    visit: Visit, sort: Sort, name: str, entries: dict[str, str] | None = None, refused: Refused | None = None
) -> HTMLResponse:
    """Return the page of a rule; ``entries`` are what was typed into the form of an interpretation."""
    seen = rule_seen(visit.store, visit.principal, sort, name, visit.at)
    fields, why = list[FormField](), ""
    if seen.pack is not None and may_draft(visit):
        clauses = [(clause, clause_label(visit.locale, clause)) for clause in interpretable(seen.pack)]
        reader = FormReader(visit.locale, "", Choices(by_name={"clause": clauses}))
        fields = form_fields(InterpretationForm, reader, entries or {}, refused)
        why = refusal(visit.locale, refused, on_web=True) if refused else ""
    return visit.page(
        "rule.html", status_of(refused) if refused else 200, rule=seen, limits=list(_limits(visit, seen)),
        bounds=_bounds(visit, seen), clause_of=lambda clause: clause_label(visit.locale, clause), micros=from_micros,
        may_draft=may_draft(visit), fields=fields, why=why, label_of=labels_of_rules(visit),
    )  # fmt: skip


def rules_page(
    visit: Visit, entries: dict[str, str], status: int = 200, refused: Refused | None = None, why: str = ""
) -> HTMLResponse:
    """Return the page that lists the rules, with the form of a new draft."""
    rules, drafts = rules_seen(visit.store, visit.principal, visit.at)
    sorts = [(sort.value, visit.text(f"rules.sort_{sort.value}")) for sort in Sort]
    label_of = labels_of_rules(visit)
    names = [(rule.name, label_of(rule.sort, rule.name)) for rule in rules]
    reader = FormReader(visit.locale, "", Choices(by_name={"rule_sort": sorts}, proposed={"rule_name": names}))
    fields = form_fields(NewDraftForm, reader, entries, refused)
    return visit.page(
        "rules.html", status, rules=rules, drafts=drafts, fields=fields, why=why, sorts=list(Sort),
        micros=from_micros, may_draft=may_draft(visit), label_of=label_of,
    )  # fmt: skip


def may_draft(visit: Visit) -> bool:
    """Return whether the visitor drafts and decides, and does not only read."""
    return bool(visit.principal.actor.roles & DECIDES_RULES)


def clause_label(locale: str, clause: str) -> str:
    """Return the label of a clause, by the first kind of case that has it."""
    kind = next((kind for kind, table in lifecycles().items() if clause in table.clause), "")
    return label(locale, kind, "clause", clause)


def _limits(visit: Visit, seen: SeenRule) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield label, traits, limit, calendar and source of each limit of a pack, overrides for some cases included."""
    for clause, limit in seen.pack.clauses.items() if seen.pack else ():
        name = clause_label(visit.locale, clause)
        yield name, "", _limit(visit, limit), limit.calendar, limit.source
        for override in limit.when:
            whole = limit.overridden(override)
            traits = ", ".join(label(visit.locale, "", trait, value) for trait, value in override.traits.items())
            yield name, traits, _limit(visit, whole), whole.calendar, whole.source


def _limit(visit: Visit, limit: Limit) -> str:
    if limit.contradicts is not None:
        return translate(visit.locale, "cli.policy.reason.contradictory")
    if limit.blank:
        return translate(visit.locale, "cli.policy.reason.blank")
    return f"{limit.amount} {translate(visit.locale, f'unit.{limit.unit}')}"


def _bounds(visit: Visit, seen: SeenRule) -> list[tuple[str, str, str]]:
    bounds = seen.pack.bounds if seen.pack else {}
    return [(name, _amount(visit, bound), bound.source) for name, bound in bounds.items()]


def _amount(visit: Visit, bound: Bound) -> str:
    if bound.amount is None:
        return translate(visit.locale, "cli.policy.reason.blank")
    if bound.of == "fen":
        return yuan(visit.locale, bound.amount)
    return f"{bound.amount} {translate(visit.locale, f'unit.{bound.of}')}"
