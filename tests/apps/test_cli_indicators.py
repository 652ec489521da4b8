"""The kpi commands: figures with target and interval, trend, groups, the cases behind, and completed orders (E2)."""

from pathlib import Path

import pytest

from engine.actors import NewActor, add_actor
from engine.create_store import set_clock
from engine.rules.indicators import FOLDER, indicators
from engine.store import Store
from locales.translation import locales
from statemachines.roles import Role
from tests.apps.conftest import Closeloop
from tests.case_actions import AGENT, DAY, HOUR, START, make_move, new_resolved_case
from tests.engine.rules.sample_rules import EVA, add_evaluator

pytestmark = pytest.mark.requirement("E2")

MARCH = ("--period", "2026-03")


@pytest.fixture
def lived(simulated: Store) -> Store:
    """Three complaints: two customers are satisfied, one is not."""
    for hour, outcome in enumerate(("satisfied", "dissatisfied", "satisfied")):
        number = new_resolved_case(simulated, hour * HOUR, phone=f"1380013800{hour}")
        make_move(simulated, number, "revisit", by=AGENT, after=(hour + 2) * HOUR, outcome=outcome, attitude=4)
    set_clock(simulated, START + 40 * DAY)
    return simulated


def test_every_indicator_is_listed_with_its_figure(closeloop: Closeloop, lived: Store):
    document = closeloop.json("kpi", "list", *MARCH)
    by_name = {row["name"]: row for row in document["indicators"]}
    assert list(by_name) == list(indicators())
    satisfied = by_name["satisfied_share"]
    assert (satisfied["value"], satisfied["numerator"], satisfied["denominator"]) == (66.6667, 2, 3)
    assert (satisfied["target"]["operator"], satisfied["target"]["amount"], satisfied["on_target"]) == (">=", 90, False)
    assert satisfied["small_sample"] is True
    assert (by_name["complaint_rate"]["value"], by_name["complaint_rate"]["why"]) == (None, "empty_population")
    assert "no figure" in closeloop("kpi", "list", *MARCH).output


def test_an_indicator_shows_value_interval_trend_and_groups(closeloop: Closeloop, lived: Store):
    document = closeloop.json("kpi", "show", "satisfied_share", *MARCH, "--by", "person")
    assert {name: document[name] for name in ("value", "numerator", "denominator")} == {
        "value": 66.6667, "numerator": 2, "denominator": 3,
    }  # fmt: skip
    assert document["interval"] == [20.766, 93.8508]  # Wilson 95 % of 2 of 3
    assert [(row["person"], row["numerator"], row["denominator"]) for row in document["groups"]] == [("han", 2, 3)]
    assert (document["trend"][-1], len(document["trend"])) == ({"period": "2026-03", "value": 66.6667}, 13)
    assert document["answers"]["response_rate"] == 100.0


@pytest.mark.parametrize("locale", locales())
def test_each_indicator_is_shown_in_the_readers_language(closeloop: Closeloop, lived: Store, locale: str):
    closeloop.patch.setenv("CLOSELOOP_LOCALE", locale)
    for name, indicator in indicators().items():
        output = closeloop("kpi", "explain", name).output
        assert indicator.label[locale] in output
        assert "cli." not in output
    assert "cli." not in closeloop("kpi", "list", *MARCH).output
    shown = closeloop("kpi", "show", "satisfied_share", *MARCH, "--by", "department", "--by", "cause").output
    assert indicators()["satisfied_share"].label[locale] in shown
    assert "cli." not in shown


def test_the_causes_and_whose_customers_were_asked_are_shown(closeloop: Closeloop, lived: Store):
    document = closeloop.json("kpi", "show", "satisfied_share", *MARCH, "--by", "cause", "--by", "person")
    assert document["causes"] == [
        {"value": "", "count": 1, "before": 0, "share": 100.0, "cumulative": 100.0, "few": False, "risen": False},
    ]  # fmt: skip
    assert document["asked"] == [
        {"person": "han", "well": 3, "well_asked": 3, "badly": 0, "badly_asked": 0, "selective": False},
    ]  # fmt: skip
    shown = closeloop("kpi", "show", "complaint_rate", *MARCH, "--by", "cause").output
    assert "Causes: what keeps it from its target" in shown
    shown = closeloop("kpi", "show", "satisfied_share", *MARCH, "--by", "person").output
    assert "3 of 3" in shown


def test_every_number_leads_to_its_cases(closeloop: Closeloop, lived: Store):
    document = closeloop.json("kpi", "cases", "satisfied_share", *MARCH)
    assert (document["numerator"], len(document["denominator"])) == (["cp-26-000001", "cp-26-000003"], 3)


