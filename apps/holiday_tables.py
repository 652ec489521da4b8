"""Generates ``policies/holidays/`` from the `holidays` package; ``--check`` verifies that the files are up to date."""

import sys
from datetime import date
from typing import Any

from engine.calendars.calendar import POLICIES

FOLDER = POLICIES / "holidays"
COVERED = {"CN": range(2020, 2027), "DE": range(2020, 2036), "DE-BE": range(2020, 2036)}
"""The years whose holidays are law, by country or by a part of one. China publishes a year's in the November before."""


def tables() -> dict[str, str]:
    """Return the text of the table of each country and of each part of one."""
    return {region: _table(region, years) for region, years in COVERED.items()}


def _table(region: str, years: range) -> str:
    import holidays

    # The class of a country has attributes that its base class does not declare.
    country, _, subdivision = region.partition("-")
    calendar: Any = holidays.country_holidays(country, subdiv=subdivision or None, years=years)
    made_up: set[date] = getattr(calendar, "weekend_workdays", set[date]())
    head = f"# Seeded from the `holidays` package by `python -m apps.holiday_tables`: {years[0]} to {years[-1]}.\n"
    return head + "".join(_part(year, set(calendar) - made_up, made_up) for year in years)


def _part(year: int, off: set[date], worked: set[date]) -> str:
    return f"\n[{year}]\noff = {_dates(year, off)}\nworked = {_dates(year, worked)}\n"


def _dates(year: int, days: set[date]) -> str:
    lines = [f"    {day}," for day in sorted(days) if day.year == year]
    return "[\n" + "\n".join(lines) + "\n]" if lines else "[]"


def main(arguments: list[str]) -> int:
    """Write the tables, or check them; returns 1 if one differs."""
    paths = {country: FOLDER / f"{country}.toml" for country in COVERED}
    existing = {country: path.read_text("utf-8") if path.exists() else "" for country, path in paths.items()}
    stale = {country: text for country, text in tables().items() if existing[country] != text}
    if "--check" in arguments:
        for country in stale:
            sys.stderr.write(f"{country}.toml differs from its source: run `python -m apps.holiday_tables`\n")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for country, text in stale.items():
        paths[country].write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
