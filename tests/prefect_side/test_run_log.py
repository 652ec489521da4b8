"""The filter before Prefect's log, and the configuration that puts it there."""

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.prefect_ui.run_log import LOGGING_CONFIG, RUN_LOGGERS, OnlyRunTexts
from flows.run_text import RunText

CANARY = "canary-zhang-san-13800138000"
TEXT = RunText("log.planned", count=3)
OURS = {
    ("filters",): {"only_run_texts": {"()": "flows.prefect_ui.run_log.OnlyRunTexts"}},
    ("handlers", "api", "filters"): ["only_run_texts"],
    ("loggers", "prefect.flow_runs", "propagate"): False,
    ("loggers", "prefect.task_runs", "propagate"): False,
    ("loggers", "prefect.engine"): {"level": "CRITICAL"},
}


def passes(message: str, **fields: Any) -> bool:
    record = logging.LogRecord("prefect.flow_runs", logging.INFO, __file__, 1, message, None, None)
    vars(record).update(fields)
    return OnlyRunTexts().filter(record)


def test_a_text_of_ours_passes_if_the_line_says_just_that():
    assert passes("3 callbacks planned.", run_text=TEXT, run_locale="en")
    assert not passes(CANARY, run_text=TEXT, run_locale="en")
    assert not passes(f"3 callbacks planned. {CANARY}", run_text=TEXT, run_locale="en")


def test_everything_else_is_held_back():
    error = ValueError(CANARY)
    assert not passes(CANARY)
    assert not passes("3 callbacks planned.")
    assert not passes("3 callbacks planned.", run_text="log.planned", run_locale="en")
    assert not passes("3 callbacks planned.", run_text=TEXT, run_locale="en", exc_info=(ValueError, error, None))
    title = RunText("step.report")
    assert not passes(title.text("en"), run_text=title, run_locale="en"), "a title is no log line"


@pytest.mark.usefixtures("home")
def test_it_stands_before_everything_that_sends():
    import flows.prefect_ui.step_tasks  # noqa: F401 (loads Prefect and its configuration)

    for name in RUN_LOGGERS:
        handlers = logging.getLogger(name).handlers
        assert handlers
        assert all(any(isinstance(each, OnlyRunTexts) for each in handler.filters) for handler in handlers)


def test_the_rest_of_the_configuration_is_that_of_the_installed_prefect():
    """A new Prefect may log otherwise: then this says what to take over."""
    import prefect.logging

    theirs: Any = yaml.safe_load(Path(prefect.logging.__file__).with_name("logging.yml").read_text("utf-8"))
    ours: Any = yaml.safe_load(LOGGING_CONFIG.read_text("utf-8"))
    for path, value in OURS.items():
        place = ours
        for name in path[:-1]:
            place = place[name]
        assert place.pop(path[-1]) == value
    assert ours == theirs
