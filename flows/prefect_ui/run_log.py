"""Lets only our own templates through to Prefect's log: `logging.yml` puts this filter before the handler that sends.

Prefect's engine logs the texts of exceptions, and so may any library that uses the loggers of a run. Such a text may be
a customer's words.
"""

import logging
from pathlib import Path

from flows.run_text import RunText

LOGGING_CONFIG = Path(__file__).with_name("logging.yml")
"""What PREFECT_LOGGING_SETTINGS_PATH names: Prefect's own configuration with this filter."""
TEMPLATES = "log."


RUN_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")


class OnlyRunTexts(logging.Filter):
    """Passes records that carry a log line's `RunText` as `run_text`, if their message is that text and no more."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = getattr(record, "run_text", None)
        if not isinstance(text, RunText) or not text.key.startswith(TEMPLATES) or record.exc_info or record.stack_info:
            return False
        return record.getMessage() == text.text(getattr(record, "run_locale", ""))


def ensure_filtered() -> None:
    """Put the filter before the handlers of runs that lack it, as in a process whose configuration is not ours."""
    for handler in (handler for name in RUN_LOGGERS for handler in logging.getLogger(name).handlers):
        if not any(isinstance(each, OnlyRunTexts) for each in handler.filters):
            handler.addFilter(OnlyRunTexts())
