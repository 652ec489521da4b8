"""`status` names the XML parser of this Python, and says when it is one that hostile files slow down."""

import pytest

from apps.xml_parser import xml_parser_health
from locales.translation import locales


@pytest.mark.parametrize(("version", "code"), [((2, 5, 0), "old"), ((2, 6, 0), "current"), ((2, 10, 1), "current")])
def test_a_parser_before_2_6_is_called_old_in_every_language(version: tuple[int, int, int], code: str):
    health = xml_parser_health(version)
    assert (health.ok, health.code) == (True, code)
    for locale in locales():
        assert ".".join(map(str, version)) in health.text(locale)
        assert ("2.6.0" in health.text(locale)) == (code == "old" or version == (2, 6, 0))
