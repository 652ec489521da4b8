"""The route that lists and searches cases."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from apps.api.caller import Called
from apps.api.case_documents import CaseDocument, Input
from apps.api.responses import READ
from engine.access.principal import Scope
from engine.entry_checks import check_instant
from reports.case_parts import Sort
from reports.case_search import MOST, CaseQuery, search
from statemachines.form_model import Code
from statemachines.forms import Severity

router = APIRouter(prefix="/cases", tags=["cases"])


class CaseListQuery(Input):
    """Which cases to list. What is left out does not restrict; of a repeated parameter any value is admitted."""

    kind: list[Code] = Field(default_factory=list, max_length=20, description="A kind or a nature; may be repeated.")
    state: list[Code] = Field(default_factory=list, max_length=50, description="May be repeated.")
    department: Code | None = None
    owner: str | None = Field(default=None, max_length=100)
    severity: Severity | None = None
    level: int | None = Field(default=None, ge=0, le=3)
    closed: bool = Field(default=False, description="Closed cases instead of open ones.")
    all: bool = Field(default=False, description="Open and closed cases.")
    overdue: bool | None = None
    opened_from: AwareDatetime | None = None
    opened_until: AwareDatetime | None = None
    text: str = Field(default="", max_length=200, description="Words in Chinese or English, or the number of a case.")
    sort: Sort = Sort.OPENED
    newest_first: bool = True
    limit: int = Field(default=50, ge=1, le=MOST)
    cursor: str | None = Field(default=None, max_length=500, description="The `next_cursor` of the page before.")

    def query(self) -> CaseQuery:
        """Return the query of the store. Raises ``Refused('impossible_instant')``."""
        for instant in (self.opened_from, self.opened_until):
            check_instant(instant)
        return CaseQuery(
            kinds=tuple(self.kind), states=tuple(self.state), department=self.department, owner=self.owner,
            severity=self.severity, level=self.level, closed=None if self.all else self.closed,
            overdue=self.overdue, opened_from=self.opened_from, opened_until=self.opened_until, text=self.text,
            sort=self.sort, newest_first=self.newest_first, limit=self.limit,
        )  # fmt: skip


class CaseList(BaseModel):
    """One page of cases. Opening or moving cases between two requests does not shift the following pages."""

    at: datetime = Field(description="The instant at which the page was read.")
    cases: list[CaseDocument]
    next_cursor: str | None = Field(description="The cursor of the next page; null after the last one.")


@router.get("", responses=READ)
def list_cases(query: Annotated[CaseListQuery, Query()], caller: Called) -> CaseList:
    """List the cases that the caller may read, page by page."""
    caller.needs(Scope.READ_CASES)
    with caller.store.looking() as tx:
        page = search(tx, caller.principal, query.query(), caller.at, query.cursor)
    cases = [CaseDocument.of(case, caller.locale) for case in page.cases]
    return CaseList(at=caller.at, cases=cases, next_cursor=page.next_cursor)
