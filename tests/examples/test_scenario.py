"""The shipped scenario: its contacts are read, its staff may make their moves, and all its cases are closed."""

import asyncio
import csv
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from apps.scenario import Player, Scenario, ScenarioStep, load_scenario
from apps.scenes import prepare
from apps.simulation import run_until
from engine.audit.verify import verify
from engine.commands.arrivals import Source, record
from engine.create_store import create_store
from engine.settings import Settings
from flows.run_info import RunInfo, RunResult
from flows.work import Unobserved, Work
from gateways.contact_mapping import ContactMapping
from gateways.contacts import check, contacts
from gateways.mapping_file import load_mapping
from locales.translation import catalogue
from models.contact import Contact
from statemachines.complaint import COMPLAINT
from statemachines.forms import Unanswered

T = TypeVar("T")

EXAMPLES = Path(__file__).parents[2] / "examples"
COLUMNS = load_mapping(EXAMPLES / "contacts.toml", ContactMapping)
SCENARIO = load_scenario(EXAMPLES / "scenario.toml")
CONTACTS = {contact.row_id: contact for contact in contacts(EXAMPLES / "contacts.csv", COLUMNS)}
STAFF = {player.handle: player for player in SCENARIO.actor}

FEW_INSTANTS, FEW_RUNS = 60, 215
"""Each instant of the demo costs a run or two in Prefect, and people wait for them."""


def time_of(step: ScenarioStep) -> datetime:
    return CONTACTS[step.contact].at + step.after


def number_of(row_id: str) -> str:
    """Return the number of a contact's case; numbers are given in the order of arrival."""
    order = sorted(CONTACTS.values(), key=lambda contact: (contact.at, contact.row_id))
    return f"cp-26-{[contact.row_id for contact in order].index(row_id) + 1:06d}"


@pytest.mark.parametrize("locale", ["zh_CN", "zh_TW", "en"])
def test_every_cause_and_every_responsible_of_the_scenario_has_a_label(locale: str):
    codes = {(sort, step.set[sort]) for step in SCENARIO.step for sort in ("cause", "responsible") if sort in step.set}
    assert codes
    assert [each for each in sorted(codes) if ".".join(each) not in catalogue(locale)] == []


def test_the_whole_file_is_accepted():
    """Nothing is to be corrected: what is noted is the sure encoding, and the made-up telephone numbers as such."""
    result = check(EXAMPLES / "contacts.csv", COLUMNS)
    assert result.problems == ()
    assert (result.rows, result.contacts, result.duplicates) == (60, 60, 0)
    with (EXAMPLES / "contacts.csv").open(encoding="utf-8", newline="") as file:
        numbered = [row for row, cells in enumerate(csv.DictReader(file), 2) if cells["phone"]]
    assert [(note.code, note.row) for note in result.notes] == [
        ("file_note.encoding_sure", None),
        *(("file_note.phone_invalid", row) for row in numbered),
    ]


def test_the_contacts_are_of_all_kinds():
    with (EXAMPLES / "contacts.csv").open(encoding="utf-8", newline="") as file:
        texts = {row["id"]: row["text"] for row in csv.DictReader(file)}
    assert {id_: contact.text for id_, contact in CONTACTS.items()} == texts
    assert sum(text.isascii() for text in texts.values()) == 18
    assert any(text.startswith("=") for text in texts.values())
    assert any({",", '"', "\n"} <= set(text) for text in texts.values())
    phones = [contact.phone for contact in CONTACTS.values() if contact.phone]
    assert (len(phones), len(set(phones))) == (58, 57)  # one customer writes twice


def test_the_customers_are_fictitious():
    for contact in CONTACTS.values():
        assert contact.phone or contact.email
        assert (contact.phone or "000-").startswith("000-")
        assert (contact.email or "@example.cn").endswith(("@example.cn", "@example.com"))
    assert all((player.email or "").endswith("@example.com") for player in SCENARIO.actor)


def test_every_superior_is_on_the_staff():
    assert [player.handle for player in SCENARIO.actor if player.boss and player.boss not in STAFF] == []
    assert len(STAFF) == len(SCENARIO.actor)


def test_steps_name_existing_people_and_contacts():
    assert {step.by for step in SCENARIO.step} <= set(STAFF)
    assert {step.contact for step in SCENARIO.step} <= set(CONTACTS)
    assert {call.contact for call in SCENARIO.call} <= set(CONTACTS)


def test_the_steps_of_a_contact_are_in_order():
    for contact in CONTACTS:
        times = [step.after for step in SCENARIO.step if step.contact == contact]
        assert times == sorted(times)
        assert times[0] > timedelta()


@pytest.mark.parametrize("step", SCENARIO.step, ids=lambda step: f"{step.contact}-{step.move}")
def test_the_actor_of_a_step_may_make_its_move(step: ScenarioStep):
    COMPLAINT.checked(step.move, step.set)
    allowed = {role for row in COMPLAINT.rows[step.move] for role in row.roles}
    assert allowed & set(actor_of(step).roles)


def actor_of(step: ScenarioStep) -> Player:
    return STAFF[step.by]


def test_a_case_is_merged_into_the_one_of_the_same_customer():
    merged = [step for step in SCENARIO.step if step.move == "merge"]
    assert [(step.contact, step.set["into"]) for step in merged] == [("W-031", number_of("W-018"))]
    first, second = CONTACTS["W-018"], CONTACTS["W-031"]
    assert identity(first) == identity(second)


def identity(contact: Contact) -> tuple[str | None, ...]:
    return contact.customer, contact.phone, contact.email, contact.shipment


@pytest.mark.parametrize("answer", [answer for call in SCENARIO.call for answer in call.answers], ids=str)
def test_an_answer_is_a_survey_or_a_reason_why_there_is_none(answer: str | Mapping[str, Any]):
    if isinstance(answer, str):
        assert answer in list(Unanswered)
    else:
        COMPLAINT.checked("revisit", answer)


def test_the_scenario_has_few_instants():
    instants = {contact.at for contact in CONTACTS.values()} | {time_of(step) for step in SCENARIO.step}
    assert len(instants) <= FEW_INSTANTS


class CountingObserver(Unobserved):
    """Observes nothing, but counts the runs."""

    def __init__(self) -> None:
        self.runs = 0

    async def run(self, run_info: RunInfo, work: Work, body: Callable[[Work], Awaitable[T]]) -> RunResult[T]:
        self.runs += 1
        return await super().run(run_info, work, body)


def test_the_scenario_runs_without_a_refusal_and_closes_every_case(home: Path):
    settings, (start, until) = Settings(home=home, secret="an-example-of-a-secret"), span_of(SCENARIO)
    create_store(settings, start, simulated_at=start)
    store = settings.store()
    record(store, Source(COLUMNS.source.name, COLUMNS.source.kind, COLUMNS.source.pack), CONTACTS.values())
    store.close()
    work, cast = prepare(settings, EXAMPLES / "scenario.toml")
    work.observer = counting = CountingObserver()
    result = asyncio.run(run_until(work, until, cast))
    with work.store.looking() as tx:
        states = dict(tx.rows("SELECT state, count(*) FROM cases GROUP BY state"))
    verified = verify(work.store).ok
    work.store.close()
    assert (result.acts, verified) == (len(SCENARIO.step), True)
    assert states == {"archived": 56, "merged": 1, "referred": 1, "refused": 1, "withdrawn": 1}
    assert counting.runs <= FEW_RUNS


def span_of(scenario: Scenario) -> tuple[datetime, datetime]:
    assert scenario.start is not None
    assert scenario.until is not None
    return scenario.start, scenario.until
