"""A decorator that names what its lifecycle does not have is an error where the module is imported."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flows import reaction_registry
from flows.reaction_context import ReactionContext
from flows.reaction_registry import EVERY, UnknownName, entering, leaving, on_move, reactions
from statemachines.complaint import COMPLAINT


async def answer(context: ReactionContext) -> None:
    """Answer an event that the test names."""


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """Leave the registry as it was."""
    before = dict(reactions())
    yield
    reaction_registry._REACTIONS.clear()
    reaction_registry._REACTIONS.update(before)


MISSPELT: dict[str, tuple[Callable[[], Any], str]] = {
    "a state that is entered": (lambda: entering(COMPLAINT, "classifed"), "answers classifed, no state of complaint"),
    "a state that is left": (lambda: leaving(COMPLAINT, "resolvd"), "answers resolvd, no state of complaint"),
    "a move": (lambda: on_move(COMPLAINT, "resolve", "reslove"), "answers reslove, no move of complaint"),
    "a move of another kind": (lambda: on_move(COMPLAINT, "write_off"), "answers write_off, no move of complaint"),
    "a move of no kind": (lambda: on_move(EVERY, "clasify"), "answers clasify, no move of any kind"),
    "no state at all": (lambda: entering(COMPLAINT), "names no state of complaint"),
}


@pytest.mark.parametrize("sort", MISSPELT)
def test_a_name_that_is_not_in_the_table_is_refused(sort: str):
    decorator, message = MISSPELT[sort]
    with pytest.raises(UnknownName) as caught:
        decorator()(answer)
    assert message in str(caught.value)
    assert "test_reaction_registry.py: the reaction answer" in str(caught.value), "file and reaction are named"
    assert "resolve" in str(caught.value), "the known names are listed"
    assert answer.__name__ not in reactions(), "the reaction is not registered"


def test_the_nearest_name_is_suggested():
    with pytest.raises(UnknownName, match=r"\(is classified meant\?\)"):
        entering(COMPLAINT, "classifed")(answer)


def test_known_names_are_registered():
    entering(COMPLAINT, "classified")(answer)
    on_move(EVERY, "write_off")(answer)
    assert answer.__name__ in reactions()
