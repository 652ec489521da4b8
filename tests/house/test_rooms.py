"""The rules of the house count something: every room stands where they look and holds code."""

import pytest

from tests.house.sources import ROOMS, Source, hold, sources


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_holds_code(room: str):
    assert any(source.tree.body for source in sources(room)), f"{room}/ holds no code"


def test_a_missing_room_is_an_error_and_not_a_pass():
    with pytest.raises(FileNotFoundError, match="cellar"):
        sources("cellar")


def test_a_breach_fails_the_test_with_its_place():
    with pytest.raises(pytest.fail.Exception, match=r"apps/board.py:1: shouts"):
        hold(lambda source: iter([source.at(source.tree, "shouts")]), [Source("apps/board.py", "x = 1")])
