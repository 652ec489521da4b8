"""The pages of the system: the first page of administrators, the health of each part, what the classifier learned."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from apps.console.visit import Sent, Visit, Visiting
from apps.principal_reports import OPERATES, WATCHES, refuse_others
from apps.sandbox import is_offered, load_sandbox, people_to_play
from apps.status import check_health
from classifier import training_report
from classifier.model_file import newest_model
from classifier.training import train_from

router = APIRouter()

PAGES = {"outbox": ("dead_letters",), "notices": ("people", "dead_letters")}
"""Where an administrator mends a part of the system that is in trouble: the names of pages."""


@router.get("/admin")
def show_administration(visit: Visiting) -> HTMLResponse:
    """Show what an administrator looks after, with the health of each part of the system."""
    refuse_others(visit.principal, WATCHES)
    operates = bool(visit.principal.actor.roles & OPERATES)
    parts = [
        (part, part.text(visit.locale, on_page=True), PAGES.get(part.part, ()) if operates and not part.ok else ())
        for part in check_health(visit.settings, visit.store)
    ]
    offered = operates and is_offered(visit.store)
    players = people_to_play(visit.store) if operates and visit.request.app.state.sandbox.loaded() else []
    return visit.page("admin.html", parts=parts, operates=operates, offered=offered, players=players)


@router.post("/sandbox")
def fill_sandbox(visit: Visiting, _sent: Sent) -> Response:
    """Fill an empty store with invented contacts and people, to look around."""
    refuse_others(visit.principal, OPERATES)
    load_sandbox(visit.store, visit.working_time())
    return visit.go_to("/admin?done=sandbox")


@router.get("/classifier")
def show_classifier(visit: Visiting) -> HTMLResponse:
    """Show what the classifier learned from, and how often it is right."""
    refuse_others(visit.principal, OPERATES)
    return _classifier(visit, "")


@router.post("/classifier/train")
def train(visit: Visiting, _sent: Sent) -> Response:
    """Let the classifier learn from what people decided; a model that is worse is not taken."""
    refuse_others(visit.principal, OPERATES)
    trained = train_from(visit.store, [], visit.working_time())
    return _classifier(visit, training_report.render(trained, visit.locale))


def _classifier(visit: Visit, report: str) -> HTMLResponse:
    newest = newest_model(visit.settings.where)
    about = newest.found.about if newest.found else {}
    figures = [(name, value) for name, value in about.items() if isinstance(value, str | int | float)]
    return visit.page("classifier.html", version=newest.name if newest.found else "", figures=figures, report=report)
