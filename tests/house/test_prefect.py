"""House rule: Prefect is imported only where it is used, because its import costs seconds."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch

import pytest

from tests.house.sources import ROOMS, Source, at_import, dotted, findings, hold, imported_modules, sources

MAY_LOAD_PREFECT = (
    *("flows/deployments/*_flow.py", "flows/deployments/*_flows.py", "flows/*_shell.py"),
    *("flows/prefect_ui/observer.py", "flows/prefect_ui/flow_body.py", "flows/prefect_ui/step_tasks.py"),
    "flows/prefect_ui/run_creation.py",
    *("flows/prefect_ui/run_states.py", "flows/prefect_ui/artifacts.py", "flows/prefect_ui/ledger.py"),
    *("flows/prefect_ui/case_pages.py", "flows/prefect_ui/final_names.py", "flows/prefect_ui/page_keeper.py"),
    *("flows/prefect_ui/event_feed.py", "flows/prefect_ui/runs_of_cases.py"),
    *("apps/up*.py", "apps/prefect_server.py", "apps/prefect_client.py"),
    *("apps/declared_deployments.py", "apps/work_pools.py", "apps/night_worker.py", "apps/scheduled_run.py"),
)


def loads_prefect(source: Source) -> Iterator[str]:
    if any(fnmatch(source.path, allowed) for allowed in MAY_LOAD_PREFECT):
        return
    for statement in at_import(source.tree.body):
        if any(module.partition(".")[0] == "prefect" for module in imported_modules(statement)):
            yield source.at(statement, "loads Prefect when it is imported; import it inside the function")


def test_prefect_is_loaded_only_where_it_is_used():
    hold(loads_prefect, sources(*ROOMS, "tests"))


def uses_private_names(source: Source) -> Iterator[str]:
    for node in source.nodes:
        names = list(imported_modules(node)) if isinstance(node, ast.stmt) else []
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names += [dotted(node, source.imported)]
        for name in names:
            first, *rest = name.split(".")
            if first.startswith("prefect") and any(part.startswith("_") and not part.endswith("__") for part in rest):
                yield source.at(node, f"uses {name}, which Prefect may change without notice")


def test_no_private_name_of_prefect_is_used():
    hold(uses_private_names, sources(*ROOMS, "tests"))


@pytest.mark.parametrize(
    "bad",
    [
        "from prefect._internal.concurrency import services",
        "import prefect._internal.engine",
        "from prefect.settings.legacy import _get_settings_fields",
        "import prefect.engine\nprefect.engine._logger.info('')",
    ],
)
def test_a_private_name_is_caught(bad: str):
    assert findings(uses_private_names, [Source("flows/prefect_ui/observer.py", bad)])


@pytest.mark.parametrize(
    "bad",
    [
        "import prefect",
        "import prefect.client.orchestration as client",
        "from prefect import flow",
        "from prefect.client import get_client",
        "try:\n    import prefect\nexcept ImportError:\n    prefect = None",
        "class Shell:\n    from prefect import flow",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import prefect",
    ],
)
@pytest.mark.parametrize("where", ["apps/cli.py", "flows/react.py", "engine/advance.py", "tests/test_react.py"])
def test_another_import_of_prefect_is_caught(bad: str, where: str):
    assert findings(loads_prefect, [Source(where, bad)])


@pytest.mark.parametrize(
    ("where", "good"),
    [
        ("flows/deployments/night_flows.py", "from prefect import flow"),
        ("apps/up_children.py", "import prefect"),
        ("apps/status.py", "def health():\n    from prefect import get_client"),
        ("apps/status.py", "if TYPE_CHECKING:\n    from prefect import Flow"),
        ("apps/status.py", "import prefectural"),
    ],
)
def test_an_import_where_it_is_used_is_allowed(where: str, good: str):
    assert findings(loads_prefect, [Source(where, good)]) == []
