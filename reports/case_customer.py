"""What is doubtful of a case's customer, in words: what of his contact cannot be used, who else he may be (A9).

The words name cases and what two customers have in common, never a number, an address or a name: Prefect shows them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.transaction import Tx
from locales.translation import label, translate
from reports.same_person import SamePersonQuestion, questions_of
from statemachines.kinds import lifecycle_of

OPENING = "SELECT form FROM transition WHERE case_id = :case_id AND seq = 1"
ADDRESS = "SELECT p.email FROM cases c JOIN party p ON p.id = c.party_id WHERE c.id = :case_id"


@dataclass(frozen=True, slots=True)
class CaseCustomer:
    """Whether messages to the customer of a case have an address, what cannot be used, and who else he may be.

    ``unusable`` holds codes, as "phone_masked".
    """

    has_address: bool
    unusable: Sequence[str]
    questions: Sequence[SamePersonQuestion]


def customer_of(tx: Tx, case_id: int, number: str, kind: str) -> CaseCustomer | None:
    """Return what is known of the customer of a case; None for an internal case, which has none."""
    if lifecycle_of(kind).internal:
        return None
    address = tx.row(ADDRESS, case_id=case_id)
    return CaseCustomer(
        has_address=address is not None and address.email is not None,
        unusable=opening_codes(tx, case_id, "unusable"),
        questions=questions_of(tx, case_id, number),
    )


def opening_codes(tx: Tx, case_id: int, field: str) -> list[str]:
    """Return the codes that a field of the first transition holds."""
    row = tx.row(OPENING, case_id=case_id)
    return [] if row is None else str(json.loads(row.form).get(field, "")).split()


def unusable_text(locale: str, code: str) -> str:
    """Return which number or address cannot be used, and why: "phone_masked"."""
    field, _, quality = code.partition("_")
    return translate(
        locale,
        "cli.customer.unusable_text",
        field=label(locale, "", "identifier_field", field),
        why=label(locale, "", "identifier", quality),
    )


def common_text(locale: str, question: SamePersonQuestion) -> str:
    """Return what two customers have in common."""
    return ", ".join(label(locale, "", "identifier_field", field) for field in question.why)


def remedy_text(locale: str, question: SamePersonQuestion) -> str:
    """Return the commands that answer a question, to be copied."""
    cases = {"case": question.case, "other": question.other}
    return translate(locale, "cli.customer.remedy", **cases)


def letters_text(locale: str, has_address: bool) -> str:
    """Return where the messages of a case go: to its own address, whoever else its customer may be."""
    return translate(locale, f"cli.customer.{'letters_own' if has_address else 'letters_nobody'}")


def doubts(customer: CaseCustomer, locale: str) -> Iterator[str]:
    """Yield a line of Markdown for each doubt about a customer."""
    yield from (f"- {unusable_text(locale, code)}" for code in customer.unusable)
    for question in customer.questions:
        common = common_text(locale, question)
        text = translate(locale, "story.same_person", other=question.other, why=common)
        yield f"- {text} {remedy_text(locale, question)}"
