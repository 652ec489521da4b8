"""A name that may be read as another one is known; the names that people have are not mistaken for such."""

import pytest

from models.lookalikes import is_confusable


@pytest.mark.parametrize(
    "name", ["amy", "wang.fang-2", "王芳", "王芳Amy", "김민수", "Зоя", "Müller", "Zoë", "山田タロウ", "Γιώργος", ""]
)
def test_what_people_are_called_is_taken(name: str):
    assert not is_confusable(name)


@pytest.mark.parametrize(
    "name",
    [
        "\u0430my",  # Cyrillic a, Latin my
        "\u0441\u043e\u0440",  # "cop" in Cyrillic alone
        "ro\u043et",
        "\uff41\uff4d\uff59",  # full-width amy
        "am\u0443",
        "\u03bf\u03bd",  # Greek that reads "ov"
        "adm\u0131n",
        "\ufb01na",  # the ligature fi
        "e\u0301ric",  # a combining accent instead of the letter
        "\U0001d41amy",  # mathematical bold a
        "王\u0430",
    ],
    ids=ascii,
)
def test_what_looks_like_another_name_is_not(name: str):
    assert is_confusable(name)