def test_a_past_instant_reads_the_record_of_then(closeloop: Closeloop, lived: Store):
    document = closeloop.json("kpi", "show", "satisfied_share", *MARCH, "--as-of", "2026-03-02T11:30:00+08:00")
    assert (document["numerator"], document["denominator"]) == (1, 1)
    assert (document["reread"]["numerator"], document["reread"]["cases_changed"]) == (2, 2)
    assert (
        "cp-26-000002"
        in closeloop("kpi", "show", "satisfied_share", *MARCH, "--as-of", "2026-03-02T11:30:00+08:00").output
    )


def test_what_cannot_be_read_is_refused(closeloop: Closeloop, lived: Store):
    refused = [
        closeloop.refused("kpi", "show", *arguments)["code"]
        for arguments in (
            ("joy",), ("first_reply", "--period", "2026-13"), ("first_reply", "--as-of", "2027-01-01T00:00:00+08:00"),
            ("complaint_rate", "--by", "person"),
        )
    ]  # fmt: skip
    assert refused == ["unknown_indicator", "bad_period", "as_of_ahead", "unknown_group"]


def test_an_indicator_is_published_and_explained(closeloop: Closeloop, lived: Store, tmp_path: Path):
    add_evaluator(lived)
    text = (FOLDER / "first_reply.toml").read_text("utf-8").replace('version = "2026-12"', 'version = "2027"')
    file = tmp_path / "first_reply.toml"
    file.write_text(text, "utf-8")
    on = ("--effective", "2026-05-01", "--reason", "decision 3", "--as", EVA)
    assert closeloop.json("kpi", "publish", file, *on)["version"] == "2027"
    document = closeloop.json("kpi", "explain", "first_reply")
    assert (document["version"], [row["version"] for row in document["editions"]]) == ("2026-12", ["2027"])


def test_imported_orders_are_the_denominator_of_the_complaint_rate(closeloop: Closeloop, lived: Store, tmp_path: Path):
    with lived.writing() as tx:
        add_actor(tx, NewActor("olga", (Role.OPERATIONS,)))
    file = tmp_path / "erp.csv"
    lines = [f"{number},2026-03-{1 + number % 28:02} 10:00,2026-03-15" for number in range(600)]
    file.write_text("\n".join(["nr,delivered,promised", *lines, "x,,"]), "utf-8")
    columns = [
        part
        for name in ("order_id=nr", "completed_at=delivered", "promised_at=promised")
        for part in ("--column", name)
    ]
    document = closeloop.json("kpi", "import-orders", file, *columns, "--as", "olga")
    assert (document["rows"], document["counted"], document["left_out"]) == (601, 600, {"not_completed": 1})
    rate = closeloop.json("kpi", "show", "complaint_rate", *MARCH)
    assert (rate["value"], rate["numerator"], rate["denominator"], rate["on_target"]) == (0.5, 3, 600, True)
    on_time = sum(1 + number % 28 <= 15 for number in range(600))
    assert closeloop.json("kpi", "show", "on_time_share", *MARCH)["numerator"] == on_time
    assert closeloop("kpi", "import-orders", file, *columns, "--as", "olga").output.startswith("This file")


def test_scores_imported_with_the_orders_are_shown_by_lateness(closeloop: Closeloop, lived: Store, tmp_path: Path):
    with lived.writing() as tx:
        add_actor(tx, NewActor("olga", (Role.OPERATIONS,)))
    orders, scores = tmp_path / "erp.csv", tmp_path / "scores.csv"
    lines = [f"{number},2026-03-{10 + number % 2 * 5} 10:00,2026-03-10" for number in range(80)]
    orders.write_text("\n".join(["order_id,completed_at,promised_at", *lines]), "utf-8")
    stars = [f"{number},{2 if number % 2 else 5},2026-03-12 09:00" for number in range(80)]
    scores.write_text("\n".join(["order_id,stars,scored_at", *stars, "0,4,", "99,1,", "1,9,"]), "utf-8")
    given = ("kpi", "import-orders", orders, "--scores", scores, "--column", "score=stars", "--as", "olga")
    text = closeloop(*given).output
    assert "Of 83 rows of scores 79 count. 40 of these were given before the order was completed" in text
    assert "Left out: 1 scores of orders that are not counted." in text
    again = closeloop.json(*given)["scores"]
    left_out = {"contradictory_score": 2, "score_of_no_order": 1, "unreadable_score": 1}
    assert (again["rows"], again["counted"], again["early"], again["left_out"]) == (83, 79, 40, left_out)
    shown = closeloop.json("kpi", "show", "order_score", *MARCH, "--by", "lateness")
    groups = {group["lateness"]: (group["value"], group["denominator"]) for group in shown["groups"]}
    assert groups == {"on_time": (100, 39), "late_4_to_7": (40, 40)}
    assert "4 to 7 days late" in closeloop("kpi", "show", "order_score", *MARCH, "--by", "lateness").output
