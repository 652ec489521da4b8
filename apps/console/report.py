"""The page of the morning report: what is overdue, the day against the week before, departments, causes."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from apps.console.queue_links import queue_address
from apps.console.visit import Visiting
from apps.principal_morning import due_today, report_seen
from apps.variable_views import yuan
from reports.day_forecast_text import counts, probability_text
from reports.duty_text import alert_texts
from reports.markdown import SHOWN
from reports.morning_report import TRENDS, by_department
from reports.overdue_text import groups, role_and_people

router = APIRouter()


@router.get("/report")
def show_report(visit: Visiting) -> HTMLResponse:
    """Show the morning report as of now."""
    seen, locale = report_seen(visit.store, visit.principal, visit.at), visit.locale
    money = {name: yuan(locale, getattr(seen.money, name)) for name in ("claimed", "recovered", "outstanding")}
    return visit.page(
        "report.html",
        seen=seen,
        report=seen.report,
        late=groups(seen.report.overdue_cases, visit.at, locale),
        due=due_today(seen.report)[:SHOWN],
        raised=seen.report.raised[:SHOWN],
        unwatched=by_department(seen.report.unwatched),
        trends=TRENDS,
        money=money,
        queue=queue_address,
        counts_of=counts,
        probability_of=probability_text,
        shown=SHOWN,
        texts_of=lambda alert: alert_texts(alert, locale),
        people=lambda case: role_and_people(case.role, case.asked, case.vacant, locale),
    )
