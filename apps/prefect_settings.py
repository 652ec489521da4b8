"""The environment of every process that uses Prefect.

Note [Environment of a child]: a child gets what this module lists, and nothing else that happens to be in the
environment of whoever starts it. Prefect's server gets nothing of ours: no secret, no database, no mail server. The
workers run our flows and get our settings, but not those of Prefect's server. The REST API gets our settings only.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from apps.prefect_login import PROCESS_VARIABLE, process_credential
from flows.prefect_ui.run_log import LOGGING_CONFIG

# Note [One writer]
# On SQLite, Prefect's server has one writer at a time, and transactions that meet wait for each other or are refused:
# see the notes in apps/prefect_process.py. Most are the server's own, of events and tasks, so it writes these in larger
# batches; nothing marks late runs (our morning report names them), and a worker runs one at a time. A server on
# Postgres needs none of this: see deploy/env.example.

HEARTBEAT_SECONDS = 30  # the minimum; the default of 180 would leave a dead run open for ten minutes
DAY_SECONDS = 86_400
RETENTION = {
    # How long Prefect's tables keep ended runs and events; the record is in our tables. An operator may override it.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(30 * DAY_SECONDS),  # runs, by when they ended
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
}
CLIENT_CSRF, SERVER_CSRF = "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED", "PREFECT_SERVER_CSRF_PROTECTION_ENABLED"
PLATFORM = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "COLUMNS"}
    | {"LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "DO_NOT_TRACK"}
)
"""What every process of ours may need of its surroundings. See Note [Environment of a child]."""
OF_SERVER, OF_WORKER, OF_API = (
    ("LC_", "PYTHON", "PREFECT_", "CLOSELOOP_LOCALE"),
    ("LC_", "PYTHON", "PREFECT_", "CLOSELOOP_", "PG"),
    ("LC_", "PYTHON", "CLOSELOOP_", "PG"),
)
"""The prefixes of the other variables that a child gets."""
SERVER_ONLY = ("PREFECT_SERVER_", "PREFECT_API_DATABASE_")
FEWER_WRITES = {
    # By default the server writes each change of a task in a transaction of its own. See Note [One writer].
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "2",  # seconds until the UI shows a task
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
}


def prefect_environment(home: Path, api_url: str, credential: str | None = None) -> dict[str, str]:
    """Return the environment that a process must have before it imports Prefect.

    Without a ``credential``, it is what our processes send to this server. No analytics, no log lines but our own to
    the API, JSON instead of pickles, and a Prefect home below ours unless one is given.
    """
    given = os.environ
    auth = credential or process_credential(home, api_url)
    return {
        "CLOSELOOP_HOME": str(home),
        "PREFECT_HOME": given.get("PREFECT_HOME") or str(home / "prefect"),
        "PREFECT_API_URL": api_url,
        **({PROCESS_VARIABLE: auth} if auth else {}),
        "PREFECT_SERVER_UI_API_URL": api_url,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs,orphans",
        **{name: given.get(name) or period for name, period in RETENTION.items()},
        **({} if _on_postgres(given) else {"PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false"}),
        **({} if _on_postgres(given) else FEWER_WRITES),
        # A client asks for a token before its first write, and a run has several clients. By default a server has none
        # to give.
        CLIENT_CSRF: given.get(CLIENT_CSRF) or given.get(SERVER_CSRF) or "false",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS),
        # By default leases are kept in memory and die with the server, while their slots stay taken: every later run
        # of that deployment would be cancelled.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        # Log lines go to the server, but only those of our templates: see flows/prefect_ui/run_log.py.
        "PREFECT_LOGGING_TO_API_ENABLED": "true",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_LOGGING_SETTINGS_PATH": str(LOGGING_CONFIG),
    }


def _on_postgres(given: Mapping[str, str]) -> bool:
    """Return whether Prefect's own database is a Postgres. See Note [One writer]."""
    return given.get("PREFECT_SERVER_DATABASE_CONNECTION_URL", "").startswith("postgresql")


def server_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return what Prefect's server gets of an environment. See Note [Environment of a child]."""
    return {name: value for name, value in given.items() if name in PLATFORM or name.startswith(OF_SERVER)}


def worker_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return what a worker and its runs get of an environment. See Note [Environment of a child]."""
    needed = {name: value for name, value in given.items() if name in PLATFORM or name.startswith(OF_WORKER)}
    return {name: value for name, value in needed.items() if not name.startswith(SERVER_ONLY)}


def api_environment(given: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return what the REST API gets of an environment: our settings and nothing of Prefect's."""
    needed = {name: value for name, value in given.items() if name in PLATFORM or name.startswith(OF_API)}
    return needed | {"CLOSELOOP_HOME": str(home)}
