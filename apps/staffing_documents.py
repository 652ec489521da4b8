"""How many people keep which promise, as JSON for programs: the same at the command line and in the API."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from models.columns import from_micros
from reports.staffing.intervals import Forecast
from reports.staffing.self_check import Checked
from reports.staffing.staffing import Foreseen, Question, Staffing


def staffing_document(answer: Staffing, question: Question, at: datetime) -> dict[str, Any]:
    """Return the document: the check comes first, and ``silent`` says why figures are missing."""
    return {
        "at": at,
        "cases": answer.cases,
        "since": from_micros(answer.since) if answer.cases else None,
        "until": from_micros(answer.until) if answer.cases else None,
        "check": [_checked(each) for each in answer.checks],
        "silent": answer.silent,
        "unsaid": [{**_promise(promise), "reason": reason} for promise, reason in answer.unsaid.items()],
        "days": answer.days,
        "runs": question.runs,
        "seed": question.seed,
        "desks": [asdict(desk) for desk in answer.desks],
        "scenarios": [_scenario(each) for each in answer.foreseen],
        "target": question.target,
        "smallest": [
            {
                **_promise(each.promise), "more": each.more, "people": each.people,
                "forecast": _forecast(each.forecast),
            }
            for each in answer.smallest
        ],
        "left_out": answer.left_out,
    }  # fmt: skip


def _checked(each: Checked) -> dict[str, Any]:
    shares = {"kept": each.kept, "promises": each.promises, "share": round(each.share, 4)}
    return {**_promise(each.promise), "verdict": each.verdict, **shares, "foretold": _forecast(each.foretold)}


def _scenario(each: Foreseen) -> dict[str, Any]:
    promises = [{**_promise(promise), **(_forecast(said) or {})} for promise, said in each.promises.items()]
    return {**each.scenario._asdict(), "promises": promises}


def _promise(promise: tuple[str, str]) -> dict[str, str]:
    kind, clause = promise
    return {"kind": kind, "clause": clause}


def _forecast(said: Forecast | None) -> dict[str, float] | None:
    return None if said is None else {name: round(value, 4) for name, value in said._asdict().items()}
