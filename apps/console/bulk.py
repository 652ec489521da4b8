"""The page that moves many cases at once: choose them from a list, reassign or extend them, read each result."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from pydantic import model_validator

from apps.api.case_documents import kind_of_number
from apps.api.case_list import CaseListQuery
from apps.api.problems import status_of
from apps.console.visit import Sent, Visit, Visiting
from apps.form_choices import choices_of
from apps.principal_bulk import MOST, MOVES, BulkResult, ChosenCase, cases_to_move, clauses_of, move_chosen
from apps.web.entries import Entries
from apps.web.form_entries import form_values
from apps.web.form_fields import FormReader, form_fields
from locales.translation import label, refusal
from locales.zone import reader_zone
from reports.case_parts import Sort
from reports.case_search import CaseQuery
from statemachines.refused import Refused

router = APIRouter()


class BulkQuery(CaseListQuery):
    """Which cases to choose from, and what to do with them; parameters left blank do not restrict."""

    unowned: bool = False
    act: str = "assign"
    done: str = ""

    @model_validator(mode="before")
    @classmethod
    def without_blanks(cls, given: Any) -> Any:
        """Leave out what a form sent blank."""
        return {name: value for name, value in given.items() if value not in ("", [""])}

    def query(self) -> CaseQuery:
        """Return the query of the store: open cases, those first that are due first."""
        return replace(super().query(), unowned=self.unowned, closed=False, sort=Sort.DUE, limit=MOST)

    @property
    def move(self) -> str:
        """The move that is made of every chosen case."""
        return self.act if self.act in MOVES else "assign"


Filtered = Annotated[BulkQuery, Query()]


@router.get("/bulk")
def choose_cases(visit: Visiting, query: Filtered) -> HTMLResponse:
    """Show the cases from which to choose."""
    return _bulk(visit, query)


@router.post("/bulk")
def move_cases(visit: Visiting, query: Filtered, entries: Sent) -> Response:
    """Move every chosen case, and show what became of each; those that were refused stay chosen."""
    form = MOVES[query.move]
    chosen = [ChosenCase.parse(text) for text in dict.fromkeys(entries.all("number"))]
    given = {name: value for name, value in entries.given().items() if name in form.model_fields}
    values = form_values(form, given, reader_zone())
    try:
        at, key = visit.working_time(), entries.text("_key")
        results = move_chosen(visit.store, visit.principal, query.move, chosen, values, key, at)
    except Refused as refused:
        return _bulk(visit, query, entries, refused=refused)
    for result in results:
        if result.answer is not None:
            visit.figures.moved(kind_of_number(result.answer.number), query.move)
    return _bulk(visit, query, entries, results)


def _bulk(
    visit: Visit, query: BulkQuery, entries: Entries | None = None, results: list[BulkResult] | None = None,
    refused: Refused | None = None,
) -> HTMLResponse:  # fmt: skip
    page = cases_to_move(visit.store, visit.principal, query.query(), visit.at)
    locale, failed = visit.locale, [each.refused for each in results or [] if each.refused is not None]
    faulty = next((each for each in failed if each.code == "form"), None)
    if entries is None:
        selected = set[str]()
    elif results is None:
        selected = {ChosenCase.parse(text).number for text in entries.all("number")}
    else:
        selected = {each.chosen.number for each in results if each.refused is not None}
    choices = choices_of(visit.store, locale, "", visit.at)
    clauses = [(name, label(locale, kind, "clause", name)) for name, kind in clauses_of(page.cases)]
    reader = FormReader(locale, "", replace(choices, by_name={"clause": clauses}))
    typed = entries or {} if failed or refused else {}
    values: dict[str, Any] = {
        "query_filters": query,
        "act": query.move,
        "acts": list(MOVES),
        "cases": page.cases,
        "more": page.next_cursor is not None,
        "selected": selected,
        "fields": form_fields(MOVES[query.move], reader, typed, faulty),
        "results": results,
        "why": lambda each: refusal(locale, each, on_web=True),
        "error": _error(visit, refused),
        "departments": choices.departments,
        "people": choices.people,
    }
    worst = refused or (failed[0] if results and len(failed) == len(results) else None)
    return visit.page("bulk.html", status_of(worst) if worst else 200, **values)


def _error(visit: Visit, refused: Refused | None) -> str:
    """Return why nothing at all was done; empty where each case has a result of its own."""
    if refused is None:
        return ""
    return (
        visit.text("bulk.none_chosen") if refused.code == "bad_request" else refusal(visit.locale, refused, on_web=True)
    )
