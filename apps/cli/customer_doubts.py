"""Shows what is doubtful of a customer: what cannot be used of his contact, and who else he may be."""

from collections.abc import Iterable
from typing import Any

from apps.cli.context import cli
from locales.translation import label
from reports.same_person import SamePersonQuestion


def customer_doubts(unusable: Iterable[str], questions: Iterable[SamePersonQuestion]) -> list[tuple[str, str]]:
    """Return the doubts about a case's customer, as pairs of name and value."""
    rows = [(cli.translate("customer.unusable"), unusable_text(code)) for code in unusable]
    return rows + [(cli.translate("customer.same_person"), _question_text(question)) for question in questions]


def unusable_text(code: str) -> str:
    """Return which number or address cannot be used, and why: "phone_masked"."""
    field, _, quality = code.partition("_")
    return cli.translate(
        "customer.unusable_text",
        field=label(cli.locale, "", "identifier_field", field),
        why=label(cli.locale, "", "identifier", quality),
    )


def why_text(question: SamePersonQuestion) -> str:
    """Return what two customers have in common."""
    return ", ".join(label(cli.locale, "", "identifier_field", field) for field in question.why)


def question_document(question: SamePersonQuestion) -> dict[str, Any]:
    """Return a question for programs."""
    return {"case": question.case, "other": question.other, "why": list(question.why), "asked_at": question.asked_at}


def _question_text(question: SamePersonQuestion) -> str:
    name = question.other_name or cli.translate("desk.unnamed")
    return cli.translate("customer.question", other=question.other, name=name, why=why_text(question))
