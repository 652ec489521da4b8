"""Brings people of the tests to a certificate; the store has hera of HR and quin of the quality team."""

from engine.commands.advance import advance
from engine.commands.command import Command
from engine.commands.open_case import Opening, open_case
from engine.store import Store
from tests.case_actions import START, SUPERVISOR, contact


def certify(store: Store, trainee: str, course: str = "service", **dates: str) -> str:
    """Train and certify somebody of the claims department at ``START``; return the number of the training."""
    number = open_case(store, Opening(contact(), "training", actor=SUPERVISOR), START).number
    exam = {"theory": 80, "practice": 70, "attitude": 90, "evidence": "The papers."}
    for by, move, form in (
        (SUPERVISOR, "propose", {"course": course, "trainee": trainee, "department": "claims"}),
        ("hera", "plan", {"due_at": "2026-03-20T09:00:00+08:00"}),
        ("quin", "attend", {"attended": 8, "held_at": START.isoformat()}),
        ("quin", "examine", exam),
        ("hera", "certify", dates),
    ):
        advance(store, Command(number, move, form, actor=by), START)
    return number
