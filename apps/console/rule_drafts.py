"""The pages of drafts: edited, compared, previewed, submitted, approved by another person or declined."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response

from apps.api.problems import status_of
from apps.console.rule_forms import DeclineForm, DraftForm, NewDraftForm, SubmitForm
from apps.console.rules import clause_label, may_draft, rules_page
from apps.console.visit import Sent, Visit, Visiting
from apps.principal_reports import refuse_others
from apps.principal_rule_preview import preview_seen
from apps.principal_rules import DECIDES_RULES, draft_seen
from apps.principal_whatif import draft_reckoning, whatif_seen
from apps.web.entries import Entries
from apps.web.form_entries import filled
from apps.web.form_fields import NO_CHOICES, FormReader, form_fields
from engine.rules.drafts import (
    approve_draft,
    decline_draft,
    discard_draft,
    save_draft,
    start_draft,
    submit_draft,
    take_back_draft,
)
from engine.rules.in_force import Sort
from locales.translation import fault_text, refusal
from locales.zone import reader_zone
from models.columns import from_micros
from reports.whatif.whatif_text import changed_table, clause_table, load_table, remarks, sentences
from statemachines.refused import Refused

router = APIRouter(prefix="/rules/drafts")

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
PLAIN_ACTS = {"take-back": take_back_draft, "discard": discard_draft, "approve": approve_draft}
"""The acts on a draft that need no form."""


@router.post("")
def start(visit: Visiting, entries: Sent) -> Response:
    """Begin a draft with the text in force."""
    refuse_others(visit.principal, DECIDES_RULES)
    given = entries.given()
    try:
        form = filled(NewDraftForm, given, reader_zone())
        if form.rule_sort not in set(Sort):
            raise Refused("unknown_rule", name=form.rule_sort[:40])
        handle, at = visit.principal.actor.handle, visit.working_time()
        draft_id = start_draft(visit.store, Sort(form.rule_sort), form.rule_name, handle, at)
    except Refused as refused:
        return rules_page(visit, given, status_of(refused), refused, refusal(visit.locale, refused))
    return visit.go_to(f"/rules/drafts/{draft_id}")


@router.get("/{draft_id}")
def show_draft(draft_id: Id, visit: Visiting) -> HTMLResponse:
    """Show a draft, its faults, how it differs from what is in force, and what may be done with it."""
    return _page(visit, draft_id)


@router.post("/{draft_id}")
def save(draft_id: Id, visit: Visiting, entries: Sent) -> Response:
    """Keep the text, faults included."""
    refuse_others(visit.principal, DECIDES_RULES)
    text = entries.get("rule_text", "").replace("\r\n", "\n")
    handle, at = visit.principal.actor.handle, visit.working_time()
    try:
        save_draft(visit.store, draft_id, _revision(entries), text, handle, at)
    except Refused as refused:
        return _page(visit, draft_id, {"rule_text": text}, refused)
    return visit.go_to(f"/rules/drafts/{draft_id}?done=draft_saved")


@router.post("/{draft_id}/submit")
def submit(draft_id: Id, visit: Visiting, entries: Sent) -> Response:
    """Submit the text that was saved, with a reason and a day."""
    refuse_others(visit.principal, DECIDES_RULES)
    given, handle, zone = entries.given(), visit.principal.actor.handle, reader_zone()
    try:
        form, at = filled(SubmitForm, given, zone), visit.working_time()
        revision = _revision(entries)
        submit_draft(visit.store, draft_id, revision, handle, at, form.reason, form.effective_on, zone)
    except Refused as refused:
        return _page(visit, draft_id, given, refused)
    return visit.go_to(f"/rules/drafts/{draft_id}?done=draft_submitted")


@router.post("/{draft_id}/decline")
def decline(draft_id: Id, visit: Visiting, entries: Sent) -> Response:
    """Decline a draft of somebody else, with a reason."""
    refuse_others(visit.principal, DECIDES_RULES)
    given, handle = entries.given(), visit.principal.actor.handle
    try:
        form = filled(DeclineForm, given, reader_zone())
        decline_draft(visit.store, draft_id, _revision(entries), handle, visit.working_time(), form.reason)
    except Refused as refused:
        return _page(visit, draft_id, given, refused)
    return visit.go_to(f"/rules/drafts/{draft_id}?done=draft_declined")


@router.post("/{draft_id}/{act}")
def act_on_draft(draft_id: Id, act: Annotated[str, Path(max_length=10)], visit: Visiting, entries: Sent) -> Response:
    """Take a draft back, discard it, or approve that of somebody else."""
    refuse_others(visit.principal, DECIDES_RULES)
    if act not in PLAIN_ACTS:
        raise Refused("unknown_address")
    try:
        handle, at = visit.principal.actor.handle, visit.working_time()
        PLAIN_ACTS[act](visit.store, draft_id, _revision(entries), handle, at)
    except Refused as refused:
        return _page(visit, draft_id, {}, refused)
    return visit.go_to(f"/rules/drafts/{draft_id}?done=draft_{act.replace('-', '_')}")


@router.get("/{draft_id}/preview")
def preview(draft_id: Id, visit: Visiting) -> HTMLResponse:
    """Show which deadlines of open cases the draft would move."""
    draft, effect = preview_seen(visit.store, visit.principal, draft_id, visit.at)
    return visit.page("rule_preview.html", draft=draft, effect=effect)


@router.get("/{draft_id}/past")
def past(draft_id: Id, visit: Visiting) -> HTMLResponse:
    """Show what the draft would have done to the promises of the past."""
    zone = reader_zone()
    draft, asked = draft_reckoning(visit.store, visit.principal, draft_id, visit.at)
    [result] = whatif_seen(visit.store, asked, visit.at, zone)
    tables = [
        clause_table([result], visit.locale),
        changed_table(result.first, visit.locale, lambda at: f"{from_micros(at).astimezone(zone):%Y-%m-%d %H:%M}"),
        load_table(result, visit.locale, only_changed=True),
    ]
    said, remarked = list(sentences(result, visit.locale)), list(remarks(result, visit.locale))
    return visit.page("rule_past.html", draft=draft, said=said, tables=tables, remarked=remarked)


def _revision(entries: Entries) -> int:
    """Return the revision that the form was drawn for; none where it cannot be read."""
    text = entries.text("_seq")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _page(
    visit: Visit, draft_id: int, entries: dict[str, str] | None = None, refused: Refused | None = None
) -> HTMLResponse:
    seen, given = draft_seen(visit.store, visit.principal, draft_id, visit.at), entries or {}
    draft, reader = seen.draft, FormReader(visit.locale, "", NO_CHOICES)
    mine = draft.made_by == visit.principal.actor.handle
    text = {"rule_text": given.get("rule_text", draft.content)}
    values = {
        "may_edit": may_draft(visit) and mine,
        "may_decide": may_draft(visit) and not mine,
        "faults": [(each.line, fault_text(visit.locale, each.fault)) for each in seen.faults],
        "text_fields": form_fields(DraftForm, reader, text, refused),
        "submit_fields": form_fields(SubmitForm, reader, given, refused),
        "decline_fields": form_fields(DeclineForm, reader, given, refused),
        "why": refusal(visit.locale, refused) if refused else "",
        "clause_of": lambda clause: clause_label(visit.locale, clause),
        "micros": from_micros,
    }
    return visit.page("rule_draft.html", status_of(refused) if refused else 200, seen=seen, draft=draft, **values)
