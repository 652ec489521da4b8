"""Instants are read in the reader's zone: the setting's, else the packs', else Shanghai; named where it counts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.actors import NewActor, add_actor
from engine.calendars.calendar import POLICIES
from engine.rules.in_force import Sort
from engine.rules.pack_zones import pack_zones
from engine.rules.publishing import publish
from engine.settings import Settings
from engine.store import Store
from locales.house_zone import use_house_zone
from locales.translation import when, when_in_zone
from locales.zone import SHANGHAI, read_in, reader_zone, use_zone, zone_for, zone_name
from statemachines.lifecycle import Refused
from statemachines.roles import Role
from tests.case_actions import START

NINE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""Nine in the morning in Berlin, four in the afternoon in Shanghai."""


@pytest.mark.parametrize(
    ("setting", "packs", "zone", "named"),
    [
        (None, set[str](), "Asia/Shanghai", False),
        (None, {"Europe/Berlin"}, "Europe/Berlin", False),
        (None, {"Europe/Berlin", "Asia/Shanghai"}, "Asia/Shanghai", True),
        ("Europe/Berlin", {"Europe/Berlin"}, "Europe/Berlin", False),
        ("Europe/Berlin", {"Asia/Shanghai"}, "Europe/Berlin", True),
        ("Asia/Kolkata", set[str](), "Asia/Kolkata", False),
    ],
)
def test_the_zone_is_the_setting_s_else_the_packs_else_shanghai(
    setting: str | None, packs: set[str], zone: str, named: bool
):
    found = zone_for(setting, packs)
    assert (found.zone.key, found.named) == (zone, named)


def test_a_zone_that_there_is_not_is_refused_by_name():
    with pytest.raises(Refused) as refused:
        zone_for("Mars/Olympus", set())
    assert (refused.value.code, refused.value.params) == ("bad_zone_setting", {"zone": "Mars/Olympus"})


def test_nine_in_berlin_is_nine_for_a_house_in_berlin():
    with read_in(zone_for(None, {"Europe/Berlin"})):
        assert when(NINE) == "2026-03-02 09:00"
        assert when_in_zone(NINE) == "2026-03-02 09:00 Europe/Berlin"
    assert when(NINE) == "2026-03-02 16:00"


def test_a_reader_in_another_zone_than_the_packs_reads_the_offset_with_each_time_of_day():
    with read_in(zone_for("Asia/Kolkata", {"Europe/Berlin"})):
        assert when(NINE) == "2026-03-02 13:30 UTC+5:30"
        assert when(NINE, "%Y-%m-%d") == "2026-03-02"
        assert zone_name(NINE) == "Asia/Kolkata (UTC+5:30)"
    with read_in(zone_for("America/New_York", {"Europe/Berlin"})):
        assert when(NINE) == "2026-03-02 03:00 UTC-5"


def berlin_pack(folder: Path) -> Path:
    """The hauliers' pack as a house in Berlin publishes it."""
    text = (POLICIES / "haulage.toml").read_text("utf-8")
    text = text.replace('zone = "Asia/Shanghai"', 'zone = "Europe/Berlin"').replace("2026-12", "2027-01", 1)
    file = folder / "haulage.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_house_that_publishes_a_pack_of_berlin_reads_in_berlin(sqlite_store: Store, tmp_path: Path):
    assert pack_zones(sqlite_store) == frozenset()
    with sqlite_store.writing() as tx:
        add_actor(tx, NewActor("eva", (Role.EVALUATION_GROUP,)))
    publish(sqlite_store, Sort.PACK, berlin_pack(tmp_path).read_text("utf-8"), "eva", START, START, "we moved")
    assert pack_zones(sqlite_store) == {"Europe/Berlin"}
    try:
        use_house_zone(Settings(home=sqlite_store.home), sqlite_store)
        assert reader_zone().key == "Europe/Berlin"
        use_house_zone(Settings(home=sqlite_store.home, zone="Asia/Tokyo"), sqlite_store)
        assert reader_zone().key == "Asia/Tokyo"
    finally:
        use_zone(SHANGHAI)
