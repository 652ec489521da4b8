"""Shows what is doubtful of a customer: what cannot be used of his contact, who else he may be, where mails go."""

from collections.abc import Iterable
from typing import Any

from apps.cli.context import cli
from reports.case_customer import common_text, letters_text, remedy_text, unusable_text
from reports.same_person import SamePersonQuestion


def customer_doubts(unusable: Iterable[str], questions: Iterable[SamePersonQuestion]) -> list[tuple[str, str]]:
    """Return the doubts about a case's customer, as pairs of name and value."""
    rows = [(cli.translate("customer.unusable"), unusable_text(cli.locale, code)) for code in unusable]
    return rows + [(cli.translate("customer.same_person"), _question_text(question)) for question in questions]


def letters_row(email: str | None) -> tuple[str, str]:
    """Return where the messages of a case go, as a pair of name and value."""
    where = letters_text(cli.locale, email is not None)
    return cli.translate("customer.letters"), f"{email} · {where}" if email else where


def question_document(question: SamePersonQuestion) -> dict[str, Any]:
    """Return a question for programs."""
    return {"case": question.case, "other": question.other, "why": list(question.why), "asked_at": question.asked_at}


def _question_text(question: SamePersonQuestion) -> str:
    name, common = question.other_name or cli.translate("desk.unnamed"), common_text(cli.locale, question)
    text = cli.translate("customer.question", other=question.other, name=name, why=common)
    return f"{text} {remedy_text(cli.locale, question)}"
