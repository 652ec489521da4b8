"""The keyword rules classify plain complaints with confidence, and leave vague ones to a person (A3)."""

from pathlib import Path

import pytest

from classifier.keyword_rules import UNCLASSIFIED, classify, load_rules, rules, threshold
from gateways.contact_mapping import ContactMapping
from gateways.contacts import contacts
from gateways.mapping_file import load_mapping
from models.contact import Contact
from statemachines.forms import Severity
from statemachines.lifecycle import Refused

EXAMPLES = Path(__file__).parents[2] / "examples"
ABOUT = {
    "cargo_damage": (1, 2, 9, 12, 17, 24, 27, 32, 39, 47),
    "shortage": (4, 6, 21, 25, 46, 55, 58),
    "loss": (10, 20, 28, 38, 42, 59),
    "delay": (3, 13, 18, 19, 31, 33, 34, 36, 43, 52, 56),
    "attitude": (7, 11, 30, 41, 57),
    "charge": (5, 14, 26, 45, 49, 60),
    "misdelivery": (16, 37, 40, 48, 51),
    "tracking": (23, 29, 50, 53),
}
VAGUE = (8, 15, 22, 35, 44, 54)
PLAIN = [(number, category) for category, numbers in ABOUT.items() for number in numbers]

pytestmark = pytest.mark.requirement("A3")


@pytest.fixture(scope="module")
def texts() -> dict[int, str]:
    """The text of each example contact, as the intake joins it."""
    read = contacts(EXAMPLES / "contacts.csv", load_mapping(EXAMPLES / "contacts.toml", ContactMapping))
    return {int(contact.row_id.removeprefix("W-")): text_of(contact) for contact in read}


def text_of(contact: Contact) -> str:
    return " ".join(part for part in (contact.subject, contact.text, contact.demand) if part)


def test_every_example_is_either_plain_or_vague(texts: dict[int, str]):
    assert sorted([*VAGUE, *(number for number, _ in PLAIN)]) == sorted(texts)


@pytest.mark.parametrize(("number", "category"), PLAIN)
def test_a_plain_contact_is_classified(texts: dict[int, str], number: int, category: str):
    proposal = classify(texts[number])
    assert (proposal.category, proposal.confidence >= threshold()) == (category, True)


@pytest.mark.parametrize("number", VAGUE)
def test_a_vague_contact_is_left_to_a_person(texts: dict[int, str], number: int):
    assert classify(texts[number]).confidence < threshold()


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("一箱破损", 100),  # 3 : 0
        ("凹陷变形，收费，退款", 0),  # 4 : 4
        ("破损凹陷，运费另算", 60),  # 5 : 2
        ("破损，运费另算", 33),  # 3 : 2
        ("有一点磕碰", 33),  # 1 : 0
        ("你好", 0),
        ("", 0),
    ],
)
def test_the_confidence_is_the_lead_in_percent(text: str, confidence: int):
    assert classify(text).confidence == confidence


def test_a_tie_is_unclassified():
    proposal = classify("破损，丢失")
    assert (proposal.category, proposal.department, proposal.severity) == (UNCLASSIFIED, None, Severity.NORMAL)


def test_chinese_keywords_match_anywhere_and_english_ones_as_whole_words():
    assert classify("箱子全破损了").category == "cargo_damage"
    assert classify("It came DAMAGED.").category == "cargo_damage"
    assert classify("延誤三天").category == "delay"
    assert classify("several plates, translated shortly").category == UNCLASSIFIED
    assert classify("货物damaged了").category == "cargo_damage"


def test_wide_letters_and_line_breaks_do_not_matter():
    assert classify("ＤＡＭＡＧＥＤ").category == "cargo_damage"
    assert classify("sent to the wrong\n  address").category == "misdelivery"


def test_a_keyword_counts_once():
    assert classify("磕碰，磕碰，磕碰").confidence == classify("磕碰").confidence


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("包裹延误", Severity.NORMAL),
        ("查不到轨迹", Severity.LOW),
        ("包裹丢失", Severity.HIGH),
        ("贵重仪器破损", Severity.HIGH),
        ("疫苗丢失", Severity.URGENT),
        ("药品和贵重仪器延误", Severity.URGENT),
        ("Two barrels leaking, one man injured", Severity.URGENT),
    ],
)
def test_keywords_raise_the_severity_and_never_lower_it(text: str, severity: Severity):
    assert classify(text).severity is severity


def test_the_shipped_rules_are_valid():
    codes = [category.code for category in rules().category]
    assert len(codes) == len(set(codes)) == len(ABOUT)
    keywords = [word for category in rules().category for word in category.words]
    keywords += [word for row in rules().severity for word in row.words]
    assert [word for word in keywords if word != word.casefold().strip()] == []


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "threshold = 60\ncategory = []",
        "threshold = 60.5",
        "threshold = 60\n[[category]]\ncode = 'Loss'\ndepartment = 'claims'\nseverity = 'high'\nwords = {}",
        "threshold = 60\n[[category]]\ncode = 'loss'\ndepartment = 'claims'\nseverity = 'dire'\nwords = {}",
        "threshold = 60\n[[category]]\ncode = 'loss'\ndepartment = 'claims'\nseverity = 'low'\nwords = { lost = 0 }",
        "threshold = ",
    ],
)
def test_faulty_rules_are_refused(tmp_path: Path, bad: str):
    path = tmp_path / "categories.toml"
    path.write_text(bad, "utf-8")
    with pytest.raises(Refused, match="bad_pack"):
        load_rules(path)
