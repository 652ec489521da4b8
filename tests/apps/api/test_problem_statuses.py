"""The status of a refusal says whose turn it is: the caller's, or that of whoever runs the system."""

import ast

import pytest

from apps.api.problems import STATUS_OF, status_of
from locales.translation import catalogue
from statemachines.refused import Refused
from tests.house.sources import ROOMS, called_name, sources, texts

ABOUT_THE_MACHINE = (
    "apps/api/oidc.py", "apps/api/request_guard.py", "apps/channel_settings.py", "apps/cli/",
    "engine/attachments/content_files.py", "engine/attachments/reading.py", "engine/audit/", "engine/clock_doubt.py",
    "engine/commands/carry_over.py", "engine/contention.py", "engine/create_store.py", "engine/databases.py",
    "engine/schema.py", "engine/settings.py", "engine/store.py", "engine/store_lock.py",
)  # fmt: skip
"""The modules that look at clocks, disks, databases and releases, and not at what a caller sent."""


def raised() -> list[tuple[str, str]]:
    """Return path and code of each refusal that is made with a code of its own."""
    return [
        (source.path, code)
        for source in sources(*ROOMS)
        for node in source.nodes
        if isinstance(node, ast.Call) and called_name(node) == "Refused" and node.args
        for code in texts(node.args[0])
    ]


def test_only_what_looks_at_the_machine_answers_that_the_server_failed():
    failing = {code for code, status in STATUS_OF.items() if status >= 500}
    found = {(path, code) for path, code in raised() if code in failing}
    assert {code for _, code in found} >= {"busy", "clock_far", "lost_state", "attachment_altered"}
    assert {each for each in found if not each[0].startswith(ABOUT_THE_MACHINE)} == set()


def test_every_code_with_a_status_of_its_own_is_a_refusal_that_there_is():
    known = {code for _, code in raised()}
    worded = {key.removeprefix("refused.") for key in catalogue("en") if key.startswith("refused.")}
    assert {code for code in STATUS_OF if code not in known | worded} == set()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("owner_elsewhere", 422),  # the caller names somebody else
        ("uncertified", 422),
        ("export_whole", 403),  # he may not, whatever he sends
        ("lost_state", 503),  # an administrator names what took its place
        ("lost_clause", 503),
        ("lifecycle_unsafe", 503),
    ],
)
def test_a_refusal_has_the_status_of_who_can_mend_it(code: str, status: int):
    assert status_of(Refused(code)) == status
