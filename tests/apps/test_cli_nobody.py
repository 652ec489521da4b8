"""The command line lets nobody act as the system or the import."""

import pytest

from engine.store import Store
from tests.apps.conftest import Closeloop


@pytest.mark.parametrize("handle", ["system", "import"])
def test_no_command_acts_as_nobody(closeloop: Closeloop, number: str, simulated: Store, handle: str):
    commands = (
        ("case", "open", "--text", "Late again."),
        ("case", "do", number, "note", "--set", "note=x"),
        ("case", "follow-up", number, "--text", "Still late."),
        ("actor", "add", "eve", "--role", "agent"),
        ("department", "add", "night"),
        ("anchor", "--anew", "why"),
    )
    for words in commands:
        assert closeloop.refused(*words, "--as", handle)["code"] == "not_a_person", words


def test_the_environment_names_nobody_either(closeloop: Closeloop, number: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLOSELOOP_ACTOR", "system")
    assert closeloop.refused("case", "do", number, "note", "--set", "note=x")["code"] == "not_a_person"


@pytest.mark.parametrize("role", ["system", "import"])
def test_nobody_is_added_with_a_role_of_nobody(closeloop: Closeloop, simulated: Store, role: str):
    assert closeloop.refused("actor", "add", "eve", "--role", role)["code"] == "role_of_nobody"
