"""StoreInfo rule: Prefect is loaded where it is used. It costs seconds; a command that needs none pays none."""

from collections.abc import Iterator
from fnmatch import fnmatch

import pytest

from tests.house.sources import ROOMS, Source, at_import, findings, hold, imported_modules, sources

MAY_LOAD_PREFECT = (
    *("flows/deployments/*_flow.py", "flows/deployments/*_flows.py", "flows/*_shell.py"),
    *("flows/prefect_ui/observer.py", "flows/prefect_ui/artifacts.py", "flows/prefect_ui/run_states.py"),
    *("flows/prefect_ui/case_pages.py", "flows/prefect_ui/final_names.py", "flows/prefect_ui/page_keeper.py"),
    *("apps/up*.py", "apps/prefect_server.py"),
)


def loads_prefect(source: Source) -> Iterator[str]:
    if any(fnmatch(source.path, allowed) for allowed in MAY_LOAD_PREFECT):
        return
    for statement in at_import(source.tree.body):
        if any(module.partition(".")[0] == "prefect" for module in imported_modules(statement)):
            yield source.at(statement, "loads Prefect when it is imported; import it inside the function")


def test_prefect_is_loaded_only_where_it_is_used():
    hold(loads_prefect, sources(*ROOMS, "tests"))


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
def test_a_stray_load_is_caught(bad: str, where: str):
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
def test_a_load_in_its_place_is_free(where: str, good: str):
    assert findings(loads_prefect, [Source(where, good)]) == []
