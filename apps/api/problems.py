"""Render refusals as problem documents (RFC 9457): the status, our code, the reason with its remedy, the language."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from apps.api.languages import content_language
from locales.translation import fault_text, refusal
from statemachines.refused import Refused

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:closeloop:refusal:"

_BY_STATUS: dict[int, tuple[str, ...]] = {
    HTTPStatus.BAD_REQUEST: (
        "bad_json", "bad_upload", "repeated_json_key", "json_too_deep", "token_in_url", "bad_key", "bad_header",
    ),
    HTTPStatus.UNAUTHORIZED: (
        "token_missing", "token_invalid", "session_ended", "log_in_refused", "oidc_refused", "oidc_unknown",
        "seal_broken", "bad_signature",
    ),
    HTTPStatus.FORBIDDEN: (
        "actor_absent", "actor_disabled", "not_administrator", "not_a_person", "not_evaluation_group", "not_in_charge",
        "own_boss", "own_deputy", "own_work", "recused", "role", "scope_missing", "timer_only", "took_part",
        "csrf_refused", "second_factor_required", "attachment_masked", "may_not_unmask",
        "export_whole", "not_own_draft", "own_draft", "own_contact", "own_sheet", "not_alerted",
    ),
    HTTPStatus.NOT_FOUND: (
        "attachment_erased", "oidc_off", "portal_no_file", "unknown_address", "unknown_arrival", "unknown_attachment",
        "unknown_indicator", "care_link_unknown", "alert_link_unknown",
        "unknown_case", "unknown_identity", "unknown_order",
        "unknown_contact", "unknown_draw", "unknown_survey", "unknown_session",
        "unknown_sheet", "unknown_draft", "unknown_rule", "unknown_text", "unknown_token", "unknown_webhook",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed",),
    HTTPStatus.NOT_ACCEPTABLE: ("not_acceptable",),
    HTTPStatus.REQUEST_TIMEOUT: ("body_too_slow",),
    HTTPStatus.CONFLICT: (
        "case_not_closed", "code_goes_by_mail", "no_customer_to_prove", "too_many_attachments", "answered_already",
        "no_contacts", "no_objection", "unknown_call", "nobody_to_ask", "not_on_duty", "duty_in_the_past", "no_alert",
        "survey_called_off", "survey_over",
        "objected_already",
        "after_the_end", "before_the_case", "blank_bound", "draft_decided", "draft_not_submitted", "draft_submitted",
        "draft_unchanged", "due_passed", "guard", "likely_duplicate", "no_consent",
        "no_customer_address", "no_follow_up", "no_such_promise", "no_such_timer", "not_dead",
        "not_mergeable", "not_now", "other_content", "promise_kept", "superseded",
    ),
    HTTPStatus.PRECONDITION_FAILED: ("draft_changed", "sheet_changed", "stale"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("attachment_too_large", "body_too_large"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("attachment_type", "media_type"),
    HTTPStatus.TOO_MANY_REQUESTS: ("rate_limited",),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "attachments_away", "bad_channels",
        "busy", "clock_back", "clock_behind", "clock_differs", "clock_far", "clock_jumped", "contended",
        "database_away", "disk_failed", "disk_full", "lifecycle_unsafe", "lost_clause", "lost_state", "no_store",
        "oidc_away", "other_secret", "read_only", "schema_newer", "schema_older", "store_in_use", "store_upgrading",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("attachment_altered", "attachment_missing", "bad_attachments_url", "unexpected"),
}  # fmt: skip
STATUS_OF = {code: status for status, codes in _BY_STATUS.items() for code in codes}
"""The status of each refusal that is no fault of the entries; those are 422."""
INTERNAL = frozenset({
    "bad_channels", "busy", "database_away", "disk_failed", "disk_full", "no_store", "other_secret", "read_only",
    "schema_newer", "schema_older", "store_in_use", "store_upgrading", "unexpected",
})  # fmt: skip
"""Refusals whose parameters name folders and hosts of this machine, which a caller is not told."""
RETRY_SECONDS = 5
"""After how many seconds a caller may try again what the database could not do."""


class Fault(BaseModel):
    """A faulty field of a body or of the query."""

    model_config = ConfigDict(json_schema_extra={"example": {"field": "text", "code": "missing", "detail": "required"}})

    field: str
    code: str
    detail: str


class Problem(BaseModel):
    """Why a request was refused, and what to do (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:closeloop:refusal:unknown_case",
                "title": "Not Found",
                "status": 404,
                "code": "unknown_case",
                "detail": "There is no case cp-26-000099, or you may not see it. Check the number.",
                "request_id": "5f0c1e2d3b4a59687786958493a2b1c0",
            }
        }
    )

    type: str = Field(description="A URN that names the code.")
    title: str = Field(description="The phrase of the status.")
    status: int
    code: str = Field(description="The code of the refusal; it does not change between releases.")
    detail: str = Field(description="The reason and the remedy, in the language of the answer.")
    request_id: str = Field(description="The id of this request, also in the header X-Request-Id.")
    errors: list[Fault] | None = Field(default=None, description="The faulty fields.")
    allowed: list[str] | None = Field(default=None, description="The moves that are possible now.")


def status_of(refused: Refused) -> int:
    """Return the HTTP status of a refusal."""
    return int(STATUS_OF.get(refused.code, HTTPStatus.UNPROCESSABLE_ENTITY))


def problem(refused: Refused, locale: str, request_id: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer that refuses a request, with the headers that its status asks for."""
    document = problem_of(refused, locale, request_id)
    more = {"Content-Language": content_language(locale), **_headers(refused, document.status), **(headers or {})}
    return JSONResponse(document.model_dump(mode="json", exclude_none=True), document.status, more, MEDIA_TYPE)


def problem_of(refused: Refused, locale: str, request_id: str) -> Problem:
    """Return the problem document of a refusal."""
    status = status_of(refused)
    shown = Refused("unavailable") if refused.code in INTERNAL else refused
    return Problem(
        type=TYPE_PREFIX + refused.code,
        title=HTTPStatus(status).phrase,
        status=status,
        code=refused.code,
        detail=refusal(locale, shown, on_web=True),
        request_id=request_id,
        errors=_errors(refused, locale),
        allowed=refused.params.get("allowed"),
    )


def _errors(refused: Refused, locale: str) -> list[Fault] | None:
    faults: Any = refused.params.get("fields")
    if refused.code not in ("form", "bad_request") or not isinstance(faults, list):
        return None
    return [
        Fault(field=fault["field"], code=fault["why"], detail=fault_text(locale, fault, on_web=True))
        for fault in faults
    ]


def _headers(refused: Refused, status: int) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="closeloop"'}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return {"Retry-After": str(getattr(refused, "retry_after", RETRY_SECONDS))}
    return {}
